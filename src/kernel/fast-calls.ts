// The gate: the calls that the loops make for every message, with as little between JavaScript and the
// kernel as Node-API allows, and a batch of some in one crossing. Node-API takes some 6 ns to unpack
// a number and 50 ns to come and go; words in memory that both sides see cost nothing.
// Above: syscalls.ts. Below: native.ts, native/gate.h.

import { type Bytes, gate, batch as makeBatch, native, registers, type Syscalls } from './native.ts';

/** The gate's own numbers for its calls, in the order of native/module.cc; END is none. */
export const RECV = 0;
export const SEND = 1;
export const WRITE = 2;
const GETPEERNAME = 3;
const CLOCK_GETTIME = 4;
const END = -1;

/** How many words an entry has: [number, fd, offset, length, flags]; then [result, …]. */
export const ENTRY_WORDS = 5;
/** The word behind the registers: 0 while no signal was noted since the last look. */
const MAY_BE_NOTED = ENTRY_WORDS;

const words = new Int32Array(registers);

// Whether the call was made; its result is in words[0] then.
function enter(
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
  return gate(buf) === undefined;
}

function isInt32(value: unknown): boolean {
  return typeof value === 'number' && (value | 0) === value;
}

// What the gate does not take (the forms without an offset, numbers beyond 32 bits, wrong arguments)
// goes the plain way, which has the errors.

function recv(fd: number, buf: Bytes, offset: number, length?: number, flags?: number): number {
  if (enter(RECV, fd, buf, offset, length!, flags!)) return words[0];
  return length === undefined ? native.recv(fd, buf, offset) : native.recv(fd, buf, offset, length, flags!);
}

function send(fd: number, buf: Bytes, offset: number, length?: number, flags?: number): number {
  if (enter(SEND, fd, buf, offset, length!, flags!)) return words[0];
  return length === undefined ? native.send(fd, buf, offset) : native.send(fd, buf, offset, length, flags!);
}

function write(fd: number, buf: Bytes, offset?: number, length?: number): number {
  if (enter(WRITE, fd, buf, offset!, length!, 0)) return words[0];
  return offset === undefined ? native.write(fd, buf) : native.write(fd, buf, offset, length!);
}

function getpeername(fd: number, addr: Bytes, addrlen: Bytes): number {
  // The length waits in its register, where the kernel can write it: only an Int32Array can be that.
  if (!(addrlen instanceof Int32Array) || !enter(GETPEERNAME, fd, addr, addrlen[0], 0, 0)) {
    return native.getpeername(fd, addr, addrlen);
  }
  addrlen[0] = words[2];
  return words[0];
}

function clock_gettime(clock: number, time: Bytes): number {
  return enter(CLOCK_GETTIME, clock, time, 0, 0, 0) ? words[0] : native.clock_gettime(clock, time);
}

// Nothing was noted since the last look, into the same array: there is no need to cross.
let looked: Bytes | undefined;
function signals_noted(signums: Bytes): number {
  if (words[MAY_BE_NOTED] === 0 && signums === looked) return 0;
  const n = native.signals_noted(signums);
  looked = signums;
  return n;
}

/** The kernel's calls, by the quickest way there is for each. */
export const kernel: Syscalls = { ...native, recv, send, write, getpeername, signals_noted, clock_gettime };

/**
 * Not a kernel call: makes the first n calls in entries, one after another, all of one buffer, and
 * leaves each one's result where its number was. Throws RangeError for one that reaches outside
 * the buffer; those before it were made.
 */
export function batch(buf: ArrayBuffer, entries: Int32Array, n: number): void {
  if (n * ENTRY_WORDS < entries.length) entries[n * ENTRY_WORDS] = END;
  const refused = makeBatch(buf, entries);
  if (refused !== undefined) throw new RangeError(`batch: entry ${refused} reaches outside the buffer`);
}
