// The socket options that XNU gives other values or another memory than Linux: bsd/kern/uipc_socket.c, sosetoptlock()
// and sogetoptlock(). sockopt.ts has the others.

import {
  IPPROTO_TCP,
  SO_ACCEPTCONN,
  SO_BROADCAST,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_LINGER_SEC,
  SO_NOSIGPIPE,
  SO_NREAD,
  SO_NWRITE,
  SO_OOBINLINE,
  SO_RCVBUF,
  SO_RCVLOWAT,
  SO_RCVTIMEO,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_SNDLOWAT,
  SO_SNDTIMEO,
  SOL_SOCKET,
  TCP_NODELAY,
} from '../kernel/constants/socket.ts';
import { EDOM, EINVAL, ENOPROTOOPT } from '../kernel/errno.ts';
import type { Bytes } from '../kernel/native.ts';
import { linger } from '../kernel/structs/sockopt.ts';
import { viewOf } from '../kernel/structs/struct.ts';
import { timeval } from '../kernel/structs/timespec.ts';
import { NotModelled } from './call-base.ts';
import type { SocketFile } from './socket-file.ts';
import { getOption, setOption } from './sockopt.ts';
import { TcpSocket } from './tcp.ts';

/** kern.ipc.maxsockbuf: more is this. sb_max. */
const MAX_BUFFER = 8 * 1024 * 1024;
/** Ticks in a second. hz. */
const HZ = 100;
/** TF_NODELAY: what getsockopt(TCP_NODELAY) gives for 1. bsd/netinet/tcp_var.h. */
const TF_NODELAY = 4;
/** getsockopt gives the option's bit of so_options for these, and not 1. */
const bits = [SO_KEEPALIVE, SO_BROADCAST, SO_REUSEADDR, SO_REUSEPORT, SO_OOBINLINE];

export function setXnuOption(socket: SocketFile, level: number, name: number, value: Bytes): number {
  if (level !== SOL_SOCKET) return setOption(socket, level, name, value);
  const view = viewOf(value);
  switch (name) {
    case SO_LINGER:
    case SO_LINGER_SEC: {
      if (view.byteLength < linger.size) return -EINVAL;
      const { l_onoff, l_linger } = linger.unpack(value);
      // SO_LINGER counts in ticks.
      socket.lingerSeconds = l_onoff === 0 ? null : name === SO_LINGER ? l_linger / HZ : l_linger;
      return 0;
    }
    case SO_RCVTIMEO:
    case SO_SNDTIMEO: {
      if (view.byteLength < timeval.size) return -EINVAL;
      const { tv_sec, tv_usec } = timeval.unpack(value);
      if (tv_sec < 0 || tv_usec < 0 || tv_usec >= 1e6) return -EDOM;
      const ns = tv_sec * 1e9 + tv_usec * 1e3;
      if (name === SO_RCVTIMEO) socket.receiveTimeoutNs = ns;
      else socket.sendTimeoutNs = ns;
      return 0;
    }
    case SO_SNDBUF:
    case SO_RCVBUF: {
      if (view.byteLength < 4 || view.getInt32(0, true) < 1) return -EINVAL;
      const size = Math.min(view.getInt32(0, true), MAX_BUFFER);
      if (name === SO_SNDBUF) socket.sendCapacity = size;
      else socket.receiveCapacity = size;
      return 0;
    }
    case SO_NOSIGPIPE:
      if (view.byteLength < 4) return -EINVAL;
      // No process gets SIGPIPE here.
      socket.otherOptions.set(SO_NOSIGPIPE!, Uint8Array.of(view.getInt32(0, true) === 0 ? 0 : 1));
      return 0;
    case SO_RCVLOWAT:
    case SO_SNDLOWAT:
      throw new NotModelled('SO_RCVLOWAT and SO_SNDLOWAT');
    default:
      return setOption(socket, level, name, value);
  }
}

export function getXnuOption(
  socket: SocketFile,
  level: number,
  name: number,
  value: Bytes,
  len: Bytes,
): number {
  const view = viewOf(value);
  const length = viewOf(len);
  const capacity = Math.min(length.getInt32(0, true), view.byteLength);
  const putInt = (number: number): number => {
    if (capacity < 4) throw new NotModelled('getsockopt() of a part of an int');
    view.setInt32(0, number, true);
    length.setInt32(0, 4, true);
    return 0;
  };
  if (level === SOL_SOCKET && (name === SO_LINGER || name === SO_LINGER_SEC)) {
    if (capacity < linger.size) return -EINVAL;
    const seconds = socket.lingerSeconds;
    const l_linger = (seconds ?? 0) * (name === SO_LINGER ? HZ : 1);
    linger.write(value, { l_onoff: seconds === null ? 0 : 1, l_linger });
    length.setInt32(0, linger.size, true);
    return 0;
  }
  if (level === SOL_SOCKET && (name === SO_RCVTIMEO || name === SO_SNDTIMEO)) {
    if (capacity < timeval.size) return -EINVAL;
    const micros = Math.floor((name === SO_RCVTIMEO ? socket.receiveTimeoutNs : socket.sendTimeoutNs) / 1e3);
    timeval.write(value, { tv_sec: Math.floor(micros / 1e6), tv_usec: micros % 1e6 });
    length.setInt32(0, timeval.size, true);
    return 0;
  }
  if (level === SOL_SOCKET && name === SO_ACCEPTCONN) return -ENOPROTOOPT; // There is no such case.
  const state = socket.socketState;
  if (level === SOL_SOCKET && name === SO_NREAD) return putInt(state?.received ?? 0);
  if (level === SOL_SOCKET && name === SO_NWRITE)
    return putInt(socket instanceof TcpSocket ? socket.unsent.length + socket.inFlight : 0);
  if (level === SOL_SOCKET && name === SO_NOSIGPIPE)
    return putInt(socket.otherOptions.get(SO_NOSIGPIPE!)?.[0] ?? 0);
  const result = getOption(socket, level, name, value, len);
  if (result !== 0 || capacity < 4 || view.getInt32(0, true) !== 1) return result;
  if (level === SOL_SOCKET && bits.includes(name)) view.setInt32(0, name, true);
  if (level === IPPROTO_TCP && name === TCP_NODELAY) view.setInt32(0, TF_NODELAY, true);
  return 0;
}
