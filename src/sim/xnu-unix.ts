// UNIX domain sockets as XNU has them: bsd/kern/uipc_usrreq.c, and what uipc_socket.c does for every socket. Streams
// and datagrams. A stream's bytes lie in the receiver's buffer, and are taken off the space of the sender's.

import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../kernel/constants/select.ts';
import { AF_UNIX, SOCK_STREAM } from '../kernel/constants/socket.ts';
import {
  EADDRNOTAVAIL,
  EAGAIN,
  ECONNREFUSED,
  ECONNRESET,
  EDESTADDRREQ,
  EINVAL,
  EISCONN,
  EMSGSIZE,
  ENOBUFS,
  ENOENT,
  ENOTCONN,
  EOPNOTSUPP,
  EPIPE,
  EPROTOTYPE,
} from '../kernel/errno.ts';
import { familyOf, newSockaddr } from '../kernel/structs/struct.ts';
import { NotModelled } from './call-base.ts';
import type { Machine } from './machine.ts';
import type { OpenFile } from './open-file.ts';
import { dropFiles } from './process.ts';
import { type Received, type ReceiveOptions, SEND_LOW_WATER, type SocketState } from './socket-file.ts';
import { type UnixNames, UnixSocket } from './unix.ts';

const READABLE = POLLIN | POLLRDNORM;
const WRITABLE = POLLOUT | POLLWRNORM;

/** unpst_sendspace and unpst_recvspace, PIPSIZ; unpdg_sendspace, which is the longest datagram, and unpdg_recvspace. */
const STREAM_SPACE = 8192;
const LONGEST_DATAGRAM = 2048;
const DATAGRAM_SPACE = 4096;
/** What a datagram's sender takes in the receiver's buffer: a sockaddr without a name, sun_noname. sbappendaddr(). */
const NONAME_LENGTH = 16;

interface Piece {
  readonly data: Uint8Array;
  at: number;
  readonly name: Uint8Array | null;
  files: readonly OpenFile[];
}

export class XnuUnixSocket extends UnixSocket {
  readonly #names: UnixNames;
  readonly #pieces: Piece[] = [];
  #error = 0;
  #cannotReceive = false;
  #cannotSend = false;
  #isReleased = false;
  #backlog = 0;
  declare peer: XnuUnixSocket | null;
  /** Of datagrams: who is connected to it. unp_refs. */
  readonly #connected = new Set<XnuUnixSocket>();

  constructor(machine: Machine, names: UnixNames, family: number, type: number) {
    super(machine, names, family, type);
    this.#names = names;
    const isStream = type === SOCK_STREAM;
    this.sendCapacity = Math.min(machine.sendBuffer, isStream ? STREAM_SPACE : LONGEST_DATAGRAM);
    this.receiveCapacity = Math.min(machine.receiveBuffer, isStream ? STREAM_SPACE : DATAGRAM_SPACE);
  }

  // A socket without a name has a struct sockaddr without one, sun_noname. uipc_sockaddr(), uipc_accept().
  override get localName(): Uint8Array {
    return this.name ?? newSockaddr(this.family, NONAME_LENGTH);
  }

  override get remoteName(): Uint8Array {
    return this.peer?.name ?? newSockaddr(this.family, NONAME_LENGTH);
  }

  // ---- State

  /** sb_cc of its receive buffer. */
  get #received(): number {
    const name = this.isStream ? 0 : NONAME_LENGTH;
    return this.#pieces.reduce((sum, { data, at }) => sum + data.length - at + name, 0);
  }

  // sbspace() of its send buffer, whose mark uipc_send() lowers by what the receiver has.
  get #space(): number {
    if (!this.isStream) return this.sendCapacity;
    const { peer } = this;
    const unread = peer === null ? 0 : peer.#received;
    const most = peer === null ? this.sendCapacity : Math.min(this.sendCapacity, peer.receiveCapacity);
    return Math.max(most - unread, 0);
  }

  override get hasSpace(): boolean {
    const space = this.#space;
    return space > 0 && space >= Math.min(SEND_LOW_WATER, this.sendCapacity);
  }

  override get socketState(): SocketState {
    return {
      isListening: this.state === 'listening',
      finished: this.queue.length,
      queueLength: this.queue.length,
      isConnected: !this.isStream || this.state === 'connected',
      cannotReceive: this.#cannotReceive,
      cannotSend: this.#cannotSend,
      error: this.#error,
      received: this.unread,
      hasMessage: !this.isStream && this.#pieces.length > 0,
      receiveCapacity: this.receiveCapacity,
      space: this.#space,
      sendCapacity: this.sendCapacity,
    };
  }

  // Only for calls that wait.
  override poll(): number {
    if (this.state === 'listening') return this.queue.length > 0 ? READABLE : 0;
    let events = this.#error !== 0 ? POLLERR : 0;
    if (this.#cannotReceive && this.#cannotSend) events |= POLLHUP;
    if (this.#cannotReceive || this.#pieces.length > 0) events |= READABLE;
    if (this.#cannotSend || this.hasSpace) events |= WRITABLE;
    return events;
  }

  /** FIONREAD: sb_cc without the names. soo_ioctl(). */
  override get unread(): number {
    return this.#pieces.reduce((sum, { data, at }) => sum + data.length - at, 0);
  }

  override get allocated(): number {
    return this.peer === null || !this.isStream ? 0 : this.peer.#received;
  }

  override takeError(): number {
    const error = this.#error;
    this.#error = 0;
    return error;
  }

  // ---- Connecting

  override autobind(): number {
    return -EADDRNOTAVAIL;
  }

  // solisten(), unp_listen(): a backlog of 0 or less is the most, and there is not one more. sonewconn_internal().
  override listen(backlog: number): number {
    if (!this.isStream) return -EOPNOTSUPP;
    if (this.name === null || this.state === 'connected') return -EINVAL;
    const { somaxconn } = this.machine;
    this.state = 'listening';
    this.#backlog = backlog <= 0 || backlog > somaxconn ? somaxconn : backlog;
    this.machine.touch(this.shared);
    return 0;
  }

  #find(name: Uint8Array): XnuUnixSocket | number {
    if (name.length < 3 || familyOf(name) !== AF_UNIX) return -EINVAL;
    const other = this.#names.find(name, this.type) as XnuUnixSocket | null;
    if (other === null) return -ENOENT;
    if (other.#isReleased) return -ECONNREFUSED;
    return other.type === this.type ? other : -EPROTOTYPE;
  }

  // unp_connect(): a full listener refuses.
  override connect(name: Uint8Array): number {
    if (this.state === 'listening') return -EOPNOTSUPP;
    if (this.state === 'connected' && this.isStream) return -EISCONN;
    const other = this.#find(name);
    if (typeof other === 'number') return other;
    if (!this.isStream) {
      this.#connectDatagrams(other);
      return 0;
    }
    if (other.state !== 'listening' || other.queue.length >= other.#backlog) return -ECONNREFUSED;
    const end = new XnuUnixSocket(this.machine, this.#names, this.family, this.type);
    end.inherit(other);
    end.name = other.name;
    end.pairWith(this);
    other.queue.push(end);
    other.notify(READABLE);
    this.notify(WRITABLE);
    return 0;
  }

  override pairWith(peer: UnixSocket): void {
    super.pairWith(peer);
    if (this.isStream) return;
    const other = peer as XnuUnixSocket;
    other.#connected.add(this);
    this.#connected.add(other);
  }

  #connectDatagrams(other: XnuUnixSocket | null): void {
    if (this.peer !== null) this.peer.#connected.delete(this);
    this.peer = other;
    this.state = other === null ? 'closed' : 'connected';
    if (other !== null) other.#connected.add(this);
  }

  override accept(): UnixSocket | number {
    if (!this.isStream) return -EOPNOTSUPP;
    if (this.state !== 'listening') return -EINVAL;
    const socket = this.queue.shift();
    if (socket === undefined) return -EAGAIN;
    this.machine.touch(this.shared);
    return socket;
  }

  // ---- Transfers

  override receive(target: Uint8Array, options: ReceiveOptions = {}): number {
    const received = this.receiveMessage(target, options);
    if (typeof received === 'number') return received;
    dropFiles(received.files);
    return received.n;
  }

  // soreceive(): the error before the end, and a look leaves it there.
  override receiveMessage(target: Uint8Array, { peeks = false }: ReceiveOptions): Received | number {
    if (this.#pieces.length === 0) {
      if (this.#error !== 0) return peeks ? -this.#error : -this.takeError();
      if (this.#cannotReceive) return { n: 0, length: 0, name: null, files: [] };
      if (this.isStream && this.state !== 'connected') return -ENOTCONN;
      return this.isStream && target.length === 0 ? 0 : -EAGAIN;
    }
    this.machine.touch(this.shared);
    let n = 0;
    let files: readonly OpenFile[] = [];
    const { name, data } = this.#pieces[0];
    for (let i = 0; i < this.#pieces.length; ) {
      const piece = this.#pieces[i];
      // A message with files begins a record of its own.
      if (i + n > 0 && piece.files.length > 0) break;
      const part = piece.data.subarray(piece.at, piece.at + target.length - n);
      target.set(part, n);
      n += part.length;
      if (piece.files.length > 0) files = piece.files;
      if (peeks) {
        for (const file of piece.files) file.descriptors++;
        i++;
      } else {
        piece.files = [];
        piece.at += part.length;
        if (this.isStream && piece.at < piece.data.length) break;
        this.#pieces.shift();
      }
      if (!this.isStream || n === target.length) break;
    }
    // uipc_rcvd(): the sender's space grows.
    if (!peeks && this.isStream && this.peer?.hasSpace) this.peer.notify(WRITABLE);
    return { n, length: this.isStream ? n : data.length, name, files };
  }

  override send(source: Uint8Array): number {
    return this.sendMessage(source, [], null);
  }

  // sosendcheck(), uipc_send().
  override sendMessage(source: Uint8Array, files: readonly OpenFile[], to: Uint8Array | null): number {
    if (this.#cannotSend) return -EPIPE;
    if (this.#error !== 0) return -this.takeError();
    return this.isStream ? this.#sendStream(source, files, to) : this.#sendDatagram(source, files, to);
  }

  #sendStream(source: Uint8Array, files: readonly OpenFile[], to: Uint8Array | null): number {
    if (this.state !== 'connected') return -ENOTCONN;
    if (to !== null) return -EISCONN;
    const peer = this.peer!;
    if (peer.#cannotReceive)
      throw new NotModelled('a send to a UNIX socket after its shutdown(SHUT_RD), of XNU');
    if (source.length === 0) {
      dropFiles(files);
      return 0;
    }
    const space = this.#space;
    if (space < source.length && !this.hasSpace) return -EAGAIN;
    const n = this.machine.takes(Math.min(space, source.length));
    peer.#pieces.push({ data: source.slice(0, n), at: 0, name: this.name, files });
    peer.notify(READABLE);
    return n;
  }

  // One for which the receiver has no space is lost, and its sender told at once.
  #sendDatagram(source: Uint8Array, files: readonly OpenFile[], to: Uint8Array | null): number {
    if (to === null && this.peer === null) return -EDESTADDRREQ;
    if (to !== null && this.peer !== null) return -EISCONN;
    if (source.length > this.sendCapacity) return -EMSGSIZE;
    const receiver = to === null ? this.peer! : this.#find(to);
    if (typeof receiver === 'number') return receiver;
    if (receiver.#received + source.length + NONAME_LENGTH > receiver.receiveCapacity) return -ENOBUFS;
    receiver.#pieces.push({ data: source.slice(), at: 0, name: this.name, files });
    receiver.notify(READABLE);
    return source.length;
  }

  // ---- Ends

  // Each direction once; and what was received is thrown away. soshutdown(), uipc_shutdown().
  override shutdown(reading: boolean, writing: boolean): number {
    if (this.state !== 'connected') return -ENOTCONN;
    if (reading) {
      if (this.#cannotReceive) return -ENOTCONN;
      this.#cannotReceive = true;
      for (const { files } of this.#pieces.splice(0)) dropFiles(files);
      this.notify(READABLE);
    }
    if (writing) {
      if (this.#cannotSend) return -ENOTCONN;
      this.#cannotSend = true;
      this.notify(WRITABLE);
      if (this.isStream && this.peer !== null) {
        this.peer.#cannotReceive = true;
        this.peer.notify(READABLE);
      }
    }
    return 0;
  }

  // unp_detach(), unp_disconnect(), unp_drop(). The peer keeps what it has, and has no error.
  override release(): void {
    this.#isReleased = true;
    this.#names.unbind(this);
    for (const waiting of this.queue) waiting.release();
    this.queue.length = 0;
    const { peer } = this;
    for (const { files } of this.#pieces.splice(0)) dropFiles(files);
    if (!this.isStream) {
      if (peer !== null) peer.#connected.delete(this);
      for (const socket of this.#connected) {
        socket.#error = ECONNRESET;
        socket.#connectDatagrams(null);
        socket.notify(WRITABLE | READABLE);
      }
      return;
    }
    if (peer === null || peer.#isReleased) return;
    peer.state = 'closed';
    peer.#cannotReceive = true;
    peer.#cannotSend = true;
    // sowwakeup() and then sorwakeup(). soisdisconnected().
    peer.notify(WRITABLE);
    peer.notify(READABLE);
  }
}
