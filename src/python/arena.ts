// Memory for small Buffers: each is a part of a large block, and no part is used again. One allocation serves
// hundreds of messages.

// Imported: as a global it is a getter of Node's, which would be called for every Buffer.
import { Buffer } from 'node:buffer';
import { markAsUntransferable } from 'node:worker_threads';

/** How many bytes a slot can have at most. */
export const ARENA_SIZE = 65536;

// postMessage() and structuredClone() do not transfer a block, as Node's own pool: they would take the bytes of other
// Buffers along. What ArrayBuffer's transfer() takes anyway is not used again.
function newBlock(): ArrayBuffer {
  const block = new ArrayBuffer(ARENA_SIZE);
  try {
    markAsUntransferable(block);
  } catch {
    // Some versions of Bun and Deno have the function, and it throws.
  }
  return block;
}

/**
 * A slot is memory to write to, and commit() makes a Buffer of it. Nothing may come between the two that could
 * take another slot, as a signal's handler could: a call that is made again takes its slot again.
 */
export class Arena {
  /** The block of the slot that was taken last. */
  memory = newBlock();
  /** The same as bytes. */
  bytes = Buffer.from(this.memory);
  #used = 0;

  /** The offset in memory from which on there are size bytes (at most ARENA_SIZE) to write. */
  slot(size: number): number {
    if (size > ARENA_SIZE - this.#used || this.bytes.length === 0) {
      this.memory = newBlock();
      this.bytes = Buffer.from(this.memory);
      this.#used = 0;
    }
    return this.#used;
  }

  /** The slot's first n bytes, which are the caller's from now on. */
  commit(n: number): Buffer {
    const part = Buffer.from(this.memory, this.#used, n);
    this.#used += (n + 7) & ~7;
    return part;
  }
}

/** This thread's. */
export const arena = new Arena();
