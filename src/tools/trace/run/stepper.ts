// --step: every call waits until the user has predicted its result; the result is then printed, and whether the
// prediction was right. The recorded process waits in interpose/recorder/pause.ts.

import { createInterface, type Interface } from 'node:readline';
import type { Duplex, Readable, Writable } from 'node:stream';
import type { FrameLine, Step } from '../../../interpose/recorder/recording.ts';
import { visible } from '../render/terminal/style.ts';

const QUESTION = 'what does it return? (q: no more questions) ';

interface Asking {
  role: string;
  call: string;
  line: FrameLine | undefined;
  goOn(): void;
}

/** Finds the frame of a step by its id. */
type Frames = (id: number) => FrameLine | undefined;

/** Asks for the result of one call at a time, of all processes. Disposing of it lets them all run on. */
export class Stepper {
  readonly #output: Writable;
  readonly #lines: Interface;
  readonly #waiting: Asking[] = [];
  readonly #predictions = new Map<string, string>();
  /** Lines of input that came before a prompt. */
  readonly #unread: string[] = [];
  #answer: ((line: string) => void) | null = null;
  #ended = false;
  /** The user wants no more questions. */
  #quits = false;
  #disposed = false;
  #busy = false;

  constructor(input: Readable, output: Writable) {
    this.#output = output;
    this.#lines = createInterface({ input });
    this.#lines.on('line', (line) => (this.#answer ? this.#answer(line) : this.#unread.push(line)));
    // The end of the input: the processes run on without predictions.
    this.#lines.on('close', () => {
      this.#ended = true;
      this.#answer?.('');
    });
  }

  /** Adds a process, which sends its steps through channel. */
  attach(role: string, channel: Duplex, frames: Frames): void {
    // A process that ended with a question open resets the channel, which both report.
    const steps = createInterface({ input: channel });
    for (const one of [channel, steps]) one.on('error', () => {});
    steps.on('line', (line) => {
      const step: Step = JSON.parse(line);
      if (step.type === 'after') this.#show(role, step.result);
      else this.#enqueue(role, step.call, step.at === null ? undefined : frames(step.at), channel);
      void this.#next();
    });
  }

  #enqueue(role: string, call: string, line: FrameLine | undefined, channel: Duplex): void {
    this.#waiting.push({ role, call, line, goOn: () => channel.write('\n') });
  }

  #show(role: string, result: string): void {
    const prediction = this.#predictions.get(role);
    this.#predictions.delete(role);
    // '-11 EAGAIN' is foretold by either.
    const isRight = prediction !== undefined && [result, ...result.split(' ')].includes(prediction);
    const said = isRight ? '   (right)' : prediction ? `   (you said: ${prediction})` : '';
    const line = visible(`${role}: = ${result}${said}`);
    // Not behind a question that is open: that is asked again.
    this.#output.write(this.#answer === null ? `${line}\n` : `\n${line}\n${QUESTION}`);
  }

  async #next(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let asking = this.#waiting.shift(); asking && !this.#disposed; asking = this.#waiting.shift()) {
      const { role, call, line, goOn } = asking;
      if (line) this.#output.write(`\n${visible(`${role}: ${line.file}:${line.line}: ${line.text}`)}\n`);
      this.#output.write(`${visible(`${role}: ${call}`)}\n`);
      const prediction = (this.#quits ? undefined : this.#unread.shift()) ?? (await this.#ask());
      this.#quits ||= prediction.trim() === 'q';
      this.#predictions.set(role, this.#quits ? '' : prediction.trim());
      goOn();
    }
    this.#busy = false;
  }

  // '' where no answer is to come.
  async #ask(): Promise<string> {
    if (this.#ended || this.#quits || this.#disposed) return '';
    this.#output.write(QUESTION);
    return new Promise((resolve) => {
      this.#answer = (line) => {
        this.#answer = null;
        resolve(line);
      };
    });
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#lines.close();
  }
}
