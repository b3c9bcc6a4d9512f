// Written by scripts/constants.mjs. eventfd(2), pidfd_open(2), signalfd(2), timerfd_create(2).
export {
  EFD_CLOEXEC,
  EFD_NONBLOCK,
  EFD_SEMAPHORE,
  PIDFD_NONBLOCK,
  SFD_CLOEXEC,
  SFD_NONBLOCK,
  TFD_CLOEXEC,
  TFD_NONBLOCK,
  TFD_TIMER_ABSTIME,
  TFD_TIMER_CANCEL_ON_SET,
} from './all.ts';
