// The text of a file, and the bytes of it: encoding and newlines. Above: socket-file.ts. A leaf.

/** Python's keyword arguments of makefile, for text. */
export interface FileOptions {
  /** What TextDecoder knows; none is UTF-8. Writing takes 'utf-8', 'latin1' and 'ascii'. */
  encoding?: string;
  /** 'strict' (none): bytes that are no text throw TypeError; 'replace': they become U+FFFD. */
  errors?: 'strict' | 'replace';
  /** null: '\r\n' and '\r' become '\n'; '' and anything else: they stay. */
  newline?: string | null;
}

/** What lies between the bytes of a file and its text. */
export class TextForm {
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
