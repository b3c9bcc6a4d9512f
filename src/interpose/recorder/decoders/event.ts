// Descriptors for what is no I/O, and the signal masks that some calls take: eventfd, signalfd, timerfd.
// Above: call-args.ts, wait-forms.ts. Below: call-form.ts, strace-text.ts.

import { flags, named, time } from '../strace-text.ts';
import { copy, type Form, first, made, SOMEWHERE } from './decoder.ts';

export const maskCopy = (mask: unknown) =>
  mask == null ? null : new BigUint64Array(copy(mask, 0, 8).buffer)[0];

const SIGNALS = 64;
// The kernel's first real-time signal; libc begins later.
const REALTIME = 32;
// From so many on strace says which are not there.
const MANY = Math.floor((SIGNALS * 2) / 3);

/** '[INT USR1]', '~[]' for all; null is NULL. */
export function sigset(mask: bigint | null): string {
  if (mask === null) return 'NULL';
  const has = (signum: number) => ((mask >> BigInt(signum - 1)) & 1n) === 1n;
  const all = Array.from({ length: SIGNALS }, (_, i) => i + 1);
  const isMost = all.filter(has).length >= MANY;
  return `${isMost ? '~' : ''}[${all
    .filter((signum) => has(signum) !== isMost)
    .map(signal)
    .join(' ')}]`;
}

function signal(signum: number): string {
  if (signum >= REALTIME) return signum === REALTIME ? 'RTMIN' : `RT_${signum - REALTIME}`;
  return named('SIG', signum).replace('SIG', '');
}

export const eventfdForm: Form = {
  names: ['initval', 'flags'],
  fd: made,
  texts: ([initval, flag]) => [initval, flags('EFD_', flag as number)],
};

export const signalfdForm: Form = {
  names: ['fd', 'mask', 'flags'],
  fd: made,
  keep: ([fd, mask, flag]) => [fd, maskCopy(mask), flag],
  texts: ([fd, mask, flag]) => [fd, sigset(mask as bigint), flags('SFD_', flag as number)],
};

export const timerfdCreate: Form = {
  names: ['clockid', 'flags'],
  fd: made,
  texts: ([clock, flag]) => [named('CLOCK_', clock as number), flags('TFD_', flag as number)],
};

const timerCopy = (timer: unknown) => (timer == null ? null : new BigInt64Array(copy(timer, 0, 32).buffer));
const timerText = (timer: unknown) => {
  if (timer === null) return 'NULL';
  const words = timer as BigInt64Array;
  const [interval, value] = [words.subarray(0, 2), words.subarray(2)].map((both) => time(both, 'tv_nsec'));
  return `{it_interval=${interval}, it_value=${value}}`;
};
// What the kernel was to fill in, and did not.
const answerText = (timer: unknown, result: number) =>
  timer !== null && result < 0 ? SOMEWHERE : timerText(timer);

export const timerfdSettime: Form = {
  names: ['fd', 'flags', 'new_value', 'old_value'],
  fd: first,
  before: ([, , timer]) => timerCopy(timer),
  keep: ([fd, flag, , old], _, timer) => [fd, flag, timer, timerCopy(old)],
  texts: ([fd, flag, timer, old], result) => [
    fd,
    flags('TFD_TIMER_', flag as number).replace('TFD_TIMER_???', 'TFD_???'),
    timerText(timer),
    answerText(old, result),
  ],
};

export const timerfdGettime: Form = {
  names: ['fd', 'curr_value'],
  fd: first,
  keep: ([fd, timer]) => [fd, timerCopy(timer)],
  texts: ([fd, timer], result) => [fd, answerText(timer, result)],
};
