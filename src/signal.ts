// Python's signal module.

import './startup.ts';

export * from './kernel/constants/signal.ts';
export { alarm, getitimer, ItimerError, setitimer } from './python/signal/itimer.ts';
export { pthread_sigmask } from './python/signal/sigmask.ts';
export * from './python/signal/signal.ts';
export { Signals, strsignal, valid_signals } from './python/signal/strsignal.ts';
