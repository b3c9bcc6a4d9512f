// Ctrl+C and SIGTERM for the commands that wait in Node's own loop: an AbortSignal, and the exit
// status that goes with it. Above: compare/command.ts, trace/command.ts. A leaf.

import { constants } from 'node:os';

export class StopSignal {
  readonly #controller = new AbortController();
  #signum = 0;

  constructor() {
    for (const name of ['SIGINT', 'SIGTERM'] as const) {
      process.once(name, () => {
        this.#signum = constants.signals[name];
        this.#controller.abort();
      });
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** 128 + n after signal n; null if none came. */
  get status(): number | null {
    return this.#signum === 0 ? null : 128 + this.#signum;
  }
}
