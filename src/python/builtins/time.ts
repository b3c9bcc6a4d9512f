// Python's time module, as far as the documented programs need it.

import { CLOCK_MONOTONIC, CLOCK_REALTIME } from '../../kernel/constants/clock.ts';
import { Timespecs } from '../../kernel/structs/timespec.ts';
import * as sys from '../../kernel/syscalls.ts';
import { osError } from '../errors.ts';

const now = new Timespecs(1);

// Where it fails, the memory has another time, and perhaps another clock's.
function readClock(clock: number): void {
  const result = sys.clock_gettime(clock, now.memory);
  if (result < 0) throw osError(result, 'clock_gettime');
}

const wholeMicroseconds = () => (now.nanoseconds() / 1000) | 0;

/** The bytes that a timestamp takes at most. */
export const MAX_TIMESTAMP_LENGTH = 24;

const DIGIT_0 = 0x30;
const POINT = 0x2e;

// The digits of the second last written, at the end of the array: it changes once in a second.
const secondsText = new Uint8Array(MAX_TIMESTAMP_LENGTH);
let secondsStart = MAX_TIMESTAMP_LENGTH;
let secondsWritten = -1;

function writeSeconds(wholeSeconds: number): void {
  secondsStart = MAX_TIMESTAMP_LENGTH;
  secondsWritten = wholeSeconds;
  let rest = wholeSeconds;
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
  readClock(CLOCK_REALTIME);
  return writeTime(into, end, now.seconds(), wholeMicroseconds());
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
  for (let i = MAX_TIMESTAMP_LENGTH; i > secondsStart; ) into[--at] = secondsText[--i];
  return at;
}

// The text of the Timestamp last written, at the end: a server writes each twice.
const text = Buffer.alloc(MAX_TIMESTAMP_LENGTH);
let textStart = MAX_TIMESTAMP_LENGTH;
let textOf: Timestamp | null = null;

function formatted(timestamp: Timestamp): number {
  if (textOf !== timestamp) {
    textStart = writeTime(text, MAX_TIMESTAMP_LENGTH, timestamp.seconds, timestamp.microseconds);
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

  /** Writes its text to an offset of into, which has MAX_TIMESTAMP_LENGTH there; returns where it ends. */
  write(into: Uint8Array, offset: number): number {
    const start = formatted(this);
    for (let i = start; i < MAX_TIMESTAMP_LENGTH; i++) into[offset + i - start] = text[i];
    return offset + MAX_TIMESTAMP_LENGTH - start;
  }

  /** '1700000000.123456' */
  toString(): string {
    return text.toString('latin1', formatted(this));
  }
}

/**
 * Python's time.time(): CLOCK_REALTIME, seconds since 1970. Unlike Python's float it keeps the microseconds
 * apart from the seconds, so that its text has exactly those digits. clock_gettime(2).
 */
export function time(): Timestamp {
  readClock(CLOCK_REALTIME);
  return new Timestamp(now.seconds(), wholeMicroseconds());
}

/** time.monotonic(): seconds on a clock that never goes back; for timeouts. */
export function monotonic(): number {
  readClock(CLOCK_MONOTONIC);
  return now.inSeconds();
}
