// Signals that the addon's C handler marked pending (native/pending_signals.h), as JavaScript takes them over:
// those whose handler of signal()'s is to run, and those that only Node listens for.

import { isMainThread } from 'node:worker_threads';
import { NSIG, SIGCHLD, SIGCONT, SIGPIPE, SIGURG, SIGWINCH, SIGXFSZ } from '../../kernel/constants/signal.ts';
import { EAGAIN, errorcode } from '../../kernel/errno.ts';
import * as own from '../../kernel/own-calls.ts';
import * as sys from '../../kernel/syscalls.ts';
import { MORE_IGNORED } from '../xnu.ts';

/** Called with the signal's number. If it throws, the interrupted call ends with that error. */
export type Handler = (signum: number) => void;

/** What Node ignores from its start, as Python does: 1 is SIG_IGN. */
export const ignoredByNode: readonly number[] = [SIGPIPE, SIGXFSZ];

/** What signal() set last, or Node at its start. */
export const dispositions = new Map<number, Handler | number>(ignoredByNode.map((signum) => [signum, 1]));

/**
 * These end nothing by default, and Node listens for SIGWINCH by itself, on any terminal: no call should end
 * because the window has another size. Their listeners run when control is back in Node.
 */
export const harmless: ReadonlySet<number> = new Set([SIGCHLD, SIGCONT, SIGURG, SIGWINCH, ...MORE_IGNORED]);

/** Taken from the addon, and their handlers are still to run: more than one where a handler threw. */
export const taken: number[] = [];
/** Those that only Node listens for, and whose listeners have not run, nor was a call interrupted for them. */
export const nodesPending = new Set<number>();

/** Whether a failed write to the wakeup fd is reported for a full buffer, too. */
export const wakeup = { warnsOnFullBuffer: true };

const memory = new ArrayBuffer(NSIG * 4);
const signums = new Int32Array(memory);

/** Takes what is pending. In a worker that is nothing: signals are the main thread's. */
export function takePending(): void {
  if (!isMainThread) return;
  const n = own.take_pending_signals(memory);
  if (n <= 0) return;
  warnOfWakeupError(signums[NSIG - 1]);
  for (let i = 0; i < n; i++) {
    const signum = Math.abs(signums[i]);
    // A runtime that is not Node may have put its handler where ours was.
    if (signums[i] > 0 || typeof dispositions.get(signum) === 'function') taken.push(signum);
    else if (!harmless.has(signum)) nodesPending.add(signum);
  }
}

function warnOfWakeupError(errno: number): void {
  if (errno === 0 || (errno === EAGAIN && !wakeup.warnsOnFullBuffer)) return;
  const text = `Exception ignored when trying to write to the signal wakeup fd: ${errorcode(errno)}\n`;
  sys.write(2, Buffer.from(text));
}

/** Runs the handlers; whether there were any. If one throws, those behind it run the next time. */
export function runTaken(): boolean {
  if (taken.length === 0) return false;
  for (let signum = taken.shift(); signum !== undefined; signum = taken.shift()) {
    const handler = dispositions.get(signum);
    if (typeof handler === 'function') handler(signum);
  }
  return true;
}
