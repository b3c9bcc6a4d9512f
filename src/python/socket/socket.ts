// Python's socket.socket: the calls on a descriptor, and how long they may wait. Each method is one libc call,
// made again after a signal (PEP 475). recv and send are made most: they cross into the kernel once, and
// allocate nothing but what they return.

import { inspect } from 'node:util';
import { F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, FD_CLOEXEC } from '../../kernel/constants/fcntl.ts';
import { POLLERR, POLLIN, POLLOUT } from '../../kernel/constants/select.ts';
import {
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SO_ERROR,
  SOCK_NONBLOCK,
  SOL_SOCKET,
  SOMAXCONN,
} from '../../kernel/constants/socket.ts';
import { EAGAIN, EINPROGRESS, EINTR, EISCONN, EMSGSIZE } from '../../kernel/errno.ts';
import { controlMessages, packControl } from '../../kernel/structs/cmsghdr.ts';
import { sizeofStorage } from '../../kernel/structs/sockaddr.ts';
import * as sys from '../../kernel/syscalls.ts';
import { ARENA_SIZE, arena } from '../arena.ts';
import { repr } from '../builtins/repr.ts';
import { check, osError, TimeoutError } from '../errors.ts';
import { disowns, owns } from '../unclosed.ts';
import { beginWait, checkTimeout, closeFd, retryInterrupted, waitFor } from '../waiting.ts';
import { type Address, type AddressLike, unpackAddress } from './address.ts';
import { type BytesLike, bytesOf, checkSize } from './bytes.ts';
import { acceptSocket, setNonblocking, typeFlags } from './descriptor.ts';
import { type FileOptions, makeFile, type SocketFile, type SocketIO } from './makefile.ts';
import { packResolved } from './netdb.ts';
import { type SendableFile, sendFile } from './sendfile.ts';

/** A control message: SOL_SOCKET and SCM_RIGHTS, say, with descriptors. cmsg(3). */
export type AncillaryData = [cmsg_level: number, cmsg_type: number, cmsg_data: Buffer];
/** What sendmsg takes for one. */
export type AncillaryDataLike = readonly [cmsg_level: number, cmsg_type: number, cmsg_data: BytesLike];

/** IOV_MAX, on both platforms: more buffers than that is EMSGSIZE. */
const MAX_BUFFERS = 1024;

// Where the kernel writes addresses before they are unpacked, and the lengths that recvmsg gets and sets. No
// other JavaScript runs between the call and the unpacking.
const sockaddrMemory = new ArrayBuffer(sizeofStorage);
const sockaddr = Buffer.from(sockaddrMemory);
const sockaddrLength = new Int32Array(1);
const lengths = new Int32Array(3);

function checkSocketTimeout(timeout: unknown): number | null {
  const seconds = checkTimeout(timeout);
  if (seconds !== null && seconds < 0) throw new RangeError('Timeout value out of range');
  return seconds;
}

let defaultTimeout: number | null = null;

/** The timeout that new sockets get, accepted ones too: null unless it was set. */
export function getdefaulttimeout(): number | null {
  return defaultTimeout;
}

/** Sets it, for this thread. Unlike in Python a worker thread has its own. */
export function setdefaulttimeout(timeout: number | null): void {
  defaultTimeout = checkSocketTimeout(timeout);
}

/** A socket. Made by socket(), accept(), socketpair(). Every method throws OSError for a kernel error. */
export class Socket {
  readonly family: number;
  readonly type: number;
  readonly proto: number;
  #fd: number;
  #timeout: number | null;
  // Closed by its owner; the descriptor stays open as long as makefile's objects need it.
  #closed = false;
  #files = 0;

  /** Takes over a descriptor. type may carry SOCK_NONBLOCK: the timeout is 0 then, else the default. */
  constructor(fd: number, family: number, type: number, proto: number) {
    this.#fd = fd;
    owns(this, 'socket', fd);
    this.family = family;
    this.type = type & ~typeFlags;
    this.proto = proto;
    this.#timeout = null;
    if (type & (SOCK_NONBLOCK ?? 0)) this.#timeout = 0;
    else if (getdefaulttimeout() !== null) this.settimeout(getdefaulttimeout());
  }

  /** The descriptor; -1 once closed or detached. */
  fileno(): number {
    return this.#fd;
  }

  /**
   * Closes the descriptor, once the last of makefile's objects is closed too; again does nothing.
   * Never retried, so never another's descriptor (docs/hazards.md, H20). close(2).
   */
  close(): void {
    this.#closed = true;
    if (this.#files > 0 || this.#fd < 0) return;
    closeFd(this.detach());
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Gives the descriptor up, open, and returns it. */
  detach(): number {
    const fd = this.#fd;
    this.#closed = true;
    this.#fd = -1;
    disowns(this);
    return fd;
  }

  /** Whether a program that this one executes inherits the descriptor (no, unless asked for). */
  get_inheritable(): boolean {
    return (check(sys.fcntl(this.#fd, F_GETFD, 0), 'fcntl') & FD_CLOEXEC) === 0;
  }

  set_inheritable(inheritable: boolean): void {
    const flags = check(sys.fcntl(this.#fd, F_GETFD, 0), 'fcntl');
    const wanted = inheritable ? flags & ~FD_CLOEXEC : flags | FD_CLOEXEC;
    check(sys.fcntl(this.#fd, F_SETFD, wanted), 'fcntl');
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
    const seconds = checkSocketTimeout(timeout);
    check(setNonblocking(this.#fd, seconds !== null), 'fcntl');
    this.#timeout = seconds;
  }

  gettimeout(): number | null {
    return this.#timeout;
  }

  get timeout(): number | null {
    return this.#timeout;
  }

  /** Names the socket: [host, port] for AF_INET ('' is every interface, port 0 any free one). bind(2). */
  bind(address: AddressLike): void {
    check(sys.bind(this.#fd, packResolved(this.family, address, 'bind')), 'bind', errorAddress(address));
  }

  /** Lets clients connect; at most backlog of them wait to be accepted (below 0 counts as 0). listen(2). */
  listen(backlog: number = Math.min(SOMAXCONN, 128)): void {
    check(sys.listen(this.#fd, Math.max(backlog, 0)), 'listen');
  }

  /**
   * The next client's connection, as a new blocking socket (or with the default timeout), and its
   * address: null where the client is gone already and the kernel knows no address. accept(2).
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
    const destination = packResolved(this.family, address, 'connect');
    check(this.#connect(destination), 'connect', errorAddress(address));
  }

  /** As connect, but returns 0 or the (positive) errno of a failure; EAGAIN when the time was over. */
  connect_ex(address: AddressLike): number {
    const destination = packResolved(this.family, address, 'connect_ex');
    try {
      return -this.#connect(destination);
    } catch (error) {
      if (error instanceof TimeoutError) return EAGAIN;
      throw error;
    }
  }

  // An interrupted connect goes on in the kernel: it is waited for, never made again (docs/hazards.md, H24).
  #connect(destination: Uint8Array): number {
    const deadline = this.#begin();
    const result = sys.connect(this.#fd, destination);
    if (this.#timeout === 0 || (result !== -EINTR && result !== -EINPROGRESS)) return result;
    if (result === -EINTR) retryInterrupted(result, 'connect');
    if (waitFor(this.#fd, POLLOUT | POLLERR, deadline) === 0) throw new TimeoutError('timed out');
    const error = this.getsockopt(SOL_SOCKET, SO_ERROR);
    return error === EISCONN ? 0 : -error;
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

  /** Sets an option to an int, or to the bytes of a struct (see linger and its like). setsockopt(2). */
  setsockopt(level: number, optname: number, value: number | BytesLike): void {
    if (typeof value === 'number' && value !== (value | 0)) {
      throw new RangeError(`setsockopt(): an int must be -2147483648-2147483647, got ${value}`);
    }
    const bytes = typeof value === 'number' ? Int32Array.of(value) : bytesOf(value);
    check(sys.setsockopt(this.#fd, level, optname, bytes), 'setsockopt');
  }

  /** At most bufsize bytes, as soon as there are any. Length 0 is the end of the stream. recv(2). */
  recv(bufsize: number, flags = 0): Buffer {
    if (!Number.isInteger(bufsize)) throw new TypeError(`recv(): bufsize must be an integer, got ${bufsize}`);
    if (bufsize < 0) throw new RangeError('negative buffersize in recv');
    if (bufsize === 0) return Buffer.alloc(0);
    if (bufsize > ARENA_SIZE) {
      const memory = new ArrayBuffer(bufsize);
      return Buffer.from(memory, 0, Math.min(this.#recv(memory, bufsize, flags), bufsize));
    }
    const deadline = this.#begin();
    for (;;) {
      const offset = arena.slot(bufsize);
      const n = sys.recv(this.#fd, arena.memory, offset, bufsize, flags);
      // With MSG_TRUNC in flags Linux reports how long a datagram was, not how much of it came.
      if (n >= 0) return arena.commit(Math.min(n, bufsize));
      this.#again(n, 'recv', POLLIN, deadline);
    }
  }

  /** Receives at most nbytes (none or 0: as many as fit) into buffer; returns how many came. recv(2). */
  recv_into(buffer: NodeJS.ArrayBufferView, nbytes = 0, flags = 0): number {
    if (!ArrayBuffer.isView(buffer))
      throw new TypeError(`recv_into(): buffer must be a TypedArray, got ${typeof buffer}`);
    if (nbytes < 0) throw new RangeError('negative buffersize in recv_into');
    if (nbytes > buffer.byteLength) throw new RangeError('buffer too small for requested bytes');
    const length = nbytes || buffer.byteLength;
    const view = buffer instanceof DataView ? bytesOf(buffer) : (buffer as NodeJS.TypedArray);
    return length === 0 ? 0 : this.#recv(view, length, flags);
  }

  #recv(buffer: sys.Bytes, length: number, flags: number): number {
    const deadline = this.#begin();
    for (;;) {
      const n = sys.recv(this.#fd, buffer, 0, length, flags);
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
    // What cannot wait needs no handlers to run before.
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

  /**
   * A message of at most bufsize bytes (of a longer one the rest is lost) and its sender's address:
   * null on a connected stream. recvfrom(2).
   */
  recvfrom(bufsize: number, flags = 0): [data: Buffer, address: Address] {
    checkSize(bufsize, 'recvfrom(): bufsize', 'negative buffersize in recvfrom');
    const memory = bufsize > ARENA_SIZE ? new ArrayBuffer(bufsize) : null;
    const n = Math.min(this.#recvfrom(memory, bufsize, flags), bufsize); // MSG_TRUNC: see recv
    const data = memory === null ? arena.commit(n) : Buffer.from(memory, 0, n);
    return [data, unpackAddress(sockaddr, sockaddrLength[0])];
  }

  /** The same into a buffer, at most nbytes (none or 0: as many as fit). recvfrom(2). */
  recvfrom_into(buffer: NodeJS.ArrayBufferView, nbytes = 0, flags = 0): [nbytes: number, address: Address] {
    const bytes = writable(buffer, 'recvfrom_into(): buffer');
    checkSize(nbytes, 'recvfrom_into(): nbytes', 'negative buffersize in recvfrom_into');
    if (nbytes > bytes.length) throw new RangeError('nbytes is greater than the length of the buffer');
    const n = this.#recvfrom(bytes, nbytes || bytes.length, flags);
    return [n, unpackAddress(sockaddr, sockaddrLength[0])];
  }

  // Into a buffer; or, for null, into a slot of the arena, which is the caller's to commit.
  #recvfrom(buffer: sys.Bytes | null, length: number, flags: number): number {
    const deadline = this.#begin();
    for (;;) {
      const offset = buffer === null ? arena.slot(length) : 0;
      const memory = buffer ?? arena.memory;
      sockaddrLength[0] = sockaddr.length;
      const n = sys.recvfrom(this.#fd, memory, offset, length, flags, sockaddrMemory, sockaddrLength);
      if (n >= 0) return n;
      this.#again(n, 'recvfrom', POLLIN, deadline);
    }
  }

  /**
   * A message of at most bufsize bytes, with at most ancbufsize bytes of control messages (see
   * CMSG_LEN and CMSG_SPACE), the kernel's flags (MSG_TRUNC, MSG_CTRUNC, …) and the sender's address.
   * Descriptors that came (SCM_RIGHTS) are the caller's to close. recvmsg(2).
   */
  recvmsg(
    bufsize: number,
    ancbufsize = 0,
    flags = 0,
  ): [data: Buffer, ancdata: AncillaryData[], msg_flags: number, address: Address] {
    checkSize(bufsize, 'recvmsg(): bufsize', 'negative buffer size in recvmsg()');
    checkSize(ancbufsize, 'recvmsg(): ancbufsize', 'invalid ancillary data buffer length');
    const data = Buffer.alloc(bufsize);
    const [n, ...rest] = this.#recvmsg([data], ancbufsize, flags);
    // MSG_TRUNC: see recv.
    return [data.subarray(0, Math.min(n, bufsize)), ...rest];
  }

  /** The same into buffers, one after another. recvmsg(2). */
  recvmsg_into(
    buffers: Iterable<NodeJS.ArrayBufferView>,
    ancbufsize = 0,
    flags = 0,
  ): [nbytes: number, ancdata: AncillaryData[], msg_flags: number, address: Address] {
    const list = iterated(buffers, 'recvmsg_into() argument 1').map((buffer) =>
      writable(buffer, 'recvmsg_into(): each buffer'),
    );
    checkSize(ancbufsize, 'recvmsg_into(): ancbufsize', 'invalid ancillary data buffer length');
    return this.#recvmsg(list, ancbufsize, flags);
  }

  #recvmsg(
    buffers: Uint8Array[],
    ancbufsize: number,
    flags: number,
  ): [number, AncillaryData[], number, Address] {
    checkBuffers(buffers, 'recvmsg');
    const control = ancbufsize > 0 ? Buffer.alloc(ancbufsize) : null;
    const deadline = this.#begin();
    for (;;) {
      lengths[0] = sockaddr.length;
      lengths[1] = ancbufsize;
      const n = sys.recvmsg(this.#fd, buffers, sockaddrMemory, control, lengths, flags);
      if (n >= 0) {
        const found = control === null ? [] : [...controlMessages(control, lengths[1])];
        const ancdata = found.map(({ level, type, data }): AncillaryData => [level, type, data]);
        return [n, ancdata, lengths[2], unpackAddress(sockaddr, lengths[0])];
      }
      this.#again(n, 'recvmsg', POLLIN, deadline);
    }
  }

  /** Sends a message to an address, or as much of it as the kernel takes; returns how much. sendto(2). */
  sendto(data: BytesLike, address: AddressLike): number;
  sendto(data: BytesLike, flags: number, address: AddressLike): number;
  sendto(...args: [BytesLike, AddressLike] | [BytesLike, number, AddressLike]): number {
    if (args.length < 2 || args.length > 3) {
      throw new TypeError(`sendto() takes 2 or 3 arguments (${(args as unknown[]).length} given)`);
    }
    const bytes = bytesOf(args[0]);
    const flags = args.length === 3 ? args[1] : 0;
    if (typeof flags !== 'number' || !Number.isInteger(flags))
      throw new TypeError(`sendto(): flags must be an integer, got ${typeof flags}`);
    const address = args[args.length - 1] as AddressLike;
    const destination = packResolved(this.family, address, 'sendto');
    const deadline = this.#begin();
    for (;;) {
      const n = sys.sendto(this.#fd, bytes, flags | (MSG_NOSIGNAL ?? 0), destination);
      if (n >= 0) return n;
      this.#again(n, 'sendto', POLLOUT, deadline);
    }
  }

  /**
   * Sends the buffers as one message (or as much as the kernel takes of a stream), with control messages
   * and, unless null, to an address; returns how many bytes went. sendmsg(2).
   */
  sendmsg(
    buffers: Iterable<BytesLike>,
    ancdata: Iterable<AncillaryDataLike> = [],
    flags = 0,
    address: AddressLike | null = null,
  ): number {
    const parts = iterated(buffers, 'sendmsg() argument 1').map((buffer) => bytesOf(buffer));
    checkBuffers(parts, 'sendmsg');
    const messages = iterated(ancdata, 'sendmsg() argument 2').map(controlMessage);
    if (typeof flags !== 'number')
      throw new TypeError(`sendmsg(): flags must be an integer, got ${typeof flags}`);
    const control = messages.length > 0 ? packControl(messages) : null;
    const destination = address === null ? null : packResolved(this.family, address, 'sendmsg');
    const deadline = this.#begin();
    for (;;) {
      const n = sys.sendmsg(this.#fd, parts, destination, control, flags | (MSG_NOSIGNAL ?? 0));
      if (n >= 0) return n;
      this.#again(n, 'sendmsg', POLLOUT, deadline);
    }
  }

  /** Another socket for the same connection, with a descriptor and a timeout of its own. fcntl(2) F_DUPFD_CLOEXEC. */
  dup(): Socket {
    const fd = check(sys.fcntl(this.#fd, F_DUPFD_CLOEXEC, 0), 'fcntl');
    const copy = new Socket(fd, this.family, this.type, this.proto);
    if (copy.timeout !== this.#timeout) copy.settimeout(this.#timeout);
    return copy;
  }

  /**
   * The connection as a file: mode 'r', 'w' or 'rw', for text; with 'b' for bytes. buffering 0 is an
   * unbuffered SocketIO (bytes only), none or a negative one 8192 bytes. The descriptor stays open
   * until both the file and the socket are closed.
   */
  makefile(mode?: string, buffering?: number | null, options?: FileOptions): SocketFile;
  makefile(mode: string, buffering: 0): SocketIO;
  makefile(mode = 'r', buffering: number | null = null, options: FileOptions = {}): SocketFile | SocketIO {
    return makeFile(this, () => this.#keep(), mode, buffering, options);
  }

  /** For an object that uses the descriptor: keeps it open until the function returned is called. */
  #keep(): () => void {
    this.#files++;
    return () => {
      this.#files--;
      if (this.#closed) this.close();
    };
  }

  /**
   * Sends a file from an offset to its end, or count bytes of it; returns how many went. The file is one
   * with read() and seek(), which is left behind what was sent even on an error, or a descriptor.
   * Unlike Python, never by sendfile(2), and the position of a descriptor stays (Node cannot set it).
   */
  sendfile(file: SendableFile, offset = 0, count: number | null = null): number {
    return sendFile(this, file, offset, count);
  }

  /** Python's repr: <socket.socket fd=3, family=2, type=1, proto=0, laddr=('0.0.0.0', 0)>. */
  toString(): string {
    const { family, type, proto } = this;
    const fd = this.#fd;
    const laddr = this.#nameText('laddr', () => this.getsockname());
    const raddr = this.#nameText('raddr', () => this.getpeername());
    const name = this.constructor.name === 'Socket' ? 'socket.socket' : this.constructor.name;
    const closed = fd < 0 ? '[closed] ' : '';
    return `<${name} ${closed}fd=${fd}, family=${family}, type=${type}, proto=${proto}${laddr}${raddr}>`;
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

  /** Before a call that may block: runs the handlers of pending signals; returns when the timeout ends. */
  #begin(): number {
    return this.#timeout === 0 ? 0 : beginWait(this.#timeout);
  }

  /**
   * After a call that failed: returns if it is to be made again, throws if not.
   * Unlike Python, which waits with poll before each call: the call is tried first.
   */
  #again(result: number, syscall: string, events: number, deadline: number): void {
    if (result === -EAGAIN && this.#timeout) {
      if (waitFor(this.#fd, events, deadline) === 0) throw new TimeoutError('timed out');
    } else {
      retryInterrupted(result, syscall);
    }
  }
}

// What an error says of the address: a host and a port, or a path.
function errorAddress(address: AddressLike): readonly [string, number] | string | Uint8Array | null {
  if (!Array.isArray(address)) return address as string | Uint8Array;
  return typeof address[0] === 'string' ? (address as unknown as readonly [string, number]) : null;
}

function iterated<T>(items: Iterable<T>, what: string): T[] {
  if (typeof (items as Iterable<T> | null)?.[Symbol.iterator] !== 'function') {
    throw new TypeError(`${what} must be iterable, got ${typeof items}`);
  }
  return [...items];
}

function checkBuffers(buffers: Uint8Array[], syscall: string): void {
  if (buffers.length > MAX_BUFFERS) throw osError(-EMSGSIZE, syscall);
}

function writable(buffer: NodeJS.ArrayBufferView, what: string): Uint8Array {
  if (!ArrayBuffer.isView(buffer)) throw new TypeError(`${what} must be a TypedArray, got ${typeof buffer}`);
  return bytesOf(buffer);
}

function controlMessage(item: AncillaryDataLike): { level: number; type: number; data: Uint8Array } {
  if (!Array.isArray(item) || item.length !== 3)
    throw new TypeError(
      '[sendmsg() ancillary data items] must be arrays of [cmsg_level, cmsg_type, cmsg_data]',
    );
  const [level, type, data] = item as AncillaryDataLike;
  for (const number of [level, type]) {
    if (number !== (number | 0))
      throw new TypeError(`sendmsg(): cmsg_level and cmsg_type must be integers, got ${String(number)}`);
  }
  return { level, type, data: bytesOf(data) };
}
