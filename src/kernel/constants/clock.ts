// Written by scripts/constants.mjs. clock_gettime(2), timerfd_create(2).
// A name that this platform's headers lack is undefined.
import { constants } from '../native.ts';

export const CLOCK_REALTIME = constants.CLOCK_REALTIME as number;
export const CLOCK_MONOTONIC = constants.CLOCK_MONOTONIC as number;
export const CLOCK_MONOTONIC_RAW = constants.CLOCK_MONOTONIC_RAW as number;
export const CLOCK_BOOTTIME = constants.CLOCK_BOOTTIME as number;
export const CLOCK_PROCESS_CPUTIME_ID = constants.CLOCK_PROCESS_CPUTIME_ID as number;
export const CLOCK_THREAD_CPUTIME_ID = constants.CLOCK_THREAD_CPUTIME_ID as number;
export const CLOCK_REALTIME_COARSE = constants.CLOCK_REALTIME_COARSE as number;
export const CLOCK_MONOTONIC_COARSE = constants.CLOCK_MONOTONIC_COARSE as number;
export const CLOCK_REALTIME_ALARM = constants.CLOCK_REALTIME_ALARM as number;
export const CLOCK_BOOTTIME_ALARM = constants.CLOCK_BOOTTIME_ALARM as number;
export const CLOCK_TAI = constants.CLOCK_TAI as number;
export const CLOCK_UPTIME_RAW = constants.CLOCK_UPTIME_RAW as number;
export const CLOCK_UPTIME_RAW_APPROX = constants.CLOCK_UPTIME_RAW_APPROX as number;
export const CLOCK_MONOTONIC_RAW_APPROX = constants.CLOCK_MONOTONIC_RAW_APPROX as number;
