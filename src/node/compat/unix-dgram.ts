// The API of the package unix-dgram (2.0) over rfds: UNIX datagram sockets with Node's events. As there, events and
// callbacks come synchronously from send(), bind() and connect(), and an error is { errno, code, syscall } with the negative
// errno as both.

import dgram from 'node:dgram';
import { EventEmitter } from 'node:events';
import { add_reader, add_writer, notify_closing, remove_writer } from '../../async.ts';
import { AF_UNIX, SOCK_DGRAM } from '../../socket.ts';
import { packSockaddr, unpackSockaddr } from '../../structs.ts';
import * as sys from '../../syscalls.ts';

/** Who sent a datagram: its name, null for a socket that has none. */
export interface RemoteInfo {
  readonly size: number;
  readonly address: Record<string, never>;
  readonly path: string | null;
}

export type SendCallback = (error?: Error) => void;

/** What the kernel lets a UNIX datagram have at most, unless SO_SNDBUF was raised; and what is received at most. */
const MAX_DATAGRAM = 262_144;
/** How many datagrams one event takes at most: another socket comes in between. */
const PER_EVENT = 64;

// Where a datagram is received; copied from there.
const memory = Buffer.alloc(MAX_DATAGRAM);
const sender = Buffer.alloc(128);
const senderLength = new Int32Array(1);

function errnoException(errno: number, syscall: string): Error {
  return Object.assign(new Error(`${syscall} ${errno}`), { errno, code: errno, syscall });
}

/** A UNIX datagram socket; of 'udp4' and 'udp6' Node's own. Throws for another type, and as socket(2) fails. */
export function createSocket(type: 'unix_dgram', listener?: (buf: Buffer, rinfo: RemoteInfo) => void): Socket;
export function createSocket(
  type: 'udp4' | 'udp6',
  listener?: (buf: Buffer, rinfo: dgram.RemoteInfo) => void,
): dgram.Socket;
export function createSocket(type: string, listener?: (...args: never[]) => void): Socket | dgram.Socket {
  if (type === 'udp4' || type === 'udp6') return dgram.createSocket(type, listener as () => void);
  return new Socket(type, listener as () => void);
}

/**
 * Events: 'message' (buf, rinfo), 'listening', 'connect', 'congestion' (buf), 'writable', 'error'. It keeps the process
 * alive until it is closed.
 */
export class Socket extends EventEmitter {
  fd: number;
  readonly type: string;
  connected = false;

  constructor(type: string, listener?: (buf: Buffer, rinfo: RemoteInfo) => void) {
    super();
    if (type !== 'unix_dgram') throw new Error(`Unsupported socket type: ${type}`);
    const kind = SOCK_DGRAM | (sys.SOCK_CLOEXEC ?? 0) | (sys.SOCK_NONBLOCK ?? 0);
    this.fd = sys.socket(AF_UNIX, kind, 0);
    if (this.fd < 0) throw errnoException(this.fd, 'socket');
    if (sys.SOCK_NONBLOCK === undefined) {
      sys.fcntl(this.fd, sys.F_SETFL, sys.O_NONBLOCK);
      sys.fcntl(this.fd, sys.F_SETFD, sys.FD_CLOEXEC);
    }
    this.type = type;
    if (typeof listener === 'function') this.on('message', listener);
    add_reader(this.fd, this.#onReadable);
  }

  bind(path: string): void {
    const result = sys.bind(this.fd, packSockaddr(AF_UNIX, path, 'bind'));
    if (result < 0) this.emit('error', errnoException(result, 'bind'));
    else this.emit('listening');
  }

  connect(path: string): void {
    const result = sys.connect(this.fd, packSockaddr(AF_UNIX, path, 'connect'));
    if (result < 0) {
      this.emit('error', errnoException(result, 'connect'));
    } else {
      this.connected = true;
      this.emit('connect');
    }
  }

  /**
   * Connected: send(buf, callback?); else send(buf, offset, length, path, callback?). Without a callback 'error' or
   * 'congestion' says what went wrong; with one it gets an error, whose code is 1 where the receiver's queue is full.
   */
  send(buf: Buffer, callback?: SendCallback): void;
  send(buf: Buffer, offset: number, length: number, path: string, callback?: SendCallback): void;
  send(
    buf: Buffer,
    offset?: number | SendCallback,
    length?: number,
    path?: string,
    callback?: SendCallback,
  ): void {
    let result: number;
    let done = callback;
    if (this.connected) {
      result = sys.send(this.fd, buf, sys.MSG_NOSIGNAL ?? 0);
      done = offset as SendCallback | undefined;
    } else {
      const address = packSockaddr(AF_UNIX, path!, 'send');
      result = sys.sendto(this.fd, buf, offset as number, length!, sys.MSG_NOSIGNAL ?? 0, address);
    }
    const isCongested = this.connected && (result === -sys.EAGAIN || result === -sys.ENOBUFS);
    if (isCongested) add_writer(this.fd, this.#onWritable);
    if (typeof done === 'function') {
      if (isCongested) done(Object.assign(new Error('congestion'), { code: 1 }));
      else if (result < 0) done(errnoException(result, 'send'));
      else done();
    } else if (isCongested) {
      this.emit('congestion', buf);
    } else if (result < 0) {
      this.emit('error', errnoException(result, 'send'));
    }
  }

  /** The same. */
  sendto(buf: Buffer, offset: number, length: number, path: string, callback?: SendCallback): void {
    this.send(buf, offset, length, path, callback);
  }

  /** No event comes any more. Throws for a socket that is closed. */
  close(): void {
    if (this.fd < 0) throw errnoException(-sys.EBADF, 'close');
    notify_closing(this.fd);
    const result = sys.close(this.fd);
    this.fd = -1;
    if (result < 0) throw errnoException(result, 'close');
  }

  readonly #onReadable = (): void => {
    for (let i = 0; i < PER_EVENT && this.fd >= 0; i++) {
      senderLength[0] = sender.length;
      const n = sys.recvfrom(this.fd, memory, 0, memory.length, 0, sender, senderLength);
      if (n === -sys.EAGAIN || n === -sys.EINTR) return;
      if (n < 0) {
        this.emit('error', errnoException(n, 'recv'));
        return;
      }
      const path = senderLength[0] > 2 ? unpackSockaddr(sender, senderLength[0]) : null;
      const rinfo: RemoteInfo = { size: n, address: {}, path: path === null ? null : String(path) };
      this.emit('message', Buffer.from(memory.subarray(0, n)), rinfo);
    }
  };

  readonly #onWritable = (): void => {
    remove_writer(this.fd);
    this.emit('writable');
  };
}

// As in the package: what datagrams of UNIX have not.
const absent = ['address', 'setTTL', 'setBroadcast', 'setMulticastTTL', 'setMulticastLoopback'];
for (const name of [...absent, 'addMembership', 'dropMembership'])
  Object.defineProperty(Socket.prototype, name, { value: notImplemented });

function notImplemented(): never {
  throw new Error('not implemented');
}
