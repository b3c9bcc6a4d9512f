// A wave: the messages of up to 64 clients on their way through the server's memory. They are
// received in one crossing, each behind room for the time; answered where they lie, printed from
// there, and the answers sent in another crossing. Nothing is allocated.
// Above: conversations.ts. Below: batch.ts.

import { Batch } from '../../kernel/batch.ts';
import { writeBytes } from '../../python/builtins/print.ts';
import { reprRoom, writeReprBytes } from '../../python/builtins/repr.ts';
import { TIMESTAMP_ROOM, writeTimestamp } from '../../python/builtins/time.ts';
import { MSG_NOSIGNAL } from '../../socket.ts';

/** How many messages a wave has at most: few enough that the first is not answered late. */
export const WAVE = 64;

/** How many bytes one recv takes for a message, as documented. */
const RECV_SIZE = 1024;
const NAME_ROOM = 64;
const DATA = TIMESTAMP_ROOM + 1; // `time:`, then the data
const SLOT = 1088; // DATA + RECV_SIZE in whole cache lines

const memory = new ArrayBuffer(WAVE * SLOT);
const slots = new Uint8Array(memory);
const received = new Batch(memory, WAVE);
const answers = new Batch(memory, WAVE);

const lineMemory = new ArrayBuffer(NAME_ROOM + DATA + reprRoom(RECV_SIZE) + 1);
const line = new Uint8Array(lineMemory);

/** Slot i is to be received from a descriptor. */
export function listen(i: number, fd: number): void {
  received.recv(i, fd, i * SLOT + DATA, RECV_SIZE, 0);
}

/** Receives into the first n slots. */
export function receive(n: number): void {
  received.run(n);
}

/** How many bytes came into slot i: 0 at the end of the stream, or a negative errno. */
export function length(i: number): number {
  return received.result(i);
}

/** Whether the message in slot i is the documented goodbye, telnet's 0xFF. */
export function isGoodbye(i: number): boolean {
  return slots[i * SLOT + DATA] === 0xff;
}

/**
 * Puts the time in front of the message in slot i, which makes it the j-th answer, and prints the
 * documented line, behind a name of at most NAME_ROOM bytes: `[127.0.0.1:40000] `.
 */
export function stamp(i: number, j: number, fd: number, name: Uint8Array): void {
  const data = i * SLOT + DATA;
  const end = data + received.result(i);
  slots[data - 1] = 0x3a; // :
  const start = writeTimestamp(slots, data - 1);
  answers.send(j, fd, start, end - start, MSG_NOSIGNAL ?? 0);

  let at = name.length;
  line.set(name);
  for (let k = start; k < data; k++) line[at++] = slots[k];
  at = writeReprBytes(line, at, slots, data, end);
  line[at++] = 0x0a;
  writeBytes(lineMemory, 0, at);
}

/** Sends the first n answers. */
export function send(n: number): void {
  answers.run(n);
}

/** How many bytes of the j-th answer the kernel took, or a negative errno. */
export function sent(j: number): number {
  return answers.result(j);
}

/** How many bytes the j-th answer has. */
export function answerLength(j: number): number {
  return answers.length(j);
}

/** A copy of the j-th answer without its first bytes, to be sent later. */
export function restOfAnswer(j: number, first: number): Buffer {
  const start = answers.offset(j);
  return Buffer.from(slots.subarray(start + first, start + answers.length(j)));
}
