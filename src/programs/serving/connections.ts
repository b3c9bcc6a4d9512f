// The connection table: the documented conversation with many clients at once, on non-blocking sockets. It is
// what the poll, epoll, kqueue and selectors servers share, whichever mechanism reports readiness.
//
// The loop passes on each event (onReady) and, after the last of a turn, has the clients received from and
// answered (serveReady). A connection has an interest, the events it waits for; when that changes, the loop's
// own register passes it on to the mechanism. No client can hold up another: what the kernel does not
// take of an answer stays here, unsent, until it does; and however much one sends, each turn of the loop receives
// from it once or twice, then from the next.

import { OSError, print, repr, TimeoutError } from '../../builtins.ts';
import { EVENT_READ, EVENT_WRITE } from '../../selectors.ts';
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
import { Acceptor, boundAddress } from './acceptor.ts';
import { BATCH_CAPACITY, BatchIo } from './batch-io.ts';
import { closeAll } from './close-all.ts';
import { hasTimeout, type LimitOptions, type Limits, limitsOf, TurnClock, waitUntil } from './limits.ts';
import { peerName, warn, warnDropped } from './log.ts';
import { isShortage, sleep, WAIT_PAUSE } from './shortage.ts';
import { Unsent } from './unsent.ts';

/** A client with this many bytes unsent is not read from until it has taken them; unless maxUnsent drops it. */
const UNSENT_LIMIT = 65536;

/** How many seconds lie between two scans for clients whose time is over, at least. */
const SCAN_INTERVAL = 0.1;

/** How many clients a turn of the loop accepts at most; the rest waits in the listener's queue. */
const ACCEPTS_PER_TURN = 64;

/** One client. */
export class Connection {
  readonly fd: number;
  readonly #socket: Socket;
  readonly #peer: string;
  // `[127.0.0.1:40000] `, as its lines begin.
  readonly #name: Uint8Array;
  readonly #limits: Limits;
  readonly #clock: TurnClock | null;
  readonly #unsent = new Unsent();
  // The time of the last byte in either direction, where there is a clock.
  #lastByte: number;
  #ended = false;
  /** The events it waits for; 0 once the conversation has ended and everything is sent. */
  interest = EVENT_READ;
  /** The events that the mechanism reports of it; 0 before it is registered. */
  registered = 0;
  /** Whether it is among those that are received from without an event: see Connections. */
  isDraining = false;

  /** clock: null where the limits have no time. */
  constructor(client_socket: Socket, client_address: Address, limits: Limits, clock: TurnClock | null) {
    client_socket.setblocking(false);
    this.#socket = client_socket;
    this.fd = client_socket.fileno();
    this.#peer = peerName(client_address);
    this.#name = Buffer.from(`[${this.#peer}] `);
    this.#limits = limits;
    this.#clock = clock;
    this.#lastByte = this.#now;
  }

  get #now(): number {
    return this.#clock === null ? 0 : this.#clock.now;
  }

  fileno(): number {
    return this.#socket.fileno();
  }

  close(): void {
    this.#socket.close();
  }

  /** close() that only logs an error: the descriptor is closed all the same. */
  end(): void {
    try {
      this.close();
    } catch (error) {
      warnDropped(this.#peer, error);
    }
  }

  /** Sends what is unsent, if the events allow; returns whether they allow to receive. */
  onReady(events: number): boolean {
    if (events & this.interest & EVENT_WRITE) this.#sendUnsent();
    return (events & this.interest & EVENT_READ) !== 0;
  }

  /** Takes what slot i received; returns whether that became the j-th reply of the batch. */
  onReceived(io: BatchIo, i: number, j: number): boolean {
    const n = io.received(i);
    if (this.#clock !== null && n > 0) this.#lastByte = this.#clock.now;
    if (n < 0) {
      this.#onError(n, 'recv');
    } else if (n === 0 || io.isGoodbye(i)) {
      this.#ended = true;
      this.#setInterest();
    } else {
      io.prepareReply(j, this.fd, i, this.#name);
      if (this.#unsent.length === 0) return true;
      this.#keepUnsent(io, j, 0); // Not before what is unsent already.
    }
    return false;
  }

  /** Takes the result of the batch's j-th send. */
  onSent(io: BatchIo, j: number): void {
    const sent = io.sent(j);
    if (sent === io.replyLength(j)) return;
    if (sent < 0) this.#onError(sent, 'send');
    if (!this.#ended) this.#keepUnsent(io, j, Math.max(sent, 0));
  }

  #keepUnsent(io: BatchIo, j: number, sent: number): void {
    const { maxUnsent } = this.#limits;
    this.#unsent.append(io.restOfReply(j, sent), this.#now);
    const { length } = this.#unsent;
    if (length > maxUnsent) this.#drop(new OSError(`${length} bytes are unsent, the limit is ${maxUnsent}`));
    else this.#setInterest();
  }

  #sendUnsent(): void {
    const sent = sys.send(this.fd, this.#unsent.bytes, MSG_NOSIGNAL ?? 0);
    if (sent < 0) {
      this.#onError(sent, 'send');
    } else {
      this.#lastByte = this.#now;
      this.#unsent.shift(sent, this.#now);
      this.#setInterest();
    }
  }

  /** When its time is over, if nothing changes until then; Infinity: never. */
  get deadline(): number {
    const idle = this.#lastByte + this.#limits.idleTimeout;
    return this.#unsent.length === 0 ? idle : Math.min(idle, this.#sendDeadline);
  }

  get #sendDeadline(): number {
    return this.#unsent.since + this.#limits.sendTimeout;
  }

  /** Gives the client up because its deadline is over. */
  timeOut(): void {
    const { idleTimeout, sendTimeout } = this.#limits;
    const isSending = this.#unsent.length > 0 && this.#sendDeadline <= this.#now;
    const what = isSending ? `send timed out after ${sendTimeout} s` : `idle for ${idleTimeout} s`;
    this.#drop(new TimeoutError(what));
  }

  #setInterest(): void {
    const isPaused =
      this.#unsent.length >= UNSENT_LIMIT && this.#limits.maxUnsent === Number.POSITIVE_INFINITY;
    const reads = !this.#ended && !isPaused;
    this.interest = (reads ? EVENT_READ : 0) | (this.#unsent.length > 0 ? EVENT_WRITE : 0);
  }

  #onError(result: number, syscall: string): void {
    // A spurious wakeup: the mechanism reports it again when it is ready.
    if (result === -sys.EAGAIN || result === -sys.EINTR) return;
    this.#drop(new OSError(result, syscall));
  }

  /** Gives the client up because the kernel is short of something. */
  turnAway(error: OSError): void {
    if (this.registered === 0) {
      warn(`turned a client away: ${error.message}`);
      this.#abort();
    } else {
      this.#drop(error);
    }
  }

  #drop(error: OSError): void {
    warnDropped(this.#peer, error);
    this.#abort();
  }

  #abort(): void {
    this.#ended = true;
    this.#unsent.clear();
    this.#setInterest();
  }
}

/** The connection of a client that was accepted. Throws OSError where that cannot be made non-blocking. */
function connectionOf(
  [client_socket, client_address]: [Socket, Address],
  limits: Limits,
  clock: TurnClock | null,
): Connection {
  try {
    return new Connection(client_socket, client_address, limits, clock);
  } catch (error) {
    client_socket.close();
    throw error;
  }
}

interface ConnectionsOptions {
  /** The mechanism reports only changes, so that a client must be received from until EAGAIN. */
  edgeTriggered?: boolean;
  limits?: LimitOptions;
}

/** The listening socket and all clients. */
export class Connections {
  readonly server_socket: Socket;
  readonly address: InetAddress;
  // By descriptor, which the kernel keeps small.
  readonly #connections: (Connection | undefined)[] = [];
  readonly #acceptor: Acceptor;
  readonly #io = new BatchIo();
  readonly #register: (connection: Connection) => void;
  readonly #edgeTriggered: boolean;
  readonly #limits: Limits;
  // null where the limits have no time: then no clock is read, and nothing scanned.
  readonly #clock: TurnClock | null;
  // No client's time is over before this one. A message moves its client's deadline, and not this: the scan then finds
  // that the deadline is later.
  #nextScan = Number.POSITIVE_INFINITY;
  #count = 0;
  // The connections to receive from in the next batch; during it, those whose replies it sends.
  readonly #batch: Connection[] = new Array(BATCH_CAPACITY);
  #ready = 0;
  // Edge-triggered: those that may have more to receive, for no EAGAIN was seen since their last event.
  readonly #draining: Connection[] = [];
  #drainingCount = 0;

  /**
   * Listens, non-blocking, on host and port. register tells the loop's mechanism of a connection whose
   * `interest` differs from what is `registered`: 0 there is a new one, 0 as the interest takes it out, and it
   * is closed next. Throws OSError if it cannot listen.
   */
  constructor(
    host: string,
    port: number,
    register: (connection: Connection) => void,
    { edgeTriggered = false, limits = {} }: ConnectionsOptions = {},
  ) {
    this.#register = register;
    this.#edgeTriggered = edgeTriggered;
    this.#limits = limitsOf(limits);
    this.#clock = hasTimeout(this.#limits) ? new TurnClock() : null;
    this.server_socket = socket(AF_INET, SOCK_STREAM);
    this.#acceptor = new Acceptor(Number.POSITIVE_INFINITY, this.#limits.maxConnections);
    try {
      this.server_socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
      this.server_socket.bind([host, port]);
      this.server_socket.listen();
      this.server_socket.setblocking(false);
      this.address = boundAddress(this.server_socket, host, port);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * How many seconds the loop may wait for events, which is asked before each wait: not at all while there may be more
   * to receive, else until a client's time may be over; null: for ever.
   */
  get timeout(): number | null {
    const clock = this.#clock;
    if (clock === null) return this.#drainingCount > 0 ? 0 : null;
    clock.restart();
    const seconds = this.#drainingCount > 0 ? 0 : waitUntil(this.#nextScan, clock.now);
    clock.restart(); // What comes after the wait has its own time.
    return seconds;
  }

  /** Takes the events of a descriptor: accepts clients, or queues one to be received from by serveReady(). */
  onReady(fd: number, events: number): void {
    const connection = this.#connections[fd];
    if (connection === undefined) {
      if (fd === this.server_socket.fileno()) this.#accept();
    } else if (!connection.onReady(events)) {
      this.#updateInterest(connection);
    } else if (!connection.isDraining) {
      this.#addToBatch(connection);
    }
  }

  /**
   * Receives once from each client that is ready, and answers them. Edge-triggered, then once from each that
   * may have more: one that has not sees its EAGAIN in the same turn, one that floods waits for the next.
   */
  serveReady(): void {
    this.#serveBatch();
    const n = this.#drainingCount;
    this.#drainingCount = 0;
    // Those that stay are put back behind the place of the one that is taken, at most.
    for (let i = 0; i < n; i++) {
      const connection = this.#draining[i];
      connection.isDraining = false;
      if (connection.interest & EVENT_READ) this.#addToBatch(connection);
    }
    this.#serveBatch();
    if (this.#clock !== null && this.#nextScan <= this.#clock.now) this.#scan(this.#clock.now);
  }

  // Drops the clients whose time is over.
  #scan(now: number): void {
    let next = Number.POSITIVE_INFINITY;
    for (const connection of this.#connections) {
      if (connection === undefined) continue;
      if (connection.deadline <= now) {
        connection.timeOut();
        this.#updateInterest(connection);
      } else {
        next = Math.min(next, connection.deadline);
      }
    }
    this.#nextScan = Math.max(next, now + SCAN_INTERVAL);
    if (next === Number.POSITIVE_INFINITY) this.#nextScan = next;
  }

  /**
   * Takes the error of the loop's wait. For want of memory, which poll and select need by the number of their
   * descriptors, the client with the highest one is dropped, if there is one, and the loop stands still for a moment.
   * Throws any other error again.
   */
  onWaitError(error: unknown): void {
    if (!isShortage(error)) throw error;
    const connection = this.#connections.findLast((one) => one !== undefined);
    if (connection === undefined) {
      this.#acceptor.pause(error);
      return;
    }
    connection.turnAway(error);
    this.#updateInterest(connection);
    sleep(WAIT_PAUSE);
  }

  #addToBatch(connection: Connection): void {
    this.#batch[this.#ready++] = connection;
    if (this.#ready === BATCH_CAPACITY) this.#serveBatch();
  }

  #serveBatch(): void {
    if (this.#ready === 0) return;
    const replies = this.#receive(this.#ready);
    this.#ready = 0;
    this.#io.submitSends(replies);
    for (let j = 0; j < replies; j++) {
      const connection = this.#batch[j];
      connection.onSent(this.#io, j);
      this.#updateInterest(connection);
    }
  }

  /** Receives from the first n of the batch; returns how many replies there are to send. */
  #receive(n: number): number {
    const io = this.#io;
    for (let i = 0; i < n; i++) io.prepareRecv(i, this.#batch[i].fd);
    io.submitReceives(n);
    let replies = 0;
    for (let i = 0; i < n; i++) {
      const connection = this.#batch[i];
      if (this.#edgeTriggered && io.received(i) > 0) {
        connection.isDraining = true;
        this.#draining[this.#drainingCount++] = connection;
      }
      if (connection.onReceived(io, i, replies)) this.#batch[replies++] = connection;
      else this.#updateInterest(connection);
    }
    return replies;
  }

  #accept(): void {
    for (let n = 0; n < ACCEPTS_PER_TURN; n++) {
      const accepted = this.#acceptor.accept(this.server_socket, this.#count);
      if (accepted === null) return;
      const connection = connectionOf(accepted, this.#limits, this.#clock);
      this.#connections[connection.fd] = connection;
      this.#count++;
      this.#updateInterest(connection);
      if (connection.interest !== 0) print(`Accepted connection from ${repr(accepted[1])}`);
    }
  }

  /**
   * Registers a changed interest with the mechanism; closes a connection that has none left, or that the kernel
   * lacks memory or watches for (epoll_ctl: ENOMEM, ENOSPC): closing takes it out of the mechanism, too.
   */
  #updateInterest(connection: Connection): void {
    if (connection.interest === connection.registered) return;
    try {
      this.#register(connection);
    } catch (error) {
      if (!isShortage(error)) throw error;
      connection.turnAway(error);
    }
    connection.registered = connection.interest;
    if (connection.interest !== 0) {
      // One that is new, or has something unsent from now on, may have the first deadline of all.
      if (this.#clock !== null) this.#nextScan = Math.min(this.#nextScan, connection.deadline);
      return;
    }
    this.#connections[connection.fd] = undefined;
    this.#count--;
    connection.end();
  }

  close(): void {
    const all = [...this.#connections, this.server_socket];
    this.#connections.length = 0;
    this.#acceptor[Symbol.dispose]();
    closeAll(all);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
