// Signals that only Node's own process.on() listens for. Its handler (libuv's) asks the kernel to restart
// recv, accept, connect, send, read and write, and its listener runs only once control is back in Node's
// loop: Ctrl+C would go dead in a program that blocks. So, when a call is about to block, we step in
// front of that handler: it still runs, but the call is interrupted, and we know by which signal.
// Above: signal.ts. Below: syscalls.ts.
//
// It costs nothing until a program both listens and blocks. From then on a signal of that kind can
// interrupt Node's own blocking calls too: fs.readSync(0) of a terminal may throw EINTR.

import { constants } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import { SIGCHLD, SIGCONT, SIGURG, SIGWINCH } from '../../kernel/constants/signal.ts';
import * as sys from '../../kernel/syscalls.ts';

// These end nothing by default, and Node listens for SIGWINCH by itself, on any terminal: nobody wants a
// call ended because the window has another size. Their listeners run when control is back in Node.
const harmless = new Set([SIGCHLD, SIGCONT, SIGURG, SIGWINCH]);

const numberOf = (name: string | symbol): number | undefined => {
  const signum = constants.signals[name as NodeJS.Signals];
  return signum === undefined || harmless.has(signum) ? undefined : signum;
};

// Signals that got a listener and that we do not stand in front of yet; and whether we do of any.
const unheard = new Set<number>();
let listening = false;
// Whether control has been in our hands since Node's loop last turned, or may have been.
let looked = false;

const add = (name: string | symbol) => {
  const signum = numberOf(name);
  if (signum !== undefined) unheard.add(signum);
};
if (isMainThread) {
  process.eventNames().forEach(add);
  process.on('newListener', add);
}

/** Whether there may be signals of Node's to mind. */
export function mayOverhear(): boolean {
  return listening || unheard.size > 0;
}

/** Steps in front of Node's handlers: how many were not heard before. */
export function overhear(): number {
  if (unheard.size === 0) return 0;
  let heard = 0;
  for (const signum of unheard) {
    unheard.delete(signum);
    if (sys.overhear(signum) === 1) heard++;
  }
  if (heard > 0) listening = true;
  return heard;
}

/**
 * Before a call that may block: whether we have looked for signals in this turn of Node's loop before. If
 * not, what was overheard may be older than the turn, and its listener have run.
 */
export function hasLooked(): boolean {
  if (looked) return true;
  looked = true;
  setImmediate(() => {
    looked = false;
  }).unref();
  return false;
}

/** Whether Node listens for a signal: one that signal() did not set, then. */
export function nodeListens(signum: number): boolean {
  return process.eventNames().some((name) => constants.signals[name as NodeJS.Signals] === signum);
}
