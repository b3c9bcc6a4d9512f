// The documented conversation for many clients at once on non-blocking sockets: what the poll,
// epoll, kqueue and selectors servers share, whatever tells them who is ready.
//
// A connection says which events it wants; the loop tells its mechanism (watch) and, when
// something happened, the conversations (ready). No client can hold up another: what the kernel
// does not take stays here, unsent, until it does.

import { EAGAIN, EINTR, osError } from '../errno.ts';
import { EVENT_READ, EVENT_WRITE } from '../events.ts';
import { print } from '../print.ts';
import { repr } from '../repr.ts';
import {
  type Address,
  AF_INET,
  type InetAddress,
  MSG_NOSIGNAL,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
  socket,
} from '../socket.ts';
import * as sys from '../syscalls.ts';
import { Doorkeeper } from './doorkeeper.ts';
import * as message from './message.ts';
import { dropped } from './survive.ts';

/** A client with this many bytes unsent is not read from until it has taken them. */
const UNSENT_LIMIT = 65536;

const nothing = Buffer.alloc(0);

/** One client. */
export class Connection {
  readonly fd: number;
  readonly #socket: Socket;
  readonly #name: Uint8Array;
  #unsent: Buffer = nothing;
  #over = false;
  /** The events to watch for; 0 once the conversation is over and everything is sent. */
  wanted = EVENT_READ;
  /** The events that the loop has told its mechanism to watch; the loop's own note. */
  watched = 0;

  constructor(client_socket: Socket, client_address: Address) {
    client_socket.setblocking(false);
    this.#socket = client_socket;
    this.fd = client_socket.fileno();
    const name = Array.isArray(client_address) ? `${client_address[0]}:${client_address[1]}` : 'None';
    this.#name = Buffer.from(`[${name}] `);
  }

  fileno(): number {
    return this.#socket.fileno();
  }

  close(): void {
    this.#socket.close();
  }

  /** Does what the events allow: sends what is unsent, receives once and answers. */
  ready(events: number): void {
    if (events & this.wanted & EVENT_WRITE) this.#send();
    if (events & this.wanted & EVENT_READ) this.#receive();
  }

  #receive(): void {
    const n = message.receive(this.fd);
    if (n < 0) {
      this.#failed(n, 'recv');
    } else if (n === 0 || message.isGoodbye()) {
      this.#over = true;
      this.#want();
    } else {
      message.stamp();
      message.printLine(this.#name);
      const sent = this.#unsent.length > 0 ? 0 : message.answer(this.fd);
      if (sent !== message.answerLength()) this.#keep(sent);
    }
  }

  // What the kernel did not take of the answer goes behind what it has not taken so far.
  #keep(sent: number): void {
    if (sent < 0) this.#failed(sent, 'send');
    if (this.#over) return;
    this.#unsent = Buffer.concat([this.#unsent, message.restOfAnswer(Math.max(sent, 0))]);
    this.#want();
  }

  #send(): void {
    const sent = sys.send(this.fd, this.#unsent, MSG_NOSIGNAL ?? 0);
    if (sent < 0) {
      this.#failed(sent, 'send');
    } else {
      this.#unsent = this.#unsent.subarray(sent);
      this.#want();
    }
  }

  #want(): void {
    const hears = !this.#over && this.#unsent.length < UNSENT_LIMIT;
    this.wanted = (hears ? EVENT_READ : 0) | (this.#unsent.length > 0 ? EVENT_WRITE : 0);
  }

  // Not ready after all is no failure: the next event will tell.
  #failed(result: number, syscall: string): void {
    if (result === -EAGAIN || result === -EINTR) return;
    dropped(this.#socket, osError(result, syscall));
    this.#over = true;
    this.#unsent = nothing;
    this.#want();
  }
}

/** The listening socket and all clients. */
export class Conversations {
  readonly server_socket: Socket;
  // By descriptor, which the kernel keeps small.
  readonly #connections: (Connection | undefined)[] = [];
  readonly #doorkeeper: Doorkeeper;

  /** Listens, non-blocking, on host and port. */
  constructor(host: string, port: number) {
    this.server_socket = socket(AF_INET, SOCK_STREAM);
    this.#doorkeeper = new Doorkeeper();
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
    const connection = this.#connections[fd];
    if (connection !== undefined) connection.ready(events);
    else if (fd === this.server_socket.fileno()) return this.#accept();
    return connection;
  }

  #accept(): Connection | undefined {
    const accepted = this.#doorkeeper.accept(this.server_socket);
    if (accepted === null) return undefined;
    const connection = new Connection(...accepted);
    this.#connections[connection.fd] = connection;
    print(`Accepted connection from ${repr(accepted[1])}`);
    return connection;
  }

  /** Closes a connection that is over. */
  forget(connection: Connection): void {
    this.#connections[connection.fd] = undefined;
    connection.close();
  }

  close(): void {
    for (const connection of this.#connections) connection?.close();
    this.#connections.length = 0;
    this.server_socket.close();
    this.#doorkeeper[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
