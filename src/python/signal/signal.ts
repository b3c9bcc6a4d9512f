// Python's signal module: a C handler only marks the signal pending; the handler given here runs, in JavaScript,
// when a blocking call is about to start or comes back with EINTR (PEP 475). docs/signals.md has the states, and
// what is promised.

import { isMainThread } from 'node:worker_threads';
import { F_GETFL, O_NONBLOCK } from '../../kernel/constants/fcntl.ts';
import { NSIG, SIGBUS, SIGCHLD, SIGFPE, SIGILL, SIGINT, SIGSEGV } from '../../kernel/constants/signal.ts';
import { EINTR } from '../../kernel/errno.ts';
import * as own from '../../kernel/own-calls.ts';
import * as sys from '../../kernel/syscalls.ts';
import { check, osError } from '../errors.ts';
import {
  chainHandlers,
  nodeListens,
  nodeMayListen,
  restore,
  setAction,
  setRestarting,
} from './node-signals.ts';
import {
  dispositions,
  type Handler,
  ignoredByNode,
  nodesPending,
  runTaken,
  takePending,
  wakeup,
} from './pending.ts';

export type { Handler } from './pending.ts';

/** The default action of the signal. */
export const SIG_DFL = 0;
/** Ignore the signal. */
export const SIG_IGN = 1;

let handlers = 0;

// The kernel sends these to a thread for what it did itself; V8 has handlers for some.
const synchronous: ReadonlyMap<number, string> = new Map([
  [SIGSEGV, 'SIGSEGV'],
  [SIGBUS, 'SIGBUS'],
  [SIGFPE, 'SIGFPE'],
  [SIGILL, 'SIGILL'],
]);

/** What default_int_handler throws. Not an OSError, so that code that handles those lets it pass. */
export class KeyboardInterrupt extends Error {
  override readonly name = 'KeyboardInterrupt';
}

/** Throws KeyboardInterrupt. Unlike in Python it is not installed for SIGINT until a program asks. */
export function default_int_handler(_signum: number = SIGINT): never {
  throw new KeyboardInterrupt('interrupted by SIGINT');
}

function checkSignal(signum: number): void {
  if (typeof signum !== 'number') {
    throw new TypeError(`signal number must be an integer, got ${typeof signum}`);
  }
  if (!Number.isInteger(signum) || signum < 1 || signum >= NSIG) {
    throw new RangeError(`signal number out of range: 1-${NSIG - 1}, got ${signum}`);
  }
}

/**
 * Sets what happens on a signal, and returns what getsignal() said before, which can be given back: null, for a
 * handler of Node's (process.on), is whatever was there before signal() was first called for it.
 *
 * Throws RangeError for a number that is no signal's and outside the main thread, TypeError for a
 * handler that is neither, OSError EINVAL for a signal that cannot be caught. sigaction(2).
 *
 * Unlike Python, RangeError for SIGSEGV, SIGBUS, SIGFPE and SIGILL, whose handlers are V8's, and for SIG_IGN of
 * SIGCHLD; whatever is set for SIGCHLD, child_process has its events. And while a handler or SIG_IGN is set,
 * process.listenerCount() of the signal is one more, for a listener that keeps Node from changing it.
 */
export function signal(
  signum: number,
  handler: Handler | typeof SIG_DFL | typeof SIG_IGN | null,
): Handler | number | null;
export function signal(signum: number, handler: Handler | number | null): Handler | number | null;
export function signal(signum: number, handler: Handler | number | null): Handler | number | null {
  checkSignal(signum);
  if (!isMainThread) throw new RangeError('signal only works in main thread of the main interpreter');
  if (typeof handler !== 'function' && handler !== SIG_DFL && handler !== SIG_IGN && handler !== null) {
    throw new TypeError('signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object');
  }
  if (synchronous.has(signum))
    throw new RangeError(`${synchronous.get(signum)} is V8's: no handler can be set for it, nor taken away`);
  if (signum === SIGCHLD && handler === SIG_IGN)
    throw new RangeError('SIGCHLD cannot be ignored: child_process would not know how its children ended');
  // As Python: what came until now is the old handler's.
  if (handlers > 0) takePending();
  runTaken();
  const previous = getsignal(signum);
  if (handler === null) {
    check(restore(signum), 'sigaction');
    if (ignoredByNode.includes(signum)) dispositions.set(signum, SIG_IGN);
    else dispositions.delete(signum);
  } else {
    const action = typeof handler === 'function' ? 'handler' : handler === SIG_IGN ? 'ignore' : 'default';
    check(setAction(signum, action), 'sigaction');
    dispositions.set(signum, handler);
  }
  handlers = [...dispositions.values()].filter((one) => typeof one === 'function').length;
  return previous;
}

/** What signal() last set, SIG_DFL or SIG_IGN; null where Node has a handler of its own (process.on). */
export function getsignal(signum: number): Handler | number | null {
  checkSignal(signum);
  return dispositions.get(signum) ?? (nodeListens(signum) ? null : SIG_DFL);
}

/**
 * Whether a signal with a handler of signal()'s interrupts blocking calls (so it is after signal()), or
 * the kernel restarts recv, accept, connect, send, read and write, so that its handler runs only later.
 */
export function siginterrupt(signum: number, flag: boolean): void {
  checkSignal(signum);
  if (typeof dispositions.get(signum) !== 'function') return;
  check(setRestarting(signum, !flag), 'sigaction');
}

/** Sends this process a signal; its handler has run when this returns. kill(2). */
export function raise_signal(signum: number): void {
  checkSignal(signum);
  process.kill(process.pid, signum);
  checkSignals();
}

/** Sleeps until a signal comes that has a handler, and runs it. */
export function pause(): void {
  checkSignals();
  do {
    sys.select(0, null, null, null, null);
  } while (!handleEintr('pause'));
}

let wakeupFd = -1;

/**
 * From now on the C handler writes the number of each signal that has a handler of signal()'s to fd, as
 * one byte; -1: no more. So a loop that waits for descriptors wakes up for signals. Returns the fd set
 * before, or -1. A write that fails is reported on stderr, unless it is for a full buffer and those are not
 * to be reported (warn_on_full_buffer: false).
 *
 * Throws RangeError outside the main thread and for a blocking fd, OSError EBADF for a closed one.
 */
export function set_wakeup_fd(fd: number, options: { warn_on_full_buffer?: boolean } = {}): number {
  if (!Number.isInteger(fd)) throw new TypeError(`set_wakeup_fd(): fd must be an integer, got ${String(fd)}`);
  if (!isMainThread) throw new RangeError('set_wakeup_fd only works in main thread of the main interpreter');
  if (fd !== -1 && (check(sys.fcntl(fd, F_GETFL, 0), 'fcntl') & O_NONBLOCK) === 0) {
    throw new RangeError(`the fd ${fd} must be in non-blocking mode`);
  }
  const previous = wakeupFd;
  check(own.set_wakeup_fd(fd), 'set_wakeup_fd');
  wakeupFd = fd;
  wakeup.warnsOnFullBuffer = options.warn_on_full_buffer ?? true;
  return previous;
}

/**
 * Before a call that may block: runs the handlers of pending signals, each once, in the order of their numbers.
 * Throws what they throw, and InterruptedError if a signal is pending that only Node listens for, whose listener
 * cannot run while we block. (CPython's PyErr_CheckSignals.)
 */
export function checkSignals(syscall = 'signal'): void {
  if (handlers === 0 && !nodeMayListen()) return;
  chainHandlers();
  takePending();
  runTaken();
  throwIfNodesPending(syscall);
}

/** The same before a call that cannot block: the handlers run, and Node's listeners wait for control. */
export function runHandlers(): void {
  if (handlers === 0) return;
  takePending();
  runTaken();
}

function throwIfNodesPending(syscall: string): void {
  if (nodesPending.size === 0) return;
  nodesPending.clear();
  throw osError(-EINTR, syscall);
}

/**
 * After -EINTR from a blocking call: runs the handlers, and returns for the call to be made again with what is
 * left of its time; true if a handler ran. Throws what a handler throws.
 *
 * Unlike Python, where only Node's own process.on() listens for the signal this throws
 * InterruptedError: its listener cannot run until control returns to Node, and a call that was
 * retried regardless would make Ctrl+C go dead.
 */
export function handleEintr(syscall: string): boolean {
  // The signal of a listener that was added since: its handler was not chained, so it may have been that.
  chainHandlers(nodesPending);
  if (handlers > 0 || nodeMayListen()) takePending();
  const ran = runTaken();
  throwIfNodesPending(syscall);
  return ran;
}
