// Signals and times: signal masks, the timers of timerfd and setitimer, timeouts.

import { Timespecs, Timevals } from '../../../kernel/structs/timespec.ts';
import { flags, named, time } from '../strace-text.ts';
import {
  type CallDecoder,
  copyOrNull,
  type ParameterDecoder,
  type Shown,
  SOMEWHERE,
  text,
  withValue,
} from './decoder.ts';

const SIGNALS = 64;
// The kernel's first real-time signal; libc begins later.
const REALTIME = 32;
// From so many on strace says which are not there.
const MANY = Math.floor((SIGNALS * 2) / 3);

/** '[INT USR1]', '~[]' for all; null is NULL. */
function sigsetText(mask: bigint | null): string {
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

export const sigset: ParameterDecoder = {
  keep: (args, i) => (args[i] == null ? null : new BigUint64Array(copyOrNull(args[i], 8)!.buffer)[0]),
  show: (mask: bigint | null) => [text(sigsetText(mask))],
};

/** The mask that there was before. */
export const sigsetFilled: ParameterDecoder = {
  ...sigset,
  show: (mask: bigint | null, result) => [text(mask !== null && result < 0 ? SOMEWHERE : sigsetText(mask))],
};

export const epoll_pwait: CallDecoder = {
  parameters: {
    sigmask: {
      ...sigset,
      show: (mask: bigint | null, n) => [text(n < 0 ? SOMEWHERE : sigsetText(mask))], // As strace has it.
    },
  },
};

type Words = BigInt64Array | null;
const words = (bytes: unknown, size: number): Words => {
  const copied = copyOrNull(bytes, size);
  return copied === null ? null : new BigInt64Array(copied.buffer);
};

/** struct itimerspec or itimerval: given, or filled in by the kernel. */
export function timer(unit: 'tv_nsec' | 'tv_usec', isFilled: boolean): ParameterDecoder {
  return {
    ...(isFilled
      ? { keep: (args: readonly unknown[], i: number) => words(args[i], 32) }
      : { before: (args: readonly unknown[], i: number) => words(args[i], 32) }),
    show(kept: Words, result) {
      if (kept === null) return [text('NULL')];
      if (isFilled && result < 0) return [text(SOMEWHERE)];
      const [interval, value] = [kept.subarray(0, 2), kept.subarray(2)].map((both) => time(both, unit));
      return [text(`{it_interval=${interval}, it_value=${value}}`)];
    },
  };
}

/** A timespec that the kernel only reads. */
export const timespec: ParameterDecoder = {
  before: (args, i) => words(args[i], 16),
  show: (kept: Words) => [timeout(kept, 'tv_nsec')],
};

/** select's timeval, which becomes what is left of it. */
export interface TimevalKept {
  before: Words;
  after: Words;
}
export const timeval: ParameterDecoder = {
  before: (args, i) => words(args[i], 16),
  keep: (args, i, _, before) => ({ before, after: words(args[i], 16) }) as TimevalKept,
  show: ({ before }: TimevalKept) => [timeout(before, 'tv_usec')],
};

/** recvmmsg's timespec, which becomes what is left of it. */
export const timespecLeft: ParameterDecoder = {
  before: (args, i) => words(args[i], 16),
  keep: (args, i, _, before) => ({ before, after: words(args[i], 16) }) as TimevalKept,
  show: ({ before }: TimevalKept) => [timeout(before, 'tv_nsec')],
  detail({ after }: TimevalKept, result) {
    if (result === 0) return 'Timeout';
    return result > 0 && after !== null ? `left ${time(after, 'tv_nsec')}` : '';
  },
};

function timeout(kept: Words, unit: 'tv_nsec' | 'tv_usec'): Shown {
  if (kept === null) return withValue('NULL', null);
  const seconds = Number(kept[0]);
  const nanoseconds =
    unit === 'tv_nsec' ? new Timespecs(kept).nanoseconds() : new Timevals(kept).microseconds() * 1000;
  return withValue(time(kept, unit), { seconds, nanoseconds });
}

// The handler of catch_signal is native code's.
const handlers = ['SIG_DFL', 'SIG_IGN'];
const action = (handler: string, actionFlags: number): Shown[] => [
  text(`{sa_handler=${handler}, sa_mask=[], sa_flags=${flags('SA_', actionFlags)}}`),
  text('NULL'),
];

export const sigaction: CallDecoder = {
  parameters: { handler: { show: (handler: number) => action(handlers[handler] ?? SOMEWHERE, 0) } },
};

export const catch_signal: CallDecoder = {
  parameters: { flags: { show: (actionFlags: number) => action(SOMEWHERE, actionFlags) } },
};
