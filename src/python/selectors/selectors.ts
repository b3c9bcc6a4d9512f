// Python's selectors module: one interface over select, poll, epoll and kqueue.

import { EV_ADD, EV_DELETE, EVFILT_READ, EVFILT_WRITE } from '../../kernel/constants/select.ts';
import { isSimulated, platform } from '../../kernel/platform.ts';
import { OSError } from '../errors.ts';
import { type Epoll, epoll } from '../select/epoll.ts';
import { type Kevent, kevent } from '../select/kevent.ts';
import { type Kqueue, kqueue } from '../select/kqueue.ts';
import { type Poll, poll } from '../select/poll.ts';
import { select } from '../select/select.ts';
import { type BaseSelector, KernelSelector } from './base.ts';
import { EVENT_READ, EVENT_WRITE, fromEpoll, fromPoll, toEpoll, toPoll } from './masks.ts';

/** Over select(2): any platform, descriptors below FD_SETSIZE. */
export class SelectSelector<Data = unknown> extends KernelSelector<Data> {
  readonly #readers = new Set<number>();
  readonly #writers = new Set<number>();

  protected watch(fd: number, events: number): void {
    if (events & EVENT_READ) this.#readers.add(fd);
    if (events & EVENT_WRITE) this.#writers.add(fd);
  }

  protected rewatch(fd: number, events: number): void {
    this.unwatch(fd);
    this.watch(fd, events);
  }

  protected unwatch(fd: number): void {
    this.#readers.delete(fd);
    this.#writers.delete(fd);
  }

  protected wait(timeout: number | null): Map<number, number> {
    const [readable, writable] = select(this.#readers, this.#writers, [], timeout);
    const ready = new Map(readable.map((fd) => [fd, EVENT_READ]));
    for (const fd of writable) ready.set(fd, (ready.get(fd) ?? 0) | EVENT_WRITE);
    return ready;
  }

  protected closeBackend(): void {
    this.#readers.clear();
    this.#writers.clear();
  }
}

/** Over poll(2): any platform, any number of descriptors; on macOS at most 10240 (see Poll.poll). */
export class PollSelector<Data = unknown> extends KernelSelector<Data> {
  readonly #poll: Poll = poll();

  protected watch(fd: number, events: number): void {
    this.#poll.register(fd, toPoll(events));
  }

  protected rewatch(fd: number, events: number): void {
    this.#poll.modify(fd, toPoll(events));
  }

  protected unwatch(fd: number): void {
    this.#poll.unregister(fd);
  }

  protected wait(timeout: number | null): [number, number][] {
    return this.#poll
      .poll(timeout === null ? null : timeout * 1000)
      .map(([fd, revents]) => [fd, fromPoll(revents)]);
  }

  protected closeBackend(): void {}
}

/** Over epoll(7): Linux. Elsewhere the constructor throws OSError ENOSYS. */
export class EpollSelector<Data = unknown> extends KernelSelector<Data> {
  readonly #epoll: Epoll = epoll();

  fileno(): number {
    return this.#epoll.fileno();
  }

  protected watch(fd: number, events: number): void {
    this.#epoll.register(fd, toEpoll(events));
  }

  protected rewatch(fd: number, events: number): void {
    this.#epoll.modify(fd, toEpoll(events));
  }

  protected unwatch(fd: number): void {
    this.#epoll.unregister(fd);
  }

  protected wait(timeout: number | null): [number, number][] {
    return this.#epoll.poll(timeout, this.keys.size || 1).map(([fd, events]) => [fd, fromEpoll(events)]);
  }

  protected closeBackend(): void {
    this.#epoll.close();
  }
}

/** Over kqueue(2): macOS. Elsewhere the constructor throws OSError ENOSYS. One file may come up twice. */
export class KqueueSelector<Data = unknown> extends KernelSelector<Data> {
  readonly #kqueue: Kqueue = kqueue();

  fileno(): number {
    return this.#kqueue.fileno();
  }

  // Unlike Python's, leaves no filter behind if another fails: select() would return at once, for ever, with nothing.
  protected watch(fd: number, events: number): void {
    try {
      this.#change(fd, events, EV_ADD);
    } catch (error) {
      this.#undo(fd, events);
      throw error;
    }
  }

  protected rewatch(fd: number, events: number, before: number): void {
    try {
      this.#change(fd, before & ~events, EV_DELETE);
      this.#change(fd, events & ~before, EV_ADD);
    } catch (error) {
      this.#undo(fd, events | before);
      throw error;
    }
  }

  protected unwatch(fd: number, events: number): void {
    this.#change(fd, events, EV_DELETE);
  }

  #change(fd: number, events: number, flags: number): void {
    const changes: Kevent[] = [];
    if (events & EVENT_READ) changes.push(kevent(fd, EVFILT_READ, flags));
    if (events & EVENT_WRITE) changes.push(kevent(fd, EVFILT_WRITE, flags));
    if (changes.length > 0) this.#kqueue.control(changes, 0, 0);
  }

  // The kernel makes the changes in turn, up to the first that fails.
  #undo(fd: number, events: number): void {
    for (const event of [EVENT_READ, EVENT_WRITE]) {
      try {
        this.#change(fd, events & event, EV_DELETE);
      } catch (error) {
        if (!(error instanceof OSError)) throw error; // It was not made.
      }
    }
  }

  protected wait(timeout: number | null): [number, number][] {
    // Two filters a file at most; none would make the kernel ignore the timeout.
    const events = this.#kqueue.control(null, Math.max(this.keys.size * 2, 1), timeout);
    return events.map(({ ident, filter }) => [ident, filter === EVFILT_READ ? EVENT_READ : EVENT_WRITE]);
  }

  protected closeBackend(): void {
    this.#kqueue.close();
  }
}

// In the order of preference: the first whose constructor works here.
const Best = [KqueueSelector, EpollSelector, PollSelector, SelectSelector].find((Selector) => {
  // While modules are loaded no simulated kernel answers yet.
  if (isSimulated) return platform === 'darwin' && Selector === KqueueSelector;
  try {
    new Selector().close();
    return true;
  } catch {
    return false;
  }
})!;

/** The best selector that works on this platform: kqueue, epoll, poll, select. */
export const DefaultSelector: new <Data = unknown>() => BaseSelector<Data> = Best;
