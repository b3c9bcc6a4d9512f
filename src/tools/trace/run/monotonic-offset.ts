// Turns the kernel's timestamps of packets, which are CLOCK_REALTIME, into CLOCK_MONOTONIC, the
// clock of a recording.
//
// The two clocks run at one pace, and differ by an offset that changes only when the time is
// set. It is read between two readings of CLOCK_MONOTONIC, so it is right to half of the time between
// them: below 1 µs. Between a packet and the reading after it lie milliseconds at most.

import { CLOCK_MONOTONIC, CLOCK_REALTIME } from '../../../kernel/constants/clock.ts';
import { Timespecs } from '../../../kernel/structs/timespec.ts';
import { check } from '../../../python/errors.ts';
import * as sys from '../../../syscalls.ts';

const time = new Timespecs();

function now(clock: number): bigint {
  check(sys.clock_gettime(clock, time.memory), 'clock_gettime');
  return time.inBigNanoseconds();
}

/** CLOCK_MONOTONIC in nanoseconds, as a recording has it. */
export function monotonicNanoseconds(): number {
  return Number(now(CLOCK_MONOTONIC));
}

// CLOCK_REALTIME - CLOCK_MONOTONIC, and by how much that may be wrong: the best of three readings.
function readOffset(): { offset: bigint; uncertainty: bigint } {
  const readings = [1, 2, 3].map(() => {
    const before = now(CLOCK_MONOTONIC);
    const realtime = now(CLOCK_REALTIME);
    const after = now(CLOCK_MONOTONIC);
    return { offset: realtime - (before + after) / 2n, uncertainty: (after - before) / 2n };
  });
  return readings.reduce((best, one) => (one.uncertainty < best.uncertainty ? one : best));
}

export class MonotonicOffset {
  #known = readOffset();

  /**
   * Reads the offset again. One that is the same within its error stays: packets are not to
   * change places because a reading was a little better or worse.
   */
  read(): void {
    const latest = readOffset();
    const change = latest.offset - this.#known.offset;
    const size = change < 0n ? -change : change;
    if (size > this.#known.uncertainty + latest.uncertainty) this.#known = latest;
  }

  /** The CLOCK_MONOTONIC, in nanoseconds, of a struct timespec of CLOCK_REALTIME. */
  monotonic(timespec: Buffer): number {
    return Number(new Timespecs(timespec).inBigNanoseconds() - this.#known.offset);
  }
}
