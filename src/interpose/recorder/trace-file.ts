// The file of a recording: lines put at its end, several whole lines in one write, so that the
// processes of a run may share it. When it cannot be written (a full disk, a closed descriptor) that is
// said once, on stderr, and nothing more is written: the program goes on.

import { openSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { EINTR, errorcode } from '../../kernel/errno.ts';
import { kernel } from '../../kernel/fast-calls.ts';
import { moveHigh } from './probes.ts';

export class TraceFile {
  readonly #path: string;
  readonly fd: number;
  #open = true;

  constructor(file: string) {
    this.#path = file;
    let fd = -1;
    try {
      fd = openSync(file, 'a');
      // A worker's stays as it is: Node closes that with the worker.
      if (isMainThread) fd = moveHigh(fd);
    } catch (error) {
      this.fail((error as NodeJS.ErrnoException).code ?? String(error));
    }
    this.fd = fd;
  }

  get open(): boolean {
    return this.#open;
  }

  /** Writes lines, each ending in '\n'. */
  append(text: string): void {
    let rest: Uint8Array = Buffer.from(text);
    while (this.#open && rest.length > 0) {
      const n = kernel.write(this.fd, rest);
      if (n >= 0) rest = rest.subarray(n);
      else if (n !== -EINTR) this.fail(errorcode(n));
    }
  }

  /** Says why, and stops. */
  fail(reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    kernel.write(2, Buffer.from(`rfds: recording stopped: ${this.#path}: ${reason}\n`));
  }
}
