// struct timespec and struct timeval, and the pairs of them: itimerspec and itimerval, whose interval
// comes first. The raw calls take all of them as two int64 each, whatever the platform's own have.

import { type Bytes, layout } from '../native.ts';
import { describe, getInt64, i32, i64, nested, StructArray, setInt64, struct } from './struct.ts';

/** struct timespec. timespec(3type). */
export const timespec = struct('timespec', {
  /** Seconds. */
  tv_sec: i64,
  /** Nanoseconds, 0-999999999. */
  tv_nsec: i64,
});

/** struct timeval, for SO_RCVTIMEO, SO_SNDTIMEO, SCM_TIMESTAMP and select. timeval(3type). */
export const timeval = struct('timeval', {
  /** Seconds. */
  tv_sec: i64,
  /** Microseconds, 0-999999: an int on macOS. */
  tv_usec: layout['sizeof timeval.tv_usec'] === 4 ? i32 : i64,
});

/** struct itimerspec, for timerfd_settime. timerfd_create(2), Linux. */
export const itimerspec = struct('itimerspec', {
  /** From one expiration to the next; 0: there is only one. */
  it_interval: nested(timespec),
  /** Until the first one; 0: the timer is disarmed. */
  it_value: nested(timespec),
});

/** struct itimerval, for setitimer. setitimer(2). */
export const itimerval = struct('itimerval', {
  /** From one signal to the next; 0: there is only one. */
  it_interval: nested(timeval),
  /** Until the first one; 0: the timer is stopped. */
  it_value: nested(timeval),
});

/** Seconds as a struct timespec's members, rounded up to a nanosecond. Throws RangeError for what is no time. */
export function toTimespec(seconds: number): { tv_sec: number; tv_nsec: number } {
  const [tv_sec, tv_nsec] = split(seconds, 1e9, 'toTimespec');
  return { tv_sec, tv_nsec };
}

/** Seconds as a struct timeval's members, rounded up to a microsecond. Throws RangeError for what is no time. */
export function toTimeval(seconds: number): { tv_sec: number; tv_usec: number } {
  const [tv_sec, tv_usec] = split(seconds, 1e6, 'toTimeval');
  return { tv_sec, tv_usec };
}

/** The members of either struct as seconds, to a double's precision: of a time since 1970, a microsecond. */
export function toSeconds(
  time: { tv_sec: number; tv_nsec: number } | { tv_sec: number; tv_usec: number },
): number {
  return time.tv_sec + ('tv_nsec' in time ? time.tv_nsec / 1e9 : time.tv_usec / 1e6);
}

function split(seconds: number, unitsPerSecond: number, caller: string): [whole: number, fraction: number] {
  if (typeof seconds !== 'number')
    throw new TypeError(`${caller}(): seconds must be a number, got ${describe(seconds)}`);
  if (!(seconds >= 0 && seconds <= Number.MAX_SAFE_INTEGER))
    throw new RangeError(`${caller}(): seconds must be 0-${Number.MAX_SAFE_INTEGER}, got ${seconds}`);
  const units = Math.ceil(seconds * unitsPerSecond);
  return [Math.floor(units / unitsPerSecond), units % unitsPerSecond];
}

const SIZE = 16;

/** [seconds, fraction] after [seconds, fraction], read and written in place. */
abstract class Times extends StructArray {
  readonly #unitsPerSecond: number;

  constructor(lengthOrMemory: number | Bytes, unitsPerSecond: number) {
    super(lengthOrMemory, SIZE);
    this.#unitsPerSecond = unitsPerSecond;
  }

  /** tv_sec. */
  seconds(i = 0): number {
    return getInt64(this.view, i * SIZE);
  }

  // The fraction is below 2**30, and macOS' tv_usec an int with four bytes of padding behind it.
  protected fraction(i: number): number {
    return this.view.getInt32(i * SIZE + 8, true);
  }

  /** Both members. */
  set(i: number, seconds: number, fraction: number): void {
    setInt64(this.view, i * SIZE, seconds);
    setInt64(this.view, i * SIZE + 8, fraction);
  }

  /** A time of so many seconds, rounded up to the unit, so that a wait never ends early. */
  setSeconds(i: number, seconds: number): void {
    const units = Math.ceil(seconds * this.#unitsPerSecond);
    this.set(i, Math.trunc(units / this.#unitsPerSecond), units % this.#unitsPerSecond);
  }

  /** Both members together in seconds. */
  inSeconds(i = 0): number {
    return this.seconds(i) + this.fraction(i) / this.#unitsPerSecond;
  }
}

/** A struct timespec[]: new Timespecs(1) for clock_gettime, new Timespecs(2) for an itimerspec. */
export class Timespecs extends Times {
  /** Of so many times, all 0; or those in memory. */
  constructor(lengthOrMemory: number | Bytes = 1) {
    super(lengthOrMemory, 1e9);
  }

  /** tv_nsec: 0-999999999. */
  nanoseconds(i = 0): number {
    return this.fraction(i);
  }

  /** The whole time in nanoseconds: exact up to 2**53, which is 104 days (a monotonic clock's lifetime). */
  inNanoseconds(i = 0): number {
    return this.seconds(i) * 1e9 + this.fraction(i);
  }

  /** The same, exact. */
  inBigNanoseconds(i = 0): bigint {
    return BigInt(this.seconds(i)) * 1_000_000_000n + BigInt(this.fraction(i));
  }
}

/** A struct timeval[]: new Timevals(1) for select, new Timevals(2) for an itimerval. */
export class Timevals extends Times {
  /** Of so many times, all 0; or those in memory. */
  constructor(lengthOrMemory: number | Bytes = 1) {
    super(lengthOrMemory, 1e6);
  }

  /** tv_usec: 0-999999. */
  microseconds(i = 0): number {
    return this.fraction(i);
  }
}
