// A child process that is recorded, the server or the client of a conversation: spawn it, write to its stdin,
// wait for its output and its end. The recording is made inside it, by interpose/recorder.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { NoteLine } from '../../../interpose/recorder/recording.ts';
import { endIfKilled } from '../../cleanup.ts';
import { processStat } from '../../process-stat.ts';
import { recordingIn } from './recording-file.ts';
import type { Stepper } from './stepper.ts';

export interface RecordedChildOptions {
  /** The recording that it appends its calls to. */
  file: string;
  /** The timeout of each wait, in milliseconds; null for none. */
  deadline: number | null;
  stepper?: Stepper | undefined;
  signal: AbortSignal;
}

/** How often until() polls its condition. */
const POLL_INTERVAL_MS = 5;
/** How long asleep() waits where there is no /proc. */
const ASLEEP_DELAY_MS = 50;
/** The descriptor on which it asks for permission to go on (--step), after stdin, stdout and stderr. */
const STEP_FD = 3;

const isAsleep = (pid: number) => processStat(pid)?.[0] === 'S';

// However this process ends, its children end with it: by this, or, if it is killed, by cleanup.ts.
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A recorded child process. Disposing of it kills it. */
export class RecordedChild {
  readonly #role: string;
  readonly #options: RecordedChildOptions;
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #stopped = false;
  #stdout = '';
  #stderr = '';

  constructor(role: 'server' | 'client', command: string[], options: RecordedChildOptions) {
    const { file, stepper, signal } = options;
    signal.throwIfAborted();
    this.#role = role;
    this.#options = options;
    const env = {
      ...process.env,
      RFDS_TRACE: file,
      RFDS_TRACE_ROLE: role,
      RFDS_TRACE_STATE: 'all',
      ...(stepper && { RFDS_TRACE_STEP: String(STEP_FD) }),
    };
    // A process group of its own: Ctrl+C signals this process alone, which ends its children in order.
    this.#child = spawn(command[0], command.slice(1), {
      env,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe', stepper ? 'pipe' : 'ignore'],
    });
    this.#child.stdin!.on('error', () => {}); // EPIPE: it has ended; its status is reported.
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.#closed = once(this.#child, 'close');
    // A rejection is reported where the promise is awaited.
    this.#closed.catch(() => {}).finally(() => running.delete(this.#child));
    const frames = (id: number) =>
      recordingIn(file).frames.find((frame) => frame.pid === this.#child.pid && frame.id === id);
    running.add(this.#child);
    endIfKilled(this.#child);
    stepper?.attach(role, this.#child.stdio[STEP_FD] as Duplex, frames);
  }

  /** How many prompts it has printed. */
  get prompts(): number {
    // Not /^/m: a message may have U+2028 in it, or a carriage return.
    return this.#stdout.split(/(?<![^\n])> /).length - 1;
  }

  /** A line, or null for the end of the input. */
  type(text: string | null): void {
    if (text === null) this.#child.stdin!.end();
    else this.#child.stdin!.write(text);
  }

  /** Waits for a condition. Throws if the process ends first or the deadline passes, and AbortError. */
  async until(what: string, condition: () => boolean): Promise<void> {
    const { deadline, signal } = this.#options;
    const latest = deadline === null ? Number.POSITIVE_INFINITY : performance.now() + deadline;
    while (!condition()) {
      if (this.#isOver) throw new Error(`the ${this.#role} ended: ${this.#lastWords}`);
      // The condition may depend on the recording, and could then never become true.
      const [, reason] = this.#stderr.match(/^rfds: recording stopped: (.*)$/m) ?? [];
      if (reason !== undefined) throw new Error(`the recording of the ${this.#role} stopped: ${reason}`);
      if (performance.now() > latest)
        throw new Error(`the ${this.#role} took more than ${deadline} ms: it never ${what}`);
      await pause(POLL_INTERVAL_MS, undefined, { signal });
    }
  }

  /**
   * Waits until the process sleeps in a call, as it would when a user types. On Linux by its state in
   * /proc/PID/stat (proc_pid_stat(5)); elsewhere for a fixed delay.
   */
  async asleep(): Promise<void> {
    if (process.platform === 'linux') await this.until('waits', () => isAsleep(this.#child.pid!));
    else await pause(ASLEEP_DELAY_MS, undefined, { signal: this.#options.signal });
  }

  /** Asks it to end, as Ctrl+C would. */
  stop(): void {
    this.#stopped = true;
    this.#child.kill('SIGTERM');
  }

  async ended(): Promise<void> {
    await this.until('ends', () => this.#isOver);
    await this.#closed;
  }

  /** The lines of its stderr, and its status if that is not success. */
  notes(): NoteLine[] {
    const said = this.#said;
    const { exitCode, signalCode } = this.#child;
    if (!this.#stopped && exitCode !== 0) said.push(`it ended with ${signalCode ?? `status ${exitCode}`}`);
    return said.map((line) => ({ type: 'note', at: 0, text: `the ${this.#role}: ${line}` }));
  }

  get #isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  get #lastWords(): string {
    const { exitCode, signalCode } = this.#child;
    return this.#said.at(-1) ?? String(signalCode ?? `status ${exitCode}`);
  }

  /** The lines of its stderr, but for the server's first. */
  get #said(): string[] {
    return this.#stderr.split('\n').filter((line) => line !== '' && !line.startsWith('Listening on '));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOver) this.#child.kill('SIGKILL');
    await this.#closed.catch(() => {});
  }
}
