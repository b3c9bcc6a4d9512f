// The documented conversation for many clients at once on non-blocking sockets: what the poll,
// epoll, kqueue and selectors servers share, whatever tells them who is ready.
//
// The loop tells what happened (ready) and, once it has told everything, lets the clients be heard
// and answered (converse). A connection says which events it wants; the loop's watch tells its
// mechanism. No client can hold up another: what the kernel does not take stays here, unsent,
// until it does.

import { EAGAIN, EINTR } from '../../kernel/errno.ts';
import { print } from '../../python/builtins/print.ts';
import { repr } from '../../python/builtins/repr.ts';
import { osError } from '../../python/errors.ts';
import { EVENT_READ, EVENT_WRITE } from '../../python/selectors/masks.ts';
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
} from '../../socket.ts';
import * as sys from '../../syscalls.ts';
import { Doorkeeper } from './acceptor.ts';
import * as wave from './batch-io.ts';
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
  /** The events that the mechanism watches for; 0 before it knows the connection. */
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

  /** Sends what is unsent, if the events allow; returns whether they allow to receive. */
  ready(events: number): boolean {
    if (events & this.wanted & EVENT_WRITE) this.#send();
    return (events & this.wanted & EVENT_READ) !== 0;
  }

  /** Hears what the wave brought in slot i: whether it became the wave's j-th answer. */
  heard(i: number, j: number): boolean {
    const n = wave.length(i);
    if (n < 0) {
      this.#failed(n, 'recv');
    } else if (n === 0 || wave.isGoodbye(i)) {
      this.#over = true;
      this.#want();
    } else {
      wave.stamp(i, j, this.fd, this.#name);
      if (this.#unsent.length === 0) return true;
      this.#keep(j, 0); // Not before what is unsent.
    }
    return false;
  }

  /** Sees what became of the wave's j-th answer. */
  answered(j: number): void {
    const sent = wave.sent(j);
    if (sent === wave.answerLength(j)) return;
    if (sent < 0) this.#failed(sent, 'send');
    if (!this.#over) this.#keep(j, Math.max(sent, 0));
  }

  // What the kernel did not take of the answer goes behind what it has not taken so far.
  #keep(j: number, sent: number): void {
    this.#unsent = Buffer.concat([this.#unsent, wave.restOfAnswer(j, sent)]);
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
  readonly #watch: (connection: Connection) => void;
  // Those who are to be heard in the wave to come, then those whom it answers.
  readonly #wave: Connection[] = new Array(wave.WAVE);
  #waiting = 0;
  readonly #edge: boolean;
  // Those who may have more to say, were it their end, that the mechanism will not tell of again.
  readonly #undrained: Connection[] = new Array(wave.WAVE);
  #unheard = 0;

  /**
   * Listens, non-blocking, on host and port. watch tells the loop's mechanism that a connection
   * wants other events than are watched for; none, and the connection is closed behind it. A
   * mechanism that tells only of what is new (edge) needs every client heard until EAGAIN.
   */
  constructor(host: string, port: number, watch: (connection: Connection) => void, edge = false) {
    this.#watch = watch;
    this.#edge = edge;
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

  /** Takes the events of a descriptor: a client to let in, or one to hear in converse(). */
  ready(fd: number, events: number): void {
    const connection = this.#connections[fd];
    if (connection === undefined) {
      if (fd === this.server_socket.fileno()) this.#accept();
    } else if (connection.ready(events)) {
      this.#wave[this.#waiting++] = connection;
      if (this.#waiting === wave.WAVE) this.converse();
    } else {
      this.#settle(connection);
    }
  }

  /** Receives once from all who are to be heard, and answers them. */
  converse(): void {
    while (this.#waiting > 0) {
      const answers = this.#hear(this.#waiting);
      wave.send(answers);
      for (let j = 0; j < answers; j++) {
        this.#wave[j].answered(j);
        this.#settle(this.#wave[j]);
      }
      this.#waiting = 0;
      for (; this.#unheard > 0; this.#unheard--) {
        const connection = this.#undrained[this.#unheard - 1];
        if (connection.wanted & EVENT_READ) this.#wave[this.#waiting++] = connection;
      }
    }
  }

  // Receives for the first n of the wave; returns how many answers there are.
  #hear(n: number): number {
    for (let i = 0; i < n; i++) wave.listen(i, this.#wave[i].fd);
    wave.receive(n);
    let answers = 0;
    for (let i = 0; i < n; i++) {
      const connection = this.#wave[i];
      if (this.#edge && wave.length(i) > 0) this.#undrained[this.#unheard++] = connection;
      if (connection.heard(i, answers)) this.#wave[answers++] = connection;
      else this.#settle(connection);
    }
    return answers;
  }

  #accept(): void {
    const accepted = this.#doorkeeper.accept(this.server_socket);
    if (accepted === null) return;
    const connection = new Connection(...accepted);
    this.#connections[connection.fd] = connection;
    print(`Accepted connection from ${repr(accepted[1])}`);
    this.#settle(connection);
  }

  // Has the mechanism watch for what the connection wants; nothing more is the end of it.
  #settle(connection: Connection): void {
    if (connection.wanted === connection.watched) return;
    this.#watch(connection);
    connection.watched = connection.wanted;
    if (connection.wanted !== 0) return;
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
