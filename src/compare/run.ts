// Runs the comparison: starts every contender, puts the same loads on them in turn, round after
// round, and keeps every sample. Above: cli.ts. Below: contenders.ts, load.ts (a process of its own).

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Contender, Contenders } from './contenders.ts';
import type { Load, Sample } from './load.ts';
import { countSyscalls } from './syscall-counts.ts';

/** One load, and what each contender made of it, round by round. */
export interface Cell {
  connections: number;
  size: number;
  /** Connections beside those, which say nothing. */
  idle: number;
  samples: { contender: string; round: number; sample: Sample }[];
  failed: { contender: string; why: string }[];
}

/** What a call costs, by library, 'C' among them: nanoseconds by call, round by round. */
export interface Calls {
  libraries: { name: string; about: string; missing?: string }[];
  samples: { library: string; round: number; nanoseconds: Record<string, number> }[];
}

export interface Comparison {
  contenders: { name: string; about: string; missing?: string }[];
  cells: Cell[];
  /** How often each call was made for a message, by contender; absent without strace. */
  syscallsPerMessage: Record<string, Record<string, number>>;
  calls?: Calls;
}

export interface Plan {
  loads: { connections: number; size: number }[];
  rounds: number;
  seconds: number;
  /** The names of those who take part; everybody if absent. */
  only?: string[];
}

/** The whole comparison, and one that is done within a minute. */
export const plans: Record<'full' | 'quick', Plan> = {
  full: {
    loads: [
      ...[1, 10, 100, 1000].map((connections) => ({ connections, size: 64 })),
      ...[16, 1024, 16384, 65536].map((size) => ({ connections: 100, size })),
    ],
    rounds: 5,
    seconds: 1,
  },
  quick: { loads: [10, 100].map((connections) => ({ connections, size: 64 })), rounds: 5, seconds: 0.25 },
};

const loadProgram = fileURLToPath(new URL('load.js', import.meta.url));

interface Running {
  name: string;
  child: ChildProcess;
  port: number;
}

/**
 * Runs a plan. progress is told of each step; an abort ends every process that was started.
 * A contender that is missing, or fails, is named with its reason and costs the others nothing.
 */
export async function compare(
  plan: Plan,
  stop: AbortSignal,
  progress: (step: string) => void,
): Promise<Comparison> {
  using contenders = new Contenders();
  const started: ChildProcess[] = [];
  try {
    const result: Comparison = { contenders: [], cells: [], syscallsPerMessage: {} };
    const running: Running[] = [];
    const unknown = plan.only?.filter((name) => !contenders.rows.some((row) => row.name === name)) ?? [];
    if (unknown.length > 0) {
      const names = contenders.rows.map(({ name }) => name).join(', ');
      throw new RangeError(`there is no contender '${unknown[0]}': there are ${names}`);
    }
    for (const contender of contenders.rows) {
      if (plan.only && !plan.only.includes(contender.name)) continue;
      progress(`starting ${contender.name}`);
      const entry: Comparison['contenders'][number] = { name: contender.name, about: contender.about };
      result.contenders.push(entry);
      try {
        running.push(await start(contender, started, stop));
      } catch (error) {
        stop.throwIfAborted();
        entry.missing = (error as Error).message;
      }
    }

    const fail = (one: Running, error: unknown) => {
      stop.throwIfAborted();
      running.splice(running.indexOf(one), 1);
      result.contenders.find(({ name }) => name === one.name)!.missing = (error as Error).message;
    };
    for (const one of [...running]) {
      progress(`warming up ${one.name}`);
      await sample(one, { connections: 100, size: 64, warmupSeconds: 1, seconds: 0 }, stop).catch((e) =>
        fail(one, e),
      );
    }
    for (const { connections, size } of plan.loads) {
      const cell: Cell = { connections, size, idle: 0, samples: [], failed: [] };
      result.cells.push(cell);
      for (let round = 1; round <= plan.rounds; round++) {
        for (const one of [...running]) {
          progress(`${connections} connections × ${size} B, round ${round} of ${plan.rounds}: ${one.name}`);
          const load = { connections, size, warmupSeconds: plan.seconds / 5, seconds: plan.seconds };
          await sample(one, load, stop).then(
            (taken) => cell.samples.push({ contender: one.name, round, sample: taken }),
            (error) => fail(one, error),
          );
        }
      }
    }
    for (const one of [...running]) {
      progress(`counting the system calls of ${one.name}`);
      const load = { connections: 100, size: 64, warmupSeconds: 0, seconds: 30, messages: 2000 };
      const counts = await countSyscalls(one.child.pid!, () => sample(one, load, stop)).catch((error) =>
        fail(one, error),
      );
      if (counts) result.syscallsPerMessage[one.name] = counts;
    }
    return result;
  } finally {
    for (const child of started) child.kill('SIGKILL');
  }
}

async function start(
  { name, command }: Contender,
  started: ChildProcess[],
  stop: AbortSignal,
): Promise<Running> {
  if (!Array.isArray(command)) throw new Error(command.missing);
  stop.throwIfAborted();
  const port = await freePort();
  const [program, ...args] = [...command, String(port)];
  // Everybody prints every line, into the same void.
  const child = spawn(program, args, { stdio: 'ignore' });
  started.push(child);
  await Promise.race([
    listening(port, stop),
    once(child, 'exit').then(([status]) =>
      Promise.reject(new Error(`it ended at once, with status ${status}`)),
    ),
  ]);
  return { name, child, port };
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

/** Puts one load on a contender. */
async function sample(
  { child, port }: Running,
  load: Omit<Load, 'port' | 'pid'>,
  stop: AbortSignal,
): Promise<Sample> {
  const options: Load = { ...load, port, pid: child.pid! };
  const program = spawn(process.execPath, [loadProgram, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: stop,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  program.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  program.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const [status] = await once(program, 'close');
  if (status !== 0)
    throw new Error(`the load failed: ${stderr.match(/^\w*Error.*$/m)?.[0] ?? `status ${status}`}`);
  return JSON.parse(stdout);
}
