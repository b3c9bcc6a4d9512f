// Signals that only Node's own process.on() listens for. Its handler (libuv's) asks the kernel to restart recv,
// accept, connect, send, read and write, and its listener runs only once control is back in Node's loop: Ctrl+C
// would go dead in a program that blocks. So, when a call is about to block, that handler is chained: ours
// calls it, but the call is interrupted, and we know by which signal (native/pending_signals.h).
//
// It costs nothing until a program both listens and blocks. From then on a signal of that kind can interrupt
// Node's own blocking calls too: fs.readSync(0) of a terminal may throw EINTR.

import { constants } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import { SIGCHLD, SIGCONT, SIGURG, SIGWINCH } from '../../kernel/constants/signal.ts';
import * as own from '../../kernel/own-calls.ts';

// These end nothing by default, and Node listens for SIGWINCH by itself, on any terminal: no call should end
// because the window has another size. Their listeners run when control is back in Node.
const harmless = new Set([SIGCHLD, SIGCONT, SIGURG, SIGWINCH]);

const numberOf = (name: string | symbol): number | undefined => {
  const signum = constants.signals[name as NodeJS.Signals];
  return signum === undefined || harmless.has(signum) ? undefined : signum;
};

// Signals that got a listener, and whose handler is not chained yet; and whether any is.
const unchained = new Set<number>();
let isAnyChained = false;
// Whether the process's listeners are followed: from the first call that may block, so that importing this
// changes nothing.
let isFollowing = !isMainThread;
// Whether signals were checked since Node's loop last turned.
let isChecked = false;

const add = (name: string | symbol) => {
  const signum = numberOf(name);
  if (signum !== undefined) unchained.add(signum);
};

function followListeners(): void {
  isFollowing = true;
  process.eventNames().forEach(add);
  process.on('newListener', add);
}

/** Whether there may be signals that Node listens for. */
export function nodeMayListen(): boolean {
  if (!isFollowing) followListeners();
  return isAnyChained || unchained.size > 0;
}

/** Chains Node's handlers: how many were not chained before. */
export function chainHandlers(): number {
  if (!isFollowing) followListeners();
  if (unchained.size === 0) return 0;
  let count = 0;
  for (const signum of unchained) {
    unchained.delete(signum);
    if (own.chain_signal(signum) === 1) count++;
  }
  if (count > 0) isAnyChained = true;
  return count;
}

/**
 * Before a call that may block: whether signals were checked in this turn of Node's loop before. If not, what
 * is pending of chained signals may be older than the turn, and its listener have run.
 */
export function wasCheckedThisTurn(): boolean {
  if (isChecked) return true;
  isChecked = true;
  setImmediate(() => {
    isChecked = false;
  }).unref();
  return false;
}

/** Whether Node listens for a signal: one that signal() did not set, then. */
export function nodeListens(signum: number): boolean {
  return process.eventNames().some((name) => constants.signals[name as NodeJS.Signals] === signum);
}
