// Python's select.poll over poll(2).

import { POLLIN, POLLOUT, POLLPRI } from '../../kernel/constants/select.ts';
import { EINTR, ENOENT } from '../../kernel/errno.ts';
import { PollFds, pollfd } from '../../kernel/structs/pollfd.ts';
import * as sys from '../../kernel/syscalls.ts';
import { check, KeyError, osError } from '../errors.ts';
import { beginWait, checkTimeout, millisecondsUntil, mustRetry } from '../waiting.ts';
import { type FileLike, filenoOf } from './fileno.ts';

/** A set of descriptors to wait for with poll(2). Made by poll(). */
export class Poll {
  // What is watched, in the order of registration.
  readonly #events = new Map<number, number>();
  // The array for the kernel, the beginning of a larger one, as of the last wait(); and where in it each file
  // is. What has changed since is put there by the next wait(), a file at a time: to build it anew for each
  // registration would make n of them cost n * n.
  #pollfds = new PollFds(0);
  #capacity = new PollFds(0);
  readonly #places = new Map<number, number>();
  readonly #changed = new Set<number>();
  #hasHoles = false;
  // While handlers run in the middle of poll(): they must not poll the same object.
  #isInterrupted = false;

  /**
   * Watches a file for the events; a file that is watched already is watched for these instead.
   * Unlike POSIX, macOS watches for nothing at all, not even POLLERR, POLLHUP and POLLNVAL, where eventmask is 0
   * (XNU: bsd/kern/sys_generic.c, poll_nocancel()).
   */
  register(file: FileLike, eventmask: number = POLLIN | POLLPRI | POLLOUT): void {
    const fd = filenoOf(file);
    this.#events.set(fd, checkMask(eventmask));
    this.#changed.add(fd);
  }

  /** Changes the events of a watched file. Throws FileNotFoundError (ENOENT) for another. */
  modify(file: FileLike, eventmask: number): void {
    const fd = filenoOf(file);
    const mask = checkMask(eventmask);
    if (!this.#events.has(fd)) throw osError(-ENOENT, 'poll');
    this.#events.set(fd, mask);
    this.#changed.add(fd);
  }

  /** Forgets a watched file. Throws KeyError for another. */
  unregister(file: FileLike): void {
    const fd = filenoOf(file);
    if (!this.#events.delete(fd)) throw new KeyError(String(fd));
    this.#changed.delete(fd);
    if (this.#places.delete(fd)) this.#hasHoles = true;
  }

  /**
   * Waits for an event: [fd, revents] of every file that has one, in the order of registration.
   * Unlike the rest of the module the timeout is in milliseconds, rounded up; null, none and
   * every negative one waits for ever. Throws RangeError beyond a C int, Error when a signal's handler
   * polls the object that it interrupted; on macOS OSError EINVAL for more than 10240 files (OPEN_MAX: XNU,
   * bsd/kern/sys_generic.c, poll_nocancel()).
   */
  poll(timeoutMs?: number | null): [fd: number, revents: number][] {
    const pollfds = this.wait(timeoutMs);
    const ready: [number, number][] = [];
    for (let i = 0; ready.length < pollfds.ready; i++) {
      if (pollfds.revents(i) !== 0) ready.push([pollfds.fd(i), pollfds.revents(i)]);
    }
    return ready;
  }

  /**
   * poll() without lists: the whole array for the kernel, of which ready entries have revents.
   * Allocates nothing, as long as the set stays the same. It is good until the next wait() or poll().
   * Unlike anything in Python; for loops that are to run fast.
   */
  wait(timeoutMs?: number | null): PollFds {
    const milliseconds = checkTimeout(timeoutMs, 'timeout must be an integer or None');
    if (milliseconds !== null && Math.ceil(milliseconds) > 0x7fffffff)
      throw new RangeError('timeout is too large');
    if (this.#isInterrupted) throw new Error('concurrent poll() invocation');

    const deadline = beginWait(
      milliseconds === null || milliseconds < 0 ? null : milliseconds / 1000,
      'poll',
    );
    const pollfds = this.#array();
    let n: number;
    do {
      n = sys.poll(pollfds.memory, pollfds.length, millisecondsUntil(deadline));
    } while (n === -EINTR && this.#mustRetry(n, deadline));
    pollfds.ready = n === -EINTR ? 0 : check(n, 'poll', null, this.wait);
    return pollfds;
  }

  #mustRetry(result: number, deadline: number): boolean {
    this.#isInterrupted = true;
    try {
      return mustRetry(result, 'poll', deadline);
    } finally {
      this.#isInterrupted = false;
    }
  }

  #array(): PollFds {
    if (this.#hasHoles) this.#closeHoles();
    if (this.#changed.size > 0) this.#placeChanged();
    if (this.#pollfds.length !== this.#places.size) {
      const memory = this.#capacity.memory as ArrayBuffer;
      this.#pollfds = new PollFds(new Uint8Array(memory, 0, this.#places.size * pollfd.size));
    }
    return this.#pollfds;
  }

  /** Moves those behind a file that is not watched any more forward. Before the changed ones: see unregister(). */
  #closeHoles(): void {
    const all = this.#capacity;
    let end = 0;
    for (let i = 0; i < this.#pollfds.length; i++) {
      const fd = all.fd(i);
      if (this.#places.get(fd) !== i) continue;
      all.set(end, fd, all.events(i));
      this.#places.set(fd, end++);
    }
    this.#hasHoles = false;
  }

  #placeChanged(): void {
    for (const fd of this.#changed) {
      let place = this.#places.get(fd);
      if (place === undefined) {
        place = this.#places.size;
        if (place === this.#capacity.length) this.#grow();
        this.#places.set(fd, place);
      }
      this.#capacity.set(place, fd, this.#events.get(fd)!);
    }
    this.#changed.clear();
  }

  #grow(): void {
    const before = this.#capacity;
    this.#capacity = new PollFds(Math.max(before.length * 2, 8));
    for (let i = 0; i < before.length; i++) this.#capacity.set(i, before.fd(i), before.events(i));
    this.#pollfds = new PollFds(0); // A view of the memory before.
  }
}

function checkMask(eventmask: number): number {
  if (!Number.isInteger(eventmask))
    throw new TypeError(`eventmask must be an integer, got ${String(eventmask)}`);
  if (eventmask < 0) throw new RangeError('value must be positive');
  if (eventmask > 0xffff)
    throw new RangeError(`eventmask must be 0-65535 (unsigned short), got ${eventmask}`);
  return eventmask;
}

/** A new, empty poll object. */
export function poll(): Poll {
  return new Poll();
}
