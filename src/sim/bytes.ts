// Bytes that wait in a buffer of the kernel's.

import type { Bytes } from '../kernel/native.ts';
import type { Hash } from './hash.ts';

/** The memory of a call's argument, byte by byte. */
export function bytesOf(memory: Bytes): Uint8Array {
  if (memory instanceof Uint8Array) return memory;
  return memory instanceof ArrayBuffer
    ? new Uint8Array(memory)
    : new Uint8Array(memory.buffer, memory.byteOffset, memory.byteLength);
}

const noBytes = new Uint8Array(0);

/** A queue of bytes: a stream's, whose pieces have no bounds. */
export class ByteQueue {
  // None until the first byte comes: most queues of a run stay empty.
  #memory = noBytes;
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  push(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#memory.length) this.#makeSpace(bytes.length);
    this.#memory.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Copies the first bytes into target, as many as there are and fit; returns how many. Takes them out, unless peeks. */
  read(target: Uint8Array, peeks = false): number {
    const n = Math.min(target.length, this.length);
    for (let i = 0; i < n; i++) target[i] = this.#memory[this.#start + i];
    if (!peeks) this.skip(n);
    return n;
  }

  /** Takes the first n bytes out, as a copy. */
  take(n: number): Uint8Array {
    const taken = this.#memory.slice(this.#start, this.#start + n);
    this.skip(n);
    return taken;
  }

  skip(n: number): void {
    this.#start += n;
    if (this.#start === this.#end) this.clear();
  }

  addTo(hash: Hash): void {
    hash.add(this.length);
    for (let i = this.#start; i < this.#end; i++) hash.add(this.#memory[i]);
  }

  clear(): void {
    this.#start = 0;
    this.#end = 0;
  }

  #makeSpace(more: number): void {
    const length = this.length;
    const memory =
      length + more > this.#memory.length
        ? new Uint8Array(Math.max(64, 2 * this.#memory.length, length + more))
        : this.#memory;
    memory.set(this.#memory.subarray(this.#start, this.#end));
    this.#memory = memory;
    this.#start = 0;
    this.#end = length;
  }
}
