// Python's signal.setitimer, getitimer and alarm: a signal after a time.

import { ITIMER_REAL } from '../../kernel/constants/signal.ts';
import * as sys from '../../kernel/syscalls.ts';
import { check } from '../errors.ts';
import { checkTimeout } from '../waiting.ts';

export { OSError as ItimerError } from '../errors.ts';

type Times = [delay: number, interval: number];

// A struct itimerval: the interval comes first. Seconds are rounded up to microseconds.
const words = (delay: number, interval: number): BigInt64Array => {
  const micros = [interval, delay].map((seconds) => BigInt(Math.ceil(seconds * 1e6)));
  return BigInt64Array.from(micros.flatMap((count) => [count / 1_000_000n, count % 1_000_000n]));
};
const times = ([seconds, micros, left, leftMicros]: BigInt64Array): Times => [
  Number(left) + Number(leftMicros) / 1e6,
  Number(seconds) + Number(micros) / 1e6,
];

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
  const before = new BigInt64Array(4);
  const wanted = words(checkSeconds(seconds, 'seconds'), checkSeconds(interval, 'interval'));
  check(sys.setitimer(which, wanted, before), 'setitimer');
  return times(before);
}

/** How many seconds are left, and the interval. getitimer(2). */
export function getitimer(which: number): Times {
  const now = new BigInt64Array(4);
  check(sys.getitimer(which, now), 'getitimer');
  return times(now);
}

/** SIGALRM after so many whole seconds; 0: never. Returns how many were left of an earlier one, at least 1. */
export function alarm(seconds: number): number {
  if (!Number.isInteger(seconds)) throw new TypeError(`seconds must be an integer, got ${String(seconds)}`);
  const [left] = setitimer(ITIMER_REAL, seconds);
  return left > 0 ? Math.max(Math.round(left), 1) : 0;
}
