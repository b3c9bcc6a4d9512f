// Python's socket module: the Socket object and the functions that make one.
// Above: the servers and the client. Below: descriptor.ts, address.ts, syscalls.ts (native/socket.cc).

import { inspect } from 'node:util';
import { type Address, type AddressLike, packAddress, sizeofStorage, unpackAddress } from './address.ts';
import { POLLERR, POLLIN, POLLOUT } from './constants/select.ts';
import {
  AF_INET,
  AF_UNIX,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SO_ERROR,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  SOMAXCONN,
} from './constants/socket.ts';
import { acceptSocket, openSocket, openSocketpair, setNonblocking, typeFlags } from './descriptor.ts';
import { check, EAGAIN, ECONNRESET, EINPROGRESS, EINTR, EISCONN, osError, TimeoutError } from './errno.ts';
import { disowns, owns } from './owner.ts';
import { PollFds } from './poll.ts';
import { POOL, pool, reserve, take, taken } from './pool.ts';
import { repr } from './repr.ts';
import { interrupted, runHandlers } from './signal.ts';
import * as sys from './syscalls.ts';
import { checkTimeout, deadlineAfter, millisecondsUntil } from './timeout.ts';

export type { Address, AddressLike, Inet6Address, InetAddress } from './address.ts';
export * from './constants/socket.ts';
export { OSError as error, TimeoutError as timeout } from './errno.ts';

/** Python's bytes-like: what send takes. */
export type BytesLike = NodeJS.ArrayBufferView | ArrayBuffer | SharedArrayBuffer;

// Where the kernel writes addresses before they are unpacked. Nothing of JavaScript's runs between.
const sockaddrMemory = new ArrayBuffer(sizeofStorage);
const sockaddr = Buffer.from(sockaddrMemory);
const sockaddrLength = new Int32Array(1);
const one = new PollFds(1);

/** A socket. Made by socket(), accept(), socketpair(). Every method throws OSError for a kernel error. */
export class Socket {
  readonly family: number;
  readonly type: number;
  readonly proto: number;
  #fd: number;
  #timeout: number | null;

  /** Takes over a descriptor. type may carry SOCK_NONBLOCK: the timeout is 0 then. */
  constructor(fd: number, family: number, type: number, proto: number) {
    this.#fd = fd;
    owns(this, 'socket', fd);
    this.family = family;
    this.type = type & ~typeFlags;
    this.proto = proto;
    this.#timeout = type & (SOCK_NONBLOCK ?? 0) ? 0 : null;
  }

  /** The descriptor; -1 once closed or detached. */
  fileno(): number {
    return this.#fd;
  }

  /** Names the socket: [host, port] for AF_INET ('' is every interface, port 0 any free one). bind(2). */
  bind(address: AddressLike): void {
    check(sys.bind(this.#fd, packAddress(this.family, address, 'bind')), 'bind', address);
  }

  /** Lets clients connect; at most backlog of them wait to be accepted (below 0 counts as 0). listen(2). */
  listen(backlog: number = Math.min(SOMAXCONN, 128)): void {
    check(sys.listen(this.#fd, Math.max(backlog, 0)), 'listen');
  }

  /**
   * The next client's connection, as a new blocking socket, and its address: null where the
   * client is gone already and the kernel knows no address. accept(2).
   */
  accept(): [Socket, Address] {
    const deadline = this.#begin();
    for (;;) {
      sockaddrLength[0] = sockaddr.length;
      const fd = acceptSocket(this.#fd, sockaddrMemory, sockaddrLength);
      if (fd >= 0) {
        const address = unpackAddress(sockaddr, sockaddrLength[0]);
        return [new Socket(fd, this.family, this.type, this.proto), address];
      }
      this.#again(fd, 'accept', POLLIN, deadline);
    }
  }

  /** Connects, for at most the timeout. connect(2). */
  connect(address: AddressLike): void {
    check(this.#connect(packAddress(this.family, address, 'connect')), 'connect', address);
  }

  /** As connect, but returns 0 or the (positive) errno of a failure; EAGAIN when the time was over. */
  connect_ex(address: AddressLike): number {
    const destination = packAddress(this.family, address, 'connect_ex');
    try {
      return -this.#connect(destination);
    } catch (error) {
      if (error instanceof TimeoutError) return EAGAIN;
      throw error;
    }
  }

  // An interrupted connect goes on in the kernel: it is waited for, never made again (H24).
  #connect(destination: Uint8Array): number {
    const deadline = this.#begin();
    const result = sys.connect(this.#fd, destination);
    if (this.#timeout === 0 || (result !== -EINTR && result !== -EINPROGRESS)) return result;
    if (result === -EINTR) interrupted('connect');
    if (!this.#wait(POLLOUT | POLLERR, deadline)) throw new TimeoutError('timed out');
    const error = this.getsockopt(SOL_SOCKET, SO_ERROR);
    return error === EISCONN ? 0 : -error;
  }

  /** At most bufsize bytes, as soon as there are any. Length 0 is the end of the stream. recv(2). */
  recv(bufsize: number, flags = 0): Buffer {
    if (!Number.isInteger(bufsize)) throw new TypeError(`recv(): bufsize must be an integer, got ${bufsize}`);
    if (bufsize < 0) throw new RangeError('negative buffersize in recv');
    if (bufsize === 0) return Buffer.alloc(0);
    if (bufsize > POOL) {
      const memory = new ArrayBuffer(bufsize);
      return Buffer.from(memory, 0, this.#recv(memory, 0, bufsize, flags));
    }
    reserve(bufsize);
    return take(this.#recv(pool, taken, bufsize, flags));
  }

  /** Receives at most nbytes (none or 0: as many as fit) into buffer; returns how many came. recv(2). */
  recv_into(buffer: NodeJS.TypedArray, nbytes = 0, flags = 0): number {
    if (!ArrayBuffer.isView(buffer))
      throw new TypeError(`recv_into(): buffer must be a TypedArray, got ${typeof buffer}`);
    if (nbytes < 0) throw new RangeError('negative buffersize in recv_into');
    if (nbytes > buffer.byteLength) throw new RangeError('buffer too small for requested bytes');
    const length = nbytes || buffer.byteLength;
    return length === 0 ? 0 : this.#recv(buffer, 0, length, flags);
  }

  #recv(buffer: sys.Bytes, offset: number, length: number, flags: number): number {
    const deadline = this.#begin();
    for (;;) {
      const n = sys.recv(this.#fd, buffer, offset, length, flags);
      if (n >= 0) return n;
      this.#again(n, 'recv', POLLIN, deadline);
    }
  }

  /**
   * Sends what the kernel takes now; returns how many bytes that was. send(2).
   * Unlike Python, with MSG_NOSIGNAL: a dead peer is BrokenPipeError whatever SIGPIPE does.
   */
  send(data: BytesLike, flags = 0): number {
    const bytes = bytesOf(data);
    // What cannot wait needs no look for signals before.
    const cannotWait = this.#timeout === null && (flags & MSG_DONTWAIT) !== 0;
    return this.#send(bytes, 0, bytes.length, flags, cannotWait ? 0 : this.#begin());
  }

  /** Sends all of it, within the timeout. What was sent before an error is not known. send(2). */
  sendall(data: BytesLike, flags = 0): void {
    const bytes = bytesOf(data);
    const deadline = this.#begin();
    let sent = 0;
    do {
      sent += this.#send(bytes, sent, bytes.length - sent, flags, deadline);
    } while (sent < bytes.length);
  }

  #send(bytes: Uint8Array, offset: number, length: number, flags: number, deadline: number): number {
    for (;;) {
      const n = sys.send(this.#fd, bytes, offset, length, flags | (MSG_NOSIGNAL ?? 0));
      if (n >= 0) return n;
      this.#again(n, 'send', POLLOUT, deadline);
    }
  }

  /** Ends receiving (SHUT_RD), sending (SHUT_WR) or both (SHUT_RDWR). shutdown(2). */
  shutdown(how: number): void {
    check(sys.shutdown(this.#fd, how), 'shutdown');
  }

  /** Closes the descriptor; again does nothing. Never retried, so never another's descriptor (H20). close(2). */
  close(): void {
    const fd = this.detach();
    if (fd < 0) return;
    const result = sys.close(fd);
    if (result !== -ECONNRESET && result !== -EINTR) check(result, 'close');
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Gives the descriptor up, open, and returns it. */
  detach(): number {
    const fd = this.#fd;
    this.#fd = -1;
    disowns(this);
    return fd;
  }

  /** The socket's own address. getsockname(2). */
  getsockname(): Address {
    sockaddrLength[0] = sockaddr.length;
    check(sys.getsockname(this.#fd, sockaddrMemory, sockaddrLength), 'getsockname');
    return unpackAddress(sockaddr, sockaddrLength[0]);
  }

  /** The peer's address. getpeername(2). */
  getpeername(): Address {
    sockaddrLength[0] = sockaddr.length;
    check(sys.getpeername(this.#fd, sockaddrMemory, sockaddrLength), 'getpeername');
    return unpackAddress(sockaddr, sockaddrLength[0]);
  }

  /** An option: an int, or at most buflen (0-1024) bytes of it. getsockopt(2). */
  getsockopt(level: number, optname: number): number;
  getsockopt(level: number, optname: number, buflen: number): Buffer;
  getsockopt(level: number, optname: number, buflen?: number): number | Buffer {
    if (buflen !== undefined && typeof buflen !== 'number') {
      throw new TypeError(`getsockopt(): buflen must be a number, got ${typeof buflen}`);
    }
    if (buflen !== undefined && !(buflen >= 0 && buflen <= 1024)) {
      throw new RangeError(`getsockopt buflen out of range: 0-1024, got ${buflen}`);
    }
    const value = Buffer.alloc(buflen || 4);
    const length = Int32Array.of(value.length);
    check(sys.getsockopt(this.#fd, level, optname, value, length), 'getsockopt');
    return buflen ? value.subarray(0, length[0]) : value.readInt32LE();
  }

  /** Sets an option to an int, or to the bytes of a struct. setsockopt(2). */
  setsockopt(level: number, optname: number, value: number | BytesLike): void {
    if (typeof value === 'number' && value !== (value | 0)) {
      throw new RangeError(`setsockopt(): an int must be -2147483648-2147483647, got ${value}`);
    }
    const bytes = typeof value === 'number' ? Int32Array.of(value) : bytesOf(value);
    check(sys.setsockopt(this.#fd, level, optname, bytes), 'setsockopt');
  }

  /** setblocking(true) is settimeout(null), setblocking(false) is settimeout(0). */
  setblocking(blocking: boolean): void {
    this.settimeout(blocking ? null : 0);
  }

  getblocking(): boolean {
    return this.#timeout !== 0;
  }

  /** How many seconds a call may wait: null for ever, 0 not at all (BlockingIOError). fcntl(2) O_NONBLOCK. */
  settimeout(timeout: number | null): void {
    const seconds = checkTimeout(timeout);
    if (seconds !== null && seconds < 0) throw new RangeError('Timeout value out of range');
    check(setNonblocking(this.#fd, seconds !== null), 'fcntl');
    this.#timeout = seconds;
  }

  gettimeout(): number | null {
    return this.#timeout;
  }

  get timeout(): number | null {
    return this.#timeout;
  }

  /** Python's repr: <socket.socket fd=3, family=2, type=1, proto=0, laddr=('0.0.0.0', 0)>. */
  toString(): string {
    const { family, type, proto } = this;
    const laddr = this.#nameText('laddr', () => this.getsockname());
    const raddr = this.#nameText('raddr', () => this.getpeername());
    const closed = this.#fd < 0 ? '[closed] ' : '';
    return `<socket.socket ${closed}fd=${this.#fd}, family=${family}, type=${type}, proto=${proto}${laddr}${raddr}>`;
  }

  [inspect.custom](): string {
    return this.toString();
  }

  #nameText(label: string, name: () => Address): string {
    if (this.#fd < 0) return '';
    try {
      const address = name();
      return address === null || address.length === 0 ? '' : `, ${label}=${repr(address)}`;
    } catch {
      return ''; // Not connected, most often: a repr has no business failing.
    }
  }

  // Before a call that may block: the handlers of signals noted so far run, and the timeout starts.
  #begin(): number {
    if (this.#timeout === 0) return 0;
    runHandlers();
    return deadlineAfter(this.#timeout);
  }

  // After a call that failed: returns if it is to be made again, throws if not.
  // Unlike Python, which waits with poll before each call: the call is tried first.
  #again(result: number, syscall: string, events: number, deadline: number): void {
    if (result === -EINTR) {
      interrupted(syscall);
    } else if (result === -EAGAIN && this.#timeout) {
      if (!this.#wait(events, deadline)) throw new TimeoutError('timed out');
    } else {
      throw osError(result, syscall);
    }
  }

  // Until the socket is ready for the events: false if the deadline came first.
  #wait(events: number, deadline: number): boolean {
    for (;;) {
      one.set(0, this.#fd, events);
      const n = sys.poll(one.memory, 1, millisecondsUntil(deadline));
      if (n === -EINTR) interrupted('poll');
      else return check(n, 'poll') > 0;
    }
  }
}

function bytesOf(data: BytesLike): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) return new Uint8Array(data);
  throw new TypeError(
    `a bytes-like object is required, not '${typeof data === 'string' ? 'str' : typeof data}'`,
  );
}

/** A new socket: by default AF_INET, SOCK_STREAM and the protocol that goes with them. socket(2). */
export function socket(family: number = AF_INET, type: number = SOCK_STREAM, proto = 0): Socket {
  return new Socket(check(openSocket(family, type, proto), 'socket'), family, type, proto);
}

/** Two connected sockets. socketpair(2). */
export function socketpair(
  family: number = AF_UNIX,
  type: number = SOCK_STREAM,
  proto = 0,
): [Socket, Socket] {
  const sv = new Int32Array(2);
  check(openSocketpair(family, type, proto, sv), 'socketpair');
  return [new Socket(sv[0], family, type, proto), new Socket(sv[1], family, type, proto)];
}
