// The functions of Python's socket module that make Sockets. Above: socket-connections.ts, socket.ts.
// Below: socket-object.ts, descriptor.ts.

import { F_DUPFD_CLOEXEC } from '../../kernel/constants/fcntl.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  SO_PROTOCOL,
  SO_TYPE,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../kernel/constants/socket.ts';
import { familyOf } from '../../kernel/structs/sockaddr-header.ts';
import * as sys from '../../kernel/syscalls.ts';
import { repr } from '../builtins/repr.ts';
import { ConnectionError, check } from '../errors.ts';
import { closeFd } from '../waiting.ts';
import type { Address, AddressLike } from './address.ts';
import { openSocket, openSocketpair } from './descriptor.ts';
import { Socket } from './socket-object.ts';

/**
 * A new socket: by default AF_INET, SOCK_STREAM and the protocol that goes with them (-1 stands for the
 * default). Given a descriptor, the Socket takes it over, and asks it for what is not given. socket(2).
 */
export function socket(family = -1, type = -1, proto = -1, fileno: number | null = null): Socket {
  if (fileno !== null) return overDescriptor(fileno, family, type, proto);
  const domain = family === -1 ? AF_INET : family;
  const kind = type === -1 ? SOCK_STREAM : type;
  const protocol = proto === -1 ? 0 : proto;
  return new Socket(check(openSocket(domain, kind, protocol), 'socket'), domain, kind, protocol);
}

function overDescriptor(fileno: number, family: number, type: number, proto: number): Socket {
  if (typeof fileno !== 'number' || !Number.isInteger(fileno))
    throw new TypeError(
      `fileno must be an integer, got ${typeof fileno === 'number' ? fileno : typeof fileno}`,
    );
  if (fileno < 0) throw new RangeError('negative file descriptor');
  const name = Buffer.alloc(128);
  const length = Int32Array.of(name.length);
  check(sys.getsockname(fileno, name, length), 'getsockname');
  // A Socket that is not made, but lent the descriptor for its questions.
  const lent = new Socket(fileno, family, type === -1 ? 0 : type, proto);
  try {
    return new Socket(
      fileno,
      family === -1 ? familyOf(name) : family,
      type === -1 ? lent.getsockopt(SOL_SOCKET, SO_TYPE) : type,
      // macOS cannot tell the protocol.
      proto === -1 ? (SO_PROTOCOL === undefined ? 0 : lent.getsockopt(SOL_SOCKET, SO_PROTOCOL)) : proto,
    );
  } finally {
    lent.detach();
  }
}

/** Two connected sockets. socketpair(2). */
export function socketpair(
  family: number = AF_UNIX,
  type: number = SOCK_STREAM,
  proto = 0,
): [Socket, Socket] {
  const sv = new Int32Array(2);
  check(openSocketpair(family, type, proto, sv), 'socketpair');
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
    client.connect(listener.getsockname() as AddressLike);
    const [server] = listener.accept();
    made.push(server);
    const agree = (a: Address, b: Address) => repr(a) === repr(b);
    // Somebody else may have been quicker to connect.
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
export function fromfd(fd: number, family: number, type: number, proto = 0): Socket {
  return socket(family, type, proto, dup(fd));
}

/** A copy of a descriptor, close-on-exec. */
export function dup(fd: number): number {
  return check(sys.fcntl(fd, F_DUPFD_CLOEXEC, 0), 'fcntl');
}

/** Closes a descriptor, as Socket.close does. close(2). */
export function close(fd: number): void {
  closeFd(fd);
}
