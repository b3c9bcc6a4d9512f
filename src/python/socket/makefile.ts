// Python's makefile: a Socket as a file. SocketIO is the raw one, a call for each read or write and nothing kept;
// SocketFile buffers, and has bytes or text.

import { EAGAIN } from '../../kernel/errno.ts';
import { BlockingIOError, OSError, TimeoutError } from '../errors.ts';
import { type BytesLike, bytesOf } from './bytes.ts';

const DEFAULT_BUFFER_SIZE = 8192;
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

/** Python's keyword arguments of makefile, for text. */
export interface FileOptions {
  /** What TextDecoder knows; none is UTF-8. Writing takes 'utf-8', 'latin1' and 'ascii'. */
  encoding?: string;
  /** 'strict' (none): bytes that are no text throw TypeError; 'replace': they become U+FFFD. */
  errors?: 'strict' | 'replace';
  /** null: '\r\n' and '\r' become '\n'; '' and anything else: they stay. */
  newline?: string | null;
}

/** Between the bytes of a file and its text: encoding and newlines. */
class TextCodec {
  readonly encoding: string;
  readonly #decoder: InstanceType<typeof TextDecoder>;
  readonly #translates: boolean;
  #endsInReturn = false;

  constructor({ encoding = 'utf-8', errors = 'strict', newline = null }: FileOptions) {
    this.#decoder = new TextDecoder(encoding, { fatal: errors === 'strict', ignoreBOM: true });
    this.encoding = encoding;
    this.#translates = newline === null;
  }

  /** The text of a chunk; none is the end. A character, or '\r\n', may be parted between two chunks. */
  decode(chunk: Buffer): string {
    let text = this.#decoder.decode(chunk, { stream: chunk.length > 0 });
    if (!this.#translates) return text;
    if (this.#endsInReturn) text = `\r${text}`;
    this.#endsInReturn = chunk.length > 0 && text.endsWith('\r');
    if (this.#endsInReturn) text = text.slice(0, -1);
    return text.replace(/\r\n?/g, '\n');
  }

  encode(text: string): Buffer {
    if (typeof text !== 'string') throw new TypeError(`write() argument must be str, not ${typeof text}`);
    const isUtf8 = /^utf-?8$/i.test(this.encoding);
    return Buffer.from(text, isUtf8 ? 'utf8' : (this.encoding as BufferEncoding));
  }
}

/**
 * Buffered: read and readline give Buffers, or strings where the mode has no 'b'; write keeps what is
 * given until there is enough of it, or flush(), or close().
 * Unlike Python, read(size) of text counts UTF-16 units.
 */
export class SocketFile {
  readonly raw: SocketIO;
  readonly mode: string;
  readonly #size: number;
  readonly #text: TextCodec | null;
  // Read ahead: bytes, or where there is text, text.
  #bytes: Buffer = Buffer.alloc(0);
  #characters = '';
  #unsent: Uint8Array[] = [];
  #unsentLength = 0;

  constructor(raw: SocketIO, size: number, mode: string, text: TextCodec | null) {
    this.raw = raw;
    this.#size = size;
    this.mode = mode;
    this.#text = text;
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

  // Reads ahead. 'more', 'end', or 'none' where a non-blocking socket would have to wait.
  #fill(): 'more' | 'end' | 'none' {
    const chunk = this.raw.read(Math.max(this.#size, 1));
    if (chunk === null) return 'none';
    if (this.#text === null)
      this.#bytes = this.#bytes.length > 0 ? Buffer.concat([this.#bytes, chunk]) : chunk;
    else this.#characters += this.#text.decode(chunk);
    return chunk.length > 0 ? 'more' : 'end';
  }

  #take(length: number): Buffer | string {
    if (this.#text === null) {
      const part = this.#bytes.subarray(0, length);
      this.#bytes = this.#bytes.subarray(length);
      return part;
    }
    const part = this.#characters.slice(0, length);
    this.#characters = this.#characters.slice(length);
    return part;
  }

  get #ahead(): number {
    return this.#text === null ? this.#bytes.length : this.#characters.length;
  }

  /**
   * Exactly size bytes or characters, fewer only at the end; none or negative: all until the end. Of a
   * non-blocking socket what there is, or null.
   */
  read(size = -1): Buffer | string | null {
    const wanted = size < 0 ? Number.POSITIVE_INFINITY : size;
    this.readable();
    while (this.#ahead < wanted) {
      const found = this.#fill();
      if (found === 'end') break;
      if (found === 'none' && this.#ahead === 0) return null;
      if (found === 'none') break;
    }
    return this.#take(Math.min(wanted, this.#ahead));
  }

  /** Reads into all of buffer, fewer only at the end; null if there is nothing yet. Bytes only. */
  readinto(buffer: Uint8Array): number | null {
    if (this.#text !== null) throw new TypeError('readinto() is for a file of bytes');
    const bytes = this.read(buffer.length) as Buffer | null;
    if (bytes !== null) buffer.set(bytes);
    return bytes === null ? null : bytes.length;
  }

  /** Up to a newline, which is part of it, or the end: empty then. */
  readline(size = -1): Buffer | string {
    const most = size < 0 ? Number.POSITIVE_INFINITY : size;
    this.readable();
    for (let searched = 0; ; ) {
      const ahead = this.#text === null ? this.#bytes : this.#characters;
      const newline =
        typeof ahead === 'string' ? ahead.indexOf('\n', searched) : ahead.indexOf(NEWLINE, searched);
      if (newline >= 0) return this.#take(Math.min(newline + 1, most));
      if (ahead.length >= most) return this.#take(most);
      searched = ahead.length;
      if (this.#fill() !== 'more') return this.#take(Math.min(this.#ahead, most));
    }
  }

  readlines(): (Buffer | string)[] {
    return [...this];
  }

  *[Symbol.iterator](): Generator<Buffer | string> {
    for (let line = this.readline(); line.length > 0; line = this.readline()) yield line;
  }

  /** Takes all of it; returns how many bytes or characters that were. */
  write(data: BytesLike | string): number {
    if (!this.writable()) throw new RangeError('File or stream is not writable.');
    // A copy: the caller may write to it again.
    const bytes =
      this.#text === null ? Buffer.from(bytesOf(data as BytesLike)) : this.#text.encode(data as string);
    this.#unsent.push(bytes);
    this.#unsentLength += bytes.length;
    if (this.#unsentLength > this.#size) this.flush();
    return this.#text === null ? bytes.length : (data as string).length;
  }

  writelines(lines: Iterable<BytesLike | string>): void {
    for (const line of lines) this.write(line);
  }

  /** Sends what was kept. Throws BlockingIOError where a non-blocking socket takes no more; the rest stays. */
  flush(): void {
    this.raw.flush();
    let rest: Uint8Array = Buffer.concat(this.#unsent);
    try {
      while (rest.length > 0) {
        const n = this.raw.write(rest);
        if (n === null) throw new BlockingIOError(-EAGAIN, 'send');
        rest = rest.subarray(n);
      }
    } finally {
      this.#unsent = rest.length > 0 ? [rest] : [];
      this.#unsentLength = rest.length;
    }
  }

  /** Flushes and closes; again does nothing. The file is closed even if the flush fails. */
  close(): void {
    if (this.closed) return;
    try {
      this.flush();
    } finally {
      this.raw.close();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** What makefile makes, by Python's rules for its arguments. */
export function makeFile(
  sock: FileSocket,
  keep: () => () => void,
  mode: string,
  buffering: number | null,
  options: FileOptions,
): SocketFile | SocketIO {
  if (typeof mode !== 'string' || !/^[rwb]*$/.test(mode))
    throw new RangeError(`invalid mode '${mode}' (only r, w, b allowed)`);
  const writing = mode.includes('w');
  const reading = mode.includes('r') || !writing;
  const binary = mode.includes('b');
  if (buffering === 0 && !binary) throw new RangeError('unbuffered streams must be binary');
  const rawMode = `${reading ? 'r' : ''}${writing ? 'w' : ''}b`;
  const text = binary ? null : new TextCodec(options);
  const raw = new SocketIO(sock, keep(), rawMode);
  if (buffering === 0) return raw;
  const size = buffering === null || buffering < 0 ? DEFAULT_BUFFER_SIZE : buffering;
  return new SocketFile(raw, size, binary ? rawMode : mode, text);
}
