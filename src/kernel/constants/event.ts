// Written by scripts/constants.mjs. eventfd(2), signalfd(2), timerfd_create(2).
// A name that this platform's headers lack is undefined.
import { constants } from '../native.ts';

export const EFD_CLOEXEC = constants.EFD_CLOEXEC as number;
export const EFD_NONBLOCK = constants.EFD_NONBLOCK as number;
export const EFD_SEMAPHORE = constants.EFD_SEMAPHORE as number;
export const SFD_CLOEXEC = constants.SFD_CLOEXEC as number;
export const SFD_NONBLOCK = constants.SFD_NONBLOCK as number;
export const TFD_CLOEXEC = constants.TFD_CLOEXEC as number;
export const TFD_NONBLOCK = constants.TFD_NONBLOCK as number;
export const TFD_TIMER_ABSTIME = constants.TFD_TIMER_ABSTIME as number;
export const TFD_TIMER_CANCEL_ON_SET = constants.TFD_TIMER_CANCEL_ON_SET as number;
