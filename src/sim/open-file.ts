// What a descriptor leads to (the kernel's struct file): its events, who watches them, and its transfers. Every kind
// of file is a subclass. Calls give a count or a negative errno, and never wait: a call that would block gets
// -EAGAIN here, and calls.ts has the world go on.

import { EINVAL, ENOTTY } from '../kernel/errno.ts';
import type { Hash } from './hash.ts';
import type { Machine, Shared } from './machine.ts';

/** Who is told when a file becomes ready: an epoll instance's entry, a knote of a kqueue. */
export interface Watcher {
  /** events: what became so, POLLIN and the like. Told too when it was so before: more bytes came. */
  onEvents(file: OpenFile, events: number): void;
}

export abstract class OpenFile {
  readonly machine: Machine;
  /** As /proc/PID/fd and a recording have it: 'socket', 'pipe', 'anon_inode:[eventpoll]'. */
  abstract readonly kind: string;
  /** What it shares with other processes. */
  abstract readonly shared: Shared;
  /** How many descriptors lead here, of all processes. */
  descriptors = 0;
  /** O_NONBLOCK: a status flag, which duplicates share. */
  nonblocking = false;
  /** O_APPEND, O_ASYNC, …: kept, and without effect. */
  otherFlags = 0;
  readonly watchers: Watcher[] = [];

  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** The events that hold now, POLLIN and the like, as poll(2) would report them if asked for all. */
  abstract poll(): number;

  /** Without any descriptor left: gives back what it has, and tells its peer. */
  abstract release(): void;

  /** Puts what it has in it into a hash: all that its later behaviour depends on. False: it is not known of this kind. */
  addContents(_hash: Hash): boolean {
    return false;
  }

  read(_target: Uint8Array): number {
    return -EINVAL;
  }

  write(_source: Uint8Array): number {
    return -EINVAL;
  }

  /** FIONREAD's answer; -ENOTTY for a file that has none. */
  get unread(): number {
    return -ENOTTY;
  }

  /** Tells the watchers that events became so, or so once more. */
  notify(events: number): void {
    this.machine.touch(this.shared);
    const { watchers } = this;
    for (let i = 0; i < watchers.length; i++) watchers[i].onEvents(this, events);
  }

  /** isFirst: it is told before those that were there. */
  watch(watcher: Watcher, isFirst = false): void {
    if (isFirst) this.watchers.unshift(watcher);
    else this.watchers.push(watcher);
  }

  unwatch(watcher: Watcher): void {
    const at = this.watchers.indexOf(watcher);
    if (at >= 0) this.watchers.splice(at, 1);
  }
}
