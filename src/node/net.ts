// rfds/net: a connection changes hands between a Socket and Node's net.Socket. It has one owner at any
// time: the object that gave it up cannot use it any more, and never closes it.

import net from 'node:net';
import { loadedLedger } from '../interpose/loaded-ledger.ts';
import { F_DUPFD_CLOEXEC, F_GETFL, F_SETFL } from '../kernel/constants/fcntl.ts';
import { AF_INET, AF_INET6, AF_UNIX, SOCK_STREAM } from '../kernel/constants/socket.ts';
import * as sys from '../kernel/syscalls.ts';
import { check } from '../python/errors.ts';
import { Socket } from '../socket.ts';

/** What fromNetSocket hands over. */
export interface Handover {
  /** The connection, blocking. */
  readonly socket: Socket;
  /** What Node had read before: it comes first, recv() goes on behind it. Mostly of length 0. */
  readonly unread: Buffer;
}

// For the message of a second fromNetSocket.
const handedOver = new WeakSet<net.Socket>();

/** Throws OSError ENOTCONN for a socket without a peer. */
const checkConnected = (fd: number) => {
  check(sys.getpeername(fd, new ArrayBuffer(128), Int32Array.of(128)), 'getpeername');
};

/**
 * A live net.Socket over the connection of a Socket, which is detached: its fileno() is -1, and Node
 * closes the descriptor. Node makes the connection non-blocking, for every copy (dup) of it too.
 * Options are net.Socket's; without pauseOnCreate Node begins to read at once.
 *
 * Throws TypeError for what is not a connected stream Socket of rfds (a listener belongs to
 * net.Server: `server.listen({ fd: socket.detach() })`), Error for one that is closed or was given
 * away, OSError ENOTCONN, and what net.Socket and onread.buffer() throw. The Socket is as it was then, and Node has
 * nothing of it.
 */
export function toNetSocket(
  socket: Socket,
  options: Omit<net.SocketConstructorOpts, 'fd'> & { pauseOnCreate?: boolean } = {},
): net.Socket {
  if (!(socket instanceof Socket))
    throw new TypeError(`toNetSocket: a Socket of rfds is required, got ${typeof socket}`);
  const fd = socket.fileno();
  if (fd < 0) throw new Error('toNetSocket: the socket is closed, or was handed over already');
  const isStream = socket.type === SOCK_STREAM && [AF_INET, AF_INET6, AF_UNIX].includes(socket.family);
  if (!isStream) {
    throw new TypeError(
      `toNetSocket: an AF_INET, AF_INET6 or AF_UNIX stream is required, got family ${socket.family}, type ${socket.type}`,
    );
  }
  checkConnected(fd);
  const checked = withFirstBuffer({ ...options });
  const flags = check(sys.fcntl(fd, F_GETFL, 0), 'fcntl');
  let sock: net.Socket;
  try {
    sock = new net.Socket({ readable: true, writable: true, ...checked, fd });
  } catch (error) {
    // Node may have made the connection non-blocking already.
    sys.fcntl(fd, F_SETFL, flags);
    throw error;
  }
  socket.detach();
  loadedLedger()?.handOver(fd);
  return sock;
}

/**
 * The same options, whose onread.buffer() was called. It is the one function of the caller's that net.Socket calls after
 * it has taken the descriptor, which it would not give back if that threw.
 */
function withFirstBuffer(options: net.SocketConstructorOpts): net.SocketConstructorOpts {
  const { onread } = options as { onread?: Partial<net.OnReadOpts> };
  if (typeof onread?.buffer !== 'function' || typeof onread.callback !== 'function') return options;
  const { buffer, callback } = onread;
  let first: Uint8Array | null = buffer();
  if (!(first instanceof Uint8Array))
    throw new TypeError(`toNetSocket: onread.buffer() must return a Uint8Array, got ${typeof first}`);
  const next = () => {
    const given = first ?? buffer();
    first = null;
    return given;
  };
  return { ...options, onread: { buffer: next, callback } } as net.SocketConstructorOpts;
}

/**
 * Takes the connection of a connected, paused net.Socket over: a blocking Socket on a descriptor of
 * its own, and the bytes that Node had read already. Node's side is destroyed ('close' is emitted)
 * without shutting the connection down; its 'data' listeners are taken off.
 *
 * Throws TypeError for what is not a net.Socket, or is TLS; OSError ENOTCONN, or ENOTSOCK for a terminal; Error for one that is
 * connecting, destroyed, ended, handed over already, flowing, decoding (setEncoding) or still
 * writing, and where the runtime does not show the descriptor (Bun and Deno do not). Node goes on
 * owning it then, and nothing is lost.
 */
export function fromNetSocket(sock: net.Socket): Handover {
  const handle = handleOf(sock);
  checkConnected(handle.fd);
  const fd = check(sys.fcntl(handle.fd, F_DUPFD_CLOEXEC, 0), 'fcntl');
  const { localFamily } = sock as { localFamily?: string };
  const family = localFamily === undefined ? AF_UNIX : localFamily === 'IPv6' ? AF_INET6 : AF_INET;
  // No turn of the event loop comes between: nothing more is read than what is in the buffer. read() emits
  // 'data', and the listeners have no part in this connection any more.
  handle.readStop?.();
  sock.removeAllListeners('data');
  const chunks: Buffer[] = [];
  while (sock.readableLength > 0) chunks.push(sock.read());
  handedOver.add(sock);
  sock.destroy();
  const socket = new Socket(fd, family, SOCK_STREAM, 0);
  // O_NONBLOCK is the connection's, not the descriptor's: Node's is still set.
  socket.settimeout(null);
  return { socket, unread: Buffer.concat(chunks) };
}

interface Handle {
  readonly fd: number;
  readStop?(): void;
}

// Node's handle, if the connection can be had at all.
function handleOf(sock: net.Socket): Handle {
  const fail = (why: string): never => {
    throw new Error(`fromNetSocket: the net.Socket ${why}`);
  };
  if (!(sock instanceof net.Socket))
    throw new TypeError(`fromNetSocket: a net.Socket is required, got ${typeof sock}`);
  if ((sock as { encrypted?: boolean }).encrypted === true) {
    throw new TypeError('fromNetSocket: a TLS socket has its keys in Node, and cannot be handed over');
  }
  if (handedOver.has(sock)) fail('was handed over already');
  if (sock.destroyed) fail('is destroyed');
  if (sock.connecting) fail('is still connecting');
  const handle = (sock as unknown as { _handle?: Handle | null })._handle;
  if (handle === null || (sock.pending && handle === undefined)) fail('is not connected');
  if (typeof handle?.fd !== 'number' || handle.fd < 0) fail('does not show its descriptor in this runtime');
  if (sock.writableEnded) fail('has been ended');
  if (sock.readableFlowing === true) fail('must be paused: call pause() first');
  if (sock.readableEncoding !== null) fail('decodes what it reads (setEncoding)');
  if (sock.writableLength > 0) fail(`has ${sock.writableLength} bytes still to write`);
  return handle!;
}
