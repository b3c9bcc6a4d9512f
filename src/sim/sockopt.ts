// The socket options that servers use: those with an effect here, and those that are only kept.

import * as constants from '../kernel/constants/socket.ts';
import {
  AF_INET6,
  AF_UNIX,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  SO_ACCEPTCONN,
  SO_BROADCAST,
  SO_BSDCOMPAT,
  SO_DOMAIN,
  SO_DONTROUTE,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_OOBINLINE,
  SO_PROTOCOL,
  SO_RCVBUF,
  SO_RCVLOWAT,
  SO_RCVTIMEO,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_SNDLOWAT,
  SO_SNDTIMEO,
  SO_TYPE,
  SOL_SOCKET,
  TCP_NODELAY,
} from '../kernel/constants/socket.ts';
import { EDOM, EINVAL, ENOPROTOOPT, EOPNOTSUPP } from '../kernel/errno.ts';
import type { Bytes } from '../kernel/native.ts';
import { getInt64, setInt64, viewOf } from '../kernel/structs/struct.ts';
import { NotModelled } from './call-base.ts';
import { SEND_LOW_WATER, type SocketFile } from './socket-file.ts';
import { TcpSocket } from './tcp.ts';
import { UnixSocket } from './unix.ts';

// Ints that are kept, and have no effect here.
const kept: readonly (readonly [level: number, name: number | undefined])[] = [
  [SOL_SOCKET, SO_KEEPALIVE],
  [SOL_SOCKET, SO_BROADCAST],
  [SOL_SOCKET, SO_DONTROUTE],
  [SOL_SOCKET, SO_OOBINLINE],
  [IPPROTO_TCP, TCP_NODELAY],
  [IPPROTO_IPV6, IPV6_V6ONLY],
];
const keyOf = (level: number, name: number) => level * 0x10000 + name;
const keptKeys = new Set(kept.map(([level, name]) => keyOf(level, name ?? -1)));

/** Linux gives a buffer twice what was asked for, and never less than this. */
const MIN_SEND = 4608;
const MIN_RECEIVE = 2304;
/** Seconds of a timeout, from which on it is none. MAX_SCHEDULE_TIMEOUT / HZ, of a machine with 250 Hz. */
const NEVER = 2 ** 63 / 250;
/** IP_LOCAL_PORT_RANGE of <linux/in.h>: highest << 16 | lowest. */
const LOCAL_PORT_RANGE = 51;

// Whether the kernel knows an option that is not modelled: no errno of ours would be right.
const prefixes: readonly (readonly [level: number, prefix: string])[] = [
  [SOL_SOCKET, 'SO_'],
  [IPPROTO_TCP, 'TCP_'],
  [IPPROTO_IP, 'IP_'],
  [IPPROTO_IPV6, 'IPV6_'],
];
/** Those that can be asked for and not set, on Linux. sk_setsockopt(). */
const onlyAsked = [SO_TYPE, SO_PROTOCOL, SO_DOMAIN, SO_ERROR, SO_ACCEPTCONN, SO_SNDLOWAT];
function refuseKnown(call: string, level: number, name: number): void {
  const prefix = prefixes.find(([one]) => one === level)?.[1];
  if (prefix === undefined || name <= 0) return;
  for (const [option, value] of Object.entries(constants))
    if (value === name && option.startsWith(prefix)) throw new NotModelled(`${call}() of ${option}`);
}

// A level that the socket has none of. sock_common_setsockopt(), unix_setsockopt().
function hasLevel(socket: SocketFile, level: number): boolean {
  if (level === SOL_SOCKET) return true;
  if (level === IPPROTO_TCP) return socket instanceof TcpSocket;
  if (level === IPPROTO_IP) return socket.family !== AF_UNIX;
  return level === IPPROTO_IPV6 && socket.family === AF_INET6;
}

export function setOption(socket: SocketFile, level: number, name: number, value: Bytes): number {
  const view = viewOf(value);
  if (!hasLevel(socket, level)) return socket.family === AF_UNIX ? -EOPNOTSUPP : -ENOPROTOOPT;
  if (level === SOL_SOCKET && view.byteLength < 4) return -EINVAL;
  if (level === SOL_SOCKET && name === SO_LINGER) {
    if (view.byteLength < 8) return -EINVAL;
    socket.lingerSeconds = view.getInt32(0, true) !== 0 ? view.getInt32(4, true) : null;
    return 0;
  }
  if (level === SOL_SOCKET && (name === SO_RCVTIMEO || name === SO_SNDTIMEO)) {
    if (view.byteLength < 16) return -EINVAL;
    const micros = getInt64(view, 8);
    if (micros < 0 || micros >= 1e6) return -EDOM;
    const seconds = getInt64(view, 0);
    // sock_set_timeout(): below 0 it does not wait at all.
    const ns = seconds < 0 ? -1 : seconds >= NEVER ? 0 : seconds * 1e9 + micros * 1e3;
    if (name === SO_RCVTIMEO) socket.receiveTimeoutNs = ns;
    else socket.sendTimeoutNs = ns;
    return 0;
  }
  if (view.byteLength < 4) return -EINVAL;
  const number = view.getInt32(0, true);
  if (level === IPPROTO_IP && name === LOCAL_PORT_RANGE && socket.machine.platform === 'linux') {
    const [lowest, highest] = [number & 0xffff, number >>> 16];
    if (lowest !== 0 && highest !== 0 && lowest > highest) return -EINVAL;
    socket.portRange = [lowest, highest === 0 ? 0xffff : highest];
    return 0;
  }
  if (level === SOL_SOCKET && name === SO_REUSEPORT && socket.family === AF_UNIX && number !== 0)
    return socket.machine.platform === 'linux' ? -EOPNOTSUPP : 0;
  // Only before it is bound. do_ipv6_setsockopt().
  if (level === IPPROTO_IPV6 && name === IPV6_V6ONLY && socket.localPort !== 0) return -EINVAL;
  if (level === SOL_SOCKET && name === SO_REUSEADDR) socket.reusesAddress = number !== 0;
  else if (level === SOL_SOCKET && name === SO_REUSEPORT) socket.reusesPort = number !== 0;
  else if (level === SOL_SOCKET && name === SO_SNDBUF) socket.sendCapacity = Math.max(2 * number, MIN_SEND);
  else if (level === SOL_SOCKET && name === SO_RCVBUF)
    socket.receiveCapacity = Math.max(2 * number, MIN_RECEIVE);
  else if (level === SOL_SOCKET && name === SO_RCVLOWAT) socket.receiveLowWater = lowWaterOf(socket, number);
  else if (level === SOL_SOCKET && SO_BSDCOMPAT !== undefined && name === SO_BSDCOMPAT)
    return 0; // Without effect.
  else if (!keptKeys.has(keyOf(level, name))) {
    if (level !== SOL_SOCKET || !onlyAsked.includes(name)) refuseKnown('setsockopt', level, name);
    return -ENOPROTOOPT;
  }
  if (keptKeys.has(keyOf(level, name))) {
    const memory = new Uint8Array(4);
    viewOf(memory).setInt32(0, number === 0 ? 0 : 1, true);
    socket.otherOptions.set(keyOf(level, name), memory);
  }
  return 0;
}

// tcp_set_rcvlowat(): TCP waits for no more than half of its buffer.
function lowWaterOf(socket: SocketFile, asked: number): number {
  const most = socket instanceof TcpSocket ? socket.receiveCapacity >> 1 : 0x7fffffff;
  return asked === 0 ? 1 : Math.min(asked < 0 ? 0x7fffffff : asked, most);
}

export function getOption(socket: SocketFile, level: number, name: number, value: Bytes, len: Bytes): number {
  const view = viewOf(value);
  const length = viewOf(len);
  const capacity = Math.min(length.getInt32(0, true), view.byteLength);
  if (capacity < 0) return -EINVAL;
  if (!hasLevel(socket, level)) return -EOPNOTSUPP;
  if (level === SOL_SOCKET && name === SO_LINGER) {
    if (capacity < 8) return -EINVAL;
    view.setInt32(0, socket.lingerSeconds === null ? 0 : 1, true);
    view.setInt32(4, socket.lingerSeconds ?? 0, true);
    length.setInt32(0, 8, true);
    return 0;
  }
  if (level === SOL_SOCKET && (name === SO_RCVTIMEO || name === SO_SNDTIMEO)) {
    const ns = Math.max(name === SO_RCVTIMEO ? socket.receiveTimeoutNs : socket.sendTimeoutNs, 0);
    setInt64(view, 0, Math.floor(ns / 1e9));
    setInt64(view, 8, Math.floor((ns % 1e9) / 1e3));
    length.setInt32(0, 16, true);
    return 0;
  }
  const number = intOption(socket, level, name);
  if (number === null) {
    refuseKnown('getsockopt', level, name);
    return -ENOPROTOOPT;
  }
  const bytes = new Uint8Array(4);
  viewOf(bytes).setInt32(0, number, true);
  for (let i = 0; i < Math.min(capacity, 4); i++) view.setUint8(i, bytes[i]);
  length.setInt32(0, Math.min(capacity, 4), true);
  return 0;
}

function intOption(socket: SocketFile, level: number, name: number): number | null {
  if (level === SOL_SOCKET) {
    switch (name) {
      case SO_ERROR:
        return socket.takeError();
      case SO_TYPE:
        return socket.type;
      case SO_DOMAIN:
        return socket.family;
      case SO_PROTOCOL:
        return socket.protocol;
      case SO_ACCEPTCONN: {
        const isListening =
          (socket instanceof TcpSocket || socket instanceof UnixSocket) && socket.state === 'listening';
        return isListening ? 1 : 0;
      }
      case SO_REUSEADDR:
        return socket.reusesAddress ? 1 : 0;
      case SO_REUSEPORT:
        return socket.reusesPort ? 1 : 0;
      case SO_SNDBUF:
        return socket.sendCapacity;
      case SO_RCVBUF:
        return socket.receiveCapacity;
      case SO_RCVLOWAT:
        return socket.receiveLowWater;
      case SO_SNDLOWAT:
        return socket.machine.platform === 'darwin' ? SEND_LOW_WATER : 1;
    }
    if (name === SO_BSDCOMPAT && SO_BSDCOMPAT !== undefined) return 0;
  }
  if (level === IPPROTO_IP || !keptKeys.has(keyOf(level, name))) return null;
  const memory = socket.otherOptions.get(keyOf(level, name));
  return memory === undefined ? 0 : viewOf(memory).getInt32(0, true);
}
