// Python's buffered files of a Socket: what files of bytes and of text share, and the file of bytes, which is its
// BufferedReader, BufferedWriter and BufferedRWPair.

import { EAGAIN } from '../../kernel/errno.ts';
import { BlockingIOError } from '../errors.ts';
import { type BytesLike, bytesOf } from './bytes.ts';
import { linesOf, NEWLINE, type SocketIO } from './socket-io.ts';

/** How much memory a read of more begins with. */
const MIN_READ = 65536;

const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Buffered: read and readline give Buffers, or strings where the mode has no 'b'; write keeps what is
 * given until there is enough of it, or flush(), or close().
 */
export abstract class SocketFile {
  readonly mode: string;
  #raw: SocketIO | null;

  constructor(raw: SocketIO, mode: string) {
    this.#raw = raw;
    this.mode = mode;
  }

  /** The unbuffered file beneath. Throws RangeError once it was detached. */
  get raw(): SocketIO {
    if (this.#raw === null) throw new RangeError('raw stream has been detached');
    return this.#raw;
  }

  get closed(): boolean {
    return this.raw.closed;
  }

  get name(): number {
    return this.raw.name;
  }

  fileno(): number {
    return this.raw.fileno();
  }

  readable(): boolean {
    return this.raw.readable();
  }

  writable(): boolean {
    return this.raw.writable();
  }

  seekable(): boolean {
    return this.raw.seekable();
  }

  /** Never. */
  isatty(): boolean {
    return this.raw.isatty();
  }

  protected checkWritable(): void {
    if (!this.writable()) throw new RangeError('File or stream is not writable.');
  }

  /**
   * Exactly size bytes or characters, fewer only at the end; none or negative: all until the end. Of a
   * non-blocking socket what there is, or null.
   */
  abstract read(size?: number): Buffer | string | null;
  /** Up to a newline, which is part of it, or the end: empty then, and where a non-blocking socket has nothing. */
  abstract readline(size?: number): Buffer | string;
  /** At most size bytes (none or negative: as many as the buffer has) by at most one call. Bytes only. */
  abstract read1(size?: number): Buffer;
  /** What is read ahead, or if that is nothing what one call reads; it stays to be read. Bytes only. */
  abstract peek(size?: number): Buffer;
  /** Reads into all of buffer, fewer only at the end; null if there is nothing yet. Bytes only. */
  abstract readinto(buffer: Uint8Array): number | null;
  /** The same by at most one call. Bytes only. */
  abstract readinto1(buffer: Uint8Array): number | null;
  /** Takes all of it; returns how many bytes or characters that were. */
  abstract write(data: BytesLike | string): number;
  /** Sends what was kept. Throws BlockingIOError where a non-blocking socket takes no more; the rest stays. */
  abstract flush(): void;

  /** The lines until their lengths add up to more than hint; none or 0: all of them. */
  readlines(hint = 0): (Buffer | string)[] {
    return linesOf(this, hint);
  }

  writelines(lines: Iterable<BytesLike | string>): void {
    for (const line of lines) this.write(line);
  }

  /**
   * Flushes, and gives up the file beneath, which it returns: the unbuffered one, or a text's file of bytes. This one is
   * of no use from then on, and what it has read ahead is lost.
   */
  detach(): SocketIO | SocketFile {
    this.flush();
    const { raw } = this;
    this.#raw = null;
    return raw;
  }

  /** Flushes and closes; again does nothing. The file is closed even if the flush fails. */
  close(): void {
    if (this.#raw === null || this.closed) return;
    try {
      this.flush();
    } finally {
      this.#raw.close();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  *[Symbol.iterator](): Generator<Buffer | string> {
    for (let line = this.readline(); line.length > 0; line = this.readline()) yield line;
  }
}

/** Where a non-blocking socket takes no more: how much of a write was sent or kept before. */
function wouldBlock(characters_written: number): BlockingIOError {
  return Object.assign(new BlockingIOError(-EAGAIN, 'send'), { characters_written });
}

/** A file of bytes. */
export class BinaryFile extends SocketFile {
  /** The size of each of the two buffers. */
  readonly #size: number;
  // Read ahead, and not asked for yet. Its memory is never written to again.
  #ahead = NOTHING;
  // Written, and not sent yet: the first bytes of #kept. The memory is made with the first write.
  #kept = NOTHING;
  #keptLength = 0;

  constructor(raw: SocketIO, size: number, mode: string) {
    super(raw, mode);
    this.#size = size;
  }

  #take(length: number): Buffer {
    const part = this.#ahead.subarray(0, length);
    this.#ahead = this.#ahead.subarray(length);
    return part;
  }

  override read(size = -1): Buffer | null {
    this.readable();
    if (size < 0) return this.#readAll();
    if (size <= this.#ahead.length) return this.#take(size);
    let memory = Buffer.allocUnsafeSlow(Math.min(size, Math.max(MIN_READ, this.#ahead.length)));
    let length = this.#copyAhead(memory);
    try {
      while (length < size) {
        // Twice as much, so that the whole is copied but a few times.
        if (length === memory.length) {
          const grown = Buffer.allocUnsafeSlow(Math.min(size, 2 * length));
          memory.copy(grown);
          memory = grown;
        }
        const n = this.#readPart(memory.subarray(length));
        if (n === null && length === 0) return null;
        if (n === null || n === 0) break;
        length += n;
      }
    } catch (error) {
      this.#ahead = memory.subarray(0, length); // Nothing is lost by a timeout, or a signal's handler that throws.
      throw error;
    }
    return memory.subarray(0, length);
  }

  #readAll(): Buffer | null {
    const rest = this.raw.readall();
    const ahead = this.#take(this.#ahead.length);
    if (rest === null) return ahead.length > 0 ? ahead : null;
    return Buffer.concat([ahead, rest]);
  }

  override read1(size = -1): Buffer {
    this.readable();
    const most = size < 0 ? this.#size : size;
    if (most === 0) return NOTHING;
    if (this.#ahead.length > 0) return this.#take(most);
    return this.raw.read(most) ?? NOTHING;
  }

  override peek(_size = 0): Buffer {
    this.readable();
    if (this.#ahead.length === 0) this.#ahead = this.raw.read(this.#size) ?? NOTHING;
    return Buffer.from(this.#ahead);
  }

  override readinto(buffer: Uint8Array): number | null {
    this.readable();
    let length = this.#copyAhead(buffer);
    while (length < buffer.length) {
      const n = this.#readPart(buffer.subarray(length));
      if (n === null && length === 0) return null;
      if (n === null || n === 0) break;
      length += n;
    }
    return length;
  }

  override readinto1(buffer: Uint8Array): number | null {
    this.readable();
    if (this.#ahead.length > 0 || buffer.length === 0) return this.#copyAhead(buffer);
    return this.#readPart(buffer);
  }

  #copyAhead(buffer: Uint8Array): number {
    const part = this.#take(buffer.length);
    buffer.set(part);
    return part.length;
  }

  // One call: into the caller's memory where that is the size of the buffer or more, else through the buffer, which is
  // empty.
  #readPart(part: Uint8Array): number | null {
    if (part.length >= this.#size)
      return this.raw.readinto(part.subarray(0, part.length - (part.length % this.#size)));
    const chunk = this.raw.read(this.#size);
    if (chunk === null) return null;
    this.#ahead = chunk;
    return this.#copyAhead(part);
  }

  override readline(size = -1): Buffer {
    this.readable();
    const most = size < 0 ? Number.POSITIVE_INFINITY : size;
    const parts: Buffer[] = [];
    let length = 0;
    try {
      for (;;) {
        const newline = this.#ahead.indexOf(NEWLINE);
        const part = this.#take(Math.min(newline < 0 ? this.#ahead.length : newline + 1, most - length));
        parts.push(part);
        length += part.length;
        if (length >= most || part.at(-1) === NEWLINE) break;
        const chunk = this.raw.read(this.#size);
        if (chunk === null || chunk.length === 0) break;
        this.#ahead = chunk;
      }
    } catch (error) {
      this.#ahead = Buffer.concat(parts);
      throw error;
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }

  /**
   * Takes all of it; returns how many bytes that were. Where a non-blocking socket takes no more, as much as the buffer
   * has space for is kept, and the BlockingIOError says in characters_written how many bytes were sent or kept.
   */
  override write(data: BytesLike | string): number {
    this.checkWritable();
    const bytes = bytesOf(data as BytesLike);
    if (bytes.length <= this.#space && bytes.length < this.#size) return this.#keep(bytes);
    try {
      this.flush();
    } catch (error) {
      if (!(error instanceof BlockingIOError)) throw error;
      if (bytes.length <= this.#space) return this.#keep(bytes);
      throw wouldBlock(this.#keep(bytes.subarray(0, this.#space)));
    }
    let written = 0;
    // From the caller's memory: what fills the buffer goes past it.
    while (bytes.length - written >= this.#size) {
      const n = this.raw.write(bytes.subarray(written));
      if (n === null && bytes.length - written > this.#size)
        throw wouldBlock(written + this.#keep(bytes.subarray(written, written + this.#size)));
      if (n === null) break;
      written += n;
    }
    return written + this.#keep(bytes.subarray(written));
  }

  get #space(): number {
    return this.#size - this.#keptLength;
  }

  #keep(bytes: Uint8Array): number {
    if (this.#keptLength + bytes.length > this.#kept.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(this.#size, this.#keptLength + bytes.length));
      this.#kept.copy(grown, 0, 0, this.#keptLength);
      this.#kept = grown;
    }
    this.#kept.set(bytes, this.#keptLength);
    this.#keptLength += bytes.length;
    return bytes.length;
  }

  /**
   * write() for a file of text: keeps at most the buffer's size, and sends all when there is more. What a non-blocking
   * socket does not take is kept, however much that is, and the BlockingIOError says that all was.
   */
  writeText(bytes: Uint8Array, characters: number): void {
    if (this.#keptLength + bytes.length <= this.#size) {
      this.#keep(bytes);
      return;
    }
    let written = 0;
    try {
      if (bytes.length <= this.#size) written = this.#keep(bytes);
      this.flush();
      while (written < bytes.length) {
        const n = this.raw.write(bytes.subarray(written));
        if (n === null) throw wouldBlock(characters);
        written += n;
      }
    } catch (error) {
      this.#keep(bytes.subarray(written));
      throw error instanceof BlockingIOError ? wouldBlock(characters) : error;
    }
  }

  override flush(): void {
    this.raw.flush();
    let sent = 0;
    try {
      while (sent < this.#keptLength) {
        const n = this.raw.write(this.#kept.subarray(sent, this.#keptLength));
        if (n === null) throw wouldBlock(0);
        sent += n;
      }
    } finally {
      this.#kept.copyWithin(0, sent, this.#keptLength);
      this.#keptLength -= sent;
    }
  }
}
