// The functions of Python's socket module that make Sockets, or work on them: socket, socketpair, fromfd;
// create_connection and create_server; send_fds and recv_fds.

import { F_DUPFD_CLOEXEC, F_SETFD, FD_CLOEXEC } from '../../kernel/constants/fcntl.ts';
import {
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  MSG_CMSG_CLOEXEC,
  MSG_CTRUNC,
  SCM_RIGHTS,
  SO_PROTOCOL,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_TYPE,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../kernel/constants/socket.ts';
import { CMSG_LEN } from '../../kernel/structs/cmsghdr.ts';
import { familyOf } from '../../kernel/structs/struct.ts';
import * as sys from '../../kernel/syscalls.ts';
import { repr } from '../builtins/repr.ts';
import { type Caller, ConnectionError, calledFrom, check, OSError } from '../errors.ts';
import { closeFd } from '../waiting.ts';
import { MAX_RIGHTS } from '../xnu.ts';
import {
  type Address,
  type AddressLike,
  AF_INET,
  AF_INET6,
  AF_UNIX,
  type Family,
  type Inet6Address,
  type InetAddress,
  type UnixAddress,
} from './address.ts';
import type { BytesLike } from './bytes.ts';
import { openSocket, openSocketpair } from './descriptor.ts';
import { checkInt, checkSize } from './ints.ts';
import { getaddrinfo } from './netdb.ts';
import { Socket } from './socket.ts';

/**
 * A new socket: by default AF_INET, SOCK_STREAM and the protocol that goes with them (-1 stands for the
 * default). Given a descriptor, the Socket takes it over, and asks it for what is not given. socket(2).
 */
export function socket(): Socket<InetAddress>;
export function socket<A>(
  family: Family<A>,
  type?: number,
  proto?: number,
  fileno?: number | null,
): Socket<A>;
export function socket(family?: number, type?: number, proto?: number, fileno?: number | null): Socket;
export function socket(family = -1, type = -1, proto = -1, fileno: number | null = null): Socket {
  checkInts({ family, type, proto }, 'socket', socket);
  if (fileno !== null) return overDescriptor(fileno, family, type, proto);
  const domain = family === -1 ? AF_INET : family;
  const kind = type === -1 ? SOCK_STREAM : type;
  const protocol = proto === -1 ? 0 : proto;
  const fd = check(openSocket(domain, kind, protocol), 'socket', null, socket);
  return new Socket(fd, domain, kind, protocol);
}

function checkInts(values: Readonly<Record<string, number>>, name: string, caller: Caller): void {
  for (const [argument, value] of Object.entries(values)) checkInt(value, `${name}(): ${argument}`, caller);
}

function overDescriptor(fileno: number, family: number, type: number, proto: number): Socket {
  if (typeof fileno !== 'number' || !Number.isInteger(fileno))
    throw new TypeError(
      `fileno must be an integer, got ${typeof fileno === 'number' ? fileno : typeof fileno}`,
    );
  if (fileno < 0) throw new RangeError('negative file descriptor');
  const name = Buffer.alloc(128);
  const length = Int32Array.of(name.length);
  check(sys.getsockname(fileno, name, length), 'getsockname', null, socket as Caller);
  // Borrows the descriptor, for getsockopt.
  const borrowed = new Socket(fileno, family, type === -1 ? 0 : type, proto);
  try {
    return new Socket(
      fileno,
      family === -1 ? familyOf(name) : family,
      type === -1 ? borrowed.getsockopt(SOL_SOCKET, SO_TYPE) : type,
      // macOS cannot tell the protocol.
      proto === -1 ? (SO_PROTOCOL === undefined ? 0 : borrowed.getsockopt(SOL_SOCKET, SO_PROTOCOL)) : proto,
    );
  } finally {
    borrowed.detach();
  }
}

/** Two connected sockets. socketpair(2). */
export function socketpair(): [Socket<UnixAddress>, Socket<UnixAddress>];
export function socketpair<A>(family: Family<A>, type?: number, proto?: number): [Socket<A>, Socket<A>];
export function socketpair(family?: number, type?: number, proto?: number): [Socket, Socket];
export function socketpair(
  family: number = AF_UNIX,
  type: number = SOCK_STREAM,
  proto = 0,
): [Socket, Socket] {
  checkInts({ family, type, proto }, 'socketpair', socketpair);
  const sv = new Int32Array(2);
  check(openSocketpair(family, type, proto, sv), 'socketpair', null, socketpair);
  return [new Socket(sv[0], family, type, proto), new Socket(sv[1], family, type, proto)];
}

/** A pair of AF_INET or AF_INET6, which socketpair(2) does not have: made through a listener, and checked. */
export function _fallback_socketpair(
  family: number = AF_INET,
  type: number = SOCK_STREAM,
  proto = 0,
): [Socket, Socket] {
  const host = { [AF_INET]: '127.0.0.1', [AF_INET6]: '::1' }[family];
  if (host === undefined)
    throw new RangeError('Only AF_INET and AF_INET6 socket address families are supported');
  if (type !== SOCK_STREAM) throw new RangeError('Only SOCK_STREAM socket type is supported');
  if (proto !== 0) throw new RangeError('Only protocol zero is supported');
  const listener = socket(family, type, proto);
  const made: Socket[] = [];
  try {
    listener.bind([host, 0]);
    listener.listen();
    const client = socket(family, type, proto);
    made.push(client);
    client.connect(listener.getsockname());
    const [server] = listener.accept();
    made.push(server);
    const agree = (a: Address, b: Address) => repr(a) === repr(b);
    // Another client may have been quicker to connect.
    if (
      !agree(server.getsockname(), client.getpeername()) ||
      !agree(client.getsockname(), server.getpeername())
    )
      throw new ConnectionError('Unexpected peer connection');
    return [server, client];
  } catch (error) {
    for (const sock of made) sock.close();
    throw error;
  } finally {
    listener.close();
  }
}

/** A Socket for a copy of a descriptor, which stays the caller's. */
export function fromfd<A>(fd: number, family: Family<A>, type: number, proto?: number): Socket<A>;
export function fromfd(fd: number, family: number, type: number, proto?: number): Socket;
export function fromfd(fd: number, family: number, type: number, proto = 0): Socket {
  return socket(family, type, proto, dup(fd));
}

/** A copy of a descriptor, close-on-exec. */
export function dup(fd: number): number {
  return check(sys.fcntl(fd, F_DUPFD_CLOEXEC, 0), 'fcntl', null, dup);
}

/** Closes a descriptor, as Socket.close does. close(2). */
export function close(fd: number): void {
  closeFd(fd);
}

/**
 * A TCP connection to [host, port], by the first of the host's addresses that takes it.
 * The timeout is the default one unless given (null: none). If none takes it, the last one's error
 * is thrown, or with all_errors an AggregateError of all.
 * Unlike in Python, all_errors stands in an object; an address is an array and no string of two characters; and
 * getsockname()'s of AF_INET6 is one, whose flowinfo and scope do not count.
 */
export function create_connection(
  address: readonly [host: string | null, port: number | string, ...rest: number[]],
  timeout?: number | null,
  source_address: AddressLike | null = null,
  { all_errors = false }: { all_errors?: boolean } = {},
): Socket<InetAddress | Inet6Address> {
  if (!Array.isArray(address) || address.length < 2) {
    const what = Array.isArray(address) ? `${address.length} of them` : typeof address;
    throw calledFrom(
      new TypeError(`create_connection(): address must be [host, port], got ${what}`),
      create_connection,
    );
  }
  const [host, port] = address;
  const errors: OSError[] = [];
  for (const [family, type, proto, , sockaddr] of getaddrinfo(host, port, 0, SOCK_STREAM)) {
    let sock: Socket | undefined;
    try {
      sock = socket(family, type, proto);
      if (timeout !== undefined) sock.settimeout(timeout);
      if (source_address !== null) sock.bind(source_address);
      sock.connect(sockaddr);
      return sock as Socket<InetAddress>;
    } catch (error) {
      sock?.close();
      if (!(error instanceof OSError)) throw error;
      if (!all_errors) errors.length = 0;
      errors.push(error);
    }
  }
  if (errors.length === 0) throw new OSError('getaddrinfo returns an empty list');
  if (all_errors) throw new AggregateError(errors, 'create_connection failed');
  throw calledFrom(errors[0], create_connection);
}

/** Whether this platform has IPv6. */
export const has_ipv6: boolean = AF_INET6 !== undefined;

/** Whether one socket can serve both IPv6 and IPv4. */
export function has_dualstack_ipv6(): boolean {
  if (!has_ipv6 || IPV6_V6ONLY === undefined) return false;
  try {
    const sock = socket(AF_INET6, SOCK_STREAM);
    try {
      sock.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0);
      return true;
    } finally {
      sock.close();
    }
  } catch (error) {
    if (error instanceof OSError) return false;
    throw error;
  }
}

/** Python's keyword arguments of create_server. */
export interface ServerOptions {
  family?: number;
  backlog?: number | null;
  reuse_port?: boolean;
  dualstack_ipv6?: boolean;
}

/** A TCP server's socket, bound to [host, port] and listening, with SO_REUSEADDR; IPv6 only unless dualstack_ipv6 is true. */
export function create_server(
  address: AddressLike,
  { family = AF_INET, backlog = null, reuse_port = false, dualstack_ipv6 = false }: ServerOptions = {},
): Socket<InetAddress | Inet6Address> {
  if (reuse_port && SO_REUSEPORT === undefined)
    throw new RangeError('SO_REUSEPORT not supported on this platform');
  if (dualstack_ipv6) {
    if (!has_dualstack_ipv6()) throw new RangeError('dualstack_ipv6 not supported on this platform');
    if (family !== AF_INET6) throw new RangeError('dualstack_ipv6 requires AF_INET6 family');
  }
  const sock = socket(family, SOCK_STREAM);
  try {
    sock.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    if (reuse_port) sock.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1);
    if (family === AF_INET6 && IPV6_V6ONLY !== undefined)
      sock.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, dualstack_ipv6 ? 0 : 1);
    try {
      sock.bind(address);
    } catch (error) {
      if (error instanceof OSError)
        calledFrom(error, create_server).message += ` (while attempting to bind on address ${repr(address)})`;
      throw error;
    }
    if (backlog === null) sock.listen();
    else sock.listen(backlog);
    return sock as Socket<InetAddress>;
  } catch (error) {
    sock.close();
    throw error;
  }
}

const SIZEOF_INT = 4;

/**
 * Sends the buffers and, with them, copies of the descriptors. At least one byte must go with them. Throws TypeError for
 * a descriptor that is no integer.
 * Unlike in Python 3.13, flags and address are not ignored.
 */
export function send_fds(
  sock: Socket<unknown>,
  buffers: Iterable<BytesLike>,
  fds: Iterable<number>,
  flags = 0,
  address: AddressLike | null = null,
): number {
  const list = [...fds].map((fd) => checkInt(fd, 'send_fds(): each descriptor', send_fds));
  return sock.sendmsg(buffers, [[SOL_SOCKET, SCM_RIGHTS, Int32Array.from(list)]], flags, address);
}

/**
 * At most bufsize bytes and maxfds descriptors, which are the caller's to close; then the kernel's flags
 * and the sender's address. Unlike in Python, the descriptors are close-on-exec (docs/hazards.md, H43), and
 * flags count.
 */
export function recv_fds<A>(
  sock: Socket<A>,
  bufsize: number,
  maxfds: number,
  flags = 0,
): [data: Buffer, fds: number[], msg_flags: number, address: A] {
  checkSize(maxfds, 'recv_fds(): maxfds', 'invalid ancillary data buffer length', recv_fds);
  const closeOnExec = MSG_CMSG_CLOEXEC ?? 0;
  const most = Math.max(maxfds, MAX_RIGHTS ?? 0);
  const ancbufsize = CMSG_LEN(most * SIZEOF_INT);
  const [data, ancdata, msg_flags, address] = sock.recvmsg(bufsize, ancbufsize, flags | closeOnExec);
  const fds: number[] = [];
  for (const [level, type, bytes] of ancdata) {
    if (level !== SOL_SOCKET || type !== SCM_RIGHTS) continue;
    for (let at = 0; at + SIZEOF_INT <= bytes.length; at += SIZEOF_INT) fds.push(bytes.readInt32LE(at));
  }
  // What the kernel made beyond maxfds would stay open, and no one would know them.
  const surplus = MAX_RIGHTS === undefined ? [] : fds.splice(maxfds);
  for (const fd of surplus) sys.close(fd);
  if (closeOnExec === 0) for (const fd of fds) sys.fcntl(fd, F_SETFD, FD_CLOEXEC);
  // Linux repeats the flag; the caller did not give it.
  const truncated = surplus.length > 0 ? MSG_CTRUNC : 0;
  return [data, fds, (msg_flags & ~closeOnExec) | truncated, address];
}
