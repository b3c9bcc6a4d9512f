// A Socket as Python's raw file: one call for each read or write, and nothing kept.
// Above: socket-file.ts, which buffers. Below: a Socket's recv_into and send.

import { BlockingIOError, OSError, TimeoutError } from '../errors.ts';
import { type BytesLike, bytesOf } from './bytes.ts';

export const DEFAULT_BUFFER_SIZE = 8192;
const NEWLINE = 0x0a;

/** What of a Socket a file needs. */
export interface FileSocket {
  fileno(): number;
  recv_into(buffer: Uint8Array): number;
  send(data: Uint8Array): number;
}

/** Unbuffered: each read or write is one call. null where a non-blocking socket would have to wait. */
export class SocketIO {
  readonly mode: string;
  readonly #sock: FileSocket;
  readonly #release: () => void;
  #closed = false;
  #timedOut = false;

  constructor(sock: FileSocket, release: () => void, mode: string) {
    this.#sock = sock;
    this.#release = release;
    this.mode = mode;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The descriptor, as Python has it; -1 once closed. */
  get name(): number {
    return this.#closed ? -1 : this.#sock.fileno();
  }

  fileno(): number {
    this.#checkOpen();
    return this.#sock.fileno();
  }

  readable(): boolean {
    this.#checkOpen();
    return this.mode.includes('r');
  }

  writable(): boolean {
    this.#checkOpen();
    return this.mode.includes('w');
  }

  seekable(): boolean {
    this.#checkOpen();
    return false;
  }

  #checkOpen(): void {
    if (this.#closed) throw new RangeError('I/O operation on closed socket.');
  }

  /** Reads into all of buffer, or as much as there is; 0 at the end. */
  readinto(buffer: Uint8Array): number | null {
    if (!this.readable()) throw new RangeError('File or stream is not readable.');
    if (this.#timedOut) throw new OSError('cannot read from timed out object');
    try {
      return this.#sock.recv_into(buffer);
    } catch (error) {
      if (error instanceof TimeoutError) this.#timedOut = true;
      if (error instanceof BlockingIOError) return null;
      throw error;
    }
  }

  /** At most size bytes; negative: all there are until the end. */
  read(size = -1): Buffer | null {
    if (size < 0) return this.readall();
    const buffer = Buffer.alloc(size);
    const n = this.readinto(buffer);
    return n === null ? null : buffer.subarray(0, n);
  }

  readall(): Buffer | null {
    const chunks: Buffer[] = [];
    for (;;) {
      const chunk = this.read(DEFAULT_BUFFER_SIZE);
      if (chunk === null && chunks.length === 0) return null;
      if (chunk === null || chunk.length === 0) return Buffer.concat(chunks);
      chunks.push(chunk);
    }
  }

  /** Up to a newline, which is part of it; byte by byte, so that what follows stays in the socket. */
  readline(size = -1): Buffer {
    const bytes: number[] = [];
    while (size < 0 || bytes.length < size) {
      const byte = this.read(1);
      if (byte === null || byte.length === 0) break;
      bytes.push(byte[0]);
      if (byte[0] === NEWLINE) break;
    }
    return Buffer.from(bytes);
  }

  /** Writes as much as the kernel takes. */
  write(data: BytesLike): number | null {
    if (!this.writable()) throw new RangeError('File or stream is not writable.');
    try {
      return this.#sock.send(bytesOf(data));
    } catch (error) {
      if (error instanceof BlockingIOError) return null;
      throw error;
    }
  }

  flush(): void {
    this.#checkOpen();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#release();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  *[Symbol.iterator](): Generator<Buffer> {
    for (let line = this.readline(); line.length > 0; line = this.readline()) yield line;
  }
}
