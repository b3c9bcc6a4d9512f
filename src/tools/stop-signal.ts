// What ends a command that waits in Node's own loop, as an AbortSignal: Ctrl+C, SIGTERM, the terminal
// that goes away, and readers that do. Above: compare/command.ts, trace/command.ts. A leaf.

import { constants } from 'node:os';

export class StopSignal {
  readonly #controller = new AbortController();
  #name: NodeJS.Signals | null = null;

  constructor() {
    // Whoever is impatient does not keep the command from ending what it began: one signal counts.
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        if (this.#name !== null) return;
        this.#name = name;
        this.#controller.abort();
      });
    }
    for (const stream of [process.stdout, process.stderr]) {
      stream.on('error', (error: NodeJS.ErrnoException) => {
        const isReaderGone = error.code === 'EPIPE';
        this.#controller.abort(isReaderGone ? new Error('nobody reads the output any more (EPIPE)') : error);
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
