// What the kernel did not take of a client's answers: a queue of bytes, and the time by which they have to be sent.

const empty = Buffer.alloc(0);

/** The unsent bytes of one client. */
export class Unsent {
  // The bytes [start, end) of a memory that doubles, so that n answers cost n and not n * n.
  #memory: Buffer = empty;
  #start = 0;
  #end = 0;
  // What was unsent at a time must be sent a timeout later: how many bytes of that are left, and since when. When
  // they are sent, the same begins with what is unsent by then. So no answer waits for more than twice the timeout,
  // and one who takes much, but goes on taking it, is in time.
  #due = 0;
  #dueSince = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** All of it, until the next append(). */
  get bytes(): Buffer {
    return this.#memory.subarray(this.#start, this.#end);
  }

  /** Since when it has to be sent; NaN while there is nothing. */
  get since(): number {
    return this.length === 0 ? Number.NaN : this.#dueSince;
  }

  /** Adds bytes behind; now is the time. */
  append(bytes: Uint8Array, now: number): void {
    if (this.#end + bytes.length > this.#memory.length) {
      const grown = Buffer.allocUnsafe(2 * (this.length + bytes.length));
      grown.set(this.bytes);
      this.#end = this.length;
      this.#start = 0;
      this.#memory = grown;
    }
    this.#memory.set(bytes, this.#end);
    this.#end += bytes.length;
    if (this.#due === 0) this.#begin(now);
  }

  /** The first n bytes were sent. */
  shift(n: number, now: number): void {
    this.#start += n;
    this.#due = Math.max(this.#due - n, 0);
    if (this.length === 0) this.clear();
    else if (this.#due === 0) this.#begin(now);
  }

  clear(): void {
    this.#memory = empty;
    this.#start = 0;
    this.#end = 0;
    this.#due = 0;
  }

  #begin(now: number): void {
    this.#due = this.length;
    this.#dueSince = now;
  }
}
