// Written by scripts/constants.mjs. signal(7).
// A name that this platform's headers lack is undefined.
import { constants } from '../native.ts';

export const NSIG = constants.NSIG as number;
export const SIGHUP = constants.SIGHUP as number;
export const SIGINT = constants.SIGINT as number;
export const SIGQUIT = constants.SIGQUIT as number;
export const SIGILL = constants.SIGILL as number;
export const SIGTRAP = constants.SIGTRAP as number;
export const SIGABRT = constants.SIGABRT as number;
export const SIGBUS = constants.SIGBUS as number;
export const SIGFPE = constants.SIGFPE as number;
export const SIGKILL = constants.SIGKILL as number;
export const SIGUSR1 = constants.SIGUSR1 as number;
export const SIGSEGV = constants.SIGSEGV as number;
export const SIGUSR2 = constants.SIGUSR2 as number;
export const SIGPIPE = constants.SIGPIPE as number;
export const SIGALRM = constants.SIGALRM as number;
export const SIGTERM = constants.SIGTERM as number;
export const SIGCHLD = constants.SIGCHLD as number;
export const SIGCONT = constants.SIGCONT as number;
export const SIGSTOP = constants.SIGSTOP as number;
export const SIGTSTP = constants.SIGTSTP as number;
export const SIGTTIN = constants.SIGTTIN as number;
export const SIGTTOU = constants.SIGTTOU as number;
export const SIGURG = constants.SIGURG as number;
export const SIGXCPU = constants.SIGXCPU as number;
export const SIGXFSZ = constants.SIGXFSZ as number;
export const SIGVTALRM = constants.SIGVTALRM as number;
export const SIGPROF = constants.SIGPROF as number;
export const SIGWINCH = constants.SIGWINCH as number;
export const SIGIO = constants.SIGIO as number;
export const SIGSYS = constants.SIGSYS as number;
export const SIGPWR = constants.SIGPWR as number;
export const SIGSTKFLT = constants.SIGSTKFLT as number;
export const SIGEMT = constants.SIGEMT as number;
export const SIGINFO = constants.SIGINFO as number;
