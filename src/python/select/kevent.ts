// Python's select.kevent: one change or event of kqueue(2).

import { inspect } from 'node:util';
import { EV_ADD, EVFILT_READ } from '../../kernel/constants/select.ts';
import type { KeventValues } from '../../kernel/structs/kevent.ts';
import { type FileLike, filenoOf } from './fileno.ts';

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

  /**
   * Below 0, 0 or above, as this one stands before, beside or behind another in Python's order: by ident,
   * filter, flags, fflags, data, udata. Unlike Python by a method, for JavaScript's < asks no object.
   * Throws TypeError for what is no kevent.
   */
  compare(other: Kevent): number {
    if (!(other instanceof Kevent))
      throw new TypeError(`a kevent is needed to compare, got ${inspect(other)}`);
    for (const field of fields) {
      if (this[field] !== other[field]) return this[field] < other[field] ? -1 : 1;
    }
    return 0;
  }

  /** Python's ==: the same in every field; false for what is no kevent. */
  equals(other: unknown): boolean {
    return other instanceof Kevent && this.compare(other) === 0;
  }

  /** Python's repr: <select.kevent ident=3 filter=-1 flags=0x1 fflags=0x0 data=0x0 udata=0x0>. */
  toString(): string {
    const [flags, fflags, data, udata] = [this.flags, this.fflags, this.data, this.udata].map(hex);
    return `<select.kevent ident=${this.ident} filter=${this.filter} flags=0x${flags} fflags=0x${fflags} data=0x${data} udata=0x${udata}>`;
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

const fields = ['ident', 'filter', 'flags', 'fflags', 'data', 'udata'] as const;
// As C's %llx has it: two's complement below 0.
const hex = (value: number) => BigInt.asUintN(64, BigInt(value)).toString(16);

/** A kevent for a descriptor (or another ident). By default: add interest in reading. */
export function kevent(
  ident: FileLike,
  filter: number = EVFILT_READ,
  flags: number = EV_ADD,
  fflags = 0,
  data = 0,
  udata = 0,
): Kevent {
  // A number is any ident, a timer's or a process's too; only an object has to have a descriptor.
  const number = typeof ident === 'number' ? ident : filenoOf(ident);
  if (!Number.isInteger(number))
    throw new TypeError(`kevent(): ident must be an integer, got ${inspect(ident)}`);
  if (number < 0) throw new RangeError(`kevent(): ident must not be negative, got ${number}`);
  return new Kevent(number, filter, flags, fflags, data, udata);
}

/** A kevent of what the kernel wrote. */
export function keventOf({ ident, filter, flags, fflags, data, udata }: KeventValues): Kevent {
  return new Kevent(ident, filter, flags, fflags, data, udata);
}
