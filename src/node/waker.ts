// Ends another thread's blocked call: a descriptor that stands in the set which the call waits for.

import { EFD_CLOEXEC, EFD_NONBLOCK } from '../kernel/constants/event.ts';
import { F_DUPFD_CLOEXEC, F_SETFD, F_SETFL, FD_CLOEXEC, O_NONBLOCK } from '../kernel/constants/fcntl.ts';
import { EAGAIN, EBADF, ENOSYS } from '../kernel/errno.ts';
import * as own from '../kernel/own-calls.ts';
import * as sys from '../kernel/syscalls.ts';
import { check, OSError } from '../python/errors.ts';

/** What another thread makes its Waker of: plain numbers, for workerData and postMessage(). */
export interface WakerHandle {
  readonly read: number;
  readonly write: number;
}

const one = BigUint64Array.of(1n);
const taken = new Uint8Array(512);

/**
 * Wakes a thread that is blocked in select, poll, epoll_wait or kevent: put the waker into the set that the call waits
 * for. wake(), from any thread, makes it readable until take().
 *
 *     const waker = new Waker(); // The main thread.
 *     new Worker(file, { workerData: waker.handle });
 *     waker.wake();
 *
 *     const waker = new Waker(workerData); // The worker.
 *     const [ready] = select([server, waker], [], []);
 *     if (ready.includes(waker)) waker.take();
 *
 * An eventfd; on macOS a pipe. Each thread has descriptors of its own for it, and a worker's end with it: so none writes to
 * a number that is another file's by now.
 */
export class Waker {
  #read = -1;
  #write = -1;

  /**
   * A new waker; of another thread's handle, the same one: make it before that thread closes its own.
   * Throws OSError EMFILE, ENFILE; EBADF for a handle whose waker was closed.
   */
  constructor(handle?: WakerHandle) {
    if (handle === undefined) [this.#read, this.#write] = open();
    else [this.#read, this.#write] = copy(handle);
    this.#own(1);
  }

  /** The descriptor that becomes readable; -1 once it is closed. */
  fileno(): number {
    return this.#read;
  }

  /** For another thread, whose Waker has copies of these. */
  get handle(): WakerHandle {
    return { read: this.#read, write: this.#write };
  }

  /** Makes it readable, in every thread that has it. Never blocks. Throws OSError EBADF once it is closed. */
  wake(): void {
    const result = sys.write(this.#write, one);
    if (result < 0 && result !== -EAGAIN) throw new OSError(result, 'write'); // EAGAIN: it is readable.
  }

  /** It is not readable any more; whether it was. Never blocks. Throws OSError EBADF once it is closed. */
  take(): boolean {
    let wasReadable = false;
    for (;;) {
      const result = sys.read(this.#read, taken);
      if (result === -EAGAIN) return wasReadable;
      if (result < 0) throw new OSError(result, 'read');
      wasReadable = true;
    }
  }

  /** Closes this thread's descriptors of it. Not while this thread waits for it: docs/async.md, notify_closing(). */
  close(): void {
    this.#own(0);
    for (const fd of new Set([this.#read, this.#write])) if (fd >= 0) sys.close(fd);
    this.#read = this.#write = -1;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #own(isOwned: number): void {
    for (const fd of [this.#read, this.#write]) if (fd >= 0) own.own_fd(fd, isOwned);
  }
}

function open(): [number, number] {
  const fd = sys.eventfd(0, (EFD_CLOEXEC ?? 0) | (EFD_NONBLOCK ?? 0));
  if (fd !== -ENOSYS) return [check(fd, 'eventfd'), fd];
  const ends = new Int32Array(2);
  check(sys.pipe(ends), 'pipe');
  for (const end of ends) {
    sys.fcntl(end, F_SETFD, FD_CLOEXEC);
    sys.fcntl(end, F_SETFL, O_NONBLOCK);
  }
  return [ends[0], ends[1]];
}

function copy({ read, write }: WakerHandle): [number, number] {
  if (read < 0 || write < 0) throw new OSError(-EBADF, 'fcntl');
  const mine = check(sys.fcntl(read, F_DUPFD_CLOEXEC, 0), 'fcntl');
  if (read === write) return [mine, mine];
  const other = sys.fcntl(write, F_DUPFD_CLOEXEC, 0);
  if (other < 0) sys.close(mine);
  return [mine, check(other, 'fcntl')];
}
