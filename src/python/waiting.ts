// Waiting as Python does it: timeouts in seconds, deadlines on the monotonic clock, and calls that are made
// again after a signal with what is left of their time (PEP 475). Nothing here allocates: the loops that use
// it make a call and ask whether to make it again.

import { POLLNVAL } from '../kernel/constants/select.ts';
import { ECONNRESET, EINTR } from '../kernel/errno.ts';
import { PollFds } from '../kernel/structs/pollfd.ts';
import * as sys from '../kernel/syscalls.ts';
import { monotonic } from './builtins/time.ts';
import { check, osError } from './errors.ts';
import { checkSignals, handleEintr } from './signal/signal.ts';

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

/** When a wait of that many seconds ends, on the monotonic clock. Infinity for null. */
export function deadlineAfter(seconds: number | null): number {
  return seconds === null ? Number.POSITIVE_INFINITY : monotonic() + seconds;
}

/** The seconds left until a deadline that is not Infinity; 0 once it is past. */
export function secondsUntil(deadline: number): number {
  return Math.max(deadline - monotonic(), 0);
}

/** The milliseconds left until a deadline, rounded up, for poll and epoll_wait: -1 is for ever, 0 is past. */
export function millisecondsUntil(deadline: number): number {
  if (deadline === Number.POSITIVE_INFINITY) return -1;
  return Math.min(Math.ceil(secondsUntil(deadline) * 1000), INT_MAX);
}

/**
 * Before a call that may block: runs the handlers of pending signals, and returns the deadline. Throws what
 * a handler throws, and InterruptedError (see signal.ts) in the name of syscall.
 */
export function beginWait(seconds: number | null, syscall: string): number {
  checkSignals(syscall);
  return deadlineAfter(seconds);
}

/**
 * After a call that waits for events: whether a signal interrupted it and it has to be made again, with what
 * is left until the deadline; the handlers have run then. If result is still -EINTR when this is false, the
 * time was over: nothing was ready.
 */
export function mustRetry(result: number, syscall: string, deadline: number): boolean {
  if (result !== -EINTR) return false;
  handleEintr(syscall);
  return deadline === Number.POSITIVE_INFINITY || monotonic() < deadline;
}

const pollfd = new PollFds(1);

/**
 * One poll(2) of a descriptor for events, besides POLLERR, POLLHUP and POLLNVAL: its revents, 0 if the deadline
 * (Infinity: none) came first, -EINTR if handlers of signals ran and it is to be polled again, under the number that it
 * has then: a handler may have closed it, and another have its number. One that is closed is ready, as POLLNVAL: the
 * call that is made next says so. Throws what a handler throws, and OSError in the name of syscall.
 */
export function pollOnce(fd: number, events: number, deadline: number, syscall = 'poll'): number {
  if (fd < 0) return POLLNVAL;
  pollfd.set(0, fd, events);
  const n = sys.poll(pollfd.memory, 1, millisecondsUntil(deadline));
  if (mustRetry(n, syscall, deadline)) return -EINTR;
  if (n === -EINTR) return 0;
  return check(n, syscall) > 0 ? pollfd.revents(0) : 0;
}

/** The same until there are revents, or the deadline comes: for a descriptor that no handler closes. */
export function waitFor(fd: number, events: number, deadline: number, syscall = 'poll'): number {
  let revents: number;
  do revents = pollOnce(fd, events, deadline, syscall);
  while (revents === -EINTR);
  return revents;
}

/**
 * After a call that failed: returns if a signal interrupted it and it has to be made again; the handlers
 * have run then. Throws OSError for every other errno.
 */
export function retryInterrupted(result: number, syscall: string): void {
  if (result !== -EINTR) throw osError(result, syscall);
  handleEintr(syscall);
}

/**
 * close(2), never made again: after EINTR the descriptor is closed all the same on Linux, and its number may be
 * another's by then (docs/hazards.md, H20). ECONNRESET, which the BSDs report of the peer, is no failure either.
 */
export function closeFd(fd: number): void {
  const result = sys.close(fd);
  if (result !== -EINTR && result !== -ECONNRESET) check(result, 'close');
}
