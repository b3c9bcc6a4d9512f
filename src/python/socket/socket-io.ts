// Python's SocketIO: a Socket as a file that keeps nothing. Each read or write is one call.

import { EAGAIN } from '../../kernel/errno.ts';
import { BlockingIOError, OSError, TimeoutError } from '../errors.ts';
import { type BytesLike, bytesOf } from './bytes.ts';

export const DEFAULT_BUFFER_SIZE = 8192;
export const NEWLINE = 0x0a;

/** What of a Socket a file needs. */
export interface FileSocket {
  fileno(): number;
  recv_into(buffer: Uint8Array): number;
  send(data: Uint8Array): number;
}

/** The lines of a file until their lengths add up to more than hint; none or 0: all of them. */
export function linesOf<Line extends { length: number }>(file: Iterable<Line>, hint = 0): Line[] {
  const lines: Line[] = [];
  let length = 0;
  for (const line of file) {
    lines.push(line);
    if (hint > 0 && line.length > hint - length) break;
    length += line.length;
  }
  return lines;
}

/** Unbuffered: each read or write is one call. null where a non-blocking socket would have to wait. */
export class SocketIO {
  readonly #sock: FileSocket;
  readonly #release: () => void;
  readonly #mode: string;
  #closed = false;
  #timedOut = false;

  constructor(sock: FileSocket, release: () => void, mode: string) {
    this.#sock = sock;
    this.#release = release;
    this.#mode = mode;
  }

  get mode(): string {
    return this.#mode;
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
    return this.#mode.includes('r');
  }

  writable(): boolean {
    this.#checkOpen();
    return this.#mode.includes('w');
  }

  seekable(): boolean {
    this.#checkOpen();
    return false;
  }

  /** Never. */
  isatty(): boolean {
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

  /**
   * Up to a newline, which is part of it; byte by byte, so that what follows stays in the socket. Empty at the end.
   * Unlike Python, which throws OSError then and loses what there was, of a non-blocking socket it is what there is of
   * the line, and null if that is nothing.
   */
  readline(size = -1): Buffer | null {
    const bytes: number[] = [];
    while (size < 0 || bytes.length < size) {
      const byte = this.read(1);
      if (byte === null && bytes.length === 0) return null;
      if (byte === null || byte.length === 0) break;
      bytes.push(byte[0]);
      if (byte[0] === NEWLINE) break;
    }
    return Buffer.from(bytes);
  }

  /** The lines until their lengths add up to more than hint; none or 0: all of them. */
  readlines(hint = 0): Buffer[] {
    return linesOf(this, hint);
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

  /** One write for each of the lines: of what the kernel does not take, the rest is not written. */
  writelines(lines: Iterable<BytesLike>): void {
    for (const line of lines) this.write(line);
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

  /** The lines. Throws BlockingIOError where a non-blocking socket would have to wait. */
  *[Symbol.iterator](): Generator<Buffer> {
    for (;;) {
      const line = this.readline();
      if (line === null) throw new BlockingIOError(-EAGAIN, 'recv');
      if (line.length === 0) return;
      yield line;
    }
  }
}
