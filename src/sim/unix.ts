// UNIX domain sockets, unix(7): streams, datagrams and sequenced packets between processes of one host. What one end
// sends lies in the other's queue at once, and counts against the sender's buffer.

import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRNORM,
} from '../kernel/constants/select.ts';
import { AF_UNIX, AF_UNSPEC, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } from '../kernel/constants/socket.ts';
import {
  EADDRINUSE,
  EAGAIN,
  ECONNREFUSED,
  ECONNRESET,
  EINVAL,
  EISCONN,
  EMSGSIZE,
  ENOENT,
  ENOTCONN,
  EOPNOTSUPP,
  EPERM,
  EPIPE,
  EPROTOTYPE,
} from '../kernel/errno.ts';
import { familyOf, newSockaddr } from '../kernel/structs/struct.ts';
import type { Machine, Shared } from './machine.ts';
import type { OpenFile } from './open-file.ts';
import { dropFiles } from './process.ts';
import { type Received, type ReceiveOptions, SocketFile } from './socket-file.ts';

const READABLE = POLLIN | POLLRDNORM;
const WRITABLE = POLLOUT | POLLWRNORM;
const RDHUP = POLLRDHUP ?? 0;

/** A piece as it was sent: a datagram, or a part of a stream. */
interface Piece {
  readonly data: Uint8Array;
  /** How much of it was read. */
  at: number;
  /** Who sent it: whose buffer it counts against, and whose name recvfrom gives. */
  readonly from: UnixSocket;
  /** How much it counts there: memory, which is more than its bytes. */
  readonly truesize: number;
  /** Files that were passed with it. SCM_RIGHTS. */
  files: readonly OpenFile[];
}

/** How many datagrams wait at a receiver before its senders must. /proc/sys/net/unix/max_dgram_qlen. */
const MAX_DATAGRAMS = 10;
/** /proc/sys/net/core/wmem_default. */
const SEND_BUFFER = 212_992;

// How the kernel cuts a stream and how it counts memory, on x86-64 with pages of 4 KiB: struct sk_buff, the end of the
// data's memory (skb_shared_info), and the sizes that kmalloc has. Measured with SIOCOUTQ on 6.18.
const PAGE = 4096;
const SK_BUFF = 256;
const SHARED_INFO = 320;
const MAX_HEAD = PAGE - SHARED_INFO;
const MAX_LINEAR = 4 * PAGE - SHARED_INFO;
const MAX_FRAGMENTS = 32_768;

const pages = (n: number) => Math.ceil(n / PAGE) * PAGE;

function truesizeOf(linear: number, inPages: number): number {
  const needed = Math.ceil(linear / 64) * 64 + SHARED_INFO;
  let memory = 512;
  while (memory < needed) memory *= 2;
  return SK_BUFF + memory + pages(inPages);
}

/** Of a datagram. unix_dgram_sendmsg(). */
function datagramTruesize(length: number): number {
  const inPages = length > MAX_LINEAR ? pages(length - MAX_LINEAR) : 0;
  return truesizeOf(length - inPages, inPages);
}

/** Of a piece of a stream. unix_stream_sendmsg(). */
function pieceTruesize(length: number): number {
  const inPages = length > MAX_HEAD ? Math.min(length, pages(length - MAX_HEAD)) : 0;
  return truesizeOf(length - inPages, inPages);
}

/** The names that sockets of a host are bound to: paths, and Linux's abstract ones. */
export class UnixNames {
  readonly #sockets = new Map<string, UnixSocket>();
  #made = 0;

  bind(socket: UnixSocket, name: Uint8Array): number {
    const key = keyOf(name, socket.type);
    if (this.#sockets.has(key)) return -EADDRINUSE;
    this.#sockets.set(key, socket);
    return 0;
  }

  unbind(socket: UnixSocket): void {
    if (socket.name === null) return;
    const key = keyOf(socket.name, socket.type);
    // A path stays, and leads nowhere.
    if (this.#sockets.get(key) === socket && socket.name[2] === 0) this.#sockets.delete(key);
  }

  find(name: Uint8Array, type: number): UnixSocket | null {
    return this.#sockets.get(keyOf(name, type)) ?? null;
  }

  /** An abstract name that no one has. */
  unused(family: number, type: number): Uint8Array {
    for (;;) {
      const name = newSockaddr(family, 8);
      name.write((this.#made++ & 0xfffff).toString(16).padStart(5, '0'), 3, 'latin1');
      if (!this.#sockets.has(keyOf(name, type))) return name;
    }
  }
}

// Sockets of each type have abstract names of their own; a path is one file. unix_abstract_hash().
const keyOf = (name: Uint8Array, type: number) =>
  (name[2] === 0 ? `${type} ` : '') + Buffer.from(name).toString('latin1');

export class UnixSocket extends SocketFile {
  readonly #names: UnixNames;
  shared: Shared;
  name: Uint8Array | null = null;
  peer: UnixSocket | null = null;
  state: 'closed' | 'listening' | 'connected' = 'closed';
  readonly #pieces: Piece[] = [];
  #error = 0;
  #noReading = false;
  #noWriting = false;
  /** Memory of what was sent and not read. */
  #allocated = 0;
  /** Sockets that are told when it has received: it had too many datagrams. */
  readonly #waiting = new Set<UnixSocket>();
  /** Its last descriptor was closed. SOCK_DEAD. */
  #isReleased = false;
  #backlog = 0;
  readonly queue: UnixSocket[] = [];

  constructor(machine: Machine, names: UnixNames, family: number, type: number) {
    super(machine, family, type, 0);
    this.#names = names;
    this.shared = machine.newShared();
    this.sendCapacity = Math.min(machine.sendBuffer, SEND_BUFFER);
    this.receiveCapacity = Math.min(machine.receiveBuffer, SEND_BUFFER);
  }

  get isStream(): boolean {
    return this.type === SOCK_STREAM;
  }

  override get localName(): Uint8Array {
    return this.name ?? newSockaddr(this.family, 2);
  }

  override get remoteName(): Uint8Array {
    return this.peer?.name ?? newSockaddr(this.family, 2);
  }

  /** Connects two ends: socketpair(2), and what connect(2) does. */
  pairWith(peer: UnixSocket): void {
    this.peer = peer;
    peer.peer = this;
    this.state = 'connected';
    peer.state = 'connected';
    this.shared = peer.shared;
  }

  // ---- Events

  // unix_poll(), unix_dgram_poll().
  poll(): number {
    let events = this.queue.length > 0 ? READABLE : 0;
    if (this.#error !== 0) events |= POLLERR;
    if (this.#noReading && this.#noWriting) events |= POLLHUP;
    if (this.#noReading) events |= READABLE | RDHUP;
    if (this.#pieces.length > 0) events |= READABLE;
    if (this.type !== SOCK_DGRAM && this.state === 'closed') events |= POLLHUP;
    if (this.hasSpace && this.state !== 'listening') {
      if (this.peer === null || !this.#isFull(this.peer)) events |= WRITABLE;
      else this.peer.#waiting.add(this);
    }
    return events;
  }

  /** unix_writable(): sk_wmem_alloc is 1 where nothing is allocated. */
  get hasSpace(): boolean {
    return (this.#allocated + 1) * 4 <= this.sendCapacity;
  }

  // Whether a receiver has so many datagrams that its senders wait. One that is connected to its sender has no limit.
  #isFull(receiver: UnixSocket): boolean {
    return (
      !this.isStream && receiver !== this && receiver.peer !== this && receiver.#pieces.length > MAX_DATAGRAMS
    );
  }

  /** SIOCINQ. */
  override get unread(): number {
    if (this.state === 'listening') return -EINVAL;
    if (this.type === SOCK_DGRAM) return this.#pieces[0]?.data.length ?? 0;
    return this.#pieces.reduce((sum, { data, at }) => sum + data.length - at, 0);
  }

  /** SIOCOUTQ. */
  get allocated(): number {
    return this.#allocated;
  }

  takeError(): number {
    const error = this.#error;
    this.#error = 0;
    return error;
  }

  // ---- Connecting

  bind(name: Uint8Array): number {
    if (this.name !== null) return -EINVAL;
    const result = this.#names.bind(this, name);
    if (result === 0) this.name = name;
    return result;
  }

  /** bind(2) to a name of the kernel's choice: an abstract one of five hexadecimal digits. */
  autobind(): number {
    return this.name !== null ? 0 : this.bind(this.#names.unused(this.family, this.type));
  }

  listen(backlog: number): number {
    if (this.type === SOCK_DGRAM) return -EOPNOTSUPP;
    if (this.name === null || this.state === 'connected') return -EINVAL;
    this.state = 'listening';
    this.#backlog = backlog < 0 ? this.machine.somaxconn : Math.min(backlog, this.machine.somaxconn);
    this.machine.touch(this.shared);
    return 0;
  }

  /** The socket that an address leads to. unix_find_other(). */
  #find(name: Uint8Array): UnixSocket | number {
    if (name.length < 3 || familyOf(name) !== AF_UNIX) return -EINVAL;
    const other = this.#names.find(name, this.type);
    if (other === null) return name[2] === 0 ? -ECONNREFUSED : -ENOENT;
    // The path of a socket that was closed.
    if (other.#isReleased) return -ECONNREFUSED;
    return other.type === this.type ? other : -EPROTOTYPE;
  }

  /** connect(2) without waiting: -EAGAIN where the listener's queue is full. */
  connect(name: Uint8Array): number {
    if (this.type === SOCK_DGRAM && name.length >= 2 && familyOf(name) === AF_UNSPEC) {
      this.#setPeer(null);
      return 0;
    }
    const other = this.#find(name);
    if (typeof other === 'number') return other;
    if (this.type === SOCK_DGRAM) {
      if (other.peer !== null && other.peer !== this) return -EPERM;
      this.#setPeer(other);
      return 0;
    }
    if (other.state !== 'listening' || other.#noReading) return -ECONNREFUSED;
    if (this.state === 'connected') return -EISCONN;
    if (this.state === 'listening') return -EINVAL;
    if (other.queue.length > other.#backlog) return -EAGAIN;
    const end = new UnixSocket(this.machine, this.#names, this.family, this.type);
    end.inherit(other);
    end.name = other.name;
    end.pairWith(this);
    other.queue.push(end);
    other.notify(READABLE);
    return 0;
  }

  // unix_dgram_connect(), unix_dgram_disconnected().
  #setPeer(peer: UnixSocket | null): void {
    const old = this.peer;
    this.peer = peer;
    this.state = peer === null ? 'closed' : 'connected';
    if (peer !== null) peer.state = 'connected';
    if (old === null || old === peer) return;
    old.#waiting.delete(this);
    old.state = 'closed';
    if (this.#pieces.length === 0) return;
    // What the one before sent is thrown away, and it is told if it was connected here.
    this.#purge();
    if (!old.#isReleased && old.peer === this) {
      old.#error = ECONNRESET;
      old.notify(POLLERR);
    }
  }

  accept(waits = false): UnixSocket | number {
    if (this.type === SOCK_DGRAM) return -EOPNOTSUPP;
    if (this.state !== 'listening') return -EINVAL;
    const socket = this.queue.shift();
    if (socket === undefined) return this.#noReading && waits ? -EINVAL : -EAGAIN;
    this.machine.touch(this.shared);
    return socket;
  }

  // ---- Transfers

  receive(target: Uint8Array, options: ReceiveOptions = {}): number {
    const received = this.receiveMessage(target, options);
    if (typeof received === 'number') return received;
    dropFiles(received.files);
    return received.n;
  }

  override receiveMessage(
    target: Uint8Array,
    { peeks = false, waits = false }: ReceiveOptions,
  ): Received | number {
    if (this.type !== SOCK_DGRAM && this.state !== 'connected') return this.isStream ? -EINVAL : -ENOTCONN;
    // A stream gives what it has before its error; the others do not. __skb_try_recv_datagram().
    if (this.#error !== 0 && (!this.isStream || this.#pieces.length === 0)) return -this.takeError();
    const first = this.#pieces[0];
    if (first === undefined) {
      if (!this.#noReading || (this.type === SOCK_DGRAM && !waits)) return -EAGAIN;
      return { n: 0, length: 0, name: null, files: [] };
    }
    this.machine.touch(this.shared);
    const name = first.from.name;
    return this.isStream
      ? this.#receiveStream(target, name, peeks)
      : this.#receiveDatagram(target, name, peeks);
  }

  #receiveDatagram(target: Uint8Array, name: Uint8Array | null, peeks: boolean): Received {
    const [piece] = this.#pieces;
    const part = piece.data.subarray(0, target.length);
    target.set(part);
    const { files } = piece;
    if (peeks) for (const file of files) file.descriptors++;
    else this.#takeFirst();
    return { n: part.length, length: piece.data.length, name, files };
  }

  // Pieces run together, up to one with files, whose bytes are the last. unix_stream_read_generic().
  #receiveStream(target: Uint8Array, name: Uint8Array | null, peeks: boolean): Received {
    let n = 0;
    let files: readonly OpenFile[] = [];
    for (let i = 0; i < this.#pieces.length; ) {
      const piece = this.#pieces[i];
      const part = piece.data.subarray(piece.at, piece.at + target.length - n);
      target.set(part, n);
      n += part.length;
      files = piece.files;
      if (peeks) {
        for (const file of files) file.descriptors++;
        i++;
      } else {
        piece.at += part.length;
        piece.files = [];
        if (piece.at < piece.data.length) break;
        this.#takeFirst();
        if (n === target.length) break;
      }
      if (files.length > 0) break;
    }
    return { n, length: n, name, files };
  }

  // The memory of the first piece is its sender's again. sock_wfree(), unix_write_space().
  #takeFirst(): void {
    const { from, truesize } = this.#pieces.shift()!;
    from.#allocated -= truesize;
    if (from.hasSpace) from.notify(WRITABLE);
    if (this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const socket of waiting) socket.notify(WRITABLE);
  }

  #purge(): void {
    const pieces = this.#pieces.splice(0);
    for (const { from, truesize, files } of pieces) {
      from.#allocated -= truesize;
      dropFiles(files);
      if (from.hasSpace) from.notify(WRITABLE);
    }
  }

  override read(target: Uint8Array): number {
    return target.length === 0 && this.isStream ? 0 : this.receive(target);
  }

  send(source: Uint8Array): number {
    return this.sendMessage(source, [], null);
  }

  override write(source: Uint8Array): number {
    return this.send(source);
  }

  /** Files are the socket's if the result is none below zero. */
  override sendMessage(source: Uint8Array, files: readonly OpenFile[], to: Uint8Array | null): number {
    if (this.isStream) return this.#sendStream(source, files, to);
    if (this.type === SOCK_DGRAM) return this.#sendDatagram(source, files, to);
    // unix_seqpacket_sendmsg(): an address is overlooked.
    if (this.#error !== 0) return -this.takeError();
    return this.state === 'connected' ? this.#sendDatagram(source, files, null) : -ENOTCONN;
  }

  // unix_stream_sendmsg().
  #sendStream(source: Uint8Array, files: readonly OpenFile[], to: Uint8Array | null): number {
    if (to !== null) return this.state === 'connected' ? -EISCONN : -EOPNOTSUPP;
    const { peer } = this;
    if (peer === null) return -ENOTCONN;
    if (this.#noWriting) return -EPIPE;
    if (source.length === 0) {
      dropFiles(files);
      return 0;
    }
    if (this.#error !== 0) return -this.takeError();
    if (this.#allocated >= this.sendCapacity) return -EAGAIN;
    if (peer.#isReleased || peer.#noReading) return -EPIPE;
    const most = Math.max(Math.min((this.sendCapacity >> 1) - 64, MAX_HEAD + MAX_FRAGMENTS), 1);
    let fits = 0;
    for (let allocated = this.#allocated; fits < source.length && allocated < this.sendCapacity; ) {
      const size = Math.min(source.length - fits, most);
      allocated += pieceTruesize(size);
      fits += size;
    }
    const n = this.machine.takes(fits);
    for (let at = 0; at < n; ) {
      const size = Math.min(n - at, most);
      this.#push(peer, source.slice(at, at + size), pieceTruesize(size), at === 0 ? files : []);
      at += size;
    }
    return n;
  }

  // unix_dgram_sendmsg().
  #sendDatagram(source: Uint8Array, files: readonly OpenFile[], to: Uint8Array | null): number {
    if (to !== null && (to.length < 3 || familyOf(to) !== AF_UNIX)) return -EINVAL;
    if (source.length > this.sendCapacity - 32) return -EMSGSIZE;
    if (this.#error !== 0) return -this.takeError();
    if (this.#noWriting) return -EPIPE;
    if (this.#allocated >= this.sendCapacity) return -EAGAIN;
    const receiver = this.#receiverOf(to);
    if (typeof receiver !== 'number') {
      this.#push(receiver, source.slice(), datagramTruesize(source.length), files);
      return source.length;
    }
    // Memory was allocated by now, and is given back.
    if ((this.#allocated + 2) * 4 <= this.sendCapacity) this.notify(WRITABLE);
    return receiver;
  }

  // Who gets a datagram, or why no one does.
  #receiverOf(to: Uint8Array | null): UnixSocket | number {
    const receiver = to === null ? (this.peer ?? -ENOTCONN) : this.#find(to);
    if (typeof receiver === 'number') return receiver;
    if (receiver.#isReleased) {
      if (this.type !== SOCK_DGRAM) return -EPIPE;
      this.#setPeer(null);
      return -ECONNREFUSED;
    }
    if (receiver.peer !== null && receiver.peer !== this) return -EPERM;
    if (receiver.#noReading) return -EPIPE;
    if (!this.#isFull(receiver)) return receiver;
    receiver.#waiting.add(this);
    return -EAGAIN;
  }

  #push(receiver: UnixSocket, data: Uint8Array, truesize: number, files: readonly OpenFile[]): void {
    receiver.#pieces.push({ data, at: 0, from: this, truesize, files });
    this.#allocated += truesize;
    receiver.notify(READABLE);
  }

  // ---- Ends

  // unix_shutdown(): 0 of every socket. Watchers are told whatever they wait for, as of every change of state.
  shutdown(reading: boolean, writing: boolean): number {
    this.#noReading ||= reading;
    this.#noWriting ||= writing;
    this.notify(0);
    const { peer } = this;
    if (peer !== null && this.type !== SOCK_DGRAM) {
      peer.#noReading ||= writing;
      peer.#noWriting ||= reading;
      peer.notify(0);
    }
    return 0;
  }

  // unix_release_sock().
  release(): void {
    this.#isReleased = true;
    this.#names.unbind(this);
    for (const waiting of this.queue) {
      const { peer } = waiting;
      if (peer !== null) peer.#error = ECONNRESET;
      waiting.release();
    }
    this.queue.length = 0;
    const { peer } = this;
    // An empty packet at the beginning does not count: it looks like urgent data that was read.
    const hasUnread = this.#pieces.length > (this.#pieces[0]?.data.length === 0 ? 1 : 0);
    if (peer !== null && this.type !== SOCK_DGRAM && !peer.#isReleased) {
      peer.#noReading = true;
      peer.#noWriting = true;
      // What was not read is lost to the peer, which is told.
      if (hasUnread) peer.#error = ECONNRESET;
      peer.notify(0);
    }
    if (peer !== null) peer.#waiting.delete(this);
    this.#purge();
    for (const socket of [...this.#waiting]) socket.notify(WRITABLE);
    this.#waiting.clear();
  }
}

/** The types that AF_UNIX has. */
export const unixTypes: readonly number[] = [SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET];
