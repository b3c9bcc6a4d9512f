// Python's time module, as far as the documented programs need it.
// Above: the servers and the client. Below: syscalls.ts (clock_gettime).

import { CLOCK_MONOTONIC, CLOCK_REALTIME } from './constants/clock.ts';
import * as sys from './syscalls.ts';

// The two int64 seconds and nanoseconds, and the same memory in 32-bit halves (every platform
// that Node runs on is little-endian): reading those allocates no BigInt.
const timespec = new BigInt64Array(2);
const halves = new Uint32Array(timespec.buffer);
const seconds = () => halves[0] + halves[1] * 2 ** 32;

/**
 * The time in seconds since 1970, to the microsecond, as Python prints the float:
 * '1700000000.123456', '1700000000.5', '1700000000.0'.
 */
export function timestamp(): string {
  sys.clock_gettime(CLOCK_REALTIME, timespec);
  const micros = Math.trunc(halves[2] / 1000);
  if (micros === 0) return `${seconds()}.0`;
  return `${seconds()}.${String(micros).padStart(6, '0').replace(/0+$/, '')}`;
}

/** time.monotonic(): seconds on a clock that never goes back; for timeouts. */
export function monotonic(): number {
  sys.clock_gettime(CLOCK_MONOTONIC, timespec);
  return seconds() + halves[2] / 1e9;
}
