// What a command that runs for a while needs: progress on stderr, an end on Ctrl+C, a temporary folder.

import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { removeIfKilled } from './cleanup.ts';
import { outputError } from './outputs.ts';

/** Shows on stderr what the command does now: one line that changes on a terminal, a line each elsewhere. '' clears it. */
export function showProgress(step: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${step}`);
  else if (step !== '') process.stderr.write(`${step}\n`);
}

/**
 * An AbortSignal for a command that waits in Node's own loop: it aborts on SIGINT, SIGTERM and SIGHUP, and when
 * stdout or stderr fails (EPIPE: their reader has ended).
 */
export class StopSignal {
  readonly #controller = new AbortController();
  #name: NodeJS.Signals | null = null;

  constructor() {
    // Only the first signal counts: another does not keep the command from ending what it began.
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        if (this.#name !== null) return;
        this.#name = name;
        this.#controller.abort();
      });
    }
    for (const stream of [process.stdout, process.stderr]) {
      stream.on('error', (error: NodeJS.ErrnoException) => {
        this.#controller.abort(outputError(error));
      });
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Which signal came, if one did. */
  get name(): NodeJS.Signals | null {
    return this.#name;
  }

  /** 128 + n after signal n; null if none came. */
  get status(): number | null {
    return this.#name === null ? null : 128 + constants.signals[this.#name];
  }
}

/** A folder that is removed when it is disposed of, or when this process is killed. */
export class TemporaryFolder {
  readonly path: string;
  readonly #removed: () => void;

  constructor(prefix: string) {
    this.path = mkdtempSync(path.join(tmpdir(), prefix));
    this.#removed = removeIfKilled({ kind: 'folder', path: this.path });
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
    this.#removed();
  }
}
