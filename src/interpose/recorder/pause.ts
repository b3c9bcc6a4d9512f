// --step, in the recorded process: says which call comes next, and waits to be told to go on.
// Above: recorder.ts. Below: looks.ts. At the other end: stepper.ts.

import { EINTR } from '../../kernel/errno.ts';
import { kernel } from '../../kernel/fast-calls.ts';
import { note, outOfTheWay } from './probes.ts';
import type { Step } from './recording.ts';

export class Pauser {
  readonly #fd: number;
  #goesOn = true;
  readonly #answer = new Uint8Array(1);

  /** fd: where to ask and be answered. */
  constructor(fd: number) {
    this.#fd = outOfTheWay(fd);
  }

  /** call: what is about to be called; at: the frame of the program's own line. */
  before(call: string, at: number | null): void {
    this.#tell({ type: 'before', call, at });
    if (!this.#goesOn) return;
    note('read');
    const n = kernel.read(this.#fd, this.#answer);
    // Interrupted: the call is made, and sees the signal. Nobody there any more: nobody is asked again.
    if (n <= 0 && n !== -EINTR) this.#goesOn = false;
  }

  after(result: string): void {
    this.#tell({ type: 'after', result });
  }

  #tell(step: Step): void {
    if (!this.#goesOn) return;
    note('write');
    const line = Buffer.from(`${JSON.stringify(step)}\n`);
    if (kernel.write(this.#fd, line) !== line.length) this.#goesOn = false;
  }
}
