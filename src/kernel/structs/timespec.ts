// struct timespec and struct timeval, and the pairs of them: itimerspec and itimerval, whose interval
// comes first. The raw calls take all of them as two int64 each, whatever the platform's own have.

import type { Bytes } from '../native.ts';
import { getInt64, StructArray, setInt64 } from './struct.ts';

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
    this.set(i, Math.floor(units / this.#unitsPerSecond), units % this.#unitsPerSecond);
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
