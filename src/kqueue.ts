// Python's select.kqueue and select.kevent over kqueue(2). macOS: elsewhere kqueue() throws OSError
// ENOSYS. Above: select.ts, selectors.ts, servers/kqueue-server.ts. Below: syscalls.ts,
// native/kqueue.cc. Written from the man page and XNU's source; not run on a Mac yet.

import { F_SETFD, FD_CLOEXEC } from './constants/fcntl.ts';
import { EV_ADD, EVFILT_READ } from './constants/select.ts';
import { check, EINTR } from './errno.ts';
import { type FileLike, filenoOf } from './fileno.ts';
import { layout } from './native.ts';
import { disowns, owns } from './owner.ts';
import { interrupted, runHandlers } from './signal.ts';
import * as sys from './syscalls.ts';
import { monotonic } from './time.ts';
import { checkTimeout, deadlineAfter } from './timeout.ts';

/** One change to make, or one event that happened. Fields as in struct kevent. */
export class Kevent {
  ident: number;
  filter: number;
  flags: number;
  fflags: number;
  data: number;
  udata: number;

  constructor(ident: number, filter: number, flags: number, fflags: number, data: number, udata: number) {
    this.ident = ident;
    this.filter = filter;
    this.flags = flags;
    this.fflags = fflags;
    this.data = data;
    this.udata = udata;
  }
}

/** A kevent for a descriptor (or another ident). By default: add interest in reading. */
export function kevent(
  ident: FileLike,
  filter: number = EVFILT_READ,
  flags: number = EV_ADD,
  fflags = 0,
  data = 0,
  udata = 0,
): Kevent {
  return new Kevent(filenoOf(ident), filter, flags, fflags, data, udata);
}

/** A struct kevent[] in one block of memory, read and written in place. */
export class Kevents {
  readonly length: number;
  readonly memory: ArrayBuffer;
  readonly #view: DataView;

  // The defaults are macOS's, for 64 bits, so that the accessors can be tested elsewhere.
  static readonly #size = layout['sizeof kevent'] ?? 32;
  static readonly #ident = layout['kevent.ident'] ?? 0;
  static readonly #filter = layout['kevent.filter'] ?? 8;
  static readonly #flags = layout['kevent.flags'] ?? 10;
  static readonly #fflags = layout['kevent.fflags'] ?? 12;
  static readonly #data = layout['kevent.data'] ?? 16;
  static readonly #udata = layout['kevent.udata'] ?? 24;

  constructor(length: number) {
    this.length = length;
    this.memory = new ArrayBuffer(length * Kevents.#size);
    this.#view = new DataView(this.memory);
  }

  set(i: number, event: Kevent): void {
    const at = i * Kevents.#size;
    this.#view.setBigUint64(at + Kevents.#ident, BigInt(event.ident), true);
    this.#view.setInt16(at + Kevents.#filter, event.filter, true);
    this.#view.setUint16(at + Kevents.#flags, event.flags, true);
    this.#view.setUint32(at + Kevents.#fflags, event.fflags, true);
    this.#view.setBigInt64(at + Kevents.#data, BigInt(event.data), true);
    this.#view.setBigUint64(at + Kevents.#udata, BigInt(event.udata), true);
  }

  get(i: number): Kevent {
    const at = i * Kevents.#size;
    return new Kevent(
      Number(this.#view.getBigUint64(at + Kevents.#ident, true)),
      this.#view.getInt16(at + Kevents.#filter, true),
      this.#view.getUint16(at + Kevents.#flags, true),
      this.#view.getUint32(at + Kevents.#fflags, true),
      Number(this.#view.getBigInt64(at + Kevents.#data, true)),
      Number(this.#view.getBigUint64(at + Kevents.#udata, true)),
    );
  }
}

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

  /** Closes the descriptor; again does nothing. */
  close(): void {
    const kq = this.#kq;
    this.#kq = -1;
    disowns(this);
    if (kq >= 0) sys.close(kq);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Makes the changes, then waits for at most max_events events. timeout is in seconds, rounded
   * up; null or none waits for ever. With max_events 0 the kernel does not wait at all.
   *
   * A change that the kernel refuses comes back as an event with EV_ERROR and the errno in data;
   * only if there is no room for it does this throw OSError.
   */
  control(changelist: Iterable<Kevent> | null, max_events: number, timeout?: number | null): Kevent[] {
    const kq = this.fileno();
    if (!(max_events >= 0))
      throw new RangeError(`Length of eventlist must be 0 or positive, got ${max_events}`);
    const seconds = checkTimeout(timeout);
    if (seconds !== null && seconds < 0) throw new RangeError('timeout must be positive or None');
    const deadline = deadlineAfter(seconds);

    const list = changelist === null ? [] : [...changelist];
    if (!list.every((change) => change instanceof Kevent)) {
      throw new TypeError('changelist must be an iterable of select.kevent objects');
    }
    const changes = new Kevents(list.length);
    list.forEach((change, i) => {
      changes.set(i, change);
    });
    const events = new Kevents(max_events);

    runHandlers();
    let nchanges = changes.length;
    for (;;) {
      const n = sys.kevent(kq, changes.memory, nchanges, events.memory, max_events, timespecUntil(deadline));
      if (n === -EINTR) {
        // The changes were made before the wait was interrupted (kqueue(2), ERRORS).
        nchanges = 0;
        interrupted('kevent');
        continue;
      }
      check(n, 'kevent');
      return Array.from({ length: n }, (_, i) => events.get(i));
    }
  }
}

function timespecUntil(deadline: number): BigInt64Array | null {
  if (deadline === Number.POSITIVE_INFINITY) return null;
  const nanos = BigInt(Math.max(Math.ceil((deadline - monotonic()) * 1e9), 0));
  return BigInt64Array.of(nanos / 1_000_000_000n, nanos % 1_000_000_000n);
}

/** A new kernel event queue, close-on-exec. Throws OSError ENOSYS where there is no kqueue. */
export function kqueue(): Kqueue {
  const kq = check(sys.kqueue(), 'kqueue');
  sys.fcntl(kq, F_SETFD, FD_CLOEXEC);
  return new Kqueue(kq);
}
