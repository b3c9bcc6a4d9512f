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
import { SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } from '../kernel/constants/socket.ts';
import {
  EADDRINUSE,
  EAGAIN,
  ECONNREFUSED,
  ECONNRESET,
  EINVAL,
  EISCONN,
  EMSGSIZE,
  ENOTCONN,
  EOPNOTSUPP,
  EPIPE,
  EPROTOTYPE,
} from '../kernel/errno.ts';
import { newSockaddr } from '../kernel/structs/struct.ts';
import type { Machine, Shared } from './machine.ts';
import type { OpenFile } from './open-file.ts';
import { type ReceiveOptions, SocketFile } from './socket-file.ts';

const READABLE = POLLIN | POLLRDNORM;
const WRITABLE = POLLOUT | POLLWRNORM;
const RDHUP = POLLRDHUP ?? 0;

/** A piece as it was sent: a datagram, or a part of a stream. */
interface Piece {
  readonly data: Uint8Array;
  at: number;
  /** Who sent it: whose buffer it counts against, and whose name recvfrom gives. */
  readonly from: UnixSocket;
  /** Files that were passed with it. SCM_RIGHTS. */
  readonly files: readonly OpenFile[];
}

/** What a received message was. */
export interface Received {
  /** How many bytes were copied. */
  n: number;
  /** How long the datagram was. */
  length: number;
  from: UnixSocket | null;
  files: readonly OpenFile[];
}

/** How many datagrams wait at a receiver before its senders must. /proc/sys/net/unix/max_dgram_qlen. */
const MAX_DATAGRAMS = 10;

/** The names that sockets of a host are bound to: paths, and Linux's abstract ones. */
export class UnixNames {
  readonly #sockets = new Map<string, UnixSocket>();

  bind(socket: UnixSocket, name: Uint8Array): number {
    const key = keyOf(name);
    if (this.#sockets.has(key)) return -EADDRINUSE;
    this.#sockets.set(key, socket);
    return 0;
  }

  unbind(socket: UnixSocket): void {
    if (socket.name === null) return;
    const key = keyOf(socket.name);
    // A path stays, and leads nowhere.
    if (this.#sockets.get(key) === socket && socket.name[2] === 0) this.#sockets.delete(key);
  }

  find(name: Uint8Array): UnixSocket | null {
    return this.#sockets.get(keyOf(name)) ?? null;
  }
}

const keyOf = (name: Uint8Array) => Buffer.from(name).toString('latin1');

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
  /** Bytes of ours that no one has read. */
  #sentUnread = 0;
  #backlog = 0;
  readonly queue: UnixSocket[] = [];

  constructor(machine: Machine, names: UnixNames, family: number, type: number) {
    super(machine, family, type, 0);
    this.#names = names;
    this.shared = machine.newShared();
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

  poll(): number {
    if (this.state === 'listening') return this.queue.length > 0 ? READABLE : 0;
    let events = 0;
    if (this.#error !== 0) events |= POLLERR;
    if (this.#noReading && this.#noWriting) events |= POLLHUP;
    if (this.#noReading) events |= READABLE | RDHUP;
    if (this.#pieces.length > 0) events |= READABLE;
    if (this.type !== SOCK_DGRAM && this.state === 'closed') events |= POLLHUP;
    if (this.#sentUnread * 4 <= this.sendCapacity && !this.#peerIsFull) events |= WRITABLE;
    return events;
  }

  get #peerIsFull(): boolean {
    return this.type === SOCK_DGRAM && this.peer !== null && this.peer.#pieces.length > MAX_DATAGRAMS;
  }

  override get unread(): number {
    if (this.state === 'listening') return -EINVAL;
    if (!this.isStream) return this.#pieces[0]?.data.length ?? 0;
    return this.#pieces.reduce((sum, { data, at }) => sum + data.length - at, 0);
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

  listen(backlog: number): number {
    if (this.type === SOCK_DGRAM) return -EOPNOTSUPP;
    if (this.name === null || this.state === 'connected') return -EINVAL;
    this.state = 'listening';
    this.#backlog = backlog < 0 ? this.machine.somaxconn : Math.min(backlog, this.machine.somaxconn);
    this.machine.touch(this.shared);
    return 0;
  }

  /** 0, -EAGAIN where the listener's queue is full, or another errno. */
  connectTo(other: UnixSocket): number {
    if (other.type !== this.type) return -EPROTOTYPE;
    if (this.type === SOCK_DGRAM) {
      this.peer = other;
      this.state = 'connected';
      return 0;
    }
    if (this.state === 'connected') return -EISCONN;
    if (this.state === 'listening') return -EINVAL;
    if (other.state !== 'listening') return -ECONNREFUSED;
    if (other.queue.length > other.#backlog) return -EAGAIN;
    const end = new UnixSocket(this.machine, this.#names, this.family, this.type);
    end.inherit(other);
    end.name = other.name;
    end.pairWith(this);
    other.queue.push(end);
    other.notify(READABLE);
    this.notify(WRITABLE);
    return 0;
  }

  accept(): UnixSocket | number {
    if (this.type === SOCK_DGRAM) return -EOPNOTSUPP;
    if (this.state !== 'listening') return -EINVAL;
    const socket = this.queue.shift();
    if (socket === undefined) return -EAGAIN;
    this.machine.touch(this.shared);
    return socket;
  }

  // ---- Transfers

  receive(target: Uint8Array, options: ReceiveOptions = {}): number {
    const received = this.receiveMessage(target, options);
    return typeof received === 'number' ? received : received.n;
  }

  receiveMessage(target: Uint8Array, { peeks = false }: ReceiveOptions = {}): Received | number {
    if (this.type !== SOCK_DGRAM && this.state !== 'connected') return this.isStream ? -EINVAL : -ENOTCONN;
    const first = this.#pieces[0];
    if (first === undefined) {
      if (this.#error !== 0) return -this.takeError();
      if (this.#noReading) return 0;
      return -EAGAIN;
    }
    if (this.isStream && target.length === 0) return 0;
    this.machine.touch(this.shared);
    const received = { n: 0, length: first.data.length, from: first.from, files: first.files };
    // A stream's pieces run together, but for those with files, which end a message.
    for (let i = 0; received.n < target.length || i === 0; i++) {
      const piece = this.#pieces[i];
      if (piece === undefined || (i > 0 && (!this.isStream || piece.files.length > 0))) break;
      const part = piece.data.subarray(piece.at, piece.at + target.length - received.n);
      target.set(part, received.n);
      received.n += part.length;
      if (!peeks) piece.at += part.length;
      if (!this.isStream || received.files.length > 0) break;
    }
    if (!peeks) this.#takeRead();
    return received;
  }

  #takeRead(): void {
    while (this.#pieces.length > 0) {
      const [piece] = this.#pieces;
      if (this.isStream && piece.at < piece.data.length) {
        this.#pieces[0] = { ...piece, files: [] };
        return;
      }
      this.#pieces.shift();
      const { from } = piece;
      from.#sentUnread -= piece.data.length;
      if (from.#sentUnread * 4 <= from.sendCapacity) from.notify(WRITABLE);
      if (!this.isStream) return;
    }
  }

  override read(target: Uint8Array): number {
    return target.length === 0 && this.isStream ? 0 : this.receive(target);
  }

  send(source: Uint8Array): number {
    return this.sendMessage(source, [], null);
  }

  /** to: where a datagram goes; null: to the peer. */
  sendMessage(source: Uint8Array, files: readonly OpenFile[], to: UnixSocket | null): number {
    if (this.#error !== 0) return -this.takeError();
    if (this.#noWriting) return -EPIPE;
    const peer = to ?? this.peer;
    if (peer === null) return -ENOTCONN;
    if (this.type === SOCK_DGRAM && peer.descriptors === 0) return -ECONNREFUSED;
    if (this.type !== SOCK_DGRAM && peer.#noReading) return -EPIPE;
    const space = this.sendCapacity - this.#sentUnread;
    if (!this.isStream && source.length > this.sendCapacity) return -EMSGSIZE;
    if (this.isStream ? source.length > 0 && space <= 0 : source.length > space) return -EAGAIN;
    if (this.type === SOCK_DGRAM && peer.#pieces.length > MAX_DATAGRAMS) return -EAGAIN;
    const n = this.isStream ? this.machine.takes(Math.min(space, source.length)) : source.length;
    if (n === 0 && this.isStream) return 0;
    peer.#pieces.push({ data: source.slice(0, n), at: 0, from: this, files });
    this.#sentUnread += n;
    peer.notify(READABLE);
    return n;
  }

  override write(source: Uint8Array): number {
    return this.send(source);
  }

  // ---- Ends

  shutdown(reading: boolean, writing: boolean): number {
    if (this.state !== 'connected') return -ENOTCONN;
    this.#noReading ||= reading;
    this.#noWriting ||= writing;
    const { peer } = this;
    if (peer !== null && this.type !== SOCK_DGRAM) {
      peer.#noReading ||= writing;
      peer.#noWriting ||= reading;
      peer.notify(READABLE | RDHUP | (peer.#noReading && peer.#noWriting ? POLLHUP : 0));
    }
    this.notify(READABLE | (this.#noReading && this.#noWriting ? POLLHUP : 0));
    return 0;
  }

  release(): void {
    this.#names.unbind(this);
    for (const waiting of this.queue) waiting.release();
    this.queue.length = 0;
    const { peer } = this;
    for (const { from, data } of this.#pieces) from.#sentUnread -= data.length;
    if (peer === null || peer.peer !== this || this.type === SOCK_DGRAM) {
      this.#pieces.length = 0;
      return;
    }
    // What it did not read is lost to the peer, which is told.
    if (this.#pieces.length > 0) peer.#error = ECONNRESET;
    this.#pieces.length = 0;
    peer.#noReading = true;
    peer.#noWriting = true;
    peer.notify(READABLE | RDHUP | POLLHUP | (peer.#error !== 0 ? POLLERR : 0));
  }
}

/** The types that AF_UNIX has. */
export const unixTypes: readonly number[] = [SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET];
