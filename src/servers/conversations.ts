// The documented conversation for many clients at once on non-blocking sockets: what the poll,
// epoll, kqueue and selectors servers share, whatever tells them who is ready.
//
// A connection says which events it wants; the loop tells its mechanism (watch) and, when
// something happened, the conversations (ready). No client can hold up another: what the kernel
// does not take stays here, unsent, until it does.

import { BlockingIOError } from '../errno.ts';
import { print } from '../print.ts';
import { repr, reprBytes } from '../repr.ts';
import { EVENT_READ, EVENT_WRITE } from '../selectors.ts';
import {
  type Address,
  AF_INET,
  type InetAddress,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
  socket,
} from '../socket.ts';
import { timestamp as time } from '../time.ts';
import { Doorkeeper } from './doorkeeper.ts';
import { dropped } from './survive.ts';

/** A client with this many bytes unsent is not read from until it has taken them. */
const UNSENT_LIMIT = 65536;

const nothing = Buffer.alloc(0);

/** One client. */
export class Connection {
  readonly #socket: Socket;
  readonly #name: string;
  #unsent: Buffer = nothing;
  #over = false;
  /** The events that the loop has told its mechanism to watch; the loop's own note. */
  watched = 0;

  constructor(client_socket: Socket, client_address: Address) {
    client_socket.setblocking(false);
    this.#socket = client_socket;
    this.#name = Array.isArray(client_address) ? `${client_address[0]}:${client_address[1]}` : 'None';
  }

  fileno(): number {
    return this.#socket.fileno();
  }

  /** The events to watch for; 0 once the conversation is over and everything is sent. */
  get wanted(): number {
    const hears = !this.#over && this.#unsent.length < UNSENT_LIMIT;
    return (hears ? EVENT_READ : 0) | (this.#unsent.length > 0 ? EVENT_WRITE : 0);
  }

  close(): void {
    this.#socket.close();
  }

  /** Does what the events allow: sends what is unsent, receives once and answers. */
  ready(events: number): void {
    try {
      if (events & this.wanted & EVENT_WRITE) this.#send(this.#unsent);
      if (events & this.wanted & EVENT_READ) this.#receive();
    } catch (error) {
      if (error instanceof BlockingIOError) return; // Not ready after all: the next event will tell.
      dropped(this.#socket, error);
      this.#over = true;
      this.#unsent = nothing;
    }
  }

  #receive(): void {
    const data = this.#socket.recv(1024);
    if (data[0] === 0xff || data.length === 0) {
      this.#over = true;
      return;
    }
    const timestamp = time();
    print(`[${this.#name}] ${timestamp}:${reprBytes(data)}`);
    this.#send(Buffer.concat([this.#unsent, Buffer.from(`${timestamp}:`), data]));
  }

  #send(data: Buffer): void {
    this.#unsent = data;
    this.#unsent = data.subarray(this.#socket.send(data));
  }
}

/** The listening socket and all clients. */
export class Conversations {
  readonly server_socket: Socket;
  readonly #connections = new Map<number, Connection>();
  readonly #doorkeeper = new Doorkeeper();

  /** Listens, non-blocking, on host and port. */
  constructor(host: string, port: number) {
    this.server_socket = socket(AF_INET, SOCK_STREAM);
    try {
      this.server_socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
      this.server_socket.bind([host, port]);
      this.server_socket.listen();
      this.server_socket.setblocking(false);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get address(): InetAddress {
    return this.server_socket.getsockname() as InetAddress;
  }

  /**
   * Handles the events of a descriptor: a client to let in, or one to hear and answer. Returns
   * the connection whose wishes may have changed. One whose wanted is 0 is to be forgotten.
   */
  ready(fd: number, events: number): Connection | undefined {
    if (fd === this.server_socket.fileno()) return this.#accept();
    const connection = this.#connections.get(fd);
    connection?.ready(events);
    return connection;
  }

  #accept(): Connection | undefined {
    const accepted = this.#doorkeeper.accept(this.server_socket);
    if (accepted === null) return undefined;
    print(`Accepted connection from ${repr(accepted[1])}`);
    const connection = new Connection(...accepted);
    this.#connections.set(connection.fileno(), connection);
    return connection;
  }

  /** Closes a connection that is over. */
  forget(connection: Connection): void {
    this.#connections.delete(connection.fileno());
    connection.close();
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
    this.#connections.clear();
    this.server_socket.close();
    this.#doorkeeper[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
