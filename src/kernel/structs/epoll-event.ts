// struct epoll_event: a mask of events and what the caller wants to know again, here a descriptor.
// epoll_ctl(2), epoll_wait(2), Linux. Packed on x64, 12 bytes; 16 elsewhere.

import type { Bytes } from '../native.ts';
import { bigU64, StructArray, struct, u32 } from './struct.ts';

/** struct epoll_event. epoll_event(3type), Linux. */
export const epoll_event = struct('epoll_event', {
  /** EPOLLIN, EPOLLOUT, …, EPOLLET. */
  events: u32,
  /** epoll_data_t as a whole, u64: the kernel keeps it and gives it back. */
  data: bigU64,
});

const SIZE = epoll_event.size;
const EVENTS = epoll_event.members.events.offset;
const DATA = epoll_event.members.data.offset;

/** A struct epoll_event[], read and written in place. */
export class EpollEvents extends StructArray {
  /** Of so many events; or those in memory. */
  constructor(lengthOrMemory: number | Bytes) {
    super(lengthOrMemory, SIZE);
  }

  /** events and data.fd; the rest of data is 0. */
  set(i: number, fd: number, events: number): void {
    this.view.setUint32(i * SIZE + EVENTS, events, true);
    this.view.setInt32(i * SIZE + DATA, fd, true);
    this.view.setInt32(i * SIZE + DATA + 4, 0, true);
  }

  events(i: number): number {
    return this.view.getUint32(i * SIZE + EVENTS, true);
  }

  /** data.fd, or what epoll_ctl was given in its place. */
  fd(i: number): number {
    return this.view.getInt32(i * SIZE + DATA, true);
  }

  /** data.u64. */
  data(i: number): bigint {
    return this.view.getBigUint64(i * SIZE + DATA, true);
  }
}
