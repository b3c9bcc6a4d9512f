// struct kevent: one change or event of kqueue(2), and arrays of them for the kernel. Python's
// select.kevent. Above: kqueue.ts, the kqueue server. Below: the platform's layout, fileno.ts.

import { inspect } from 'node:util';
import { EV_ADD, EVFILT_READ } from '../../kernel/constants/select.ts';
import { layout } from '../../kernel/native.ts';
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
