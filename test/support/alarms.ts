// SIGALRM at an interval, with a handler that may do what a peer would: so a call that blocks is
// interrupted, and ended, by the same process, and no test waits for another's pace.

import { ITIMER_REAL, SIG_IGN, SIGALRM, setitimer, signal } from '../../src/signal.ts';

/** Runs body while SIGALRM comes every few milliseconds; handler gets its number, from 1. */
export function withAlarms<T>(handler: (count: number) => void, body: () => T, seconds = 0.01): T {
  let count = 0;
  signal(SIGALRM, () => handler(++count));
  setitimer(ITIMER_REAL, seconds, seconds);
  try {
    return body();
  } finally {
    setitimer(ITIMER_REAL, 0);
    signal(SIGALRM, SIG_IGN); // not SIG_DFL: one that another thread has yet to take would end the process
  }
}
