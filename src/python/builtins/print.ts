// print() to stdout as Python's: at once, in order, whole. Not console.log: a loop that blocks in select never
// returns to Node's event loop, and what Node could not write to a full pipe at once would wait there for ever.

import { POLLOUT } from '../../kernel/constants/select.ts';
import { EAGAIN } from '../../kernel/errno.ts';
import * as sys from '../../kernel/syscalls.ts';
import { retryInterrupted, waitFor } from '../waiting.ts';
import { FString } from './fstring.ts';

const stdout = 1;

// Where an ordinary line becomes bytes.
const lineMemory = new ArrayBuffer(8192);
const line = Buffer.from(lineMemory);

/**
 * Writes text (as UTF-8) or an f-string, and a line end, to stdout; waits where stdout is full. Throws OSError
 * (EPIPE: the reader is gone), and what a signal's handler throws.
 *
 * Unlike Python, parts stand without a space between them, and bytes as they are: f`${data}` has their repr.
 */
export function print(...parts: (string | Uint8Array)[]): void;
export function print(line: FString): void;
export function print(...parts: (string | Uint8Array)[] | [FString]): void {
  const first = parts[0];
  if (first instanceof FString) printFormatted(first);
  else write(...(parts as string[]), '\n');
}

function printFormatted(text: FString): void {
  const end = text.write(line, 0);
  if (end < 0 || end === line.length) {
    write(String(text), '\n');
    return;
  }
  line[end] = 0x0a;
  writeBytes(lineMemory, 0, end + 1);
}

/** The same without the line end. */
export function write(...parts: (string | Uint8Array)[]): void {
  let left = line.length;
  for (const part of parts) left -= typeof part === 'string' ? part.length * 3 : part.length; // UTF-8
  if (left < 0) {
    const all = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
    writeBytes(all.buffer, all.byteOffset, all.byteOffset + all.length);
    return;
  }
  let end = 0;
  for (const part of parts) {
    if (typeof part === 'string') {
      end += line.write(part, end);
    } else {
      line.set(part, end);
      end += part.length;
    }
  }
  writeBytes(lineMemory, 0, end);
}

/** Writes the bytes [start, end) of a memory. Allocates nothing, unless stdout is full or a signal comes. */
export function writeBytes(memory: ArrayBuffer, start: number, end: number): void {
  let source = memory;
  for (let at = start; at < end; ) {
    const n = sys.write(stdout, source, at, end - at);
    if (n >= 0) {
      at += n;
      continue;
    }
    // A handler that prints writes over the line: what is left of it is copied, once.
    if (source === memory) source = memory.slice(0, end);
    if (n === -EAGAIN) waitFor(stdout, POLLOUT, Number.POSITIVE_INFINITY, 'write');
    else retryInterrupted(n, 'write');
  }
}
