// Runs experiments in a process of their own, which ends with this one, when it is aborted, and after 10 seconds.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { endIfKilled } from '../cleanup.ts';
import type { Observed, Order } from './key.ts';

const LIMIT_MS = 10_000;

// From src/ as from dist/.
const program = fileURLToPath(new URL('../../../dist/tools/lab/experiment-main.js', import.meta.url));

/** What was observed, for every seed of every order. maxDescriptors: RLIMIT_NOFILE of the process, setrlimit(2). */
export async function runInChild(
  orders: readonly Order[],
  signal: AbortSignal,
  { maxDescriptors, limitMs = LIMIT_MS }: { maxDescriptors?: number; limitMs?: number } = {},
): Promise<Observed[]> {
  const own = [process.execPath, program, JSON.stringify(orders)];
  const [command, ...args] =
    maxDescriptors === undefined
      ? own
      : ['sh', '-c', `ulimit -n ${maxDescriptors} && exec "$@"`, 'sh', ...own];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  endIfKilled(child);
  const end = () => child.kill('SIGKILL');
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    end();
  }, limitMs);
  signal.addEventListener('abort', end);
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (more: string) => (text[name] += more));
  try {
    await once(child, 'close');
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
  signal.throwIfAborted();
  if (isLate) throw new Error(`the experiment did not end within ${limitMs / 1000} s, and was ended`);
  const lines = text.stdout.split('\n').filter((line) => line !== '');
  const observed: (Observed & { error?: string })[] = lines.map((line) => JSON.parse(line));
  const failed = observed.find(({ error }) => error !== undefined);
  if (failed !== undefined) throw new Error(`${failed.name}, seed ${failed.seed}: ${failed.error}`);
  if (child.exitCode !== 0)
    throw new Error(`the experiment failed: ${text.stderr.trim() || child.signalCode}`);
  return observed;
}
