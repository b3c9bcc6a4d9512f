// Timeouts as Python has them: seconds, rounded away from zero so that a wait never ends early,
// and counted down across EINTR (PEP 475). Above: everything that waits.

import { monotonic } from './builtins/time.ts';

const INT_MAX = 0x7fffffff;

/** A number of seconds, or null for no limit. Throws TypeError or RangeError, with Python's words. */
export function checkTimeout(
  timeout: unknown,
  typeMessage = 'timeout must be a float or None',
): number | null {
  if (timeout === null || timeout === undefined) return null;
  if (typeof timeout !== 'number') throw new TypeError(typeMessage);
  if (Number.isNaN(timeout)) throw new RangeError('Invalid value NaN (not a number)');
  if (Math.abs(timeout) > 2 ** 63 / 1e9) throw new RangeError('timeout is too large');
  return timeout;
}

/** The same for a socket, whose timeout cannot be negative. */
export function checkSocketTimeout(timeout: unknown): number | null {
  const seconds = checkTimeout(timeout);
  if (seconds !== null && seconds < 0) throw new RangeError('Timeout value out of range');
  return seconds;
}

let defaultTimeout: number | null = null;

/** The timeout that new sockets get, accepted ones too: null unless it was set. */
export function getdefaulttimeout(): number | null {
  return defaultTimeout;
}

/** Sets it, for this thread. Unlike in Python a worker thread has its own. */
export function setdefaulttimeout(timeout: number | null): void {
  defaultTimeout = checkSocketTimeout(timeout);
}

/** When a wait of that many seconds ends, on the monotonic clock. Infinity for null. */
export function deadlineAfter(seconds: number | null): number {
  return seconds === null ? Number.POSITIVE_INFINITY : monotonic() + seconds;
}

/** Whether a deadline is past: a wait that was interrupted ends then, empty, and is not made again. */
export function isOver(deadline: number): boolean {
  return deadline !== Number.POSITIVE_INFINITY && monotonic() >= deadline;
}

/** The milliseconds left until a deadline, rounded up, for poll and epoll_wait: -1 is for ever, 0 is past. */
export function millisecondsUntil(deadline: number): number {
  if (deadline === Number.POSITIVE_INFINITY) return -1;
  return Math.min(Math.max(Math.ceil((deadline - monotonic()) * 1000), 0), INT_MAX);
}
