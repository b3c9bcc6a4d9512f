// What the system calls of a simulated process have in common: its descriptors, and waiting. A call returns its result
// or a negative errno; or BLOCKED, having said in process.wait what it waits for.

import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../kernel/constants/select.ts';
import * as errno from '../kernel/errno.ts';
import type { Bytes } from '../kernel/native.ts';
import { getInt64, setInt64, viewOf } from '../kernel/structs/struct.ts';
import type { Machine } from './machine.ts';
import type { OpenFile } from './open-file.ts';
import type { Process, Wait } from './process.ts';
import { SocketFile } from './socket-file.ts';
import type { UnixNames } from './unix.ts';

/** No result yet: the call waits. No errno is this number. */
export const BLOCKED = -0x10000;

/** A call, or a use of one, that the simulated kernel does not know: better than a guess. */
export class NotModelled extends Error {
  override readonly name = 'NotModelled';

  constructor(what: string) {
    super(`the simulated kernel does not model ${what}`);
  }
}

export const never = Number.POSITIVE_INFINITY;
export const READABLE = POLLIN | POLLRDNORM | POLLHUP | POLLERR;
export const WRITABLE = POLLOUT | POLLWRNORM | POLLHUP | POLLERR;

export abstract class CallBase {
  protected readonly process: Process;
  protected readonly machine: Machine;
  protected readonly names: UnixNames;

  constructor(process: Process, names: UnixNames) {
    this.process = process;
    this.machine = process.machine;
    this.names = names;
  }

  protected open(
    file: OpenFile,
    flags: number,
    cloexec: number | undefined,
    nonblock: number | undefined,
  ): number {
    if (nonblock !== undefined && flags & nonblock) file.nonblocking = true;
    return this.process.open(file, cloexec !== undefined && (flags & cloexec) !== 0);
  }
  protected openPair(
    one: OpenFile,
    other: OpenFile,
    flags: number,
    cloexec: number | undefined,
    nonblock: number | undefined,
    pair: Bytes,
  ): number {
    const first = this.open(one, flags, cloexec, nonblock);
    const second = first < 0 ? first : this.open(other, flags, cloexec, nonblock);
    if (second < 0) {
      if (first >= 0) this.process.close(first);
      return second;
    }
    const view = viewOf(pair);
    view.setInt32(0, first, true);
    view.setInt32(4, second, true);
    return 0;
  }
  // A descriptor's socket, or the errno for what is none.
  protected socketOf(fd: number): SocketFile | number {
    const file = this.process.file(fd);
    if (file === null) return -errno.EBADF;
    return file instanceof SocketFile ? file : -errno.ENOTSOCK;
  }
  // ---- Waiting

  protected deadline(timeoutNs: number): number {
    return timeoutNs === 0 ? never : this.machine.nanoseconds + Math.max(timeoutNs, 0);
  }

  // Until a file has one of the events; then take() again, which may give -EAGAIN again.
  protected block(
    file: OpenFile,
    events: number,
    take: () => number,
    { timeoutNs = 0, moved = () => 0 }: { timeoutNs?: number; moved?: () => number },
  ): number {
    return this.wait({
      ready: () => (file.poll() & events) !== 0,
      finish: () => {
        const result = take();
        return result === -errno.EAGAIN ? BLOCKED : result;
      },
      deadline: this.deadline(timeoutNs),
      timedOut: () => moved() || -errno.EAGAIN,
      interrupted: () => moved() || -errno.EINTR,
      restarts: true,
      shared: file.shared,
    });
  }

  protected wait(wait: Wait): number {
    this.process.wait = wait;
    return BLOCKED;
  }
}

// ---- Times in the kernel's structs

// [seconds, fraction] as nanoseconds, -1 for a time that is none; the fraction's unit in nanoseconds.
export function timeNs(time: Bytes, unit: number, at = 0): number {
  const view = viewOf(time);
  const seconds = getInt64(view, at);
  const fraction = getInt64(view, at + 8);
  if (seconds < 0 || fraction < 0 || (unit === 1 && fraction >= 1e9)) return -1;
  return seconds * 1e9 + fraction * unit;
}

export function writeTime(time: Bytes, nanoseconds: number, unit: number, at = 0): void {
  const view = viewOf(time);
  const seconds = Math.floor(nanoseconds / 1e9);
  setInt64(view, at, seconds);
  setInt64(view, at + 8, Math.floor((nanoseconds - seconds * 1e9) / unit));
}
