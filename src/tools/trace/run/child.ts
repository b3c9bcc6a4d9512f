// A child process that is recorded, the server or the client of a conversation: spawn it, write to its stdin,
// wait for its output and its end. The recording is made inside it, by interpose/recorder.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { NoteLine } from '../../../interpose/recorder/recording.ts';
import { recordingIn } from './recording-file.ts';
import type { Stepper } from './stepper.ts';

export interface ParticipantOptions {
  /** Where it records its calls. */
  file: string;
  /** How long it may take for what is waited for, in milliseconds; null: as long as it likes. */
  deadline: number | null;
  stepper?: Stepper | undefined;
  signal: AbortSignal;
}

/** How often a condition is looked at that no output tells of, in milliseconds. */
const LOOK_EVERY = 5;
const MOMENT = 50;
/** stdin, stdout, stderr, and where it asks whether it may go on. */
const STEPS = 3;

function isAsleep(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.startsWith('S', stat.lastIndexOf(')') + 2);
  } catch {
    return false; // It has ended.
  }
}

// Whatever ends this process: theirs end with it.
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A process that plays a part. Disposing of it ends it. */
export class Participant {
  readonly #role: string;
  readonly #options: ParticipantOptions;
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #stopped = false;
  #stdout = '';
  #stderr = '';

  constructor(role: 'server' | 'client', command: string[], options: ParticipantOptions) {
    const { file, stepper, signal } = options;
    signal.throwIfAborted();
    this.#role = role;
    this.#options = options;
    const env = {
      ...process.env,
      RFDS_TRACE: file,
      RFDS_TRACE_ROLE: role,
      RFDS_TRACE_STATE: 'all',
      ...(stepper && { RFDS_TRACE_STEP: String(STEPS) }),
    };
    // A group of its own: Ctrl+C is for this process, which ends the others in order.
    this.#child = spawn(command[0], command.slice(1), {
      env,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe', stepper ? 'pipe' : 'ignore'],
    });
    this.#child.stdin!.on('error', () => {}); // EPIPE: it ended first, and its status tells.
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.#closed = once(this.#child, 'close');
    this.#closed.catch(() => {}).finally(() => running.delete(this.#child)); // Whoever waits is told.
    const frames = (id: number) =>
      recordingIn(file).frames.find((frame) => frame.pid === this.#child.pid && frame.id === id);
    running.add(this.#child);
    stepper?.attach(role, this.#child.stdio[STEPS] as Duplex, frames);
  }

  /** How often it has asked for a line. */
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
      // Whoever waits for a record waits in vain then.
      const [, reason] = this.#stderr.match(/^rfds: recording stopped: (.*)$/m) ?? [];
      if (reason !== undefined) throw new Error(`the recording of the ${this.#role} stopped: ${reason}`);
      if (performance.now() > latest)
        throw new Error(`the ${this.#role} took more than ${deadline} ms: it never ${what}`);
      await pause(LOOK_EVERY, undefined, { signal });
    }
  }

  /**
   * Waits until it sleeps: as somebody who types does, who is slower than any program. Only Linux tells
   * (/proc/PID/stat, proc_pid_stat(5)); elsewhere a moment has to do.
   */
  async asleep(): Promise<void> {
    if (process.platform === 'linux') await this.until('waits', () => isAsleep(this.#child.pid!));
    else await pause(MOMENT, undefined, { signal: this.#options.signal });
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

  /** What it said on stderr, and a status that is none of success. */
  notes(): NoteLine[] {
    const said = this.#stderr.split('\n').filter((line) => line !== '');
    const { exitCode, signalCode } = this.#child;
    if (!this.#stopped && exitCode !== 0) said.push(`it ended with ${signalCode ?? `status ${exitCode}`}`);
    return said.map((line) => ({ type: 'note', at: 0, text: `the ${this.#role}: ${line}` }));
  }

  get #isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  get #lastWords(): string {
    const { exitCode, signalCode } = this.#child;
    return this.#stderr.trim().split('\n').at(-1) || String(signalCode ?? `status ${exitCode}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOver) this.#child.kill('SIGKILL');
    await this.#closed.catch(() => {});
  }
}
