// epoll(7), Linux, after fs/eventpoll.c: an entry for each file and descriptor, and the list of those that may be
// ready. An entry comes onto the list when its file reports events, at the end, once; epoll_wait takes entries off
// from the beginning, asks each file what holds now, and puts one that is level-triggered back at the end.

import {
  EPOLLERR,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  EPOLLWAKEUP,
  POLLIN,
  POLLRDNORM,
} from '../kernel/constants/select.ts';
import { EEXIST, EINVAL, ELOOP, ENOENT, EPERM } from '../kernel/errno.ts';
import { Hash } from './hash.ts';
import type { Machine, Shared } from './machine.ts';
import { OpenFile, type Watcher } from './open-file.ts';
import { StandardStream } from './pipe.ts';

const ALWAYS = EPOLLERR! | EPOLLHUP!;
const PRIVATE = (EPOLLET! | EPOLLONESHOT! | EPOLLEXCLUSIVE! | EPOLLWAKEUP!) >>> 0;
const EXCLUSIVE_OK = (EPOLLIN! | EPOLLOUT! | ALWAYS | EPOLLWAKEUP! | EPOLLET! | EPOLLEXCLUSIVE!) >>> 0;
/** How deep instances may lie in each other. EP_MAX_NESTS. */
const MAX_NESTS = 4;

class Entry implements Watcher {
  readonly epoll: EpollFile;
  readonly file: OpenFile;
  readonly fd: number;
  events: number;
  dataLow: number;
  dataHigh: number;
  isListed = false;

  constructor(epoll: EpollFile, file: OpenFile, fd: number, events: number, low: number, high: number) {
    this.epoll = epoll;
    this.file = file;
    this.fd = fd;
    this.events = events;
    this.dataLow = low;
    this.dataHigh = high;
  }

  /** Whether it is disabled, by EPOLLONESHOT. */
  get isDisabled(): boolean {
    return (this.events & ~PRIVATE) === 0;
  }

  onEvents(_file: OpenFile, events: number): void {
    if (this.isDisabled || (events !== 0 && (events & this.events) === 0)) return;
    this.epoll.list(this);
  }

  get ready(): number {
    return this.file.poll() & this.events & ~PRIVATE;
  }
}

/** Where epoll_wait writes an event. */
export interface EpollTarget {
  put(i: number, events: number, dataLow: number, dataHigh: number): void;
}

export class EpollFile extends OpenFile {
  readonly kind = 'anon_inode:[eventpoll]';
  readonly shared: Shared;
  // By descriptor; two entries of one number may have different files, since dup2 and close leave old ones here.
  readonly #entries: Entry[] = [];
  #listed: Entry[] = [];

  constructor(machine: Machine) {
    super(machine);
    this.shared = machine.newShared();
  }

  /** The files that it watches. */
  get files(): OpenFile[] {
    return this.#entries.map(({ file }) => file);
  }

  /** The descriptors that they were added by. */
  get watched(): number[] {
    return this.#entries.map(({ fd }) => fd);
  }

  list(entry: Entry): void {
    if (entry.isListed) return;
    entry.isListed = true;
    this.#listed.push(entry);
    this.notify(POLLIN | POLLRDNORM);
  }

  #find(file: OpenFile, fd: number): Entry | undefined {
    for (const entry of this.#entries) if (entry.fd === fd && entry.file === file) return entry;
    return undefined;
  }

  add(file: OpenFile, fd: number, events: number, dataLow: number, dataHigh: number): number {
    if (file === this) return -EINVAL;
    if (file instanceof StandardStream && file.isRegular) return -EPERM;
    if (events & EPOLLEXCLUSIVE! && (file instanceof EpollFile || (events & ~EXCLUSIVE_OK) !== 0))
      return -EINVAL;
    if (this.#find(file, fd)) return -EEXIST;
    if (file instanceof EpollFile && (file.#reaches(this) || file.#depth() + 1 + this.#height() > MAX_NESTS))
      return -ELOOP;
    const entry = new Entry(this, file, fd, events | ALWAYS, dataLow, dataHigh);
    this.#entries.push(entry);
    // add_wait_queue() puts it before those that were there, add_wait_queue_exclusive() behind.
    file.watch(entry, (events & EPOLLEXCLUSIVE!) === 0);
    this.machine.touch(this.shared);
    if (entry.ready) this.list(entry);
    return 0;
  }

  modify(file: OpenFile, fd: number, events: number, dataLow: number, dataHigh: number): number {
    if (events & EPOLLEXCLUSIVE!) return -EINVAL;
    const entry = this.#find(file, fd);
    if (entry === undefined) return -ENOENT;
    if (entry.events & EPOLLEXCLUSIVE!) return -EINVAL;
    entry.events = events | ALWAYS;
    entry.dataLow = dataLow;
    entry.dataHigh = dataHigh;
    this.machine.touch(this.shared);
    if (entry.ready) this.list(entry);
    return 0;
  }

  remove(file: OpenFile, fd: number): number {
    const entry = this.#find(file, fd);
    if (entry === undefined) return -ENOENT;
    this.#drop(entry);
    return 0;
  }

  #drop(entry: Entry): void {
    this.#entries.splice(this.#entries.indexOf(entry), 1);
    if (entry.isListed) this.#listed.splice(this.#listed.indexOf(entry), 1);
    entry.isListed = false;
    entry.file.unwatch(entry);
    this.machine.touch(this.shared);
  }

  /** The last descriptor of a file was closed: it is watched no longer. */
  forget(file: OpenFile): void {
    for (const entry of this.#entries.filter((one) => one.file === file)) this.#drop(entry);
  }

  #reaches(other: EpollFile): boolean {
    return this.#entries.some(
      ({ file }) => file === other || (file instanceof EpollFile && file.#reaches(other)),
    );
  }

  // How many lie in each other within it. ep_loop_check_proc().
  #depth(): number {
    const inner = this.#entries.map(({ file }) => (file instanceof EpollFile ? 1 + file.#depth() : 0));
    return Math.max(0, ...inner);
  }

  // How many instances lie around this one. ep_get_upwards_depth_proc().
  #height(): number {
    const outer = this.watchers.map((watcher) =>
      watcher instanceof Entry ? 1 + watcher.epoll.#height() : 0,
    );
    return Math.max(0, ...outer);
  }

  /** Whether epoll_wait would report anything. */
  hasEvents(): boolean {
    for (const entry of this.#listed) if (entry.ready) return true;
    return false;
  }

  poll(): number {
    return this.hasEvents() ? POLLIN | POLLRDNORM : 0;
  }

  // What is on the list, in its order, and how. The order of the entries themselves changes nothing.
  override addContents(hash: Hash): boolean {
    hash.add(this.#entries.length);
    const all = new Hash();
    for (const { fd, events, dataLow, dataHigh, file } of this.#entries) {
      const one = new Hash();
      for (const n of [fd, events, dataLow, dataHigh]) one.add(n);
      one.addFlags(file.descriptors > 0);
      all.addUnordered(one);
    }
    hash.addHash(all);
    for (const { fd } of this.#listed) hash.add(fd);
    return this.watchers.length === 0;
  }

  /** epoll_wait(2) that does not wait. */
  collect(target: EpollTarget, most: number): number {
    const listed = this.#listed;
    if (listed.length === 0) return 0;
    this.#listed = [];
    let n = 0;
    let i = 0;
    const again: Entry[] = [];
    for (; i < listed.length && n < most; i++) {
      const entry = listed[i];
      entry.isListed = false;
      const events = entry.ready;
      if (events === 0) continue;
      target.put(n++, events, entry.dataLow, entry.dataHigh);
      if (entry.events & EPOLLONESHOT!) {
        entry.events &= PRIVATE;
      } else if (!(entry.events & EPOLLET!)) {
        entry.isListed = true;
        again.push(entry);
      }
    }
    // What was not asked stays at the beginning.
    this.#listed = [...listed.slice(i), ...this.#listed, ...again];
    this.machine.touch(this.shared);
    return n;
  }

  release(): void {
    for (const entry of this.#entries) entry.file.unwatch(entry);
    this.#entries.length = 0;
    this.#listed.length = 0;
  }
}
