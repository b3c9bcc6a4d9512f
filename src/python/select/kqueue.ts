// Python's select.kqueue over kqueue(2). macOS: elsewhere kqueue() throws OSError ENOSYS. Written from the man
// page and XNU's source; not run on a Mac yet.

import { inspect } from 'node:util';
import { EINTR } from '../../kernel/errno.ts';
import { Kevents } from '../../kernel/structs/kevent.ts';
import { Timespecs } from '../../kernel/structs/timespec.ts';
import * as sys from '../../kernel/syscalls.ts';
import { check } from '../errors.ts';
import { disowns, owns } from '../unclosed.ts';
import { beginWait, checkTimeout, mustRetry, secondsUntil } from '../waiting.ts';
import { MAX_KEVENT_SECONDS } from '../xnu.ts';
import { Kevent, keventOf } from './kevent.ts';

/** A kernel event queue. Made by kqueue(). */
export class Kqueue {
  #kq: number;

  constructor(kq: number) {
    this.#kq = kq;
    owns(this, 'kqueue', kq);
  }

  /** True once close() was called. */
  get closed(): boolean {
    return this.#kq < 0;
  }

  /** The queue's own descriptor, itself pollable. */
  fileno(): number {
    if (this.#kq < 0) throw new RangeError('I/O operation on closed kqueue object');
    return this.#kq;
  }

  /** Closes the descriptor; again does nothing. As Python's it throws for no errno of close(2). */
  close(): void {
    const kq = this.#kq;
    this.#kq = -1;
    disowns(this, kq);
    if (kq >= 0) sys.close(kq);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Makes the changes, then waits for at most max_events events. timeout is in seconds, rounded
   * up; null or none waits for ever. With max_events 0 the kernel does not wait at all.
   * Unlike Python's, a timeout beyond 2147483647 s is that, for the kernel takes no more.
   *
   * A change that fails comes back as an event with EV_ERROR and the errno in data; only if max_events
   * leaves no place for it does this throw OSError.
   */
  control(changelist: Iterable<Kevent> | null, max_events: number, timeout?: number | null): Kevent[] {
    this.fileno();
    if (!Number.isInteger(max_events)) {
      throw new TypeError(`max_events must be an integer, got ${inspect(max_events)}`);
    }
    if (max_events < 0) throw new RangeError(`Length of eventlist must be 0 or positive, got ${max_events}`);
    const seconds = checkTimeout(timeout);
    if (seconds !== null && seconds < 0) throw new RangeError('timeout must be positive or None');

    const isIterable = typeof changelist?.[Symbol.iterator] === 'function';
    const list = isIterable ? [...changelist] : [];
    if ((changelist !== null && !isIterable) || !list.every((change) => change instanceof Kevent)) {
      throw new TypeError('changelist must be an iterable of select.kevent objects');
    }
    const changes = new Kevents(list.length);
    list.forEach((change, i) => {
      changes.set(i, change);
    });
    const events = new Kevents(max_events);

    const deadline = beginWait(seconds, 'kevent');
    let nchanges = changes.length;
    let n: number;
    do {
      // Asked each time: a signal's handler may close the queue, and another descriptor get its number.
      n = sys.kevent(this.#kq, changes.memory, nchanges, events.memory, max_events, timespecUntil(deadline));
      // Should the wait be interrupted, the changes were made before (kqueue(2), ERRORS).
      nchanges = 0;
    } while (mustRetry(n, 'kevent', deadline));
    if (n === -EINTR) return [];
    check(n, 'kevent', null, this.control);
    return Array.from({ length: n }, (_, i) => keventOf(events.get(i)));
  }
}

const timespecWords = new BigInt64Array(2);
const timespec = new Timespecs(timespecWords);

/** What is left until a deadline (or what the kernel takes), rounded up to nanoseconds; NULL for no limit. */
function timespecUntil(deadline: number): BigInt64Array | null {
  if (deadline === Number.POSITIVE_INFINITY) return null;
  timespec.setSeconds(0, Math.min(secondsUntil(deadline), MAX_KEVENT_SECONDS));
  return timespecWords;
}

/** A new kernel event queue, close-on-exec. Throws OSError ENOSYS where there is no kqueue. */
export function kqueue(): Kqueue {
  // XNU makes the descriptor close-on-exec by itself. bsd/kern/kern_event.c, kqueue_internal().
  return new Kqueue(check(sys.kqueue(), 'kqueue', null, kqueue));
}

/** An object for a kqueue descriptor that there is already, which it owns from now on. As in Python, -1 makes a new one. */
kqueue.fromfd = (fd: number): Kqueue => {
  if (!Number.isInteger(fd)) throw new TypeError(`fromfd(): an integer is required, got ${inspect(fd)}`);
  return fd === -1 ? kqueue() : new Kqueue(fd);
};
