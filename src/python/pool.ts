// Memory for small Buffers: each is a part of a pool, and no part is used again.
// Above: socket.ts (recv) and format.ts. A leaf.

// Imported: as a global it is a getter of Node's, which would be asked for every Buffer.
import { Buffer } from 'node:buffer';

/** How many bytes a pool has. */
export const POOL = 65536;

/** The pool of this moment: the first `taken` of its bytes belong to somebody. */
export let pool = new ArrayBuffer(POOL);
/** The same memory, to be written. */
export let bytes = Buffer.from(pool);
export let taken = 0;

/** Makes sure that there are so many bytes (at most POOL) to be taken. */
export function reserve(size: number): void {
  if (size <= POOL - taken) return;
  pool = new ArrayBuffer(POOL);
  bytes = Buffer.from(pool);
  taken = 0;
}

/** The next n bytes of the pool, which are the caller's from now on. */
export function take(n: number): Buffer {
  const part = Buffer.from(pool, taken, n);
  taken += (n + 7) & ~7;
  return part;
}
