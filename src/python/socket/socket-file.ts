// Python's makefile: a Socket as a file of bytes or of text, with buffers for reading and writing.
// Above: socket-object.ts. Below: socket-io.ts, text-form.ts.

import { EAGAIN } from '../../kernel/errno.ts';
import { BlockingIOError } from '../errors.ts';
import { type BytesLike, bytesOf } from './bytes.ts';
import { DEFAULT_BUFFER_SIZE, type FileSocket, SocketIO } from './socket-io.ts';
import { type FileOptions, TextForm } from './text-form.ts';

export { SocketIO } from './socket-io.ts';
export type { FileOptions } from './text-form.ts';

const NEWLINE = 0x0a;

/**
 * Buffered: read and readline give Buffers, or strings where the mode has no 'b'; write keeps what is
 * given until there is enough of it, or flush(), or close().
 * Unlike Python, read(size) of text counts UTF-16 units.
 */
export class SocketFile {
  readonly raw: SocketIO;
  readonly mode: string;
  readonly #size: number;
  readonly #text: TextForm | null;
  // Read ahead: bytes, or where there is text, text.
  #bytes: Buffer = Buffer.alloc(0);
  #characters = '';
  #unsent: Uint8Array[] = [];
  #unsentLength = 0;

  constructor(raw: SocketIO, size: number, mode: string, text: TextForm | null) {
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
  const text = binary ? null : new TextForm(options);
  const raw = new SocketIO(sock, keep(), rawMode);
  if (buffering === 0) return raw;
  const size = buffering === null || buffering < 0 ? DEFAULT_BUFFER_SIZE : buffering;
  return new SocketFile(raw, size, binary ? rawMode : mode, text);
}
