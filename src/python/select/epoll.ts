// Python's select.epoll over epoll(7). Linux: elsewhere epoll() throws OSError ENOSYS.

import { inspect } from 'node:util';
import {
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLIN,
  EPOLLOUT,
  EPOLLPRI,
  FD_SETSIZE,
} from '../../kernel/constants/select.ts';
import { EINTR } from '../../kernel/errno.ts';
import { EpollEvents } from '../../kernel/structs/epoll-event.ts';
import * as sys from '../../kernel/syscalls.ts';
import { type Caller, check, OSError } from '../errors.ts';
import { disowns, owns } from '../unclosed.ts';
import { beginWait, checkTimeout, millisecondsUntil, mustRetry } from '../waiting.ts';
import { type FileLike, filenoOf } from './fileno.ts';

/** An epoll instance. Made by epoll(). */
export class Epoll {
  #epfd: number;
  readonly #one = new EpollEvents(1);
  #many = new EpollEvents(64);

  constructor(epfd: number) {
    this.#epfd = epfd;
    owns(this, 'epoll', epfd);
  }

  /** True once close() was called. */
  get closed(): boolean {
    return this.#epfd < 0;
  }

  /** The instance's own descriptor, itself pollable. */
  fileno(): number {
    if (this.#epfd < 0) throw new RangeError('I/O operation on closed epoll object');
    return this.#epfd;
  }

  /** Closes the descriptor; again does nothing. As Python's it throws for no errno of close(2). */
  close(): void {
    const epfd = this.#epfd;
    this.#epfd = -1;
    disowns(this, epfd);
    if (epfd >= 0) sys.close(epfd);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Watches a file. Throws OSError EEXIST if it is watched already, EBADF if closed, EPERM for a regular file. */
  register(file: FileLike, eventmask: number = EPOLLIN | EPOLLPRI | EPOLLOUT): void {
    this.#control(EPOLL_CTL_ADD, file, eventmask, this.register);
  }

  /** Changes what a file is watched for. Throws OSError ENOENT if it is not watched, EBADF if closed. */
  modify(file: FileLike, eventmask: number): void {
    this.#control(EPOLL_CTL_MOD, file, eventmask, this.modify);
  }

  /** Watches a file no longer. Throws OSError ENOENT if it is not watched, EBADF if closed. */
  unregister(file: FileLike): void {
    this.#control(EPOLL_CTL_DEL, file, 0, this.unregister);
  }

  #control(op: number, file: FileLike, eventmask: number, caller: Caller): void {
    const epfd = this.fileno();
    const fd = filenoOf(file);
    if (!Number.isInteger(eventmask))
      throw new TypeError(`eventmask must be an integer, got ${String(eventmask)}`);
    this.#one.set(0, fd, eventmask);
    check(sys.epoll_ctl(epfd, op, fd, this.#one.memory), 'epoll_ctl', null, caller);
  }

  /**
   * Waits for events: [fd, events] of at most maxevents files (-1: FD_SETSIZE - 1, as Python).
   * The timeout is in seconds, rounded up to a millisecond; null, none or negative waits for ever.
   */
  poll(timeout?: number | null, maxevents = -1): [fd: number, events: number][] {
    this.fileno();
    if (!Number.isInteger(maxevents))
      throw new TypeError(`maxevents must be an integer, got ${inspect(maxevents)}`);
    const most = maxevents === -1 ? FD_SETSIZE - 1 : maxevents;
    if (!(most > 0)) throw new RangeError(`maxevents must be greater than 0, got ${maxevents}`);
    if (this.#many.length < most) this.#many = new EpollEvents(most);
    const events = this.#many;
    const n = this.wait(events, timeout, most);
    return Array.from({ length: n }, (_, i) => [events.fd(i), events.events(i)]);
  }

  /**
   * poll() without lists: fills events, and returns how many there are. Allocates nothing.
   * Unlike anything in Python; for loops that are to run fast.
   */
  wait(events: EpollEvents, timeout: number | null = null, maxevents = events.length): number {
    this.fileno();
    const seconds = checkTimeout(timeout);
    if (seconds !== null && seconds * 1000 > 0x7fffffff) throw new RangeError('timeout is too large');
    // -0.0001 is not negative in milliseconds: rounded up, it is 0.
    const deadline = beginWait(
      seconds === null || Math.ceil(seconds * 1000) < 0 ? null : seconds,
      'epoll_wait',
    );
    let n: number;
    do {
      // Asked each time: a signal's handler may close the instance, and another descriptor get its number.
      n = sys.epoll_wait(this.#epfd, events.memory, maxevents, millisecondsUntil(deadline));
    } while (mustRetry(n, 'epoll_wait', deadline));
    return n === -EINTR ? 0 : check(n, 'epoll_wait', null, this.wait);
  }
}

/**
 * A new epoll instance, close-on-exec. sizehint is only checked, flags may be EPOLL_CLOEXEC.
 * Throws TypeError and RangeError for wrong ones; OSError: ENOSYS where there is no epoll, EMFILE when
 * descriptors are used up.
 */
export function epoll(sizehint = -1, flags = 0, ...more: unknown[]): Epoll {
  if (more.length > 0) throw new TypeError(`epoll expected at most 2 arguments, got ${more.length + 2}`);
  for (const value of [sizehint, flags]) {
    if (!Number.isInteger(value))
      throw new TypeError(`epoll(): an integer is required, got ${inspect(value)}`);
  }
  if (sizehint !== -1 && sizehint <= 0) throw new RangeError('negative sizehint');
  if (flags !== 0 && flags !== EPOLL_CLOEXEC) throw new OSError('invalid flags');
  return new Epoll(check(sys.epoll_create1(EPOLL_CLOEXEC ?? 0), 'epoll_create1', null, epoll as Caller));
}

/** An object for an epoll descriptor that there is already, which it owns from now on. As in Python, -1 makes a new one. */
epoll.fromfd = (fd: number): Epoll => {
  if (!Number.isInteger(fd)) throw new TypeError(`fromfd(): an integer is required, got ${inspect(fd)}`);
  return fd === -1 ? epoll() : new Epoll(fd);
};
