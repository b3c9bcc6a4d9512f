// What a server does when the kernel is short of something: it turns one client away and goes on. It neither ends,
// with all its clients, nor asks again at once, which would use a processor up for nothing.

import { OSError } from '../../builtins.ts';
import { Timevals } from '../../structs.ts';
import * as sys from '../../syscalls.ts';

// Descriptors, memory, STREAMS resources, and what epoll may watch (/proc/sys/fs/epoll/max_user_watches).
const shortages = new Set(
  [sys.EMFILE, sys.ENFILE, sys.ENOBUFS, sys.ENOMEM, sys.ENOSR, sys.ENOSPC].map((number) => -number),
);

/** Whether a call failed because the kernel lacked something, so that it may succeed later. */
export function isShortage(error: unknown): error is OSError {
  return error instanceof OSError && shortages.has(error.errno!);
}

/** How many seconds a loop stands still when the kernel has no memory to wait with. */
export const WAIT_PAUSE = 0.1;

const timeval = new Timevals(1);

/** Sleeps for so many seconds, or until a signal comes. select(2) without descriptors, which needs no memory. */
export function sleep(seconds: number): void {
  timeval.setSeconds(0, seconds); // Linux writes what was left of the last time there.
  sys.select(0, null, null, null, timeval.memory);
}
