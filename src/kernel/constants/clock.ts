// Written by scripts/constants.mjs. clock_gettime(2).
// A name that this platform's headers lack is undefined.
import { constants } from '../native.ts';

export const CLOCK_REALTIME = constants.CLOCK_REALTIME as number;
export const CLOCK_MONOTONIC = constants.CLOCK_MONOTONIC as number;
export const CLOCK_MONOTONIC_RAW = constants.CLOCK_MONOTONIC_RAW as number;
export const CLOCK_BOOTTIME = constants.CLOCK_BOOTTIME as number;
export const CLOCK_PROCESS_CPUTIME_ID = constants.CLOCK_PROCESS_CPUTIME_ID as number;
export const CLOCK_THREAD_CPUTIME_ID = constants.CLOCK_THREAD_CPUTIME_ID as number;
