// --step, in the recorded process: reports the next call, and waits for permission to go on.
// At the other end: tools/trace/run/stepper.ts.

import { EINTR } from '../../kernel/errno.ts';
import { kernel } from '../../kernel/fast-calls.ts';
import { moveHigh, observe } from './probes.ts';
import type { Step } from './recording.ts';

export class Pauser {
  readonly #fd: number;
  #goesOn = true;
  readonly #answer = new Uint8Array(1);

  /** fd: where to ask and be answered. */
  constructor(fd: number) {
    this.#fd = moveHigh(fd);
  }

  /** call: what is about to be called; at: the frame of the program's own line. */
  before(call: string, at: number | null): void {
    this.#report({ type: 'before', call, at });
    if (!this.#goesOn) return;
    observe('read');
    const n = kernel.read(this.#fd, this.#answer);
    // Interrupted: the call is made, and gets the signal. The other end is gone: it is not asked again.
    if (n <= 0 && n !== -EINTR) this.#goesOn = false;
  }

  after(result: string): void {
    this.#report({ type: 'after', result });
  }

  #report(step: Step): void {
    if (!this.#goesOn) return;
    observe('write');
    const line = Buffer.from(`${JSON.stringify(step)}\n`);
    if (kernel.write(this.#fd, line) !== line.length) this.#goesOn = false;
  }
}
