// Fast calls: those that a server makes for every message, with their numbers in memory that native code sees
// (native/fast_calls.h), and batches of them. Measured: Node-API takes some 6 ns to unpack a number and 45 to 50
// ns for the crossing; these cost 5 words of memory and the crossing, and a batch one crossing for all its
// calls.

import {
  type Bytes,
  type Calls,
  fastCall,
  batch as makeBatch,
  maybePending,
  native,
  registers as words,
} from './native.ts';

/** The numbers of the fast calls, in the order of native/module.cc; END is none. */
export const RECV = 0;
export const SEND = 1;
export const WRITE = 2;
const GETPEERNAME = 3;
const CLOCK_GETTIME = 4;
const END = -1;

/** How many words a call in a batch has: [number, fd, offset, length, flags]; then [result, …]. */
export const WORDS_PER_CALL = 5;

// Whether the call was made; its result is in words[0] then.
function wasMade(
  number: number,
  fd: number,
  buf: Bytes,
  offset: number,
  length: number,
  flags: number,
): boolean {
  if (!isInt32(fd) || !isInt32(offset) || !isInt32(length) || !isInt32(flags)) return false;
  words[0] = number;
  words[1] = fd;
  words[2] = offset;
  words[3] = length;
  words[4] = flags;
  return fastCall(buf) === undefined;
}

function isInt32(value: unknown): boolean {
  return typeof value === 'number' && (value | 0) === value;
}

// What a fast call does not take (no offset, numbers beyond 32 bits, wrong arguments) goes by the ordinary call,
// which throws the errors.

function recv(fd: number, buf: Bytes, offset: number, length?: number, flags?: number): number {
  if (wasMade(RECV, fd, buf, offset, length!, flags!)) return words[0];
  return length === undefined ? native.recv(fd, buf, offset) : native.recv(fd, buf, offset, length, flags!);
}

function send(fd: number, buf: Bytes, offset: number, length?: number, flags?: number): number {
  if (wasMade(SEND, fd, buf, offset, length!, flags!)) return words[0];
  return length === undefined ? native.send(fd, buf, offset) : native.send(fd, buf, offset, length, flags!);
}

function write(fd: number, buf: Bytes, offset?: number, length?: number): number {
  if (wasMade(WRITE, fd, buf, offset!, length!, 0)) return words[0];
  return offset === undefined ? native.write(fd, buf) : native.write(fd, buf, offset, length!);
}

function getpeername(fd: number, addr: Bytes, addrlen: Bytes): number {
  // The length is in a register, where the kernel can write it: only an Int32Array's can be copied there.
  if (!(addrlen instanceof Int32Array) || !wasMade(GETPEERNAME, fd, addr, addrlen[0], 0, 0)) {
    return native.getpeername(fd, addr, addrlen);
  }
  addrlen[0] = words[2];
  return words[0];
}

function clock_gettime(clock: number, time: Bytes): number {
  return wasMade(CLOCK_GETTIME, clock, time, 0, 0, 0) ? words[0] : native.clock_gettime(clock, time);
}

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
export const kernel: Calls = {
  ...native,
  recv,
  send,
  write,
  getpeername,
  clock_gettime,
  take_pending_signals,
};

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
  const isCall = number === RECV || number === SEND || number === WRITE;
  return new RangeError(
    `batch: entry ${i} ${isCall ? 'reaches outside the buffer' : `has the number ${number}, which is no call's`}`,
  );
}
