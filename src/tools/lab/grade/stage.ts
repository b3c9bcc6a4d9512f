// What a stage is: something that is asked of a server, started anew for it.

import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../random.ts';
import { Client, Failure, type Setting } from './client.ts';
import { freePort, ServerProcess, type StartOptions } from './server-process.ts';

export interface Stage {
  readonly name: string;
  /** What is asked, in a sentence. */
  readonly asks: string;
  /** Where it fails: what to look at. */
  readonly hint: string;
  /** Throws Failure. A text that it returns says why nothing could be asked. */
  run(trial: Trial): Promise<string | undefined>;
}

/** How long a server may take to listen. */
const START_MS = 15_000;

/** One stage's try: the server, its clients, and what was done. */
export class Trial implements Setting {
  readonly random: Random;
  readonly patienceMs: number;
  readonly steps: string[] = [];
  readonly #command: readonly string[];
  readonly #clients: Client[] = [];
  readonly #signal: AbortSignal;
  #server: ServerProcess | null = null;
  #named = 0;

  constructor(command: readonly string[], random: Random, patienceMs: number, signal: AbortSignal) {
    this.#command = command;
    this.random = random;
    this.patienceMs = patienceMs;
    this.#signal = signal;
  }

  note(step: string): void {
    this.steps.push(step);
  }

  get server(): ServerProcess {
    if (this.#server === null) throw new Error('not started');
    return this.#server;
  }

  get port(): number {
    return this.server.port;
  }

  /** Starts the server, and waits until it listens. */
  async start(options: StartOptions = {}): Promise<void> {
    this.#signal.throwIfAborted();
    const port = await freePort();
    this.#server = new ServerProcess(this.#command, port, options);
    const limit = options.maxDescriptors === undefined ? '' : `, with ulimit -n ${options.maxDescriptors}`;
    this.note(`the server is started: ${this.#server.command.join(' ')}${limit}`);
    const end = performance.now() + START_MS;
    for (;;) {
      this.#signal.throwIfAborted();
      if (this.#server.ended !== null)
        throw new Failure(`the server ${this.#server.ended}, before it listened`);
      try {
        const probe = await Client.connect('a first client', { port, patienceMs: 1000, note: () => {} });
        probe.drop();
        return;
      } catch {
        if (performance.now() > end)
          throw new Failure(`nothing listens on port ${port} after ${START_MS / 1000} s`);
        await pause(20);
      }
    }
  }

  /** A new client; A, B, C … */
  async connect(options?: { reads?: boolean }): Promise<Client> {
    this.#signal.throwIfAborted();
    const client = await Client.connect(nameOf(this.#named++), this, options);
    this.#clients.push(client);
    return client;
  }

  /** Letters, so that they are told from times. */
  text(least: number, most: number): string {
    return this.random.letters(this.random.int(least, most));
  }

  pause(ms: number): Promise<void> {
    return pause(ms, undefined, { signal: this.#signal });
  }

  /** Seconds of processor time that the server uses in a second from now on. */
  async cpuInASecond(): Promise<number> {
    const before = this.server.cpuSeconds();
    await this.pause(1000);
    return this.server.cpuSeconds() - before;
  }

  /** Throws Failure where the server has ended. */
  checkAlive(): void {
    if (this.server.ended !== null) throw new Failure(`the server ${this.server.ended}`);
  }

  /** What the server wrote, and how it ended, for the report. */
  get output(): string {
    return this.#server?.output ?? '';
  }

  async end(): Promise<void> {
    for (const client of this.#clients) client.drop();
    await this.#server?.end();
  }
}

// 0 is A, 26 is AA.
const nameOf = (n: number): string =>
  (n < 26 ? '' : nameOf(Math.floor(n / 26) - 1)) + String.fromCharCode(65 + (n % 26));
