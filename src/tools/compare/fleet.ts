// The contenders as running processes: started, put under loads, ended together. A load is a process of its own
// (load.ts).

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { endIfKilled } from '../cleanup.ts';
import type { Contender } from './contenders.ts';
import { outputOf } from './executables.ts';
import type { Load, Sample } from './load.ts';

const loadProgram = fileURLToPath(new URL('load.js', import.meta.url));

/** How many descriptors a process may have at most: what the limit of every contender is raised to. */
export function descriptorLimit(): number {
  const limit = execFileSync('/bin/sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit);
}

/** A contender that runs. */
export interface Running {
  name: string;
  pid: number;
  port: number;
}

/** The contenders that were started. Disposing of it ends them. */
export class Fleet {
  readonly #started: ChildProcess[] = [];
  readonly #stop: AbortSignal;

  /** An abort ends what a method waits for, with an exception. */
  constructor(stop: AbortSignal) {
    this.#stop = stop;
  }

  /** Starts a contender and waits until it listens. Throws if it is missing here, or ends at once. */
  async start({ name, command }: Contender): Promise<Running> {
    if (!Array.isArray(command)) throw new Error(command.missing);
    this.#stop.throwIfAborted();
    const port = await freePort();
    // Each has all the descriptors that there are, and prints every line, to /dev/null.
    const raised = ['-c', 'ulimit -n "$(ulimit -Hn)"; exec "$0" "$@"', ...command, String(port)];
    const child = spawn('/bin/sh', raised, { stdio: 'ignore' });
    this.#started.push(child);
    endIfKilled(child);
    await Promise.race([
      listening(port, this.#stop),
      once(child, 'exit').then(([status]) =>
        Promise.reject(new Error(`it ended at once, with status ${status}`)),
      ),
    ]);
    return { name, pid: child.pid!, port };
  }

  /** Puts one load on a contender. */
  async sample({ pid, port }: Running, load: Omit<Load, 'port' | 'pid'>): Promise<Sample> {
    const options: Load = { ...load, port, pid };
    const command = [process.execPath, loadProgram, JSON.stringify(options)];
    const output = await outputOf(command, this.#stop).catch((error) => {
      this.#stop.throwIfAborted();
      throw new Error(`the load failed: ${error.message}`);
    });
    return JSON.parse(output);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#started.map(ended));
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}

async function listening(port: number, stop: AbortSignal): Promise<void> {
  for (
    const deadline = Date.now() + 10_000;
    Date.now() < deadline;
    await pause(20, undefined, { signal: stop })
  ) {
    const socket = connect({ host: '127.0.0.1', port });
    const isUp = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isUp) return;
  }
  throw new Error('it did not listen within 10 s');
}
