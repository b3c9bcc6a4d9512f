// One message's way through a server's memory: received behind room for the time, answered where
// it lies, printed from there. One slab serves every connection, since each message is done with
// before the next is received. Nothing is allocated.
// Above: conversations.ts. Below: syscalls.ts.

import { writeBytes } from '../print.ts';
import { reprRoom, writeReprBytes } from '../repr.ts';
import { MSG_NOSIGNAL } from '../socket.ts';
import * as sys from '../syscalls.ts';
import { TIMESTAMP_ROOM, writeTimestamp } from '../time.ts';

/** How many bytes one recv takes for a message, as documented. */
const RECV_SIZE = 1024;
const NAME_ROOM = 64;
const DATA = TIMESTAMP_ROOM + 1; // `time:`, then the data

const slab = new Uint8Array(DATA + RECV_SIZE);
slab[DATA - 1] = 0x3a; // :
const line = new Uint8Array(NAME_ROOM + DATA + reprRoom(RECV_SIZE) + 1);

// The answer is slab[start … end).
let start = 0;
let end = 0;

/** Receives a message: how many bytes it has, 0 at the end of the stream, or a negative errno. */
export function receive(fd: number): number {
  const n = sys.recv(fd, slab, DATA, RECV_SIZE, 0);
  end = DATA + n;
  return n;
}

/** Whether the message is the documented goodbye, telnet's 0xFF. */
export function isGoodbye(): boolean {
  return slab[DATA] === 0xff;
}

/** Puts the time in front of the message, which makes it the answer. */
export function stamp(): void {
  start = writeTimestamp(slab, DATA - 1);
}

/** Prints the documented line, behind a name of at most NAME_ROOM bytes: `[127.0.0.1:40000] `. */
export function printLine(name: Uint8Array): void {
  let at = name.length;
  line.set(name);
  for (let i = start; i < DATA; i++) line[at++] = slab[i];
  at = writeReprBytes(line, at, slab, DATA, end);
  line[at++] = 0x0a;
  writeBytes(line, 0, at);
}

/** How many bytes the answer has. */
export function answerLength(): number {
  return end - start;
}

/** Sends the answer: how many bytes the kernel took, or a negative errno. */
export function answer(fd: number): number {
  return sys.send(fd, slab, start, end - start, MSG_NOSIGNAL ?? 0);
}

/** A copy of the answer without its first bytes, to be sent later. */
export function restOfAnswer(sent: number): Buffer {
  return Buffer.from(slab.subarray(start + sent, end));
}
