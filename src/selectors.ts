// Python's selectors module: one interface over select, poll, epoll and kqueue.
// Above: servers/selectors-server.ts. Below: select.ts and its siblings.

import { EV_ADD, EV_DELETE, EVFILT_READ, EVFILT_WRITE } from './constants/select.ts';
import { type Epoll, epoll } from './epoll.ts';
import { InterruptedError, KeyError, OSError } from './errno.ts';
import { EVENT_READ, EVENT_WRITE, fromEpoll, fromPoll, toEpoll, toPoll } from './events.ts';
import type { FileLike } from './fileno.ts';
import { type Kevent, type Kqueue, kevent, kqueue } from './kqueue.ts';
import { type Poll, poll } from './poll.ts';
import { select } from './select.ts';

export { EVENT_READ, EVENT_WRITE } from './events.ts';

/** What a selector knows of a registered file. modify() makes a new one. */
export interface SelectorKey<Data = unknown> {
  readonly fileobj: FileLike;
  readonly fd: number;
  readonly events: number;
  readonly data: Data;
}

// The selectors' own rule for files: RangeError (Python's ValueError) for everything wrong.
function fdOf(fileobj: FileLike): number {
  const fd = typeof fileobj === 'number' ? fileobj : Number(fileobj?.fileno?.());
  if (!Number.isInteger(fd)) throw new RangeError(`Invalid file object: ${String(fileobj)}`);
  if (fd < 0) throw new RangeError(`Invalid file descriptor: ${fd}`);
  return fd;
}

/** What the selectors share: the keys, and Python's rules about them. */
export abstract class BaseSelector<Data = unknown> {
  protected readonly keys = new Map<number, SelectorKey<Data>>();
  #closed = false;

  // What a backend does: start, change and stop watching a descriptor, and wait.
  protected abstract watch(fd: number, events: number): void;
  protected abstract rewatch(fd: number, events: number, before: number): void;
  protected abstract unwatch(fd: number, events: number): void;
  /** Waits for at most timeout seconds (null: for ever, never below 0): [fd, events] pairs. */
  protected abstract wait(timeout: number | null): Iterable<readonly [fd: number, events: number]>;
  protected abstract closeBackend(): void;

  /**
   * Watches a file for EVENT_READ, EVENT_WRITE or both, with data of the caller's.
   * Throws RangeError for bad events or a bad file, KeyError if its descriptor is registered already,
   * OSError if the kernel refuses (EPERM for a regular file with epoll); no key is left then.
   */
  register(fileobj: FileLike, events: number, data?: Data): SelectorKey<Data> {
    if (!Number.isInteger(events) || events < 1 || events > (EVENT_READ | EVENT_WRITE)) {
      throw new RangeError(`Invalid events: ${events}`);
    }
    const key = { fileobj, fd: fdOf(fileobj), events, data: data as Data };
    if (this.keys.has(key.fd)) throw new KeyError(`${String(fileobj)} (FD ${key.fd}) is already registered`);
    this.watch(key.fd, events);
    this.keys.set(key.fd, key);
    return key;
  }

  /** Watches a file no longer; works for one that was closed, too. Throws KeyError if it is not registered. */
  unregister(fileobj: FileLike): SelectorKey<Data> {
    const key = this.#find(fileobj);
    if (key === undefined) throw new KeyError(`${String(fileobj)} is not registered`);
    this.keys.delete(key.fd);
    try {
      this.unwatch(key.fd, key.events);
    } catch (error) {
      // The descriptor was closed, and with that the kernel forgot it.
      if (!(error instanceof OSError)) throw error;
    }
    return key;
  }

  /** Changes the events or the data of a registered file. If the kernel refuses, the key is gone. */
  modify(fileobj: FileLike, events: number, data?: Data): SelectorKey<Data> {
    const key = this.#find(fileobj);
    if (key === undefined) throw new KeyError(`${String(fileobj)} is not registered`);
    if (!Number.isInteger(events) || events < 1 || events > (EVENT_READ | EVENT_WRITE)) {
      throw new RangeError(`Invalid events: ${events}`);
    }
    if (events !== key.events) {
      try {
        this.rewatch(key.fd, events, key.events);
      } catch (error) {
        this.keys.delete(key.fd);
        throw error;
      }
    }
    const changed = { ...key, events, data: data as Data };
    this.keys.set(key.fd, changed);
    return changed;
  }

  /**
   * Waits until a file is ready: [key, events] of each. timeout is in seconds: null or none waits
   * for ever, 0 or less only looks. Empty when the time is over or a signal came.
   */
  select(timeout?: number | null): [key: SelectorKey<Data>, events: number][] {
    const ready: [SelectorKey<Data>, number][] = [];
    try {
      for (const [fd, events] of this.wait(timeout == null ? null : Math.max(timeout, 0))) {
        const key = this.keys.get(fd);
        if (key !== undefined && (events & key.events) !== 0) ready.push([key, events & key.events]);
      }
    } catch (error) {
      if (!(error instanceof InterruptedError)) throw error;
    }
    return ready;
  }

  /** The key of a registered file. Throws KeyError for another, Error once closed. */
  get_key(fileobj: FileLike): SelectorKey<Data> {
    if (this.#closed) throw new Error('Selector is closed');
    const key = this.#find(fileobj);
    if (key === undefined) throw new KeyError(`${String(fileobj)} is not registered`);
    return key;
  }

  /** The keys by descriptor, as they are at any time; null once closed. */
  get_map(): ReadonlyMap<number, SelectorKey<Data>> | null {
    return this.#closed ? null : this.keys;
  }

  /** Forgets everything and closes what the backend has open. */
  close(): void {
    this.#closed = true;
    this.keys.clear();
    this.closeBackend();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  // By descriptor; a closed object has none any more, and is found by being the same.
  #find(fileobj: FileLike): SelectorKey<Data> | undefined {
    try {
      return this.keys.get(fdOf(fileobj));
    } catch (error) {
      for (const key of this.keys.values()) if (key.fileobj === fileobj) return key;
      throw error;
    }
  }
}

/** Over select(2): any platform, descriptors below FD_SETSIZE. */
export class SelectSelector<Data = unknown> extends BaseSelector<Data> {
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

/** Over poll(2): any platform, any number of descriptors. */
export class PollSelector<Data = unknown> extends BaseSelector<Data> {
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
export class EpollSelector<Data = unknown> extends BaseSelector<Data> {
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
export class KqueueSelector<Data = unknown> extends BaseSelector<Data> {
  readonly #kqueue: Kqueue = kqueue();

  fileno(): number {
    return this.#kqueue.fileno();
  }

  protected watch(fd: number, events: number): void {
    this.#change(fd, events, EV_ADD);
  }

  protected rewatch(fd: number, events: number, before: number): void {
    this.#change(fd, before & ~events, EV_DELETE);
    this.#change(fd, events & ~before, EV_ADD);
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
  try {
    new Selector().close();
    return true;
  } catch {
    return false;
  }
})!;

/** The best selector that works on this platform: kqueue, epoll, poll, select. */
export const DefaultSelector: new <Data = unknown>() => BaseSelector<Data> = Best;
