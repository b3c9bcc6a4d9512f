// The recorder's own looks at the kernel: they never pass the choke point, and each that enters the
// kernel is noted by name. Above: recorder.ts, socket-state.ts. Below: gate.ts.

import { CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_THREAD_CPUTIME_ID } from '../../kernel/constants/clock.ts';
import { F_DUPFD_CLOEXEC } from '../../kernel/constants/fcntl.ts';
import { POLLIN, POLLOUT } from '../../kernel/constants/select.ts';
import { kernel } from '../../kernel/fast-calls.ts';
import { layout } from '../../kernel/native.ts';

/** From where on the recorder's descriptors are: the program's get the numbers that they would have. */
const HIGH = 1000;

/** A descriptor of the recorder's under such a number; as it is where there are none (RLIMIT_NOFILE). */
export function outOfTheWay(fd: number): number {
  const high = kernel.fcntl(fd, F_DUPFD_CLOEXEC, HIGH);
  if (high < 0) return fd;
  kernel.close(fd);
  return high;
}

/** The calls that entered the kernel on the recorder's behalf since this was last taken. */
let noted: string[] = [];

export function note(name: string): void {
  noted.push(name);
}

export function takeNoted(): string[] {
  const names = noted;
  noted = [];
  return names;
}

const timespec = new ArrayBuffer(16);
const halves = new Uint32Array(timespec);

function clock(id: number): number {
  kernel.clock_gettime(id, timespec);
  return (halves[0] + halves[1] * 2 ** 32) * 1e9 + halves[2];
}

/** Nanoseconds of CLOCK_MONOTONIC: from the vDSO, without entering the kernel. */
export const monotonic = () => clock(CLOCK_MONOTONIC);

/** Nanoseconds of CPU time of this thread. Enters the kernel. */
export function threadCpu(): number {
  noted.push('clock_gettime');
  return clock(CLOCK_THREAD_CPUTIME_ID);
}

/** CLOCK_REALTIME - CLOCK_MONOTONIC in nanoseconds, right within the time that two looks take. */
export function realtimeOffset(): bigint {
  const read = (id: number) => {
    kernel.clock_gettime(id, timespec);
    return BigInt(halves[0] + halves[1] * 2 ** 32) * 1_000_000_000n + BigInt(halves[2]);
  };
  const before = read(CLOCK_MONOTONIC);
  const realtime = read(CLOCK_REALTIME);
  return realtime - (before + read(CLOCK_MONOTONIC)) / 2n;
}

const pollfd = new ArrayBuffer(layout['sizeof pollfd']!);
const pollFds = new Int32Array(pollfd);
const pollShorts = new Int16Array(pollfd);

/** Whether a descriptor can be read (or written) at once. poll(2) with no time to wait. */
export function isReady(fd: number, what: 'readable' | 'writable'): boolean {
  pollFds[layout['pollfd.fd']! / 4] = fd;
  pollShorts[layout['pollfd.events']! / 2] = what === 'readable' ? POLLIN : POLLOUT;
  pollShorts[layout['pollfd.revents']! / 2] = 0;
  noted.push('poll');
  return kernel.poll(pollfd, 1, 0) !== 0;
}
