// A pipe that is full, to be the stdout or stderr of a program: a FIFO, which the test fills and reads.

import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export class FullPipe {
  readonly path: string;
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'rfds-'));
  readonly #fd: number;

  constructor() {
    this.path = path.join(this.#folder, 'pipe');
    execFileSync('mkfifo', [this.path]);
    // For reading and writing: it has a reader from the beginning, and opening it does not wait for another.
    this.#fd = openSync(this.path, constants.O_RDWR | constants.O_NONBLOCK);
    const page = Buffer.alloc(4096, '\n');
    this.#untilAgain(() => writeSync(this.#fd, page));
  }

  /** What is in it, but for what filled it. */
  read(): string {
    const chunk = Buffer.alloc(65536);
    let text = '';
    this.#untilAgain(() => {
      text += chunk.toString('latin1', 0, readSync(this.#fd, chunk));
    });
    return text.replace(/^\n+/, '');
  }

  #untilAgain(call: () => void): void {
    try {
      for (;;) call();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
    rmSync(this.#folder, { recursive: true });
  }
}
