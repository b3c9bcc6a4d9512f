// The recorder's own calls: they never pass the choke point, and each that enters the kernel is observed, by
// name, beside the program's.

import { CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_THREAD_CPUTIME_ID } from '../../kernel/constants/clock.ts';
import { F_DUPFD_CLOEXEC } from '../../kernel/constants/fcntl.ts';
import { POLLIN, POLLOUT } from '../../kernel/constants/select.ts';
import { kernel } from '../../kernel/fast-calls.ts';
import { PollFds } from '../../kernel/structs/pollfd.ts';
import { Timespecs } from '../../kernel/structs/timespec.ts';

/** From where on the recorder's descriptors are: the program's get the numbers that they would have. */
const HIGH = 1000;

/** A descriptor of the recorder's under such a number; as it is where there are none (RLIMIT_NOFILE). */
export function moveHigh(fd: number): number {
  const high = kernel.fcntl(fd, F_DUPFD_CLOEXEC, HIGH);
  if (high < 0) return fd;
  kernel.close(fd);
  return high;
}

/** The calls that entered the kernel on the recorder's behalf since this was last taken. */
let observed: string[] = [];

export function observe(name: string): void {
  observed.push(name);
}

export function takeObserved(): string[] {
  const names = observed;
  observed = [];
  return names;
}

const time = new Timespecs();

function clock(id: number): number {
  kernel.clock_gettime(id, time.memory);
  return time.inNanoseconds();
}

/** Nanoseconds of CLOCK_MONOTONIC: from the vDSO, without entering the kernel. */
export const monotonic = () => clock(CLOCK_MONOTONIC);

/** Nanoseconds of CPU time of this thread. Enters the kernel. */
export function threadCpu(): number {
  observe('clock_gettime');
  return clock(CLOCK_THREAD_CPUTIME_ID);
}

/** CLOCK_REALTIME - CLOCK_MONOTONIC in nanoseconds, right within the time that two calls take. */
export function realtimeOffset(): bigint {
  const read = (id: number) => {
    kernel.clock_gettime(id, time.memory);
    return time.inBigNanoseconds();
  };
  const before = read(CLOCK_MONOTONIC);
  const realtime = read(CLOCK_REALTIME);
  return realtime - (before + read(CLOCK_MONOTONIC)) / 2n;
}

const polled = new PollFds(1);

/** Whether a descriptor can be read (or written) at once. poll(2) with no time to wait. */
export function isReady(fd: number, what: 'readable' | 'writable'): boolean {
  polled.set(0, fd, what === 'readable' ? POLLIN : POLLOUT);
  observe('poll');
  return kernel.poll(polled.memory, 1, 0) !== 0;
}
