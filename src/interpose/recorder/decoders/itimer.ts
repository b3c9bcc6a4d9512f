// setitimer and getitimer: struct itimerval as strace has it. Above: call-args.ts.
// Below: call-form.ts, strace-text.ts.

import { named, time } from '../strace-text.ts';
import { copy, type Form, SOMEWHERE } from './decoder.ts';

const timesCopy = (times: unknown) => (times == null ? null : new BigInt64Array(copy(times, 0, 32).buffer));
const timesText = (times: unknown) => {
  if (times === null) return 'NULL';
  const words = times as BigInt64Array;
  const half = (at: number) => time(words.subarray(at, at + 2), 'tv_usec');
  return `{it_interval=${half(0)}, it_value=${half(2)}}`;
};
const filled = (times: unknown, result: number) =>
  times !== null && result < 0 ? SOMEWHERE : timesText(times);

export const setitimerForm: Form = {
  names: ['which', 'new_value', 'old_value'],
  keep: ([which, wanted, before]) => [which, timesCopy(wanted), timesCopy(before)],
  texts: ([which, wanted, before], result) => [
    named('ITIMER_', which as number),
    timesText(wanted),
    filled(before, result),
  ],
};

export const getitimerForm: Form = {
  names: ['which', 'curr_value'],
  keep: ([which, now]) => [which, timesCopy(now)],
  texts: ([which, now], result) => [named('ITIMER_', which as number), filled(now, result)],
};
