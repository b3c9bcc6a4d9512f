// The server that is graded: a program in any language, in a process group of its own, which is ended with all that it
// has started.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { endIfKilled } from '../../cleanup.ts';
import { processStat } from '../../process-stat.ts';

/** Stands for the port in a command; where it does not stand, the port is the last argument. */
export const PORT_PLACEHOLDER = '{port}';

export interface StartOptions {
  /** RLIMIT_NOFILE, setrlimit(2). */
  maxDescriptors?: number;
  env?: NodeJS.ProcessEnv;
}

const OUTPUT_KEPT = 2000;

/** A port of 127.0.0.1 that nothing has. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}

// However this process ends, those end with it: by this, or, if it is killed, by cleanup.ts.
const running = new Set<ServerProcess>();
process.on('exit', () => {
  for (const server of running) server.kill();
});

export class ServerProcess {
  readonly port: number;
  /** How it was started, for the report. */
  readonly command: string[];
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #error: Error | null = null;
  #output = '';

  constructor(command: readonly string[], port: number, { maxDescriptors, env = {} }: StartOptions = {}) {
    this.port = port;
    const has = command.some((part) => part.includes(PORT_PLACEHOLDER));
    const own = command.map((part) => part.replaceAll(PORT_PLACEHOLDER, String(port)));
    this.command = has ? own : [...own, String(port)];
    const limit =
      maxDescriptors === undefined ? [] : ['sh', '-c', `ulimit -n ${maxDescriptors} && exec "$@"`, 'sh'];
    const [program, ...args] = [...limit, ...this.command];
    this.#child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, PORT: String(port), ...env },
    });
    this.#child.on('error', (error) => {
      this.#error = error;
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-OUTPUT_KEPT);
      });
    this.#closed = once(this.#child, 'exit').catch(() => {});
    if (this.#child.pid === undefined) return;
    running.add(this);
    endIfKilled(this.#child, { group: true });
  }

  /** How it has ended, in words; null while it runs. */
  get ended(): string | null {
    if (this.#error !== null) return `could not be started: ${this.#error.message}`;
    const { exitCode, signalCode } = this.#child;
    if (signalCode !== null) return `was ended by ${signalCode}`;
    return exitCode === null ? null : `ended with status ${exitCode}`;
  }

  /** What it wrote to stdout and stderr; the end of it, where that was much. */
  get output(): string {
    return this.#output;
  }

  /** SIGTERM; SIGKILL to its group where it is not gone after the milliseconds. */
  async stop(patienceMs: number): Promise<void> {
    this.#child.kill('SIGTERM');
    await Promise.race([this.#closed, pause(patienceMs, undefined, { ref: false })]);
    await this.end();
  }

  /** Ends it, and what it has started. */
  async end(): Promise<void> {
    this.kill();
    if (this.#child.pid !== undefined) await this.#closed;
    running.delete(this);
  }

  kill(): void {
    try {
      process.kill(-this.#child.pid!, 'SIGKILL');
    } catch {
      // ESRCH: nobody is left.
    }
  }

  /** The seconds of processor time that its process group has used so far. */
  cpuSeconds(): number {
    const { pid } = this.#child;
    if (process.platform !== 'linux') return cpuOfGroup(pid!);
    let ticks = 0;
    for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const stat = processStat(entry);
      if (stat?.[2] === String(pid)) ticks += Number(stat[11]) + Number(stat[12]);
    }
    return ticks / TICKS_PER_SECOND;
  }
}

/** USER_HZ, of every architecture that Node runs on. proc_pid_stat(5). */
const TICKS_PER_SECOND = 100;

// macOS: no /proc. ps(1): [[dd-]hh:]mm:ss.cc
function cpuOfGroup(pgid: number): number {
  const rows = execFileSync('ps', ['-A', '-o', 'pgid=,time='], { encoding: 'utf8' }).split('\n');
  const times = rows.map((row) => row.trim().split(/\s+/)).filter(([id]) => id === String(pgid));
  return times
    .map(([, time]) => time.split(/[-:]/).map(Number))
    .map((parts) => parts.reduce((sum, part) => sum * 60 + part, 0))
    .reduce((sum, seconds) => sum + seconds, 0);
}
