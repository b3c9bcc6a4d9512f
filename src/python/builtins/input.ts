// input() from stdin as Python's: a prompt, then a line; the terminal's own line editing.

import { POLLIN } from '../../kernel/constants/select.ts';
import { EAGAIN } from '../../kernel/errno.ts';
import * as sys from '../../kernel/syscalls.ts';
import { beginWait, retryInterrupted, waitFor } from '../waiting.ts';
import { write } from './print.ts';

const stdin = 0;
const chunk = Buffer.alloc(65536);

let pending: Buffer = Buffer.alloc(0);

/**
 * Writes the prompt and returns the next line of stdin, without its end. Blocks; throws OSError, and what a
 * signal's handler throws.
 *
 * Unlike Python, the line is the bytes that came, and null, not EOFError, stands for the end (Ctrl+D).
 */
export function input(prompt = ''): Buffer | null {
  if (prompt !== '') write(prompt);
  const parts = [pending];
  let end = pending.indexOf(0x0a);
  while (end < 0) {
    const n = read();
    if (n === 0) break;
    pending = Buffer.from(chunk.subarray(0, n));
    parts.push(pending);
    end = pending.indexOf(0x0a);
  }
  const all = Buffer.concat(parts);
  if (end < 0) {
    // The end of stdin ends the last line, too.
    pending = Buffer.alloc(0);
    return all.length > 0 ? all : null;
  }
  const line = all.subarray(0, all.length - pending.length + end);
  pending = pending.subarray(end + 1);
  return line;
}

function read(): number {
  for (;;) {
    const deadline = beginWait(null, 'read');
    const n = sys.read(stdin, chunk);
    if (n >= 0) return n;
    if (n === -EAGAIN) waitFor(stdin, POLLIN, deadline, 'read');
    else retryInterrupted(n, 'read');
  }
}
