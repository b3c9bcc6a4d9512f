// struct pollfd: a descriptor, the events wanted of it and those that are there. poll(2).

import type { Bytes } from '../native.ts';
import { i32, StructArray, struct, u16 } from './struct.ts';

/** struct pollfd. poll(2). */
export const pollfd = struct('pollfd', {
  /** A negative one is passed over. */
  fd: i32,
  /** POLLIN, POLLOUT, … */
  events: u16,
  /** What the kernel answers: of events, and POLLERR, POLLHUP, POLLNVAL. */
  revents: u16,
});

const SIZE = pollfd.size;
const FD = pollfd.members.fd.offset;
const EVENTS = pollfd.members.events.offset;
const REVENTS = pollfd.members.revents.offset;

/** A struct pollfd[], read and written in place. */
export class PollFds extends StructArray {
  /** How many entries have revents, as the last poll said. */
  ready = 0;

  /** Of so many entries; or those in memory. */
  constructor(lengthOrMemory: number | Bytes) {
    super(lengthOrMemory, SIZE);
  }

  set(i: number, fd: number, events: number): void {
    this.view.setInt32(i * SIZE + FD, fd, true);
    this.view.setUint16(i * SIZE + EVENTS, events, true);
    this.view.setUint16(i * SIZE + REVENTS, 0, true);
  }

  fd(i: number): number {
    return this.view.getInt32(i * SIZE + FD, true);
  }

  events(i: number): number {
    return this.view.getUint16(i * SIZE + EVENTS, true);
  }

  revents(i: number): number {
    return this.view.getUint16(i * SIZE + REVENTS, true);
  }
}
