// The system calls that make sockets, give them addresses, connect them and end them.

import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  AF_UNSPEC,
  IPPROTO_ICMP,
  IPPROTO_MPTCP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOCK_STREAM,
} from '../kernel/constants/socket.ts';
import * as errno from '../kernel/errno.ts';
import type { Bytes } from '../kernel/native.ts';
import { familyOf, viewOf } from '../kernel/structs/struct.ts';
import { bytesOf } from './bytes.ts';
import { CallBase, NotModelled, READABLE } from './call-base.ts';
import { isAnyAddress } from './network.ts';
import type { OpenFile } from './open-file.ts';
import type { SocketFile } from './socket-file.ts';
import { getOption, setOption } from './sockopt.ts';
import { TcpSocket } from './tcp.ts';
import { UdpSocket } from './udp.ts';
import { UnixSocket, unixTypes } from './unix.ts';

const TYPE_MASK = 0xf;
/** SOCK_PACKET and AF_MCTP: what comes behind them is none. */
const MAX_TYPE = 10;
const MAX_FAMILY = 45;
/** net.ipv4.ip_unprivileged_port_start; IPPORT_RESERVED. */
const LOWEST_UNPRIVILEGED = 1024;
/** sizeof(struct sockaddr_storage), sizeof(struct sockaddr_un). */
export const MAX_SOCKADDR = 128;
const MAX_UNIX = 110;

export abstract class SocketCalls extends CallBase {
  socket(domain: number, type: number, protocol: number): number {
    const kind = type & TYPE_MASK;
    // __sys_socket(): no other flags, and no type beyond SOCK_PACKET.
    if ((type & ~(TYPE_MASK | (SOCK_CLOEXEC ?? 0) | (SOCK_NONBLOCK ?? 0))) !== 0 || kind > MAX_TYPE)
      return -errno.EINVAL;
    let file: OpenFile;
    if (domain === AF_INET || domain === AF_INET6) {
      const made = this.#inetSocket(domain, kind, protocol);
      if (typeof made === 'number') return made;
      file = made;
    } else if (domain === AF_UNIX) {
      if (protocol !== 0 && protocol !== AF_UNIX) return -errno.EPROTONOSUPPORT;
      if (!unixTypes.includes(kind)) return -errno.ESOCKTNOSUPPORT!;
      file = this.newUnixSocket(domain, kind);
    } else if (domain <= 0 || domain > MAX_FAMILY) {
      return -errno.EAFNOSUPPORT;
    } else {
      throw new NotModelled(`socket(${domain}, …)`);
    }
    return this.open(file, type, SOCK_CLOEXEC, SOCK_NONBLOCK);
  }

  protected newUnixSocket(domain: number, kind: number): UnixSocket {
    return new UnixSocket(this.machine, this.names, domain, kind);
  }

  // inet_create(): the types that a family has, each with its protocol.
  #inetSocket(domain: number, kind: number, protocol: number): SocketFile | number {
    const { host } = this.process;
    if (kind === SOCK_RAW && protocol !== 0) throw new NotModelled('raw sockets');
    if (kind === SOCK_RAW) return -errno.EPROTONOSUPPORT;
    if (kind !== SOCK_STREAM && kind !== SOCK_DGRAM) return -errno.ESOCKTNOSUPPORT!;
    const own = kind === SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
    if (protocol === IPPROTO_MPTCP || (kind === SOCK_DGRAM && protocol === IPPROTO_ICMP))
      throw new NotModelled(`socket(${domain}, ${kind}, ${protocol})`);
    if (protocol !== 0 && protocol !== own) return -errno.EPROTONOSUPPORT;
    return kind === SOCK_STREAM
      ? new TcpSocket(this.machine, host, domain, kind, own)
      : new UdpSocket(this.machine, host, domain, kind, own);
  }

  socketpair(domain: number, type: number, protocol: number, sv: Bytes): number {
    const kind = type & TYPE_MASK;
    if ((type & ~(TYPE_MASK | (SOCK_CLOEXEC ?? 0) | (SOCK_NONBLOCK ?? 0))) !== 0) return -errno.EINVAL;
    if (domain !== AF_UNIX) {
      // Two sockets are made, and then it turns out that they cannot be connected so.
      const made = this.socket(domain, kind, protocol);
      if (made >= 0) this.process.close(made);
      return made < 0 ? made : -errno.EOPNOTSUPP;
    }
    if (protocol !== 0 && protocol !== AF_UNIX) return -errno.EPROTONOSUPPORT;
    if (!unixTypes.includes(kind)) return -errno.ESOCKTNOSUPPORT!;
    const one = this.newUnixSocket(domain, kind);
    const other = this.newUnixSocket(domain, kind);
    one.pairWith(other);
    return this.openPair(one, other, type, SOCK_CLOEXEC, SOCK_NONBLOCK, sv);
  }

  bind(fd: number, addr: Bytes): number {
    const socket = this.socketOf(fd);
    if (typeof socket === 'number') return socket;
    const bytes = bytesOf(addr);
    if (bytes.length > MAX_SOCKADDR) return -errno.EINVAL;
    if (socket instanceof UnixSocket) {
      if (bytes.length < 2 || bytes.length > MAX_UNIX || familyOf(bytes) !== AF_UNIX) return -errno.EINVAL;
      return bytes.length === 2 ? socket.autobind() : socket.bind(bytes.slice());
    }
    // inet_bind(): no family at all will do for 0.0.0.0.
    const isUnspecified = socket.family === AF_INET && familyOf(bytes) === AF_UNSPEC;
    const parsed = inetOf(bytes, isUnspecified ? AF_UNSPEC : socket.family);
    if (typeof parsed === 'number') return parsed;
    if (isUnspecified && !isAnyAddress(parsed.address)) return -errno.EAFNOSUPPORT;
    if (!isAnyAddress(parsed.address) && !this.process.host.has(parsed.address)) return -errno.EADDRNOTAVAIL;
    if (parsed.port > 0 && parsed.port < LOWEST_UNPRIVILEGED && !this.process.isPrivileged)
      return -errno.EACCES;
    if (socket instanceof TcpSocket) return socket.bind(parsed.address, parsed.port);
    if (!(socket instanceof UdpSocket)) throw new NotModelled('bind() of this socket');
    return socket.localPort !== 0 ? -errno.EINVAL : socket.bind(parsed.address, parsed.port);
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
    if (this.process.file(fd) === null) return -errno.EBADF;
    if ((flags & ~((SOCK_CLOEXEC ?? 0) | (SOCK_NONBLOCK ?? 0))) !== 0) return -errno.EINVAL;
    // Linux reserves the descriptor first. net/socket.c, __sys_accept4_file().
    const free = this.process.free();
    if (free < 0) return free;
    const listener = this.socketOf(fd);
    if (typeof listener === 'number') return listener;
    if (listener.type === SOCK_DGRAM || !(listener instanceof TcpSocket || listener instanceof UnixSocket))
      return -errno.EOPNOTSUPP;
    if (listener.state !== 'listening') return -errno.EINVAL;
    const take = (): number => {
      const accepted = listener.accept(!listener.nonblocking);
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
    if (bytes.length < 2 || bytes.length > MAX_SOCKADDR) return -errno.EINVAL;
    if (socket instanceof UdpSocket) return socket.connect(bytes);
    if (socket instanceof UnixSocket) {
      const result = socket.connect(bytes.slice());
      if (result !== -errno.EAGAIN || socket.nonblocking) return result;
      throw new NotModelled('a blocking connect() to a UNIX listener whose queue is full');
    }
    if (!(socket instanceof TcpSocket)) throw new NotModelled('connect() of this socket');
    if (familyOf(bytes) === AF_UNSPEC) {
      if (this.machine.platform === 'darwin') throw new NotModelled('connect() to AF_UNSPEC on XNU');
      socket.disconnect();
      return 0;
    }
    let result = socket.connectProgress();
    if (result === 1) {
      const parsed = inetOf(bytes, socket.family);
      if (typeof parsed === 'number') return parsed;
      result = socket.connect(parsed.address, parsed.port, socket.nonblocking);
    }
    const isWaiting = result === -errno.EINPROGRESS || result === -errno.EALREADY;
    if (!isWaiting || socket.nonblocking) return result;
    const wait = {
      ready: () => socket.state !== 'connecting',
      finish: () => socket.connectOutcome,
      deadline: this.deadline(socket.sendTimeoutNs),
      timedOut: () => result,
      interrupted: () => -errno.EINTR,
      // XNU: EINTR even so. bsd/kern/uipc_syscalls.c, connect_nocancel().
      restarts: this.machine.platform === 'linux',
      shared: socket.shared,
    };
    return this.wait(wait);
  }

  getsockname(fd: number, addr: Bytes, addrlen: Bytes): number {
    const socket = this.socketOf(fd);
    if (typeof socket === 'number') return socket;
    return writeName(socket.localName, addr, addrlen);
  }

  getpeername(fd: number, addr: Bytes, addrlen: Bytes): number {
    const socket = this.socketOf(fd);
    if (typeof socket === 'number') return socket;
    if (!hasPeer(socket)) return -errno.ENOTCONN;
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
    if (!(socket instanceof TcpSocket || socket instanceof UnixSocket || socket instanceof UdpSocket))
      throw new NotModelled('shutdown() of this');
    return socket.shutdown(how !== SHUT_WR, how !== SHUT_RD);
  }
}

// ---- Arguments

// inet_getname(), unix_getname().
function hasPeer(socket: SocketFile): boolean {
  if (socket instanceof UnixSocket) return socket.peer !== null;
  if (socket instanceof UdpSocket) return socket.isConnected && socket.remotePort !== 0;
  return socket instanceof TcpSocket && socket.state === 'established' && !socket.hasEnded;
}

/** The address and port of a sockaddr_in or sockaddr_in6, or a negative errno. */
export function inetOf(sockaddr: Uint8Array, family: number): { address: Uint8Array; port: number } | number {
  if (sockaddr.length < 2) return -errno.EINVAL;
  if (sockaddr.length < (family === AF_INET6 ? 24 : 16)) return -errno.EINVAL;
  if (familyOf(sockaddr) !== family) return -errno.EAFNOSUPPORT;
  const port = (sockaddr[2] << 8) | sockaddr[3];
  const address = family !== AF_INET6 ? sockaddr.slice(4, 8) : sockaddr.slice(8, 24);
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
