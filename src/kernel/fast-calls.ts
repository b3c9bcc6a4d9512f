// What is made faster than a call with its arguments through Node-API: batches, which make many calls in one
// crossing (native/batch.h), and the question whether a signal is pending, which takes none. docs/fast-path.md

import { type Bytes, type Calls, batch as makeBatch, maybePending, native } from './native.ts';

/** The numbers of the calls in a batch, in the order of native/module.cc; END is none. */
export const RECV = 0;
export const SEND = 1;
const END = -1;

/** How many words a call in a batch has: [number, fd, offset, length, flags]; then [result, …]. */
export const WORDS_PER_CALL = 5;

// The array that passed the addon's checks.
let checkedArray: Bytes | undefined;

// No crossing at all while no signal is pending.
function take_pending_signals(signums: Bytes): number {
  if (maybePending[0] === 0 && signums === checkedArray) return 0;
  const n = native.take_pending_signals(signums);
  checkedArray = signums;
  return n;
}

/** The calls, each by the fastest way that there is. */
export const kernel: Calls = { ...native, take_pending_signals };

/**
 * No kernel call: makes the first n calls in entries, one after another, all of one buffer, and leaves each
 * one's result where its number was. Throws RangeError for one that reaches outside the buffer or whose number is
 * no call's (those before it were made), and for an n that entries does not have; TypeError for wrong arrays.
 */
export function batch(buf: Bytes, entries: Int32Array, n: number): void {
  checkBatch(buf, entries, n);
  if (n * WORDS_PER_CALL < entries.length) entries[n * WORDS_PER_CALL] = END;
  const made = makeBatch(buf, entries);
  if (made !== n) throw entryError(entries, made);
}

/** What batch() throws for its arguments. */
export function checkBatch(buf: unknown, entries: unknown, n: unknown): void {
  if (!(buf instanceof ArrayBuffer || ArrayBuffer.isView(buf)))
    throw new TypeError('batch: the buffer must be a TypedArray or ArrayBuffer');
  if (!(entries instanceof Int32Array)) throw new TypeError('batch: entries must be an Int32Array');
  if (!Number.isInteger(n) || (n as number) < 0 || (n as number) * WORDS_PER_CALL > entries.length)
    throw new RangeError(`batch: there are no ${n} entries`);
}

/** What batch() throws for the i-th entry, which cannot be made. */
export function entryError(entries: Int32Array, i: number): RangeError {
  const number = entries[i * WORDS_PER_CALL];
  const isCall = number === RECV || number === SEND;
  return new RangeError(
    `batch: entry ${i} ${isCall ? 'reaches outside the buffer' : `has the number ${number}, which is no call's`}`,
  );
}
