// Python's TextIOWrapper over a Socket's buffered file: an encoding, and what a line ends with.

import type { BytesLike } from './bytes.ts';
import { type Codec, codecOf } from './codecs.ts';
import { type BinaryFile, SocketFile } from './socket-file.ts';

/** Python's keyword arguments of makefile, for text. */
export interface FileOptions {
  /** utf-8 (none), latin-1 or ascii, by any of Python's names; of what else TextDecoder knows: for reading. */
  encoding?: string;
  /**
   * What becomes of bytes that are no text, and of text that the encoding has no bytes for: 'strict' (none) throws
   * UnicodeDecodeError, UnicodeEncodeError; 'ignore'; 'replace', by U+FFFD and '?'; 'backslashreplace', by '\xe9';
   * 'surrogateescape', bytes by U+DC80 … U+DCFF and back.
   */
  errors?: 'strict' | 'ignore' | 'replace' | 'backslashreplace' | 'surrogateescape';
  /**
   * Reading: for null (none) '\r\n' and '\r' become '\n'; for '' they stay, and end a line as '\n' does; for '\n', '\r'
   * and '\r\n' that alone ends a line. Writing: for '\r' and '\r\n', '\n' becomes that.
   */
  newline?: string | null;
}

const newlines: readonly unknown[] = [null, '', '\n', '\r', '\r\n'];

/** The codec that the options name. Throws LookupError, TypeError, or RangeError for a newline that is none. */
export function checkTextOptions({ encoding = 'utf-8', errors = 'strict', newline = null }: FileOptions): {
  codec: Codec;
  encoding: string;
  errors: string;
  newline: string | null;
} {
  if (typeof encoding !== 'string') throw new TypeError(`encoding must be a string, got ${typeof encoding}`);
  if (typeof errors !== 'string') throw new TypeError(`errors must be a string, got ${typeof errors}`);
  if (newline !== null && typeof newline !== 'string')
    throw new TypeError(`newline must be a string or null, got ${typeof newline}`);
  if (!newlines.includes(newline)) throw new RangeError(`illegal newline value: ${newline}`);
  return { codec: codecOf(encoding, errors), encoding, errors, newline };
}

const ENDS_IN_ANY: RegExp = /\r\n?|\n/g;

/** A file of text. Unlike Python's, read(size) counts UTF-16 units. */
export class TextFile extends SocketFile {
  /** The file of bytes beneath. */
  readonly buffer: BinaryFile;
  readonly encoding: string;
  readonly errors: string;
  readonly #size: number;
  readonly #codec: Codec;
  readonly #newline: string | null;
  // Decoded, and not asked for yet.
  #ahead = '';
  // A '\r' at the end of a chunk: the next may begin with its '\n'.
  #hasReturn = false;

  constructor(buffer: BinaryFile, size: number, mode: string, options: ReturnType<typeof checkTextOptions>) {
    super(buffer.raw, mode);
    this.buffer = buffer;
    this.#size = size;
    this.#codec = options.codec;
    this.encoding = options.encoding;
    this.errors = options.errors;
    this.#newline = options.newline;
  }

  // Reads ahead. 'more', 'end', or 'none' where a non-blocking socket would have to wait.
  #fill(): 'more' | 'end' | 'none' {
    const chunk = this.raw.read(this.#size);
    if (chunk === null) return 'none';
    const isEnd = chunk.length === 0;
    this.#ahead += this.#withNewlines(this.#codec.decode(chunk, isEnd), isEnd);
    return isEnd ? 'end' : 'more';
  }

  #withNewlines(decoded: string, isEnd: boolean): string {
    if (this.#newline !== null && this.#newline !== '') return decoded;
    let text = this.#hasReturn ? `\r${decoded}` : decoded;
    this.#hasReturn = !isEnd && text.endsWith('\r');
    if (this.#hasReturn) text = text.slice(0, -1);
    return this.#newline === null ? text.replace(/\r\n?/g, '\n') : text;
  }

  #take(length: number): string {
    const part = this.#ahead.slice(0, length);
    this.#ahead = this.#ahead.slice(length);
    return part;
  }

  override read(size = -1): string | null {
    const wanted = size < 0 ? Number.POSITIVE_INFINITY : size;
    this.readable();
    while (this.#ahead.length < wanted) {
      const found = this.#fill();
      if (found === 'end') break;
      if (found === 'none' && this.#ahead === '') return null;
      if (found === 'none') break;
    }
    return this.#take(Math.min(wanted, this.#ahead.length));
  }

  override readline(size = -1): string {
    const most = size < 0 ? Number.POSITIVE_INFINITY : size;
    this.readable();
    for (let searched = 0; ; ) {
      const end = this.#endOfLine(searched);
      if (end >= 0) return this.#take(Math.min(end, most));
      if (this.#ahead.length >= most) return this.#take(most);
      // Half of a '\r\n' may be there.
      searched = Math.max(this.#ahead.length - 1, 0);
      if (this.#fill() !== 'more') {
        const last = this.#endOfLine(searched);
        return this.#take(Math.min(last < 0 ? this.#ahead.length : last, most));
      }
    }
  }

  /** Where the first line ends, behind its newline, if that begins at from or later; or -1. */
  #endOfLine(from: number): number {
    if (this.#newline !== '') {
      const newline = this.#newline ?? '\n';
      const at = this.#ahead.indexOf(newline, from);
      return at < 0 ? -1 : at + newline.length;
    }
    ENDS_IN_ANY.lastIndex = from;
    return ENDS_IN_ANY.test(this.#ahead) ? ENDS_IN_ANY.lastIndex : -1;
  }

  override read1(): Buffer {
    throw new TypeError('read1() is for a file of bytes');
  }

  override peek(): Buffer {
    throw new TypeError('peek() is for a file of bytes');
  }

  override readinto(): number | null {
    throw new TypeError('readinto() is for a file of bytes');
  }

  override readinto1(): number | null {
    throw new TypeError('readinto1() is for a file of bytes');
  }

  /**
   * Takes all of it; returns how many UTF-16 units that were. Throws UnicodeEncodeError for what the encoding lacks.
   * Unlike Python's, the text goes out when the buffer is full, with no other 8192 bytes kept before it, and what a
   * non-blocking socket does not take is kept: the characters_written of the BlockingIOError are all of it.
   */
  override write(data: BytesLike | string): number {
    this.checkWritable();
    if (typeof data !== 'string') throw new TypeError(`write() argument must be str, not ${typeof data}`);
    const isTranslated = this.#newline === '\r' || this.#newline === '\r\n';
    const text = isTranslated ? data.replaceAll('\n', this.#newline) : data;
    this.buffer.writeText(this.#codec.encode(text), data.length);
    return data.length;
  }

  override flush(): void {
    this.buffer.flush();
  }

  override detach(): SocketFile {
    super.detach();
    return this.buffer;
  }
}
