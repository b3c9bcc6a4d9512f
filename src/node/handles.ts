// Options and TCP_INFO of Node's live sockets, by their descriptors, which stay Node's: nothing is taken over, and
// nothing is closed.

import type dgram from 'node:dgram';
import type net from 'node:net';
import { IPPROTO_TCP, TCP_CONNECTION_INFO, TCP_INFO } from '../kernel/constants/socket.ts';
import { type TcpInfo, unpackTcpInfo } from '../kernel/structs/tcp-info.ts';
import { type BytesLike, Socket } from '../socket.ts';

/** What of Node's has a descriptor of a socket. */
export type NodeHandle = net.Socket | net.Server | dgram.Socket;

interface Handle {
  readonly fd?: number;
}

/**
 * The descriptor of a live net.Socket, net.Server or dgram.Socket. It is Node's: do not close it, and do not keep it
 * beyond this turn of the event loop, for its number is another's once Node has closed it.
 *
 * Throws TypeError for what is none of these, or is TLS; Error for one that has no descriptor (yet, or any more), and
 * where the runtime does not show it (Bun and Deno do not).
 */
export function descriptorOf(handle: NodeHandle): number {
  const fd = handleOf(handle)?.fd;
  if (typeof fd !== 'number' || fd < 0)
    throw new Error(
      'descriptorOf: there is no descriptor: not open yet, closed, or this runtime does not show it',
    );
  return fd;
}

function handleOf(handle: unknown): Handle | null | undefined {
  if (typeof handle === 'object' && handle !== null) {
    if ((handle as { encrypted?: boolean }).encrypted === true)
      throw new TypeError('descriptorOf: a TLS socket is not its connection');
    // dgram.Socket has its handle in a state object; its _handle is deprecated, and warns.
    const state = Object.getOwnPropertySymbols(handle).find(
      ({ description }) => description === 'state symbol',
    );
    if (state !== undefined) return (handle as Record<symbol, { handle?: Handle }>)[state].handle;
    if ('_handle' in handle) return (handle as { _handle?: Handle | null })._handle;
  }
  throw new TypeError('descriptorOf: a net.Socket, net.Server or dgram.Socket is required');
}

// A Socket for one call: it never owns the descriptor.
function borrowing<T>(handle: NodeHandle, use: (sock: Socket) => T): T {
  const sock = new Socket(descriptorOf(handle), 0, 0, 0);
  try {
    return use(sock);
  } finally {
    sock.detach();
  }
}

/** An option as an int; with buflen as so many bytes, at most. Throws as descriptorOf, and OSError. getsockopt(2). */
export function getsockopt(handle: NodeHandle, level: number, optname: number): number;
export function getsockopt(handle: NodeHandle, level: number, optname: number, buflen: number): Buffer;
export function getsockopt(
  handle: NodeHandle,
  level: number,
  optname: number,
  buflen?: number,
): number | Buffer {
  return borrowing(handle, (sock) =>
    buflen === undefined ? sock.getsockopt(level, optname) : sock.getsockopt(level, optname, buflen),
  );
}

/** Sets an option to an int, or to the bytes of a struct (rfds/structs). Throws as descriptorOf, and OSError. setsockopt(2). */
export function setsockopt(
  handle: NodeHandle,
  level: number,
  optname: number,
  value: number | BytesLike,
): void {
  borrowing(handle, (sock) => sock.setsockopt(level, optname, value));
}

/** What the kernel knows of a TCP connection: state, round trip time, window, … tcp(7) TCP_INFO. */
export function tcpInfo(handle: NodeHandle): TcpInfo {
  return unpackTcpInfo(getsockopt(handle, IPPROTO_TCP, TCP_INFO ?? TCP_CONNECTION_INFO!, 512));
}
