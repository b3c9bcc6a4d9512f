// fd_set: a bit for each descriptor, in memory of the caller's or its own. select(2).

import { FD_SETSIZE } from '../constants/select.ts';
import type { Bytes } from '../native.ts';

/**
 * A set of descriptors for select and pselect: descriptor fd is bit fd % 8 of byte fd / 8.
 * Nothing here checks fd: one that the memory has no bit for is in no set, and adding it does nothing.
 */
export class FdSet {
  /** What the kernel is given: whole words of 64 bits. */
  readonly memory: Bytes;
  readonly #bits: Uint8Array;

  /** An empty set for descriptors below nfds; or the one in memory. */
  constructor(nfdsOrMemory: number | Bytes = FD_SETSIZE) {
    this.memory =
      typeof nfdsOrMemory === 'number' ? new ArrayBuffer(Math.ceil(nfdsOrMemory / 64) * 8) : nfdsOrMemory;
    this.#bits =
      this.memory instanceof ArrayBuffer
        ? new Uint8Array(this.memory)
        : new Uint8Array(this.memory.buffer, this.memory.byteOffset, this.memory.byteLength);
  }

  /** FD_SET. */
  add(fd: number): void {
    this.#bits[fd >> 3] |= 1 << (fd & 7);
  }

  /** FD_CLR. */
  delete(fd: number): void {
    this.#bits[fd >> 3] &= ~(1 << (fd & 7));
  }

  /** FD_ISSET. */
  has(fd: number): boolean {
    return (this.#bits[fd >> 3] & (1 << (fd & 7))) !== 0;
  }

  /** FD_ZERO. */
  clear(): void {
    this.#bits.fill(0);
  }

  /** The descriptors below nfds that are in the set, ascending. */
  fds(nfds = Number.POSITIVE_INFINITY): number[] {
    const fds: number[] = [];
    const end = Math.min(nfds, this.#bits.length * 8);
    for (let first = 0; first < end; first += 8) {
      if (this.#bits[first / 8] === 0) continue;
      for (let fd = first; fd < Math.min(first + 8, end); fd++) if (this.has(fd)) fds.push(fd);
    }
    return fds;
  }
}
