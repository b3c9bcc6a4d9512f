// A connection, or a server's socket, at once: Python's create_connection and create_server.
// Above: socket.ts. Below: socket-functions.ts, names.ts.

import {
  AF_INET,
  AF_INET6,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../kernel/constants/socket.ts';
import { repr } from '../builtins/repr.ts';
import { OSError } from '../errors.ts';
import type { AddressLike } from './address.ts';
import { getaddrinfo } from './netdb.ts';
import { socket } from './socket-functions.ts';
import type { Socket } from './socket-object.ts';

/**
 * A TCP connection to [host, port], by the first of the host's addresses that takes it.
 * The timeout is the default one unless given (null: none). If none takes it, the first one's error
 * is thrown, or with all_errors an AggregateError of all.
 * Unlike in Python, all_errors stands in an object.
 */
export function create_connection(
  address: readonly [host: string | null, port: number | string],
  timeout?: number | null,
  source_address: AddressLike | null = null,
  { all_errors = false }: { all_errors?: boolean } = {},
): Socket {
  const [host, port] = address;
  const errors: OSError[] = [];
  for (const [family, type, proto, , sockaddr] of getaddrinfo(host, port, 0, SOCK_STREAM)) {
    let sock: Socket | undefined;
    try {
      sock = socket(family, type, proto);
      if (timeout !== undefined) sock.settimeout(timeout);
      if (source_address !== null) sock.bind(source_address);
      sock.connect(sockaddr as AddressLike);
      return sock;
    } catch (error) {
      sock?.close();
      if (!(error instanceof OSError)) throw error;
      if (!all_errors) errors.length = 0;
      errors.push(error);
    }
  }
  if (errors.length === 0) throw new OSError('getaddrinfo returns an empty list');
  if (all_errors) throw new AggregateError(errors, 'create_connection failed');
  throw errors[0];
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

/** A TCP server's socket, bound to [host, port] and listening, with SO_REUSEADDR; IPv6 only unless told. */
export function create_server(
  address: AddressLike,
  { family = AF_INET, backlog = null, reuse_port = false, dualstack_ipv6 = false }: ServerOptions = {},
): Socket {
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
        error.message += ` (while attempting to bind on address ${repr(address)})`;
      throw error;
    }
    if (backlog === null) sock.listen();
    else sock.listen(backlog);
    return sock;
  } catch (error) {
    sock.close();
    throw error;
  }
}
