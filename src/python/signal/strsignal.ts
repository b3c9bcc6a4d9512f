// The signals by name, and what strsignal(3) says of each.

import * as numbers from '../../kernel/constants/signal.ts';

const isSignal = ([name, value]: [string, unknown]) => /^SIG[A-Z]/.test(name) && value !== undefined;
const named = Object.entries(numbers).filter(isSignal) as [string, number][];

/**
 * Python's enum of the signals that this platform has, both ways: Signals.SIGINT is 2, Signals[2] 'SIGINT'.
 * Unlike Python, values are plain numbers.
 */
export const Signals: Readonly<Record<string, number>> & Readonly<Record<number, string>> = Object.freeze({
  // The first name of a number wins (SIGIO, not SIGPOLL).
  ...Object.fromEntries(named.toReversed().map(([name, number]) => [number, name])),
  ...Object.fromEntries(named),
}) as never;

// As on Linux; glibc keeps 32 and 33 for its threads.
const reserved = numbers.SIGRTMIN === undefined ? [] : [32, 33].filter((n) => n < numbers.SIGRTMIN);

/** The numbers that are signals here. */
export function valid_signals(): Set<number> {
  const all = Array.from({ length: numbers.NSIG - 1 }, (_, i) => i + 1);
  return new Set(all.filter((signum) => !reserved.includes(signum)));
}

const texts: Readonly<Record<string, string>> = {
  SIGHUP: 'Hangup',
  SIGINT: 'Interrupt',
  SIGQUIT: 'Quit',
  SIGILL: 'Illegal instruction',
  SIGTRAP: 'Trace/breakpoint trap',
  SIGABRT: 'Aborted',
  SIGBUS: 'Bus error',
  SIGFPE: 'Floating point exception',
  SIGKILL: 'Killed',
  SIGUSR1: 'User defined signal 1',
  SIGSEGV: 'Segmentation fault',
  SIGUSR2: 'User defined signal 2',
  SIGPIPE: 'Broken pipe',
  SIGALRM: 'Alarm clock',
  SIGTERM: 'Terminated',
  SIGSTKFLT: 'Stack fault',
  SIGCHLD: 'Child exited',
  SIGCONT: 'Continued',
  SIGSTOP: 'Stopped (signal)',
  SIGTSTP: 'Stopped',
  SIGTTIN: 'Stopped (tty input)',
  SIGTTOU: 'Stopped (tty output)',
  SIGURG: 'Urgent I/O condition',
  SIGXCPU: 'CPU time limit exceeded',
  SIGXFSZ: 'File size limit exceeded',
  SIGVTALRM: 'Virtual timer expired',
  SIGPROF: 'Profiling timer expired',
  SIGWINCH: 'Window changed',
  SIGIO: 'I/O possible',
  SIGPWR: 'Power failure',
  SIGSYS: 'Bad system call',
  SIGEMT: 'EMT trap',
  SIGINFO: 'Information request',
};

/**
 * What a signal means, in words; null for a number that has none.
 * Unlike Python, in glibc's words on every platform (macOS adds the number).
 */
export function strsignal(signum: number): string | null {
  if (!Number.isInteger(signum) || signum < 1 || signum >= numbers.NSIG) {
    throw new RangeError('signal number out of range');
  }
  if (signum >= numbers.SIGRTMIN) return `Real-time signal ${signum - numbers.SIGRTMIN}`;
  return texts[Signals[signum]] ?? null;
}
