// Python's signal.setitimer, getitimer and alarm: a signal after a time.

import { ITIMER_REAL } from '../../kernel/constants/signal.ts';
import { Timevals } from '../../kernel/structs/timespec.ts';
import * as sys from '../../kernel/syscalls.ts';
import { check } from '../errors.ts';
import { checkTimeout } from '../waiting.ts';

export { OSError as ItimerError } from '../errors.ts';

type Times = [delay: number, interval: number];

// A struct itimerval is two timevals: the interval, then what is left until the signal.
const times = (itimerval: Timevals): Times => [itimerval.inSeconds(1), itimerval.inSeconds(0)];

function checkSeconds(seconds: unknown, what: string): number {
  const checked = checkTimeout(seconds, `${what} must be a number of seconds`);
  if (checked === null) throw new TypeError(`${what} must be a number of seconds, got ${String(seconds)}`);
  return checked;
}

/**
 * Sends SIGALRM (ITIMER_REAL), SIGVTALRM (ITIMER_VIRTUAL) or SIGPROF (ITIMER_PROF) after so many seconds,
 * and then every interval; 0 stops it. Returns what was left before, and the interval. Throws OSError
 * EINVAL for another timer or negative times. setitimer(2).
 */
export function setitimer(which: number, seconds: number, interval = 0): Times {
  const before = new Timevals(2);
  const wanted = new Timevals(2);
  wanted.setSeconds(1, checkSeconds(seconds, 'seconds'));
  wanted.setSeconds(0, checkSeconds(interval, 'interval'));
  check(sys.setitimer(which, wanted.memory, before.memory), 'setitimer');
  return times(before);
}

/** How many seconds are left, and the interval. getitimer(2). */
export function getitimer(which: number): Times {
  const now = new Timevals(2);
  check(sys.getitimer(which, now.memory), 'getitimer');
  return times(now);
}

/** SIGALRM after so many whole seconds; 0: never. Returns how many were left of an earlier one, at least 1. */
export function alarm(seconds: number): number {
  if (!Number.isInteger(seconds)) throw new TypeError(`seconds must be an integer, got ${String(seconds)}`);
  const [left] = setitimer(ITIMER_REAL, seconds);
  return left > 0 ? Math.max(Math.round(left), 1) : 0;
}
