// The system calls that wait for readiness: select, poll and epoll.

import {
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  POLLRDBAND,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
} from '../kernel/constants/select.ts';
import * as errno from '../kernel/errno.ts';
import type { Bytes } from '../kernel/native.ts';
import { epoll_event } from '../kernel/structs/epoll-event.ts';
import { viewOf } from '../kernel/structs/struct.ts';
import { bytesOf } from './bytes.ts';
import { never, timeNs, writeTime } from './call-base.ts';
import { EpollFile, type EpollTarget } from './epoll.ts';
import type { OpenFile } from './open-file.ts';
import { TransferCalls } from './transfer-calls.ts';

// The events that make a descriptor readable, writable and exceptional for select(2). fs/select.c.
const SELECT_IN = POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR;
const SELECT_OUT = POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR;
const SELECT_EX = POLLPRI;

export abstract class ReadinessCalls extends TransferCalls {
  select(
    nfds: number,
    rfds: Bytes | null,
    wfds: Bytes | null,
    xfds: Bytes | null,
    timeout: Bytes | null,
  ): number {
    const timeoutNs = timeout === null ? null : timeNs(timeout, 1000);
    if (timeoutNs !== null && timeoutNs < 0) return -errno.EINVAL;
    const started = this.machine.nanoseconds;
    const finished = (result: number) => {
      // Linux writes what is left. select(2).
      if (timeout !== null && timeoutNs !== null && this.machine.platform === 'linux')
        writeTime(timeout, Math.max(timeoutNs - (this.machine.nanoseconds - started), 0), 1000);
      return result;
    };
    return this.#select(nfds, rfds, wfds, xfds, timeoutNs, null, finished);
  }

  pselect(
    nfds: number,
    rfds: Bytes | null,
    wfds: Bytes | null,
    xfds: Bytes | null,
    timeout: Bytes | null,
    sigmask: Bytes | null,
  ): number {
    const timeoutNs = timeout === null ? null : timeNs(timeout, 1);
    if (timeoutNs !== null && timeoutNs < 0) return -errno.EINVAL;
    return this.#select(nfds, rfds, wfds, xfds, timeoutNs, sigmask, (result) => result);
  }

  #select(
    nfds: number,
    rfds: Bytes | null,
    wfds: Bytes | null,
    xfds: Bytes | null,
    timeoutNs: number | null,
    sigmask: Bytes | null,
    finished: (result: number) => number,
  ): number {
    if (nfds < 0) return -errno.EINVAL;
    const files: (OpenFile | null)[] = [];
    const sets = [rfds, wfds, xfds].map((set) => (set === null ? null : bytesOf(set)));
    // Descriptors for which no memory was ever needed are passed over, and their bits stay. core_sys_select().
    const end = Math.min(nfds, this.process.tableSize);
    for (let fd = 0; fd < end; fd++) {
      if (!sets.some((set) => set !== null && hasBit(set, fd))) {
        files.push(null);
        continue;
      }
      const file = this.process.file(fd);
      if (file === null) return -errno.EBADF;
      files.push(file);
    }
    const [ins, outs, exs] = sets;
    const count = (): number => {
      let n = 0;
      for (let fd = 0; fd < end; fd++) {
        const file = files[fd];
        if (file === null) continue;
        const events = file.poll();
        if (ins && hasBit(ins, fd) && events & SELECT_IN) n++;
        if (outs && hasBit(outs, fd) && events & SELECT_OUT) n++;
        if (exs && hasBit(exs, fd) && events & SELECT_EX) n++;
      }
      return n;
    };
    const write = (): number => {
      let n = 0;
      for (let fd = 0; fd < end; fd++) {
        const file = files[fd];
        if (file === null) continue;
        const events = file.poll();
        n += keepBit(ins, fd, events & SELECT_IN) + keepBit(outs, fd, events & SELECT_OUT);
        n += keepBit(exs, fd, events & SELECT_EX);
      }
      return finished(n);
    };
    return this.waitForEvents(count, write, timeoutNs, sigmask, finished);
  }

  poll(fds: Bytes, nfds: number, timeoutMs: number): number {
    return this.#poll(fds, nfds, timeoutMs < 0 ? null : timeoutMs * 1e6, null);
  }

  ppoll(fds: Bytes, nfds: number, timeout: Bytes | null, sigmask: Bytes | null): number {
    const timeoutNs = timeout === null ? null : timeNs(timeout, 1);
    if (timeoutNs !== null && timeoutNs < 0) return -errno.EINVAL;
    return this.#poll(fds, nfds, timeoutNs, sigmask);
  }

  #poll(fds: Bytes, nfds: number, timeoutNs: number | null, sigmask: Bytes | null): number {
    if (nfds > this.process.maxDescriptors) return -errno.EINVAL;
    const view = viewOf(fds);
    const files: (OpenFile | null)[] = [];
    for (let i = 0; i < nfds; i++) files.push(this.process.file(view.getInt32(i * 8, true)));
    const reventsOf = (i: number): number => {
      const file = files[i];
      if (file === null) return view.getInt32(i * 8, true) < 0 ? 0 : POLLNVAL;
      return file.poll() & (view.getUint16(i * 8 + 4, true) | POLLERR | POLLHUP);
    };
    const count = (): number => {
      let n = 0;
      for (let i = 0; i < nfds; i++) if (reventsOf(i) !== 0) n++;
      return n;
    };
    const write = (): number => {
      let n = 0;
      for (let i = 0; i < nfds; i++) {
        const revents = reventsOf(i);
        view.setUint16(i * 8 + 6, revents, true);
        if (revents !== 0) n++;
      }
      return n;
    };
    return this.waitForEvents(count, write, timeoutNs, sigmask, (result) => result);
  }

  epoll_create(size: number): number {
    return size <= 0 ? -errno.EINVAL : this.epoll_create1(0);
  }

  epoll_create1(flags: number): number {
    if (this.machine.platform !== 'linux') return -errno.ENOSYS;
    if ((flags & ~EPOLL_CLOEXEC!) !== 0) return -errno.EINVAL;
    return this.open(new EpollFile(this.machine), flags, EPOLL_CLOEXEC, undefined);
  }

  epoll_ctl(epfd: number, op: number, fd: number, event: Bytes | null): number {
    const epoll = this.process.file(epfd);
    const file = this.process.file(fd);
    if (epoll === null || file === null) return -errno.EBADF;
    // The order of fs/eventpoll.c: a file that has no poll, then what is no epoll instance.
    if (!(epoll instanceof EpollFile) || file === epoll) return -errno.EINVAL;
    if (op === EPOLL_CTL_DEL) return epoll.remove(file, fd);
    if (event === null) return -errno.EFAULT;
    const view = viewOf(event);
    const at = epoll_event.members.data.offset;
    const events = view.getUint32(0, true);
    const [low, high] = [view.getInt32(at, true), view.getInt32(at + 4, true)];
    if (op === EPOLL_CTL_ADD) return epoll.add(file, fd, events, low, high);
    if (op === EPOLL_CTL_MOD) return epoll.modify(file, fd, events, low, high);
    return -errno.EINVAL;
  }

  epoll_wait(epfd: number, events: Bytes, maxevents: number, timeoutMs: number): number {
    return this.epoll_pwait(epfd, events, maxevents, timeoutMs, null);
  }

  epoll_pwait(
    epfd: number,
    events: Bytes,
    maxevents: number,
    timeoutMs: number,
    sigmask: Bytes | null,
  ): number {
    return this.#epollWait(epfd, events, maxevents, timeoutMs < 0 ? null : timeoutMs * 1e6, sigmask);
  }

  epoll_pwait2(
    epfd: number,
    events: Bytes,
    maxevents: number,
    timeout: Bytes | null,
    sigmask: Bytes | null,
  ): number {
    const timeoutNs = timeout === null ? null : timeNs(timeout, 1);
    if (timeoutNs !== null && timeoutNs < 0) return -errno.EINVAL;
    return this.#epollWait(epfd, events, maxevents, timeoutNs, sigmask);
  }

  #epollWait(
    epfd: number,
    events: Bytes,
    maxevents: number,
    timeoutNs: number | null,
    sigmask: Bytes | null,
  ): number {
    if (maxevents <= 0) return -errno.EINVAL;
    const epoll = this.process.file(epfd);
    if (epoll === null) return -errno.EBADF;
    if (!(epoll instanceof EpollFile)) return -errno.EINVAL;
    const view = viewOf(events);
    const size = epoll_event.size;
    const at = epoll_event.members.data.offset;
    const target: EpollTarget = {
      put(i, mask, low, high) {
        view.setUint32(i * size, mask, true);
        view.setInt32(i * size + at, low, true);
        view.setInt32(i * size + at + 4, high, true);
      },
    };
    const collect = () => epoll.collect(target, maxevents);
    return this.waitForEvents(
      () => (epoll.hasEvents() ? 1 : 0),
      collect,
      timeoutNs,
      sigmask,
      (n) => n,
    );
  }

  protected waitForEvents(
    count: () => number,
    write: () => number,
    timeoutNs: number | null,
    sigmask: Bytes | null,
    finished: (result: number) => number,
  ): number {
    this.#setMask(sigmask);
    return this.wait({
      ready: () => count() > 0,
      finish: () => {
        this.process.unmask();
        return write();
      },
      deadline: timeoutNs === null ? never : this.machine.nanoseconds + timeoutNs,
      timedOut: () => {
        this.process.unmask();
        return write();
      },
      interrupted: () => {
        this.process.unmask();
        return finished(-errno.EINTR);
      },
      restarts: false,
      shared: null,
    });
  }

  #setMask(sigmask: Bytes | null): void {
    if (sigmask === null) return;
    const bytes = bytesOf(sigmask);
    const mask = new Set<number>();
    for (let signum = 1; signum <= bytes.length * 8; signum++)
      if (hasBit(bytes, signum - 1)) mask.add(signum);
    this.process.mask = mask;
  }
}

export const hasBit = (set: Uint8Array, bit: number) => (set[bit >> 3] & (1 << (bit & 7))) !== 0;

// 1 if the bit is set and stays so.
export function keepBit(set: Uint8Array | null, bit: number, stays: number): number {
  if (set === null || !hasBit(set, bit)) return 0;
  if (stays !== 0) return 1;
  set[bit >> 3] &= ~(1 << (bit & 7));
  return 0;
}
