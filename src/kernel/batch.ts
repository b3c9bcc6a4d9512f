// Several recv and send calls in one crossing: prepared one by one, made in their order by run(). Not in
// fast-calls.ts, which lies beneath the choke point: these calls pass it, and where something is attached they
// are made one at a time, so that each is seen.

import { RECV, SEND, WORDS_PER_CALL } from './fast-calls.ts';
import { batch } from './own-calls.ts';

/** A fixed number of calls of recv and send, each with its result. Allocates nothing once made. */
export class Batch {
  readonly #memory: ArrayBuffer;
  readonly #words: Int32Array;

  /** Calls that receive into and send from memory; at most capacity of them at once. */
  constructor(memory: ArrayBuffer, capacity: number) {
    this.#memory = memory;
    this.#words = new Int32Array(capacity * WORDS_PER_CALL);
  }

  /** The i-th call is recv(fd, memory, offset, length, flags). recv(2). */
  recv(i: number, fd: number, offset: number, length: number, flags: number): void {
    this.#set(i, RECV, fd, offset, length, flags);
  }

  /** The i-th call is send(fd, memory, offset, length, flags). send(2). */
  send(i: number, fd: number, offset: number, length: number, flags: number): void {
    this.#set(i, SEND, fd, offset, length, flags);
  }

  #set(i: number, number: number, fd: number, offset: number, length: number, flags: number): void {
    const at = i * WORDS_PER_CALL;
    this.#words[at] = number;
    this.#words[at + 1] = fd;
    this.#words[at + 2] = offset;
    this.#words[at + 3] = length;
    this.#words[at + 4] = flags;
  }

  /** Makes the first n calls. */
  run(n: number): void {
    batch(this.#memory, this.#words, n);
  }

  /** What the i-th call returned: how many bytes, or a negative errno. */
  result(i: number): number {
    return this.#words[i * WORDS_PER_CALL];
  }

  /** The offset that was given for the i-th call. */
  offset(i: number): number {
    return this.#words[i * WORDS_PER_CALL + 2];
  }

  /** The length that was given for the i-th call. */
  length(i: number): number {
    return this.#words[i * WORDS_PER_CALL + 3];
  }
}
