// The API of the package epoll (fivdi/epoll 4) over rfds: an epoll instance of the program's, whose events come by
// callback on Node's event loop. The instance is itself a descriptor that becomes readable: the poller of rfds/async waits
// for it, so that every event of epoll_ctl(2) works as the kernel has it, EPOLLPRI and EPOLLET too. Linux.

import { add_reader, notify_closing, remove_reader } from '../../async.ts';
import { epoll, type Epoll as Instance } from '../../select.ts';
import { EpollEvents } from '../../structs.ts';
import * as sys from '../../syscalls.ts';

/** Called for each event: err is always null, events what came. */
export type EpollCallback = (err: null, fd: number, events: number) => void;

/** How many events one turn of the event loop takes at most. */
const MAX_EVENTS = 64;

export class Epoll {
  static readonly EPOLLIN = sys.EPOLLIN;
  static readonly EPOLLOUT = sys.EPOLLOUT;
  static readonly EPOLLRDHUP = sys.EPOLLRDHUP;
  static readonly EPOLLPRI = sys.EPOLLPRI;
  static readonly EPOLLERR = sys.EPOLLERR;
  static readonly EPOLLHUP = sys.EPOLLHUP;
  static readonly EPOLLET = sys.EPOLLET;
  static readonly EPOLLONESHOT = sys.EPOLLONESHOT;

  readonly #callback: EpollCallback;
  readonly #instance: Instance;
  readonly #watched = new Set<number>();
  readonly #events = new EpollEvents(MAX_EVENTS);

  /** Throws TypeError for a callback that is no function, OSError as epoll_create1(2) does. */
  constructor(callback: EpollCallback) {
    if (typeof callback !== 'function')
      throw new TypeError('First argument to constructor must be a callback');
    this.#callback = callback;
    this.#instance = epoll();
  }

  get closed(): boolean {
    return this.#instance.closed;
  }

  /** Watches a descriptor for events. While any is watched, the process goes on. Throws OSError as epoll_ctl(2) does. */
  add(fd: number, events: number): this {
    this.#checkOpen('add');
    this.#instance.register(fd, events);
    this.#watched.add(fd);
    if (this.#watched.size === 1) add_reader(this.#instance, this.#onReady);
    return this;
  }

  modify(fd: number, events: number): this {
    this.#checkOpen('modify');
    this.#instance.modify(fd, events);
    return this;
  }

  remove(fd: number): this {
    this.#checkOpen('remove');
    this.#instance.unregister(fd);
    this.#watched.delete(fd);
    if (this.#watched.size === 0) remove_reader(this.#instance);
    return this;
  }

  /** Watches nothing any more. Throws for an instance that is closed. */
  close(): void {
    this.#checkOpen('close');
    notify_closing(this.#instance);
    this.#watched.clear();
    this.#instance.close();
  }

  readonly #onReady = (): void => {
    const events = this.#events;
    const n = sys.epoll_wait(this.#instance.fileno(), events.memory, MAX_EVENTS, 0);
    const found = Array.from({ length: Math.max(n, 0) }, (_, i) => [events.fd(i), events.events(i)]);
    for (const [fd, happened] of found) {
      // A callback may have removed it, or closed the instance.
      if (this.#watched.has(fd)) this.#callback(null, fd, happened);
    }
  };

  #checkOpen(method: string): void {
    if (this.closed) throw new Error(`${method} can't be called after calling close`);
  }
}
