// A process of the simulated machine: its descriptors, its signals, and the call that it waits in. calls.ts has the
// calls themselves.

import { SIGALRM, SIGCHLD, SIGCONT, SIGINFO, SIGIO, SIGURG, SIGWINCH } from '../kernel/constants/signal.ts';
import { EBADF, EMFILE } from '../kernel/errno.ts';
import { platform } from '../kernel/platform.ts';
import { EpollFile } from './epoll.ts';
import type { Machine, Shared, Timer } from './machine.ts';
import type { Host } from './network.ts';
import type { OpenFile } from './open-file.ts';
import { StandardStream } from './pipe.ts';

/** A descriptor: where it leads, and FD_CLOEXEC, which duplicates do not share. */
export interface Descriptor {
  file: OpenFile;
  closesOnExec: boolean;
}

/** What a call that blocks waits for. */
export interface Wait {
  /** Whether it can go on. */
  ready(): boolean;
  /** Goes on: its result, or BLOCKED if it has to wait again. */
  finish(): number;
  /** When it ends, in nanoseconds of the world's clock. Infinity: never. */
  readonly deadline: number;
  /** What it returns then. */
  timedOut(): number;
  /** What it returns when a signal's handler ran: -EINTR, or the bytes that were moved by then. */
  interrupted(): number;
  /** Whether SA_RESTART makes it go on instead. */
  readonly restarts: boolean;
  /** What it looks at; null: at anything. */
  readonly shared: Shared | null;
}

/** Who is told what happens in a process: a kqueue. */
export interface ProcessWatcher {
  /** A descriptor is being closed; its file may stay open. */
  onClose(fd: number): void;
  /** A signal was sent, whatever becomes of it. */
  onSignal(signum: number): void;
}

// signal(7); bsd/sys/signalvar.h, sigprop.
const ignored: ReadonlySet<number | undefined> = new Set(
  [SIGCHLD, SIGURG, SIGWINCH, SIGCONT].concat(platform === 'darwin' ? [SIGIO, SIGINFO!] : []),
);

/** What happens on a signal. */
export type Disposition = 'default' | 'ignore' | { readonly restarts: boolean };

export class Process {
  readonly machine: Machine;
  readonly host: Host;
  readonly name: string;
  readonly pid: number;
  /** Its own steps, in their order. */
  readonly shared: Shared;
  readonly descriptors: (Descriptor | undefined)[] = [];
  /** RLIMIT_NOFILE. */
  maxDescriptors: number;
  /** CAP_NET_BIND_SERVICE: it may have ports below 1024. */
  isPrivileged = true;
  /** For how many descriptors there is memory: select(2) looks at no others. alloc_fdtable(). */
  tableSize = 64;
  wait: Wait | null = null;
  readonly dispositions = new Map<number, Disposition>();
  /** Caught, and not taken by the program yet. */
  readonly pending: number[] = [];
  /** Blocked until the mask allows them. */
  readonly blocked: number[] = [];
  /** While pselect, ppoll or epoll_pwait waits: the signals that do not come. */
  mask: ReadonlySet<number> | null = null;
  wakeupFd = -1;
  readonly watchers: ProcessWatcher[] = [];
  readonly stdin: StandardStream;
  readonly stdout: StandardStream;
  readonly stderr: StandardStream;

  constructor(machine: Machine, host: Host, name: string, pid: number, maxDescriptors: number) {
    this.machine = machine;
    this.host = host;
    this.name = name;
    this.pid = pid;
    this.shared = machine.newShared();
    this.maxDescriptors = maxDescriptors;
    this.stdin = new StandardStream(machine);
    this.stdout = new StandardStream(machine);
    this.stderr = new StandardStream(machine);
    for (const stream of [this.stdin, this.stdout, this.stderr]) this.open(stream);
  }

  file(fd: number): OpenFile | null {
    return this.descriptors[fd]?.file ?? null;
  }

  /** The lowest free descriptor from least on, or -EMFILE. */
  free(least = 0): number {
    let fd = Math.max(least, this.#lowestFree);
    while (this.descriptors[fd] !== undefined) fd++;
    return fd < this.maxDescriptors ? fd : -EMFILE;
  }

  /** Opens a file at the lowest free descriptor from least on; -EMFILE: the file is given up. */
  open(file: OpenFile, closesOnExec = false, least = 0): number {
    const fd = this.free(least);
    if (fd < 0) {
      if (file.descriptors === 0) file.release();
      return fd;
    }
    this.set(fd, file, closesOnExec);
    return fd;
  }

  set(fd: number, file: OpenFile, closesOnExec: boolean): void {
    if (fd === this.#lowestFree) this.#lowestFree++;
    while (fd >= this.tableSize) this.tableSize *= 2;
    this.descriptors[fd] = { file, closesOnExec };
    file.descriptors++;
  }

  close(fd: number): number {
    const descriptor = this.descriptors[fd];
    if (descriptor === undefined) return -EBADF;
    for (const watcher of this.watchers) watcher.onClose(fd);
    this.descriptors[fd] = undefined;
    if (fd < this.#lowestFree) this.#lowestFree = fd;
    dropDescriptor(descriptor.file);
    return 0;
  }

  closeAll(): void {
    for (let fd = 0; fd < this.descriptors.length; fd++) this.close(fd);
  }

  /** None below it is free. */
  #lowestFree = 0;
  #alarm: Timer | null = null;
  #alarmInterval = 0;

  /** setitimer(ITIMER_REAL): SIGALRM after so many nanoseconds, 0 for never, and then at an interval, or 0. */
  setAlarm(afterNs: number, intervalNs: number): void {
    this.#alarm?.cancel();
    this.#alarm = null;
    this.#alarmInterval = intervalNs;
    if (afterNs === 0) return;
    this.#alarm = this.machine.after(afterNs, `${this.name}: SIGALRM`, null, () => {
      this.setAlarm(intervalNs, intervalNs);
      this.machine.sendSignal(this, SIGALRM);
    });
  }

  /** Nanoseconds until SIGALRM, 0 if none is to come, and the interval. */
  get alarm(): [left: number, interval: number] {
    const left = this.#alarm === null ? 0 : this.#alarm.at - this.machine.nanoseconds;
    return [left, this.#alarmInterval];
  }

  /** The mask of pselect, ppoll or epoll_pwait is the process's own again: what was blocked comes now. */
  unmask(): void {
    this.mask = null;
    for (const signum of this.blocked.splice(0)) this.receiveSignal(signum);
  }

  /** A signal comes. True if it interrupts the call that the process waits in. */
  receiveSignal(signum: number): boolean {
    for (const watcher of this.watchers) watcher.onSignal(signum);
    if (this.mask?.has(signum)) {
      if (!this.blocked.includes(signum)) this.blocked.push(signum);
      return false;
    }
    const disposition = this.dispositions.get(signum) ?? 'default';
    if (disposition === 'ignore' || (disposition === 'default' && ignored.has(signum))) return false;
    if (disposition === 'default') {
      this.machine.killed(this.pid, signum);
      return true;
    }
    if (!this.pending.includes(signum)) this.pending.push(signum);
    if (this.wakeupFd >= 0) this.file(this.wakeupFd)?.write(Uint8Array.of(signum));
    return this.wait !== null && !(disposition.restarts && this.wait.restarts);
  }
}

/** One descriptor less leads to a file, or one message less carries it. */
export function dropDescriptor(file: OpenFile): void {
  if (--file.descriptors > 0) return;
  // Linux takes a file out of every epoll instance; XNU a descriptor out of every kqueue, which kqueue.ts does.
  for (const watcher of [...file.watchers]) {
    const { epoll } = watcher as { epoll?: unknown };
    if (epoll instanceof EpollFile) epoll.forget(file);
  }
  file.release();
}

/** Gives back the files of a message that no one will receive. */
export function dropFiles(files: readonly OpenFile[]): void {
  for (const file of files) dropDescriptor(file);
}
