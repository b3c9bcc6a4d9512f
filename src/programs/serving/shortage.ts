// What a server does when the kernel is short of something: it turns one client away and goes on, or waits a moment where
// it has none. It neither ends, with all its clients, nor asks again at once, which would use a processor up for nothing.

import { monotonic, OSError } from '../../builtins.ts';
import { Timevals } from '../../structs.ts';
import * as sys from '../../syscalls.ts';
import { warn } from './log.ts';

// Descriptors, memory, STREAMS resources, and what epoll may watch (/proc/sys/fs/epoll/max_user_watches).
const shortages = new Set(
  [sys.EMFILE, sys.ENFILE, sys.ENOBUFS, sys.ENOMEM, sys.ENOSR, sys.ENOSPC].map((number) => -number),
);

/**
 * Whether a call failed because the kernel lacked something, so that it may succeed later. Of select and poll that is
 * EAGAIN on macOS, and nothing else: XNU, bsd/kern/sys_generic.c, select_internal() and poll_nocancel().
 */
export function isShortage(error: unknown): error is OSError {
  if (!(error instanceof OSError)) return false;
  if (error.errno === -sys.EAGAIN) return error.syscall === 'select' || error.syscall === 'poll';
  return shortages.has(error.errno!);
}

/** How many seconds a loop stands still when the kernel has no memory to wait with. */
export const WAIT_PAUSE = 0.1;

const timeval = new Timevals(1);

/**
 * Sleeps for so many seconds, or until a signal comes. select(2) without descriptors, which needs no memory: Linux,
 * core_sys_select(), has room for some on its stack; XNU, select_internal(), allocates for what they need.
 */
export function sleep(seconds: number): void {
  timeval.setSeconds(0, seconds); // Linux writes what was left of the last time there.
  sys.select(0, null, null, null, timeval.memory);
}

/** The pauses of a loop whose wait fails for want of memory, and that has no client to turn away for it. */
export class WaitPauses {
  #end = Number.NEGATIVE_INFINITY;

  /** Stands still for WAIT_PAUSE, and logs the error once for as long as the wait goes on failing. */
  pause(error: OSError): void {
    if (monotonic() > this.#end + WAIT_PAUSE) warn(`no client to turn away: ${error.message}`);
    sleep(WAIT_PAUSE);
    this.#end = monotonic();
  }
}
