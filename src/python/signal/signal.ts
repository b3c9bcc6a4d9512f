// Python's signal module: a C handler only marks the signal pending; the handler given here runs, in JavaScript,
// when a blocking call is about to start or comes back with EINTR (PEP 475). A signal's states, and what each
// thread does, are in native/pending_signals.h.

import { isMainThread } from 'node:worker_threads';
import { F_GETFL, O_NONBLOCK } from '../../kernel/constants/fcntl.ts';
import { SA_RESTART } from '../../kernel/constants/sigaction.ts';
import { NSIG, SIGINT, SIGPIPE, SIGXFSZ } from '../../kernel/constants/signal.ts';
import { EAGAIN, EINTR, errorcode } from '../../kernel/errno.ts';
import * as own from '../../kernel/own-calls.ts';
import * as sys from '../../kernel/syscalls.ts';
import { check, osError } from '../errors.ts';
import { chainHandlers, nodeListens, nodeMayListen, wasCheckedThisTurn } from './node-signals.ts';

/** The default action of the signal. */
export const SIG_DFL = 0;
/** Ignore the signal. */
export const SIG_IGN = 1;

/** Called with the signal's number. If it throws, the interrupted call ends with that error. */
export type Handler = (signum: number) => void;

// Node ignores these from its start, as Python does.
const dispositions = new Map<number, Handler | number>([
  [SIGPIPE, SIG_IGN],
  [SIGXFSZ, SIG_IGN],
]);
let handlers = 0;
const pendingMemory = new ArrayBuffer(NSIG * 4);
const pending = new Int32Array(pendingMemory);

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
 * Sets what happens on a signal, and returns what getsignal() said before.
 *
 * Throws RangeError for a number that is no signal's and outside the main thread, TypeError for a
 * handler that is neither, OSError EINVAL for a signal that cannot be caught. sigaction(2).
 */
export function signal(
  signum: number,
  handler: Handler | typeof SIG_DFL | typeof SIG_IGN,
): Handler | number | null {
  checkSignal(signum);
  if (!isMainThread) throw new RangeError('signal only works in main thread of the main interpreter');
  if (typeof handler !== 'function' && handler !== SIG_DFL && handler !== SIG_IGN) {
    throw new TypeError('signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object');
  }
  // As Python: what came until now is the old handler's.
  takePending();
  runTaken();
  const previous = getsignal(signum);
  const result = typeof handler === 'function' ? own.catch_signal(signum, 0) : sys.sigaction(signum, handler);
  check(result, 'sigaction');
  dispositions.set(signum, handler);
  handlers = [...dispositions.values()].filter((one) => typeof one === 'function').length;
  return previous;
}

/** What signal() last set, SIG_DFL or SIG_IGN; null where Node has a handler of its own (process.on). */
export function getsignal(signum: number): Handler | number | null {
  checkSignal(signum);
  return dispositions.get(signum) || (nodeListens(signum) ? null : SIG_DFL);
}

/**
 * Whether a signal with a handler of signal()'s interrupts blocking calls (so it is after signal()), or
 * the kernel restarts recv, accept, connect, send, read and write, so that its handler runs only later.
 */
export function siginterrupt(signum: number, flag: boolean): void {
  checkSignal(signum);
  if (typeof dispositions.get(signum) !== 'function') return;
  check(own.catch_signal(signum, flag ? 0 : SA_RESTART), 'sigaction');
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
let warnsOnFullBuffer = true;

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
  warnsOnFullBuffer = options.warn_on_full_buffer ?? true;
  return previous;
}

function warnOfWakeupError(errno: number): void {
  if (errno === 0 || (errno === EAGAIN && !warnsOnFullBuffer)) return;
  const text = `Exception ignored when trying to write to the signal wakeup fd: ${errorcode(errno)}\n`;
  sys.write(2, Buffer.from(text));
}

// Signals that were taken from the addon and whose handlers are still to run: more than one where a handler threw.
const taken: number[] = [];
// Whether a signal that only Node listens for was among those taken, and is not reported yet.
let isNodesPending = false;

function takePending(): void {
  // What is pending is the main thread's.
  if (handlers === 0 && !nodeMayListen()) return;
  const n = own.take_pending_signals(pendingMemory);
  if (n === 0) return;
  warnOfWakeupError(pending[NSIG - 1]);
  for (let i = 0; i < n; i++) {
    // Node's handler may be where ours was: a listener was added since.
    const signum = Math.abs(pending[i]);
    if (pending[i] > 0 || typeof dispositions.get(signum) === 'function') taken.push(signum);
    else isNodesPending = true;
  }
}

// Returns whether there were any. If a handler throws, those behind it run the next time.
function runTaken(): boolean {
  if (taken.length === 0) return false;
  for (let signum = taken.shift(); signum !== undefined; signum = taken.shift()) {
    const handler = dispositions.get(signum);
    if (typeof handler === 'function') handler(signum);
  }
  return true;
}

/**
 * Before a call that may block: runs the handlers of pending signals, each once, in the order of their numbers.
 * Throws what they throw, and InterruptedError if a signal is pending that only Node listens for, whose listener
 * cannot run while we block. (CPython's PyErr_CheckSignals.)
 */
export function checkSignals(): void {
  if (handlers === 0 && !nodeMayListen()) return;
  chainHandlers();
  takePending();
  if (nodeMayListen() && !wasCheckedThisTurn()) isNodesPending = false;
  runTaken();
  throwIfNodesPending('signal');
}

function throwIfNodesPending(syscall: string): void {
  if (!isNodesPending) return;
  isNodesPending = false;
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
  if (chainHandlers() > 0) isNodesPending = true;
  takePending();
  const ran = runTaken();
  throwIfNodesPending(syscall);
  return ran;
}
