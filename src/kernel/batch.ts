// Several calls of one memory in one crossing: prepared one by one, made in their order by run().
// Above: servers/wave.ts. Below: syscalls.ts, gate.ts.

import { ENTRY_WORDS, RECV, SEND } from './fast-calls.ts';
import * as sys from './syscalls.ts';

/** Room for calls of recv and send, each with its result. Allocates nothing once made. */
export class Batch {
  readonly #memory: ArrayBuffer;
  readonly #words: Int32Array;

  /** Calls that receive into and send from memory; at most capacity of them at once. */
  constructor(memory: ArrayBuffer, capacity: number) {
    this.#memory = memory;
    this.#words = new Int32Array(capacity * ENTRY_WORDS);
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
    const at = i * ENTRY_WORDS;
    this.#words[at] = number;
    this.#words[at + 1] = fd;
    this.#words[at + 2] = offset;
    this.#words[at + 3] = length;
    this.#words[at + 4] = flags;
  }

  /** Makes the first n calls. */
  run(n: number): void {
    sys.batch(this.#memory, this.#words, n);
  }

  /** What the i-th call returned: how many bytes, or a negative errno. */
  result(i: number): number {
    return this.#words[i * ENTRY_WORDS];
  }

  /** The offset that was given for the i-th call. */
  offset(i: number): number {
    return this.#words[i * ENTRY_WORDS + 2];
  }

  /** The length that was given for the i-th call. */
  length(i: number): number {
    return this.#words[i * ENTRY_WORDS + 3];
  }
}
