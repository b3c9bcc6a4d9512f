// Python's time module, as far as the documented programs need it.
// Above: the servers and the client. Below: syscalls.ts (clock_gettime).

import { CLOCK_MONOTONIC, CLOCK_REALTIME } from '../../kernel/constants/clock.ts';
import * as sys from '../../kernel/syscalls.ts';

// The two int64 seconds and nanoseconds, and the same memory in 32-bit halves (every platform
// that Node runs on is little-endian): reading those allocates no BigInt.
const timespec = new ArrayBuffer(16);
const halves = new Uint32Array(timespec);
const seconds = () => halves[0] + halves[1] * 2 ** 32;

/** The bytes that a timestamp takes at most. */
export const TIMESTAMP_ROOM = 24;

const DIGIT_0 = 0x30;
const POINT = 0x2e;

// The digits of the second last written, at the end of the array: it changes once in a second.
const secondsText = new Uint8Array(TIMESTAMP_ROOM);
let secondsStart = TIMESTAMP_ROOM;
let secondsWritten = -1;

function writeSeconds(now: number): void {
  secondsStart = TIMESTAMP_ROOM;
  secondsWritten = now;
  let rest = now;
  do {
    secondsText[--secondsStart] = DIGIT_0 + (rest % 10);
    rest = Math.floor(rest / 10);
  } while (rest > 0);
}

/**
 * Writes the time in seconds since 1970, to the microsecond, as Python prints the float
 * (1700000000.123456, 1700000000.5, 1700000000.0), so that it ends before an offset of into.
 * Returns where it begins. Allocates nothing.
 */
export function writeTimestamp(into: Uint8Array, end: number): number {
  sys.clock_gettime(CLOCK_REALTIME, timespec);
  return writeTime(into, end, seconds(), (halves[2] / 1000) | 0);
}

function writeTime(into: Uint8Array, end: number, wholeSeconds: number, microseconds: number): number {
  let micros = microseconds;
  let digits = 6;
  for (; digits > 1 && micros % 10 === 0; digits--) micros = (micros / 10) | 0;
  let at = end;
  for (; digits > 0; digits--) {
    const rest = (micros / 10) | 0;
    into[--at] = DIGIT_0 + micros - rest * 10;
    micros = rest;
  }
  into[--at] = POINT;
  if (wholeSeconds !== secondsWritten) writeSeconds(wholeSeconds);
  for (let i = TIMESTAMP_ROOM; i > secondsStart; ) into[--at] = secondsText[--i];
  return at;
}

// The text of the Timestamp last written, at the end: a server writes each twice.
const text = Buffer.alloc(TIMESTAMP_ROOM);
let textStart = TIMESTAMP_ROOM;
let textOf: Timestamp | null = null;

function formatted(timestamp: Timestamp): number {
  if (textOf !== timestamp) {
    textStart = writeTime(text, TIMESTAMP_ROOM, timestamp.seconds, timestamp.microseconds);
    textOf = timestamp;
  }
  return textStart;
}

/** A time as time.time() has it, to the microsecond; its text is that of Python's float. */
export class Timestamp {
  readonly seconds: number;
  readonly microseconds: number;

  constructor(seconds: number, microseconds: number) {
    this.seconds = seconds;
    this.microseconds = microseconds;
  }

  /** Writes its text to an offset of into, which has TIMESTAMP_ROOM there; returns where it ends. */
  write(into: Uint8Array, offset: number): number {
    const start = formatted(this);
    for (let i = start; i < TIMESTAMP_ROOM; i++) into[offset + i - start] = text[i];
    return offset + TIMESTAMP_ROOM - start;
  }

  /** '1700000000.123456' */
  toString(): string {
    return text.toString('latin1', formatted(this));
  }
}

/** time.time(). */
export function time(): Timestamp {
  sys.clock_gettime(CLOCK_REALTIME, timespec);
  return new Timestamp(seconds(), (halves[2] / 1000) | 0);
}

/** time.monotonic(): seconds on a clock that never goes back; for timeouts. */
export function monotonic(): number {
  sys.clock_gettime(CLOCK_MONOTONIC, timespec);
  return seconds() + halves[2] / 1e9;
}
