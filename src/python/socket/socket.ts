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
import { typeFlags } from '../../kernel/socket-type.ts';
import { controlMessages, packControl } from '../../kernel/structs/cmsghdr.ts';
import { sizeofStorage } from '../../kernel/structs/sockaddr.ts';
import * as sys from '../../kernel/syscalls.ts';
import { ARENA_SIZE, arena } from '../arena.ts';
import { repr } from '../builtins/repr.ts';
import { type Caller, calledFrom, check, OSError, osError, TimeoutError } from '../errors.ts';
import { checkSignals, runHandlers } from '../signal/signal.ts';
import { disowns, owns } from '../unclosed.ts';
import { beginWait, checkTimeout, closeFd, pollOnce, retryInterrupted, secondsUntil } from '../waiting.ts';
import { dontwaitNeverWaits, takesNoBuffers } from '../xnu.ts';
import { type Address, type AddressLike, unpackAddress } from './address.ts';
import { type BytesLike, bytesOf } from './bytes.ts';
import { acceptSocket, setNonblocking } from './descriptor.ts';
import { checkInt, checkSize } from './ints.ts';
import { type FileOptions, makeFile } from './makefile.ts';
import { packResolved } from './netdb.ts';
import { type SendableFile, sendFile } from './sendfile.ts';
import type { SocketFile } from './socket-file.ts';
import type { SocketIO } from './socket-io.ts';

/** A control message: SOL_SOCKET and SCM_RIGHTS, say, with descriptors. cmsg(3). */
export type AncillaryData = [cmsg_level: number, cmsg_type: number, cmsg_data: Buffer];
/** What sendmsg takes for one. */
export type AncillaryDataLike = readonly [cmsg_level: number, cmsg_type: number, cmsg_data: BytesLike];

/** IOV_MAX, on both platforms: more buffers than that is EMSGSIZE. */
const MAX_BUFFERS = 1024;
const SIZEOF_INT = 4;

// Where the kernel writes addresses before they are unpacked, and the lengths that recvmsg gets and sets. No
// other JavaScript runs between the call and the unpacking.
const sockaddrMemory = new ArrayBuffer(sizeofStorage);
const sockaddr = Buffer.from(sockaddrMemory);
const lengthMemory = new ArrayBuffer(4); // Handed over quicker than a view of it.
const sockaddrLength = new Int32Array(lengthMemory);
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

/**
 * A socket. Made by socket(), accept(), socketpair(). Every method throws OSError for a kernel error. A is the type of
 * its addresses: socket(AF_INET) has [host, port].
 */
export class Socket<A = Address> {
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
    disowns(this, fd);
    return fd;
  }

  /** Whether a program that this one executes inherits the descriptor (no, unless asked for). */
  get_inheritable(): boolean {
    return (check(sys.fcntl(this.#fd, F_GETFD, 0), 'fcntl', null, this.get_inheritable) & FD_CLOEXEC) === 0;
  }

  set_inheritable(inheritable: boolean): void {
    const flags = check(sys.fcntl(this.#fd, F_GETFD, 0), 'fcntl', null, this.set_inheritable);
    const wanted = inheritable ? flags & ~FD_CLOEXEC : flags | FD_CLOEXEC;
    check(sys.fcntl(this.#fd, F_SETFD, wanted), 'fcntl', null, this.set_inheritable);
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
    check(setNonblocking(this.#fd, seconds !== null), 'fcntl', null, this.settimeout);
    this.#timeout = seconds;
  }

  gettimeout(): number | null {
    return this.#timeout;
  }

  get timeout(): number | null {
    return this.#timeout;
  }

  /** Names the socket: [host, port] for AF_INET ('' is every interface, port 0 any free one). bind(2). */
  bind(address: AddressLike | null): void {
    const sockaddr = packResolved(this.family, address, 'bind', this.bind);
    check(sys.bind(this.#fd, sockaddr), 'bind', errorAddress(address), this.bind);
  }

  /** Lets clients connect; at most backlog of them wait to be accepted (below 0 counts as 0). listen(2). */
  listen(backlog: number = Math.min(SOMAXCONN, 128)): void {
    const n = Math.max(checkInt(backlog, 'listen(): backlog', this.listen), 0);
    check(sys.listen(this.#fd, n), 'listen', null, this.listen);
  }

  /**
   * The next client's connection, as a new blocking socket (or with the default timeout), and its
   * address: null (which is not in every A) where the client is gone already and the kernel, macOS', knows no address.
   * accept(2).
   */
  accept(): [Socket<A>, A] {
    const deadline = this.#begin('accept');
    for (;;) {
      sockaddrLength[0] = sockaddr.length;
      const fd = acceptSocket(this.#fd, sockaddrMemory, lengthMemory);
      if (fd >= 0) {
        const address = unpackAddress(sockaddr, sockaddrLength[0]) as A;
        return [new Socket<A>(fd, this.family, this.type, this.proto), address];
      }
      this.#again(fd, 'accept', POLLIN, deadline, this.accept);
    }
  }

  /** Connects, for at most the timeout. Of what getsockname() may give, null is a TypeError. connect(2). */
  connect(address: AddressLike | null): void {
    const destination = packResolved(this.family, address, 'connect', this.connect);
    check(this.#connect(destination, this.connect), 'connect', errorAddress(address), this.connect);
  }

  /** As connect, but returns 0 or the (positive) errno of a failure; EAGAIN when the time was over. */
  connect_ex(address: AddressLike | null): number {
    const destination = packResolved(this.family, address, 'connect_ex', this.connect_ex);
    try {
      return 0 - this.#connect(destination, this.connect_ex); // -0 would not be 0 to Object.is.
    } catch (error) {
      if (error instanceof TimeoutError) return EAGAIN;
      throw error;
    }
  }

  // An interrupted connect goes on in the kernel: it is waited for, never made again (docs/hazards.md, H24).
  #connect(destination: Uint8Array, caller: Caller): number {
    const deadline = this.#begin('connect');
    const result = sys.connect(this.#fd, destination);
    if (this.#timeout === 0 || (result !== -EINTR && result !== -EINPROGRESS)) return result;
    if (result === -EINTR) retryInterrupted(result, 'connect');
    if (this.#waitFor(POLLOUT | POLLERR, deadline) === 0) throw timedOut(caller);
    const error = this.getsockopt(SOL_SOCKET, SO_ERROR);
    return error === EISCONN ? 0 : -error;
  }

  /** The socket's own address. getsockname(2). */
  getsockname(): A {
    sockaddrLength[0] = sockaddr.length;
    check(sys.getsockname(this.#fd, sockaddrMemory, lengthMemory), 'getsockname', null, this.getsockname);
    return unpackAddress(sockaddr, sockaddrLength[0]) as A;
  }

  /** The peer's address. getpeername(2). */
  getpeername(): A {
    sockaddrLength[0] = sockaddr.length;
    check(sys.getpeername(this.#fd, sockaddrMemory, lengthMemory), 'getpeername', null, this.getpeername);
    return unpackAddress(sockaddr, sockaddrLength[0]) as A;
  }

  /**
   * An option: an int, or at most buflen (0-1024) bytes of it. Throws OSError for another buflen.
   * getsockopt(2).
   */
  getsockopt(level: number, optname: number): number;
  getsockopt(level: number, optname: number, buflen: number): Buffer;
  getsockopt(level: number, optname: number, buflen = 0): number | Buffer {
    checkInt(buflen, 'getsockopt(): buflen', this.getsockopt);
    if (buflen < 0 || buflen > 1024)
      throw calledFrom(new OSError('getsockopt buflen out of range'), this.getsockopt);
    const value = Buffer.alloc(buflen || SIZEOF_INT);
    const length = Int32Array.of(value.length);
    check(sys.getsockopt(this.#fd, level, optname, value, length), 'getsockopt', null, this.getsockopt);
    return buflen ? value.subarray(0, length[0]) : value.readInt32LE();
  }

  /**
   * Sets an option to an int, or to the bytes of a struct (packLinger and its like make them). setsockopt(2).
   * Unlike Python, has no form (null, optlen): it is for AF_ALG's options, and rfds has no form for its addresses.
   */
  setsockopt(level: number, optname: number, value: number | BytesLike): void {
    if (typeof value === 'number' && value !== (value | 0)) {
      throw calledFrom(
        new RangeError(`setsockopt(): an int must be -2147483648-2147483647, got ${value}`),
        this.setsockopt,
      );
    }
    const bytes = typeof value === 'number' ? Int32Array.of(value) : bytesOf(value, this.setsockopt);
    check(sys.setsockopt(this.#fd, level, optname, bytes), 'setsockopt', null, this.setsockopt);
  }

  /** At most bufsize bytes, as soon as there are any. Length 0 is the end of the stream. recv(2). */
  recv(bufsize: number, flags = 0): Buffer {
    checkSize(bufsize, 'recv(): bufsize', 'negative buffersize in recv', this.recv);
    checkInt(flags, 'recv(): flags', this.recv);
    if (bufsize === 0) return Buffer.alloc(0);
    if (bufsize > ARENA_SIZE) {
      const memory = new ArrayBuffer(bufsize);
      return Buffer.from(memory, 0, Math.min(this.#recv(memory, bufsize, flags, this.recv), bufsize));
    }
    const deadline = this.#begin('recv');
    for (;;) {
      const offset = arena.slot(bufsize);
      const n = sys.recv(this.#fd, arena.memory, offset, bufsize, flags);
      // With MSG_TRUNC in flags Linux reports how long a datagram was, not how much of it came.
      if (n >= 0) return arena.commit(Math.min(n, bufsize));
      this.#again(n, 'recv', POLLIN, deadline, this.recv);
    }
  }

  /** Receives at most nbytes (none or 0: as many as fit) into buffer; returns how many came. recv(2). */
  recv_into(buffer: NodeJS.ArrayBufferView, nbytes = 0, flags = 0): number {
    if (!ArrayBuffer.isView(buffer))
      throw new TypeError(`recv_into(): buffer must be a TypedArray, got ${typeof buffer}`);
    checkSize(nbytes, 'recv_into(): nbytes', 'negative buffersize in recv_into', this.recv_into);
    checkInt(flags, 'recv_into(): flags', this.recv_into);
    if (nbytes > buffer.byteLength) throw new RangeError('buffer too small for requested bytes');
    const length = nbytes || buffer.byteLength;
    const view = buffer instanceof DataView ? bytesOf(buffer) : (buffer as NodeJS.TypedArray);
    return length === 0 ? 0 : this.#recv(view, length, flags, this.recv_into);
  }

  #recv(buffer: sys.Bytes, length: number, flags: number, caller: Caller): number {
    const deadline = this.#begin('recv');
    for (;;) {
      const n = sys.recv(this.#fd, buffer, 0, length, flags);
      if (n >= 0) return n;
      this.#again(n, 'recv', POLLIN, deadline, caller);
    }
  }

  /**
   * Sends what the kernel takes now; returns how many bytes that was. send(2).
   * Unlike Python, with MSG_NOSIGNAL: a dead peer is BrokenPipeError whatever SIGPIPE does.
   */
  send(data: BytesLike, flags = 0): number {
    const bytes = bytesOf(data, this.send);
    checkInt(flags, 'send(): flags', this.send);
    // What cannot wait needs no handlers to run before.
    const cannotWait = dontwaitNeverWaits && this.#timeout === null && (flags & MSG_DONTWAIT) !== 0;
    return this.#send(bytes, 0, bytes.length, flags, cannotWait ? 0 : this.#begin('send'), this.send);
  }

  /**
   * Sends all of it, within the timeout; the handlers of pending signals run between its sends. What was sent
   * before an error is not known. send(2).
   */
  sendall(data: BytesLike, flags = 0): void {
    const bytes = bytesOf(data, this.sendall);
    checkInt(flags, 'sendall(): flags', this.sendall);
    const deadline = this.#begin('send');
    for (let sent = 0; ; ) {
      sent += this.#send(bytes, sent, bytes.length - sent, flags, deadline, this.sendall);
      if (sent >= bytes.length) return;
      // A signal may have cut the call short, which is no EINTR then.
      if (this.#timeout === 0) runHandlers();
      else checkSignals('send');
    }
  }

  #send(
    bytes: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    deadline: number,
    caller: Caller,
  ): number {
    for (;;) {
      const n = sys.send(this.#fd, bytes, offset, length, flags | (MSG_NOSIGNAL ?? 0));
      if (n >= 0) return n;
      this.#again(n, 'send', POLLOUT, deadline, caller);
    }
  }

  /** Ends receiving (SHUT_RD), sending (SHUT_WR) or both (SHUT_RDWR). shutdown(2). */
  shutdown(how: number): void {
    check(sys.shutdown(this.#fd, how), 'shutdown', null, this.shutdown);
  }

  /**
   * A message of at most bufsize bytes (of a longer one the rest is lost) and its sender's address:
   * null (which is not in every A) on a connected stream. recvfrom(2).
   */
  recvfrom(bufsize: number, flags = 0): [data: Buffer, address: A] {
    checkSize(bufsize, 'recvfrom(): bufsize', 'negative buffersize in recvfrom', this.recvfrom);
    checkInt(flags, 'recvfrom(): flags', this.recvfrom);
    const memory = bufsize > ARENA_SIZE ? new ArrayBuffer(bufsize) : null;
    const n = Math.min(this.#recvfrom(memory, bufsize, flags, this.recvfrom), bufsize); // MSG_TRUNC: see recv
    const data = memory === null ? arena.commit(n) : Buffer.from(memory, 0, n);
    return [data, unpackAddress(sockaddr, sockaddrLength[0]) as A];
  }

  /** The same into a buffer, at most nbytes (none or 0: as many as fit). recvfrom(2). */
  recvfrom_into(buffer: NodeJS.ArrayBufferView, nbytes = 0, flags = 0): [nbytes: number, address: A] {
    const bytes = writable(buffer, 'recvfrom_into(): buffer');
    checkSize(nbytes, 'recvfrom_into(): nbytes', 'negative buffersize in recvfrom_into', this.recvfrom_into);
    checkInt(flags, 'recvfrom_into(): flags', this.recvfrom_into);
    if (nbytes > bytes.length) throw new RangeError('nbytes is greater than the length of the buffer');
    const n = this.#recvfrom(bytes, nbytes || bytes.length, flags, this.recvfrom_into);
    return [n, unpackAddress(sockaddr, sockaddrLength[0]) as A];
  }

  // Into a buffer; or, for null, into a slot of the arena, which is the caller's to commit.
  #recvfrom(buffer: sys.Bytes | null, length: number, flags: number, caller: Caller): number {
    const deadline = this.#begin('recvfrom');
    for (;;) {
      const offset = buffer === null ? arena.slot(length) : 0;
      const memory = buffer ?? arena.memory;
      sockaddrLength[0] = sockaddr.length;
      const n = sys.recvfrom(this.#fd, memory, offset, length, flags, sockaddrMemory, lengthMemory);
      if (n >= 0) return n;
      this.#again(n, 'recvfrom', POLLIN, deadline, caller);
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
  ): [data: Buffer, ancdata: AncillaryData[], msg_flags: number, address: A] {
    checkSize(bufsize, 'recvmsg(): bufsize', 'negative buffer size in recvmsg()', this.recvmsg);
    checkSize(ancbufsize, 'recvmsg(): ancbufsize', 'invalid ancillary data buffer length', this.recvmsg);
    checkInt(flags, 'recvmsg(): flags', this.recvmsg);
    const data = Buffer.alloc(bufsize);
    const [n, ...rest] = this.#recvmsg([data], ancbufsize, flags, this.recvmsg);
    // MSG_TRUNC: see recv.
    return [data.subarray(0, Math.min(n, bufsize)), ...rest];
  }

  /** The same into buffers, one after another. recvmsg(2). */
  recvmsg_into(
    buffers: Iterable<NodeJS.ArrayBufferView>,
    ancbufsize = 0,
    flags = 0,
  ): [nbytes: number, ancdata: AncillaryData[], msg_flags: number, address: A] {
    const list = iterated(buffers, 'recvmsg_into() argument 1').map((buffer) =>
      writable(buffer, 'recvmsg_into(): each buffer'),
    );
    checkSize(ancbufsize, 'recvmsg_into(): ancbufsize', 'invalid ancillary data buffer length');
    checkInt(flags, 'recvmsg_into(): flags', this.recvmsg_into);
    return this.#recvmsg(list, ancbufsize, flags, this.recvmsg_into);
  }

  #recvmsg(
    buffers: Uint8Array[],
    ancbufsize: number,
    flags: number,
    caller: Caller,
  ): [number, AncillaryData[], number, A] {
    checkBuffers(buffers, 'recvmsg', caller);
    const control = ancbufsize > 0 ? Buffer.alloc(ancbufsize) : null;
    const deadline = this.#begin('recvmsg');
    for (;;) {
      lengths[0] = sockaddr.length;
      lengths[1] = ancbufsize;
      const n = sys.recvmsg(this.#fd, buffers, sockaddrMemory, control, lengths, flags);
      if (n >= 0) {
        const found = control === null ? [] : [...controlMessages(control, lengths[1])];
        const ancdata = found.map(({ level, type, data }): AncillaryData => [level, type, data]);
        return [n, ancdata, lengths[2], unpackAddress(sockaddr, lengths[0]) as A];
      }
      this.#again(n, 'recvmsg', POLLIN, deadline, caller);
    }
  }

  /** Sends a message to an address, or as much of it as the kernel takes; returns how much. sendto(2). */
  sendto(data: BytesLike, address: AddressLike | null): number;
  sendto(data: BytesLike, flags: number, address: AddressLike | null): number;
  sendto(...args: [BytesLike, AddressLike | null] | [BytesLike, number, AddressLike | null]): number {
    if (args.length < 2 || args.length > 3) {
      throw new TypeError(`sendto() takes 2 or 3 arguments (${(args as unknown[]).length} given)`);
    }
    const bytes = bytesOf(args[0], this.sendto);
    const flags = args.length === 3 ? checkInt(args[1], 'sendto(): flags', this.sendto) : 0;
    const address = args[args.length - 1] as AddressLike;
    const destination = packResolved(this.family, address, 'sendto', this.sendto);
    const deadline = this.#begin('sendto');
    for (;;) {
      const n = sys.sendto(this.#fd, bytes, flags | (MSG_NOSIGNAL ?? 0), destination);
      if (n >= 0) return n;
      this.#again(n, 'sendto', POLLOUT, deadline, this.sendto);
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
    const parts = iterated(buffers, 'sendmsg() argument 1').map((buffer) => bytesOf(buffer, this.sendmsg));
    checkBuffers(parts, 'sendmsg', this.sendmsg);
    const messages = iterated(ancdata, 'sendmsg() argument 2').map(controlMessage);
    checkInt(flags, 'sendmsg(): flags', this.sendmsg);
    const control = messages.length > 0 ? packControl(messages) : null;
    const destination = address === null ? null : packResolved(this.family, address, 'sendmsg', this.sendmsg);
    const deadline = this.#begin('sendmsg');
    for (;;) {
      const n = sys.sendmsg(this.#fd, parts, destination, control, flags | (MSG_NOSIGNAL ?? 0));
      if (n >= 0) return n;
      this.#again(n, 'sendmsg', POLLOUT, deadline, this.sendmsg);
    }
  }

  /** Another socket for the same connection, with a descriptor and a timeout of its own. fcntl(2) F_DUPFD_CLOEXEC. */
  dup(): Socket<A> {
    const fd = check(sys.fcntl(this.#fd, F_DUPFD_CLOEXEC, 0), 'fcntl', null, this.dup);
    const copy = new Socket<A>(fd, this.family, this.type, this.proto);
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
    const closed = this.#closed ? '[closed] ' : '';
    return `<${name} ${closed}fd=${fd}, family=${family}, type=${type}, proto=${proto}${laddr}${raddr}>`;
  }

  [inspect.custom](): string {
    return this.toString();
  }

  #nameText(label: string, name: () => A): string {
    if (this.#closed) return '';
    try {
      const address = name() as Address;
      return address === null || address.length === 0 ? '' : `, ${label}=${repr(address)}`;
    } catch {
      return ''; // Not connected, most often: a repr has no business failing.
    }
  }

  /**
   * Before a call: runs the handlers of pending signals; returns when the timeout ends.
   * Unlike Python, whose handlers run between any two instructions.
   */
  #begin(syscall: string): number {
    if (this.#timeout !== 0) return beginWait(this.#timeout, syscall);
    runHandlers();
    return 0;
  }

  /**
   * After a call that failed: returns if it is to be made again, throws if not.
   * Unlike Python, which waits with poll before each call: the call is tried first.
   */
  #again(result: number, syscall: string, events: number, deadline: number, caller: Caller): void {
    if (result === -EAGAIN && this.#timeout) {
      // Also where poll says ready and the call does not: of a UDP socket after shutdown, say, or an error queue.
      if (secondsUntil(deadline) === 0 || this.#waitFor(events, deadline) === 0) throw timedOut(caller);
    } else if (result === -EINTR) {
      retryInterrupted(result, syscall);
    } else {
      throw osError(result, syscall, null, caller);
    }
  }

  /** Waits for one of the events: the revents, 0 at the deadline, POLLNVAL if a signal's handler closed the socket. */
  #waitFor(events: number, deadline: number): number {
    let revents: number;
    do revents = pollOnce(this.#fd, events, deadline);
    while (revents === -EINTR);
    return revents;
  }
}

const timedOut = (caller: Caller) => calledFrom(new TimeoutError('timed out'), caller);

// What an error says of the address: a host and a port, or a path.
function errorAddress(address: AddressLike | null): readonly [string, number] | string | Uint8Array | null {
  if (!Array.isArray(address)) return address as string | Uint8Array;
  return typeof address[0] === 'string' ? (address as unknown as readonly [string, number]) : null;
}

function iterated<T>(items: Iterable<T>, what: string): T[] {
  if (typeof (items as Iterable<T> | null)?.[Symbol.iterator] !== 'function') {
    throw new TypeError(`${what} must be iterable, got ${typeof items}`);
  }
  return [...items];
}

function checkBuffers(buffers: Uint8Array[], syscall: string, caller: Caller): void {
  if (buffers.length > MAX_BUFFERS) throw osError(-EMSGSIZE, syscall, null, caller);
  if (buffers.length === 0 && !takesNoBuffers) buffers.push(new Uint8Array(0));
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
