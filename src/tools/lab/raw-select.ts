// select(2) as C has it, for experiments with its timeout.

import * as sys from '../../syscalls.ts';

/** struct timeval of so many milliseconds: [seconds, microseconds]. */
export const timeval = (ms: number): BigInt64Array =>
  BigInt64Array.of(BigInt(Math.floor(ms / 1000)), BigInt((ms % 1000) * 1000));

/** select(0, NULL, NULL, NULL, timeout). */
export const select = (timeout: BigInt64Array): number => sys.select(0, null, null, null, timeout);
