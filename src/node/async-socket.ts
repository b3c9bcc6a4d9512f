// Sockets beside Node's event loop: asyncio's sock_* functions, which take a non-blocking Socket, and AsyncSocket, which
// owns one. Each tries its call first, and waits only where that would block, for what readiness.ts says.

import { SO_ERROR, SOL_SOCKET } from '../kernel/constants/socket.ts';
import { EISCONN } from '../kernel/errno.ts';
import { BlockingIOError, osError } from '../python/errors.ts';
import type { Address, AddressLike, AncillaryData, AncillaryDataLike, BytesLike, Socket } from '../socket.ts';
import { notify_closing, readable, type WaitOptions, writable } from './readiness.ts';

export type { WaitOptions } from './readiness.ts';

type Wait = (sock: Socket<unknown>, options: WaitOptions) => Promise<void>;

function checkNonblocking(sock: Socket<unknown>): void {
  if (sock.gettimeout() !== 0) throw new RangeError('the socket must be non-blocking');
}

// Makes the call until it does not have to wait. What is aborted before it is not made at all.
async function retrying<T>(
  sock: Socket<unknown>,
  wait: Wait,
  options: WaitOptions,
  call: () => T,
): Promise<T> {
  checkNonblocking(sock);
  options.signal?.throwIfAborted();
  for (;;) {
    try {
      return call();
    } catch (error) {
      if (!(error instanceof BlockingIOError)) throw error;
    }
    await wait(sock, options);
  }
}

/**
 * Receives at most nbytes; an empty Buffer at the end of a stream. recv(2).
 * As the functions below: rejects with RangeError for a socket that blocks, OSError as the Socket's method throws (EBADF if
 * it is closed meanwhile), and the signal's reason; a call is made whole or not at all, so that an abort loses no data.
 */
export function sock_recv<A>(sock: Socket<A>, nbytes: number, options: WaitOptions = {}): Promise<Buffer> {
  return retrying(sock, readable, options, () => sock.recv(nbytes));
}

/** Receives into a buffer; how many bytes came. recv(2). */
export function sock_recv_into<A>(
  sock: Socket<A>,
  buffer: NodeJS.ArrayBufferView,
  options: WaitOptions = {},
): Promise<number> {
  return retrying(sock, readable, options, () => sock.recv_into(buffer));
}

/** A message, and who sent it. recvfrom(2). */
export function sock_recvfrom<A>(
  sock: Socket<A>,
  bufsize: number,
  options: WaitOptions = {},
): Promise<[data: Buffer, address: A]> {
  return retrying(sock, readable, options, () => sock.recvfrom(bufsize));
}

/** A message into a buffer, of at most nbytes (0: as many as fit). recvfrom(2). */
export function sock_recvfrom_into<A>(
  sock: Socket<A>,
  buffer: NodeJS.ArrayBufferView,
  nbytes = 0,
  options: WaitOptions = {},
): Promise<[nbytes: number, address: A]> {
  return retrying(sock, readable, options, () => sock.recvfrom_into(buffer, nbytes));
}

/** A message with its control messages. Descriptors that came are the caller's to close. recvmsg(2). Unlike in asyncio, there is one. */
export function sock_recvmsg<A>(
  sock: Socket<A>,
  bufsize: number,
  ancbufsize = 0,
  flags = 0,
  options: WaitOptions = {},
): Promise<[data: Buffer, ancdata: AncillaryData[], msg_flags: number, address: A]> {
  return retrying(sock, readable, options, () => sock.recvmsg(bufsize, ancbufsize, flags));
}

/** Sends all of the data. Where it is aborted or fails, it is not known how much was sent. send(2). */
export async function sock_sendall<A>(
  sock: Socket<A>,
  data: BytesLike,
  options: WaitOptions = {},
): Promise<void> {
  const bytes = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data as ArrayBuffer);
  for (let sent = 0; sent < bytes.length; )
    sent += await retrying(sock, writable, options, () => sock.send(bytes.subarray(sent)));
}

/** Sends a message to an address; how many bytes were sent. sendto(2). */
export function sock_sendto<A>(
  sock: Socket<A>,
  data: BytesLike,
  address: AddressLike,
  options: WaitOptions = {},
): Promise<number> {
  return retrying(sock, writable, options, () => sock.sendto(data, address));
}

/** Sends the buffers as one message, or as a part of a stream: how many bytes were sent. sendmsg(2). Unlike in asyncio, there is one. */
export function sock_sendmsg<A>(
  sock: Socket<A>,
  buffers: Iterable<BytesLike>,
  ancdata: Iterable<AncillaryDataLike> = [],
  flags = 0,
  address: AddressLike | null = null,
  options: WaitOptions = {},
): Promise<number> {
  return retrying(sock, writable, options, () => sock.sendmsg(buffers, ancdata, flags, address));
}

/** The next client, non-blocking, and its address. accept(2). */
export async function sock_accept<A>(
  sock: Socket<A>,
  options: WaitOptions = {},
): Promise<[conn: Socket<A>, address: A]> {
  const accepted = await retrying(sock, readable, options, () => sock.accept());
  accepted[0].setblocking(false);
  return accepted;
}

/** Connects. An aborted one goes on in the kernel: close the socket. connect(2). */
export async function sock_connect<A>(
  sock: Socket<A>,
  address: AddressLike,
  options: WaitOptions = {},
): Promise<void> {
  checkNonblocking(sock);
  options.signal?.throwIfAborted();
  try {
    sock.connect(address);
    return;
  } catch (error) {
    if (!(error instanceof BlockingIOError)) throw error;
  }
  await writable(sock, options);
  const errno = sock.getsockopt(SOL_SOCKET, SO_ERROR) as number;
  if (errno !== 0 && errno !== EISCONN)
    throw osError(-errno, 'connect', typeof address === 'string' ? address : (address as [string, number]));
}

/** A socket that is awaited. It owns its Socket, which is non-blocking from then on. */
export class AsyncSocket<A = Address> {
  readonly #sock: Socket<A>;

  constructor(sock: Socket<A>) {
    sock.setblocking(false);
    this.#sock = sock;
  }

  /** The Socket itself, for its options, names and calls that do not wait. */
  get sock(): Socket<A> {
    return this.#sock;
  }

  fileno(): number {
    return this.#sock.fileno();
  }

  async accept(options?: WaitOptions): Promise<[conn: AsyncSocket<A>, address: A]> {
    const [conn, address] = await sock_accept(this.#sock, options);
    return [new AsyncSocket(conn), address];
  }

  connect(address: AddressLike, options?: WaitOptions): Promise<void> {
    return sock_connect(this.#sock, address, options);
  }

  recv(nbytes: number, options?: WaitOptions): Promise<Buffer> {
    return sock_recv(this.#sock, nbytes, options);
  }

  recv_into(buffer: NodeJS.ArrayBufferView, options?: WaitOptions): Promise<number> {
    return sock_recv_into(this.#sock, buffer, options);
  }

  recvfrom(bufsize: number, options?: WaitOptions): Promise<[data: Buffer, address: A]> {
    return sock_recvfrom(this.#sock, bufsize, options);
  }

  recvmsg(
    bufsize: number,
    ancbufsize?: number,
    flags?: number,
    options?: WaitOptions,
  ): Promise<[data: Buffer, ancdata: AncillaryData[], msg_flags: number, address: A]> {
    return sock_recvmsg(this.#sock, bufsize, ancbufsize, flags, options);
  }

  sendall(data: BytesLike, options?: WaitOptions): Promise<void> {
    return sock_sendall(this.#sock, data, options);
  }

  sendto(data: BytesLike, address: AddressLike, options?: WaitOptions): Promise<number> {
    return sock_sendto(this.#sock, data, address, options);
  }

  sendmsg(
    buffers: Iterable<BytesLike>,
    ancdata?: Iterable<AncillaryDataLike>,
    flags?: number,
    address?: AddressLike | null,
    options?: WaitOptions,
  ): Promise<number> {
    return sock_sendmsg(this.#sock, buffers, ancdata, flags, address, options);
  }

  /** Those that wait for it are rejected with OSError EBADF. Again does nothing. */
  close(): void {
    if (this.#sock.fileno() < 0) return;
    notify_closing(this.#sock);
    this.#sock.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** What is received, piece by piece, until the end of the stream. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    for (let data = await this.recv(65536); data.length > 0; data = await this.recv(65536)) yield data;
  }
}
