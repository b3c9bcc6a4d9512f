// How many system calls of which kind a process makes for a message, counted by strace.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { TemporaryFolder } from '../long-run.ts';
import type { Sample } from './load.ts';

/**
 * Counts the calls of a process while a load runs on it: call → calls per message. Null where
 * there is no strace, or it may not trace.
 */
export async function countSyscalls(
  pid: number,
  load: () => Promise<Sample>,
): Promise<Record<string, number> | null> {
  using folder = new TemporaryFolder('rfds-strace-');
  const output = path.join(folder.path, 'counts');
  const strace = spawn('strace', ['-f', '-c', '-o', output, '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(strace, 'exit').catch(() => {});
  const attached = once(strace.stderr, 'data').then(([text]) => String(text).includes('attached'));
  if (!(await Promise.race([attached, ended]).catch(() => false))) return null;
  const { messages } = await load();
  strace.kill('SIGINT');
  await ended;
  return countsIn(readFileSync(output, 'utf8'), messages);
}

/** The table that strace -c writes: "% time  seconds  usecs/call  calls  errors  syscall". */
function countsIn(table: string, messages: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [, calls, name] of table.matchAll(/^ *[\d.]+ +[\d.]+ +\d+ +(\d+)(?: +\d+)? +(\w+)$/gm)) {
    if (name !== 'total') counts[name] = Number(calls) / messages;
  }
  return counts;
}
