// The system calls that make sockets, give them addresses, connect them and end them.

import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
} from '../kernel/constants/socket.ts';
import * as errno from '../kernel/errno.ts';
import type { Bytes } from '../kernel/native.ts';
import { familyOf, viewOf } from '../kernel/structs/struct.ts';
import { bytesOf } from './bytes.ts';
import { CallBase, NotModelled, READABLE } from './call-base.ts';
import type { OpenFile } from './open-file.ts';
import type { SocketFile } from './socket-file.ts';
import { getOption, setOption } from './sockopt.ts';
import { TcpSocket } from './tcp.ts';
import { UnixSocket, unixTypes } from './unix.ts';

const TYPE_MASK = 0xf;

export abstract class SocketCalls extends CallBase {
  socket(domain: number, type: number, protocol: number): number {
    const kind = type & TYPE_MASK;
    let file: OpenFile;
    if (domain === AF_INET || domain === AF_INET6) {
      if (kind !== SOCK_STREAM) throw new NotModelled(`socket(${domain}, ${kind}, ${protocol})`);
      if (protocol !== 0 && protocol !== 6) return -errno.EPROTONOSUPPORT;
      file = new TcpSocket(this.machine, this.process.host, domain, kind, 6);
    } else if (domain === AF_UNIX) {
      if (!unixTypes.includes(kind)) return -errno.ESOCKTNOSUPPORT!;
      file = new UnixSocket(this.machine, this.names, domain, kind);
    } else {
      throw new NotModelled(`socket(${domain}, …)`);
    }
    return this.open(file, type, SOCK_CLOEXEC, SOCK_NONBLOCK);
  }
  socketpair(domain: number, type: number, protocol: number, sv: Bytes): number {
    const kind = type & TYPE_MASK;
    if (domain !== AF_UNIX) return -errno.EOPNOTSUPP;
    if (!unixTypes.includes(kind)) return -errno.ESOCKTNOSUPPORT!;
    if (protocol !== 0 && protocol !== AF_UNIX) return -errno.EPROTONOSUPPORT;
    const one = new UnixSocket(this.machine, this.names, domain, kind);
    const other = new UnixSocket(this.machine, this.names, domain, kind);
    one.pairWith(other);
    return this.openPair(one, other, type, SOCK_CLOEXEC, SOCK_NONBLOCK, sv);
  }

  bind(fd: number, addr: Bytes): number {
    const socket = this.socketOf(fd);
    if (typeof socket === 'number') return socket;
    const bytes = bytesOf(addr);
    if (socket instanceof UnixSocket) {
      if (bytes.length < 2 || familyOf(bytes) !== AF_UNIX) return -errno.EINVAL;
      if (bytes.length === 2) throw new NotModelled('bind() to an autobound name');
      return socket.bind(bytes.slice());
    }
    const parsed = inetOf(bytes, socket.family);
    if (typeof parsed === 'number')
      return parsed === -errno.EAFNOSUPPORT && bytes.length < 16 ? -errno.EINVAL : parsed;
    if (socket.localPort !== 0) return -errno.EINVAL;
    return this.process.host.bind(socket, parsed.address, parsed.port);
  }

  listen(fd: number, backlog: number): number {
    const socket = this.socketOf(fd);
    if (typeof socket === 'number') return socket;
    if (socket instanceof TcpSocket || socket instanceof UnixSocket) return socket.listen(backlog);
    return -errno.EOPNOTSUPP;
  }

  accept(fd: number, addr: Bytes | null, addrlen: Bytes | null): number {
    return this.accept4(fd, addr, addrlen, 0);
  }

  accept4(fd: number, addr: Bytes | null, addrlen: Bytes | null, flags: number): number {
    const listener = this.socketOf(fd);
    if (typeof listener === 'number') return listener;
    if (!(listener instanceof TcpSocket || listener instanceof UnixSocket)) return -errno.EOPNOTSUPP;
    // Linux reserves the descriptor first. net/socket.c, __sys_accept4_file.
    const free = this.process.free();
    if (listener instanceof UnixSocket ? listener.type === SOCK_DGRAM : false) return -errno.EOPNOTSUPP;
    if (listener.state !== 'listening') return -errno.EINVAL;
    if (free < 0) return free;
    const take = (): number => {
      const accepted = listener.accept();
      if (typeof accepted === 'number') return accepted;
      const result = this.open(accepted, flags, SOCK_CLOEXEC, SOCK_NONBLOCK);
      // A client that is gone by now is accepted all the same.
      if (result >= 0 && addr !== null) writeName(accepted.remoteName, addr, addrlen!);
      return result;
    };
    const result = take();
    if (result !== -errno.EAGAIN || listener.nonblocking) return result;
    return this.block(listener, READABLE, take, { timeoutNs: listener.receiveTimeoutNs });
  }

  connect(fd: number, addr: Bytes): number {
    const socket = this.socketOf(fd);
    if (typeof socket === 'number') return socket;
    const bytes = bytesOf(addr);
    if (socket instanceof UnixSocket) return this.#connectUnix(socket, bytes);
    if (!(socket instanceof TcpSocket)) throw new NotModelled('connect() of this socket');
    const parsed = inetOf(bytes, socket.family);
    if (typeof parsed === 'number') return parsed;
    const result = socket.connect(parsed.address, parsed.port);
    const isWaiting = result === -errno.EINPROGRESS || result === -errno.EALREADY;
    if (!isWaiting || socket.nonblocking) return result;
    const wait = {
      ready: () => socket.state !== 'connecting',
      finish: () => socket.connectOutcome,
      deadline: this.deadline(socket.sendTimeoutNs),
      timedOut: () => -errno.EINPROGRESS,
      interrupted: () => -errno.EINTR,
      restarts: true,
      shared: socket.shared,
    };
    return this.wait(wait);
  }

  #connectUnix(socket: UnixSocket, bytes: Uint8Array): number {
    if (bytes.length <= 2) throw new NotModelled('connect() to no name');
    const other = this.names.find(bytes);
    if (other === null) return bytes[2] === 0 ? -errno.ECONNREFUSED : -errno.ENOENT;
    if (other.descriptors === 0) return -errno.ECONNREFUSED;
    const connect = () => socket.connectTo(other);
    const result = connect();
    if (result !== -errno.EAGAIN || socket.nonblocking) return result;
    throw new NotModelled('a blocking connect() to a UNIX listener whose queue is full');
  }

  getsockname(fd: number, addr: Bytes, addrlen: Bytes): number {
    const socket = this.socketOf(fd);
    if (typeof socket === 'number') return socket;
    return writeName(socket.localName, addr, addrlen);
  }

  getpeername(fd: number, addr: Bytes, addrlen: Bytes): number {
    const socket = this.socketOf(fd);
    if (typeof socket === 'number') return socket;
    if (socket instanceof UnixSocket ? socket.peer === null : !isConnected(socket)) return -errno.ENOTCONN;
    return writeName(socket.remoteName, addr, addrlen);
  }

  getsockopt(fd: number, level: number, name: number, value: Bytes, len: Bytes): number {
    const socket = this.socketOf(fd);
    if (typeof socket === 'number') return socket;
    return getOption(socket, level, name, value, len);
  }

  setsockopt(fd: number, level: number, name: number, value: Bytes): number {
    const socket = this.socketOf(fd);
    if (typeof socket === 'number') return socket;
    return setOption(socket, level, name, value);
  }

  shutdown(fd: number, how: number): number {
    const socket = this.socketOf(fd);
    if (typeof socket === 'number') return socket;
    if (how !== SHUT_RD && how !== SHUT_WR && how !== SHUT_RDWR) return -errno.EINVAL;
    if (!(socket instanceof TcpSocket || socket instanceof UnixSocket))
      throw new NotModelled('shutdown() of this');
    return socket.shutdown(how !== SHUT_WR, how !== SHUT_RD);
  }
}

// ---- Arguments

function isConnected(socket: SocketFile): boolean {
  return socket instanceof TcpSocket && socket.state === 'established' && !socket.isReset;
}

/** The address and port of a sockaddr_in or sockaddr_in6, or a negative errno. */
export function inetOf(sockaddr: Uint8Array, family: number): { address: Uint8Array; port: number } | number {
  if (sockaddr.length < 2) return -errno.EINVAL;
  if (sockaddr.length < (family === AF_INET ? 16 : 24)) return -errno.EINVAL;
  if (familyOf(sockaddr) !== family) return -errno.EAFNOSUPPORT;
  const port = (sockaddr[2] << 8) | sockaddr[3];
  const address = family === AF_INET ? sockaddr.slice(4, 8) : sockaddr.slice(8, 24);
  return { address, port };
}

// As the kernel copies a name: as much as there is room for, and its whole length.
export function writeName(name: Uint8Array, addr: Bytes, addrlen: Bytes): number {
  const view = viewOf(addrlen);
  const capacity = view.getInt32(0, true);
  if (capacity < 0) return -errno.EINVAL;
  bytesOf(addr).set(name.subarray(0, Math.min(capacity, addr.byteLength)));
  view.setInt32(0, name.length, true);
  return 0;
}
