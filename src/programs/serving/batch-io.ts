// A batch of receives and sends: the messages of up to 64 clients in slots of one memory. They are received
// in one crossing into native code, each behind room for a timestamp; the answers are put together where the
// messages lie, printed from there, and sent in another crossing. Nothing is allocated once a BatchIo is made.

import { Batch } from '../../kernel/batch.ts';
import { writeBytes } from '../../python/builtins/print.ts';
import { maxReprLength, writeReprBytes } from '../../python/builtins/repr.ts';
import { MAX_TIMESTAMP_LENGTH, writeTimestamp } from '../../python/builtins/time.ts';
import { MSG_NOSIGNAL } from '../../socket.ts';

/** How many receives a batch holds at most: few enough that the first client is not answered late. */
export const BATCH_CAPACITY = 64;

/** How many bytes one recv takes for a message, as documented. */
const RECV_SIZE = 1024;
const NAME_CAPACITY = 64;
const DATA = MAX_TIMESTAMP_LENGTH + 1; // `time:`, then the data
const SLOT = 1088; // DATA + RECV_SIZE in whole cache lines

export class BatchIo {
  readonly #memory = new ArrayBuffer(BATCH_CAPACITY * SLOT);
  readonly #slots = new Uint8Array(this.#memory);
  readonly #receives = new Batch(this.#memory, BATCH_CAPACITY);
  readonly #sends = new Batch(this.#memory, BATCH_CAPACITY);
  readonly #lineMemory = new ArrayBuffer(NAME_CAPACITY + DATA + maxReprLength(RECV_SIZE) + 1);
  readonly #line = new Uint8Array(this.#lineMemory);

  /** Prepares recv(fd) into slot i. */
  prepareRecv(i: number, fd: number): void {
    this.#receives.recv(i, fd, i * SLOT + DATA, RECV_SIZE, 0);
  }

  /** Makes the receives of slots 0 to n - 1. */
  submitReceives(n: number): void {
    this.#receives.run(n);
  }

  /** How many bytes slot i received: 0 at the end of the stream, or a negative errno. */
  received(i: number): number {
    return this.#receives.result(i);
  }

  /** Whether the message in slot i is the documented goodbye, telnet's 0xFF. */
  isGoodbye(i: number): boolean {
    return this.#slots[i * SLOT + DATA] === 0xff;
  }

  /**
   * Prepares the j-th send, j <= i: to fd, the time and the message in slot i. Prints the documented line,
   * which begins with a name of at most NAME_CAPACITY bytes: `[127.0.0.1:40000] `.
   */
  prepareReply(j: number, fd: number, i: number, name: Uint8Array): void {
    const slots = this.#slots;
    const data = i * SLOT + DATA;
    const end = data + this.#receives.result(i);
    slots[data - 1] = 0x3a; // :
    const start = writeTimestamp(slots, data - 1);
    this.#sends.send(j, fd, start, end - start, MSG_NOSIGNAL ?? 0);

    const line = this.#line;
    let at = name.length;
    line.set(name);
    for (let k = start; k < data; k++) line[at++] = slots[k];
    at = writeReprBytes(line, at, slots, data, end);
    line[at++] = 0x0a;
    writeBytes(this.#lineMemory, 0, at);
  }

  /** Makes the first n sends. */
  submitSends(n: number): void {
    this.#sends.run(n);
  }

  /** How many bytes of the j-th reply the kernel took, or a negative errno. */
  sent(j: number): number {
    return this.#sends.result(j);
  }

  /** How many bytes the j-th reply has. */
  replyLength(j: number): number {
    return this.#sends.length(j);
  }

  /** A copy of the j-th reply without its first bytes, to be sent later. */
  restOfReply(j: number, first: number): Buffer {
    const start = this.#sends.offset(j);
    return Buffer.from(this.#slots.subarray(start + first, start + this.#sends.length(j)));
  }
}
