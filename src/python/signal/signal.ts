// Python's signal module: a C handler only notes the signal; the handler given here runs, in
// JavaScript, when a blocking call is about to start or comes back with EINTR (PEP 475).
// Above: every module with a call that can block. Below: overhear.ts, itimer.ts, syscalls.ts (sigaction).

import { isMainThread } from 'node:worker_threads';
import { F_GETFL, O_NONBLOCK } from '../../kernel/constants/fcntl.ts';
import { NSIG, SIGINT, SIGPIPE, SIGXFSZ } from '../../kernel/constants/signal.ts';
import { EAGAIN, EINTR, errorcode } from '../../kernel/errno.ts';
import * as sys from '../../kernel/syscalls.ts';
import { check, osError } from '../errors.ts';
import { hasLooked, mayOverhear, nodeListens, overhear } from './node-signals.ts';

/** The default action of the signal. */
export const SIG_DFL = 0;
/** Ignore the signal. */
export const SIG_IGN = 1;
// What native/signal.cc does for any other handler: note the signal, and let calls be restarted, or not.
const SIG_NOTE = 2;
const SIG_NOTE_RESTARTING = 3;

/** Called with the signal's number. If it throws, the interrupted call ends with that error. */
export type Handler = (signum: number) => void;

// Node ignores these from its start, as Python does.
const dispositions = new Map<number, Handler | number>([
  [SIGPIPE, SIG_IGN],
  [SIGXFSZ, SIG_IGN],
]);
let handlers = 0;
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
  look();
  runWaiting();
  const previous = getsignal(signum);
  check(sys.sigaction(signum, typeof handler === 'function' ? SIG_NOTE : handler), 'sigaction');
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
  check(sys.sigaction(signum, flag ? SIG_NOTE : SIG_NOTE_RESTARTING), 'sigaction');
}

/** Sends this process a signal; its handler has run when this returns. kill(2). */
export function raise_signal(signum: number): void {
  checkSignal(signum);
  process.kill(process.pid, signum);
  runHandlers();
}

/** Sleeps until a signal comes that has a handler, and runs it. */
export function pause(): void {
  runHandlers();
  do {
    sys.select(0, null, null, null, null);
  } while (!interrupted('pause'));
}

let wakeupFd = -1;
let warnsOnFullBuffer = true;

/**
 * From now on the C handler writes the number of each signal that has a handler of signal()'s to fd, as
 * one byte; -1: no more. So a loop that waits for descriptors wakes up for signals. Returns the fd set
 * before, or -1. A write that fails is told on stderr, unless it is for a full buffer and those are not
 * to be told (warn_on_full_buffer: false).
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
  check(sys.set_wakeup_fd(fd), 'set_wakeup_fd');
  wakeupFd = fd;
  warnsOnFullBuffer = options.warn_on_full_buffer ?? true;
  return previous;
}

function tellOfWakeup(errno: number): void {
  if (errno === 0 || (errno === EAGAIN && !warnsOnFullBuffer)) return;
  const text = `Exception ignored when trying to write to the signal wakeup fd: ${errorcode(errno)}\n`;
  sys.write(2, Buffer.from(text));
}

// Signals whose handlers are still to run: more than one where a handler threw.
const waiting: number[] = [];
// Whether a signal of Node's was among those noted.
let overheard = false;

function look(): void {
  // The notes are the main thread's.
  if (handlers === 0 && !mayOverhear()) return;
  const n = sys.signals_noted(notedMemory);
  if (n === 0) return;
  tellOfWakeup(noted[NSIG - 1]);
  for (let i = 0; i < n; i++) {
    // Node's handler may stand where ours was: a listener was added since.
    const signum = Math.abs(noted[i]);
    if (noted[i] > 0 || typeof dispositions.get(signum) === 'function') waiting.push(signum);
    else overheard = true;
  }
}

// Says if there were any. If one throws, those behind it run the next time.
function runWaiting(): boolean {
  if (waiting.length === 0) return false;
  for (let signum = waiting.shift(); signum !== undefined; signum = waiting.shift()) {
    const handler = dispositions.get(signum);
    if (typeof handler === 'function') handler(signum);
  }
  return true;
}

/**
 * Before a call that may block: runs the handlers of the signals noted so far, each once, in the order of
 * their numbers. Throws what they throw, and InterruptedError if a signal came that only Node listens
 * for, whose listener cannot run while we block.
 */
export function runHandlers(): void {
  if (handlers === 0 && !mayOverhear()) return;
  overhear();
  look();
  if (mayOverhear() && !hasLooked()) overheard = false;
  runWaiting();
  leaveToNode('signal');
}

function leaveToNode(syscall: string): void {
  if (!overheard) return;
  overheard = false;
  throw osError(-EINTR, syscall);
}

/**
 * What to do about -EINTR from a blocking call: run the handlers, and return for the call to
 * be made again with what is left of its time; says if a handler ran. Throws what a handler throws.
 *
 * Unlike Python, where only Node's own process.on() listens for the signal this throws
 * InterruptedError: its listener cannot run until control returns to Node, and a call that was
 * retried regardless would make Ctrl+C go dead.
 */
export function interrupted(syscall: string): boolean {
  // A listener that was added since has its handler where we do not hear it: it may have been that.
  if (overhear() > 0) overheard = true;
  look();
  const ran = runWaiting();
  leaveToNode(syscall);
  return ran;
}
