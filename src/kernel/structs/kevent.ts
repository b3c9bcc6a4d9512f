// struct kevent: a change to make, or an event that happened. kqueue(2), macOS.

import type { Bytes } from '../native.ts';
import { getInt64, getUint64, i16, i64, StructArray, setInt64, struct, u16, u32, u64 } from './struct.ts';

/** struct kevent. kqueue(2), macOS. */
export const kevent = struct('kevent', {
  /** Of the filter: a descriptor, a process, a signal, any number for a timer. */
  ident: u64,
  /** EVFILT_READ, … */
  filter: i16,
  /** EV_ADD, …, EV_EOF, EV_ERROR. */
  flags: u16,
  /** NOTE_*, of the filter. */
  fflags: u32,
  /** Of the filter; with EV_ERROR an errno. */
  data: i64,
  /** The kernel keeps it and gives it back. */
  udata: u64,
});

const SIZE = kevent.size;
const IDENT = kevent.members.ident.offset;
const FILTER = kevent.members.filter.offset;
const FLAGS = kevent.members.flags.offset;
const FFLAGS = kevent.members.fflags.offset;
const DATA = kevent.members.data.offset;
const UDATA = kevent.members.udata.offset;

/** The members of a struct kevent, whatever else an object has. */
export interface KeventValues {
  readonly ident: number;
  readonly filter: number;
  readonly flags: number;
  readonly fflags: number;
  readonly data: number;
  readonly udata: number;
}

/** A struct kevent[], read and written in place. Its 64-bit members are exact up to 2**53. */
export class Kevents extends StructArray {
  /** Of so many events; or those in memory. */
  constructor(lengthOrMemory: number | Bytes) {
    super(lengthOrMemory, SIZE);
  }

  /** Throws RangeError for an ident, data or udata that is no integer. */
  set(i: number, { ident, filter, flags, fflags, data, udata }: KeventValues): void {
    const at = i * SIZE;
    if (!Number.isInteger(ident) || !Number.isInteger(data) || !Number.isInteger(udata))
      throw new RangeError(`kevent: ident, data and udata must be integers, got ${ident}, ${data}, ${udata}`);
    setInt64(this.view, at + IDENT, ident);
    this.view.setInt16(at + FILTER, filter, true);
    this.view.setUint16(at + FLAGS, flags, true);
    this.view.setUint32(at + FFLAGS, fflags, true);
    setInt64(this.view, at + DATA, data);
    setInt64(this.view, at + UDATA, udata);
  }

  /** The members as an object. */
  get(i: number): KeventValues {
    return {
      ident: this.ident(i),
      filter: this.filter(i),
      flags: this.flags(i),
      fflags: this.fflags(i),
      data: this.data(i),
      udata: this.udata(i),
    };
  }

  ident(i: number): number {
    return getUint64(this.view, i * SIZE + IDENT);
  }

  filter(i: number): number {
    return this.view.getInt16(i * SIZE + FILTER, true);
  }

  flags(i: number): number {
    return this.view.getUint16(i * SIZE + FLAGS, true);
  }

  fflags(i: number): number {
    return this.view.getUint32(i * SIZE + FFLAGS, true);
  }

  data(i: number): number {
    return getInt64(this.view, i * SIZE + DATA);
  }

  udata(i: number): number {
    return getUint64(this.view, i * SIZE + UDATA);
  }
}
