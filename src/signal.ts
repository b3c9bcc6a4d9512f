// Python's signal module: a C handler only notes the signal; the handler given here runs, in
// JavaScript, when a blocking call is about to start or comes back with EINTR (PEP 475).
// Above: every module with a call that can block. Below: syscalls.ts (sigaction).

import { isMainThread } from 'node:worker_threads';
import { NSIG, SIGINT } from './constants/signal.ts';
import { check, EINTR, osError } from './errno.ts';
import * as sys from './syscalls.ts';

export * from './constants/signal.ts';

/** The default action of the signal. */
export const SIG_DFL = 0;
/** Ignore the signal. */
export const SIG_IGN = 1;
// What native/signal.cc does for any other handler: note the signal.
const SIG_NOTE = 2;

/** Called with the signal's number. If it throws, the interrupted call ends with that error. */
export type Handler = (signum: number) => void;

const dispositions = new Map<number, Handler | number>();
const notedMemory = new ArrayBuffer(NSIG * 4);
const noted = new Int32Array(notedMemory);

/** What default_int_handler throws. Not an OSError, so that code that handles those lets it pass. */
export class KeyboardInterrupt extends Error {
  override readonly name = 'KeyboardInterrupt';
}

/** Throws KeyboardInterrupt. Unlike in Python it is not installed for SIGINT until a program asks. */
export function default_int_handler(_signum: number = SIGINT): never {
  throw new KeyboardInterrupt('interrupted by SIGINT');
}

/**
 * Sets what happens on a signal, and returns what happened before: a handler, SIG_DFL or
 * SIG_IGN (SIG_DFL where Node had a handler of its own).
 *
 * Throws RangeError for a number that is no signal's and outside the main thread, TypeError for a
 * handler that is neither, OSError EINVAL for a signal that cannot be caught. sigaction(2).
 */
export function signal(signum: number, handler: Handler | typeof SIG_DFL | typeof SIG_IGN): Handler | number {
  if (!Number.isInteger(signum) || signum < 1 || signum >= NSIG) {
    throw new RangeError(`signal number out of range: 1-${NSIG - 1}, got ${signum}`);
  }
  if (!isMainThread) throw new RangeError('signal only works in main thread of the main interpreter');
  if (typeof handler !== 'function' && handler !== SIG_DFL && handler !== SIG_IGN) {
    throw new TypeError('signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object');
  }
  const previous = getsignal(signum);
  check(sys.sigaction(signum, typeof handler === 'function' ? SIG_NOTE : handler), 'sigaction');
  dispositions.set(signum, handler);
  return previous;
}

/** What signal() last set, or SIG_DFL. */
export function getsignal(signum: number): Handler | number {
  return dispositions.get(signum) ?? SIG_DFL;
}

// Signals whose handlers are still to run: more than one where a handler threw.
const waiting: number[] = [];

/**
 * Runs the handlers of the signals noted so far, each once, in the order of their numbers; says if
 * there were any. If one throws, those behind it run the next time.
 */
export function runHandlers(): boolean {
  if (dispositions.size === 0) return false;
  const n = sys.signals_noted(notedMemory);
  for (let i = 0; i < n; i++) waiting.push(noted[i]);
  if (waiting.length === 0) return false;
  for (let signum = waiting.shift(); signum !== undefined; signum = waiting.shift()) {
    const handler = dispositions.get(signum);
    if (typeof handler === 'function') handler(signum);
  }
  return true;
}

/**
 * What to do about -EINTR from a blocking call: run the handlers, and return for the call to
 * be made again with what is left of its time. Throws what a handler throws.
 *
 * Unlike Python, where only Node's own process.on() listens for the signal this throws
 * InterruptedError: its listener cannot run until control returns to Node, and a call that was
 * retried regardless would make Ctrl+C go dead. That is so in select, poll, epoll and kqueue. The
 * kernel itself restarts recv, accept, connect, send, read and write after a signal of Node's
 * (SA_RESTART), so that those do not come here: a program that blocks in them uses signal().
 */
export function interrupted(syscall: string): void {
  if (runHandlers()) return;
  const nodeListens = process.eventNames().some((name) => typeof name === 'string' && name.startsWith('SIG'));
  if (nodeListens) throw osError(-EINTR, syscall);
}
