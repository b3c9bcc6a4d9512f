// The system calls of a simulated process, with the arguments of the choke point (kernel/native.ts). What is not
// modelled throws NotModelled. Here are those of descriptors, eventfd, timerfd, clocks and signals; the others are in
// the classes that this one extends.

import { CLOCK_MONOTONIC, CLOCK_REALTIME } from '../kernel/constants/clock.ts';
import {
  EFD_CLOEXEC,
  EFD_NONBLOCK,
  EFD_SEMAPHORE,
  TFD_CLOEXEC,
  TFD_NONBLOCK,
  TFD_TIMER_ABSTIME,
  TFD_TIMER_CANCEL_ON_SET,
} from '../kernel/constants/event.ts';
import * as fcntlNames from '../kernel/constants/fcntl.ts';
import {
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_GETLK,
  F_GETPIPE_SZ,
  F_SETFD,
  F_SETFL,
  F_SETLK,
  F_SETLKW,
  F_SETPIPE_SZ,
  FD_CLOEXEC,
  O_APPEND,
  O_ASYNC,
  O_CLOEXEC,
  O_DIRECT,
  O_NONBLOCK,
  O_RDWR,
} from '../kernel/constants/fcntl.ts';
import * as ioctlNames from '../kernel/constants/ioctl.ts';
import { FIONBIO, FIONREAD, SIOCATMARK } from '../kernel/constants/ioctl.ts';
import { ITIMER_REAL } from '../kernel/constants/signal.ts';
import * as errno from '../kernel/errno.ts';
import type { Bytes, Calls } from '../kernel/native.ts';
import { getInt64, setInt64, viewOf } from '../kernel/structs/struct.ts';
import { NotModelled, timeNs, writeTime } from './call-base.ts';
import { EventFd, TimerFd } from './eventfd.ts';
import type { Shared } from './machine.ts';
import type { OpenFile } from './open-file.ts';
import { makePipe, PipeReader, PipeWriter } from './pipe.ts';
import { dropDescriptor, type Process } from './process.ts';
import { ReadinessCalls } from './readiness-calls.ts';
import { TcpSocket } from './tcp.ts';
import { UdpSocket } from './udp.ts';
import type { UnixNames } from './unix.ts';

export { BLOCKED, NotModelled } from './call-base.ts';

/** The calls that this process makes. */
export class SimulatedCalls extends ReadinessCalls {
  /** What CLOCK_REALTIME said when the world began, in seconds. */
  readonly #epoch: number;
  readonly clock: Shared;

  constructor(process: Process, names: UnixNames, clock: Shared, epoch: number) {
    super(process, names);
    this.clock = clock;
    this.#epoch = epoch;
  }

  // ---- Descriptors

  /** Linux has no kqueue: darwin-calls.ts. */
  kqueue(): number {
    return -errno.ENOSYS;
  }

  kevent(..._args: unknown[]): number {
    return -errno.ENOSYS;
  }

  pipe(fds: Bytes): number {
    return this.pipe2(fds, 0);
  }

  pipe2(fds: Bytes, flags: number): number {
    if (flags & (O_DIRECT ?? 0) && (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT!)) === 0)
      throw new NotModelled('pipe2() with O_DIRECT');
    if ((flags & ~(O_CLOEXEC | O_NONBLOCK)) !== 0) return -errno.EINVAL;
    const [reader, writer] = makePipe(this.machine);
    return this.openPair(reader, writer, flags, O_CLOEXEC, O_NONBLOCK, fds);
  }
  // tcp_close(): SO_LINGER waits, O_NONBLOCK or not, and nobody is told of its end. XNU's waiting is not modelled.
  close(fd: number): number {
    const file = this.process.file(fd);
    const result = this.process.close(fd);
    if (!(file instanceof TcpSocket) || file.descriptors > 0 || file.isDone) return result;
    const { lingerSeconds } = file;
    if (lingerSeconds === null || lingerSeconds <= 0 || this.machine.platform === 'darwin') return result;
    return this.wait({
      ready: () => file.isDone,
      finish: () => 0,
      deadline: this.machine.nanoseconds + lingerSeconds * 1e9,
      timedOut: () => 0,
      interrupted: () => 0,
      restarts: false,
      shared: file.shared,
    });
  }

  dup(fd: number): number {
    const file = this.process.file(fd);
    return file === null ? -errno.EBADF : this.process.open(file);
  }

  dup2(oldfd: number, newfd: number): number {
    const file = this.process.file(oldfd);
    if (file === null) return -errno.EBADF;
    if (newfd < 0 || newfd >= this.process.maxDescriptors) return -errno.EBADF;
    return oldfd === newfd ? newfd : this.#replace(file, newfd, false);
  }

  dup3(oldfd: number, newfd: number, flags: number): number {
    if ((flags & ~O_CLOEXEC) !== 0 || oldfd === newfd) return -errno.EINVAL;
    const file = this.process.file(oldfd);
    if (newfd < 0 || newfd >= this.process.maxDescriptors || file === null) return -errno.EBADF;
    return this.#replace(file, newfd, (flags & O_CLOEXEC) !== 0);
  }

  #replace(file: OpenFile, newfd: number, closesOnExec: boolean): number {
    file.descriptors++; // Before the old one is closed, which may be this file's last.
    this.process.close(newfd);
    this.process.set(newfd, file, closesOnExec);
    dropDescriptor(file);
    return newfd;
  }

  fcntl(fd: number, cmd: number, arg: number | Bytes): number {
    const descriptor = this.process.descriptors[fd];
    if (descriptor === undefined) return -errno.EBADF;
    const { file } = descriptor;
    if (typeof arg !== 'number') throw new NotModelled('fcntl() with a struct: there are no locks');
    switch (cmd) {
      case F_GETFD:
        return descriptor.closesOnExec ? FD_CLOEXEC : 0;
      case F_SETFD:
        descriptor.closesOnExec = (arg & FD_CLOEXEC) !== 0;
        return 0;
      case F_GETFL:
        return O_RDWR | file.otherFlags | (file.nonblocking ? O_NONBLOCK : 0);
      case F_SETFL:
        file.nonblocking = (arg & O_NONBLOCK) !== 0;
        // The kernel keeps O_ASYNC of files that have fasync; whom it would signal is not modelled.
        file.otherFlags = arg & (O_APPEND | (file.kind === 'socket' || file.kind === 'pipe' ? O_ASYNC : 0));
        return 0;
      case F_DUPFD:
      case F_DUPFD_CLOEXEC:
        if (arg < 0 || arg >= this.process.maxDescriptors) return -errno.EINVAL;
        return this.process.open(file, cmd === F_DUPFD_CLOEXEC, arg);
      case F_GETLK:
      case F_SETLK:
      case F_SETLKW:
        return -errno.EFAULT; // For an int the addon passes NULL.
      case F_GETPIPE_SZ:
        return isPipe(file) ? file.bufferSize : -errno.EBADF;
      case F_SETPIPE_SZ:
        return isPipe(file) ? file.resize(arg) : -errno.EBADF;
      default:
        return refuseKnown('fcntl', 'F_', fcntlNames, cmd) ?? -errno.EINVAL;
    }
  }

  ioctl(fd: number, request: number, arg: Bytes | number): number {
    const file = this.process.file(fd);
    if (file === null) return -errno.EBADF;
    if (request === FIONREAD && typeof arg !== 'number') {
      const n = file.unread;
      if (n >= 0) viewOf(arg).setInt32(0, n, true);
      return Math.min(n, 0);
    }
    if (request === FIONBIO && typeof arg !== 'number') {
      file.nonblocking = viewOf(arg).getInt32(0, true) !== 0;
      return 0;
    }
    if (request === SIOCATMARK && typeof arg !== 'number') {
      if (file instanceof UdpSocket) return -errno.ENOTTY;
      if (file instanceof TcpSocket) {
        viewOf(arg).setInt32(0, 0, true); // There is no urgent data.
        return 0;
      }
    }
    // They begin with memory that the kernel reads or writes: an int leads nowhere.
    if (request === FIONREAD || request === FIONBIO) return -errno.EFAULT;
    return refuseKnown('ioctl', '', ioctlNames, request) ?? -errno.ENOTTY;
  }
  // ---- eventfd, timerfd, clocks

  eventfd(initval: number, flags: number): number {
    if ((flags & ~(EFD_CLOEXEC! | EFD_NONBLOCK! | EFD_SEMAPHORE!)) !== 0) return -errno.EINVAL;
    const file = new EventFd(this.machine, initval, (flags & EFD_SEMAPHORE!) !== 0);
    return this.open(file, flags, EFD_CLOEXEC, EFD_NONBLOCK);
  }

  timerfd_create(clock: number, flags: number): number {
    if ((flags & ~(TFD_CLOEXEC! | TFD_NONBLOCK!)) !== 0) return -errno.EINVAL;
    if (![0, 1, 7, 8, 9].includes(clock)) return -errno.EINVAL; // BOOTTIME, and the two that wake a machine up.
    if (clock !== CLOCK_MONOTONIC && clock !== CLOCK_REALTIME)
      throw new NotModelled(`timerfd_create(${clock})`);
    const file = new TimerFd(this.machine);
    file.isRealtime = clock === CLOCK_REALTIME;
    return this.open(file, flags, TFD_CLOEXEC, TFD_NONBLOCK);
  }

  timerfd_settime(fd: number, flags: number, newValue: Bytes, oldValue: Bytes | null): number {
    const file = this.process.file(fd);
    if (file === null) return -errno.EBADF;
    if (!(file instanceof TimerFd)) return -errno.EINVAL;
    if ((flags & ~(TFD_TIMER_ABSTIME! | TFD_TIMER_CANCEL_ON_SET!)) !== 0) return -errno.EINVAL;
    if (flags & TFD_TIMER_CANCEL_ON_SET!)
      throw new NotModelled('timerfd_settime() with TFD_TIMER_CANCEL_ON_SET');
    const interval = timeNs(newValue, 1);
    const value = timeNs(newValue, 1, 16);
    if (interval < 0 || value < 0) return -errno.EINVAL;
    if (oldValue !== null) this.timerfd_gettime(fd, oldValue);
    const now = file.isRealtime ? this.#epoch * 1e9 + this.machine.nanoseconds : this.machine.nanoseconds;
    const after = flags & TFD_TIMER_ABSTIME! ? value - now : value;
    file.arm(value === 0 ? null : after, interval);
    return 0;
  }

  timerfd_gettime(fd: number, currValue: Bytes): number {
    const file = this.process.file(fd);
    if (file === null) return -errno.EBADF;
    if (!(file instanceof TimerFd)) return -errno.EINVAL;
    const [interval, left] = file.setting;
    writeTime(currValue, interval, 1);
    writeTime(currValue, left, 1, 16);
    return 0;
  }

  clock_gettime(clock: number, time: Bytes): number {
    const now = this.machine.nanoseconds;
    const view = viewOf(time);
    const seconds = Math.floor(now / 1e9);
    // Not in one number: nanoseconds since 1970 are more than 2**53.
    setInt64(view, 0, seconds + (clock === CLOCK_REALTIME ? this.#epoch : 0));
    setInt64(view, 8, now - seconds * 1e9);
    return 0;
  }

  // ---- Signals: what python/signal asks of the addon

  sigaction(signum: number, handler: number): number {
    this.process.dispositions.set(signum, handler === 1 ? 'ignore' : 'default');
    return 0;
  }

  catch_signal(signum: number, flags: number): number {
    this.process.dispositions.set(signum, { restarts: flags !== 0 });
    return 0;
  }

  chain_signal(): number {
    return 0;
  }

  save_signal(): number {
    return 0;
  }

  pass_signal(): number {
    return 0;
  }

  restore_signal(signum: number): number {
    this.process.dispositions.delete(signum);
    return 0;
  }

  set_wakeup_fd(fd: number): number {
    this.process.wakeupFd = fd;
    return 0;
  }

  take_pending_signals(signums: Bytes): number {
    const { pending } = this.process;
    if (pending.length === 0) return 0;
    const view = viewOf(signums);
    const n = pending.length;
    pending
      .sort((a, b) => a - b)
      .forEach((signum, i) => {
        view.setInt32(i * 4, signum, true);
      });
    pending.length = 0;
    return n;
  }

  // The timers of the processor's time stand still: nothing takes any here.
  setitimer(which: number, value: Bytes, before: Bytes | null): number {
    if (which !== ITIMER_REAL) throw new NotModelled(`setitimer(${which})`);
    const interval = timeNs(value, 1000);
    const left = timeNs(value, 1000, 16);
    const view = viewOf(value);
    if (interval < 0 || left < 0 || getInt64(view, 8) >= 1e6 || getInt64(view, 24) >= 1e6)
      return -errno.EINVAL;
    if (before !== null) this.getitimer(which, before);
    this.process.setAlarm(left, interval);
    return 0;
  }

  getitimer(which: number, value: Bytes): number {
    if (which !== ITIMER_REAL) throw new NotModelled(`getitimer(${which})`);
    const [left, interval] = this.process.alarm;
    writeTime(value, interval, 1000);
    writeTime(value, left, 1000, 16);
    return 0;
  }

  /** Not 0: the descriptor is none of the addon's kernel. */
  own_fd(): number {
    return 1;
  }
}

const isPipe = (file: OpenFile) => file instanceof PipeReader || file instanceof PipeWriter;

// For what the kernel knows and this one does not, no errno would be right.
function refuseKnown(
  call: string,
  prefix: string,
  names: Readonly<Record<string, unknown>>,
  value: number,
): undefined {
  for (const [name, number] of Object.entries(names))
    if (number === value && name.startsWith(prefix)) throw new NotModelled(`${call}() of ${name}`);
  return undefined;
}

/** What stands in for a call that SimulatedCalls lacks. */
export const notModelled = (name: keyof Calls) => (): never => {
  throw new NotModelled(`${name}()`);
};
