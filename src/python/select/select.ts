// select() as Python has it: three lists in, three lists out.

import { F_GETFD } from '../../kernel/constants/fcntl.ts';
import { FD_SETSIZE } from '../../kernel/constants/select.ts';
import { EBADF, EINTR } from '../../kernel/errno.ts';
import { FdSet } from '../../kernel/structs/fd-set.ts';
import { Timevals } from '../../kernel/structs/timespec.ts';
import * as sys from '../../kernel/syscalls.ts';
import { check, osError } from '../errors.ts';
import { beginWait, checkTimeout, mustRetry, secondsUntil } from '../waiting.ts';
import { MAX_SELECT_SECONDS } from '../xnu.ts';
import { filenoOf } from './fileno.ts';

// One of select's three lists: the objects, their descriptors, and which of them are in an fd_set.
class Interest<T> {
  readonly objects: T[];
  readonly fds: number[];
  /** One more than the highest descriptor. */
  nfds = 0;

  constructor(list: Iterable<T>) {
    if (Array.isArray(list)) {
      // As long as they will be, so that they need not grow: a loop has all of its clients here, every time.
      const n = Math.min(list.length, FD_SETSIZE);
      this.objects = new Array(n);
      this.fds = new Array(n);
      // A list that fileno() shortens is only walked to its new end.
      let i = 0;
      for (; i < list.length; i++) this.#put(i, list[i]);
      if (i < n) this.objects.length = this.fds.length = i;
      return;
    }
    if (typeof (list as Partial<Iterable<T>> | null)?.[Symbol.iterator] !== 'function') {
      throw new TypeError('arguments 1-3 must be sequences');
    }
    this.objects = [];
    this.fds = [];
    for (const object of list) this.#put(this.fds.length, object);
  }

  #put(i: number, object: T): void {
    if (i === FD_SETSIZE) throw new RangeError('too many file descriptors in select()');
    const fd = filenoOf(object);
    if (fd >= FD_SETSIZE) {
      throw new RangeError(`filedescriptor out of range in select(): ${fd}, the limit is ${FD_SETSIZE}`);
    }
    this.objects[i] = object;
    this.fds[i] = fd;
    if (fd >= this.nfds) this.nfds = fd + 1;
  }

  /** The set for the kernel, or NULL for an empty list. */
  fill(set: FdSet): sys.Bytes | null {
    if (this.nfds === 0) return null;
    set.clear();
    for (let i = 0; i < this.fds.length; i++) set.add(this.fds[i]);
    return set.memory;
  }

  /** Which of the objects the kernel left in the set. */
  ready(set: FdSet): T[] {
    const ready: T[] = [];
    for (let i = 0; i < this.fds.length; i++) if (set.has(this.fds[i])) ready.push(this.objects[i]);
    return ready;
  }
}

// What the kernel is given. No other JavaScript runs between filling and reading them, so that these serve
// every call of this thread.
const rset = new FdSet();
const wset = new FdSet();
const xset = new FdSet();
const timevalWords = new BigInt64Array(2);
const timeval = new Timevals(timevalWords);

/**
 * Waits until one of the files in rlist is ready to read, in wlist to write, in xlist has an
 * exceptional condition: three new arrays of the same objects, in their order. All empty: the
 * time was over. Any iterables of descriptors or objects with fileno().
 *
 * timeout is in seconds, rounded up; null or none waits for ever, 0 not at all.
 *
 * Throws TypeError for a list, file or timeout of another type; RangeError for a descriptor of
 * FD_SETSIZE (1024) or more, or a negative timeout; OSError EBADF for a closed descriptor.
 *
 * Unlike Python's, a timeout beyond 100,000,000 s (three years) is that where the kernel, macOS', takes no more.
 *
 * Unlike Python, a closed descriptor above the kernel's table is EBADF too, where Linux says
 * nothing and leaves its bit set (select(2), BUGS).
 */
export function select<R, W, X>(
  rlist: Iterable<R>,
  wlist: Iterable<W>,
  xlist: Iterable<X>,
  timeout?: number | null,
): [R[], W[], X[]] {
  const seconds = checkTimeout(timeout);
  if (seconds !== null && seconds < 0) throw new RangeError('timeout must be non-negative');
  const r = new Interest(rlist);
  const w = new Interest(wlist);
  const x = new Interest(xlist);
  const nfds = Math.max(r.nfds, w.nfds, x.nfds);

  const deadline = beginWait(seconds, 'select');
  let n: number;
  do {
    n = sys.select(nfds, r.fill(rset), w.fill(wset), x.fill(xset), timevalUntil(deadline));
  } while (mustRetry(n, 'select', deadline));
  if (n === -EINTR) return [[], [], []];
  check(n, 'select', null, select);
  const ready: [R[], W[], X[]] = [r.ready(rset), w.ready(wset), x.ready(xset)];
  if (ready[0].length + ready[1].length + ready[2].length !== n) throwIfClosed([r, w, x]);
  return ready;
}

/** What is left until a deadline (or what the kernel takes), rounded up to microseconds; NULL for no limit. */
function timevalUntil(deadline: number): BigInt64Array | null {
  if (deadline === Number.POSITIVE_INFINITY) return null;
  timeval.setSeconds(0, Math.min(secondsUntil(deadline), MAX_SELECT_SECONDS));
  return timevalWords;
}

// More files ready than the kernel counted: duplicates in a list, or bits that it never inspected.
function throwIfClosed(lists: Interest<unknown>[]): void {
  for (const fd of new Set(lists.flatMap((list) => list.fds))) {
    if (sys.fcntl(fd, F_GETFD, 0) === -EBADF) throw osError(-EBADF, 'select', null, select);
  }
}
