// What must not outlive this process, however it ends: other processes, folders, network namespaces. A process that
// is killed with SIGKILL removes nothing itself, so one beside it (cleanup-main.ts) has the list, and clears it when
// its stdin, a pipe from here, ends.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { processStat } from './process-stat.ts';

/** Something to end or to remove. */
export type Owned =
  /**
   * start: see startOf(); a number that another process has by then is left alone. group: with all of the process
   * group that it leads.
   */
  | { kind: 'process'; pid: number; start: string | null; group: boolean }
  | { kind: 'folder'; path: string }
  /** The two hosts of hosts.ts. */
  | { kind: 'hosts'; mark: string };

/** A line of what the other process is told. */
export type Order = { id: number; add: Owned } | { id: number; remove: true };

// From src/ as from dist/.
const program = fileURLToPath(new URL('../../dist/tools/cleanup-main.js', import.meta.url));

let beside: ChildProcess | undefined;
let added = 0;
let listed = 0;

/** From now on it is removed if this process is killed. Returns what takes it off the list again. */
export function removeIfKilled(owned: Owned): () => void {
  const id = added++;
  listed++;
  tell({ id, add: owned });
  return () => {
    listed--;
    tell({ id, remove: true });
  };
}

/** A child process that ends with this one, or the group that it leads. Takes it off the list when it has ended. */
export function endIfKilled(child: ChildProcess, { group = false } = {}): void {
  const { pid } = child;
  if (pid === undefined) return; // It could not be started.
  const start = startOf(pid);
  if (start === null && process.platform === 'linux') return; // It has ended.
  child.once('exit', removeIfKilled({ kind: 'process', pid, start, group }));
}

function tell(order: Order): void {
  beside ??= started();
  beside.stdin!.write(`${JSON.stringify(order)}\n`);
}

// In a session of its own: no signal of a terminal, nor a terminal's end, is its own. It keeps nothing waiting.
function started(): ChildProcess {
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  child.on('error', () => {}); // Without it the command does what it is there for, all the same.
  child.stdin!.on('error', () => {});
  // After an ordinary end it has nothing to do, and does not outlive this process either.
  process.once('exit', () => {
    if (listed === 0) child.kill('SIGKILL');
  });
  child.unref();
  (child.stdin as Socket).unref();
  return child;
}

/** When a process began, in clock ticks since the system did; null where there is none, or no /proc. */
export function startOf(pid: number | string): string | null {
  const stat = processStat(pid);
  return stat === null || stat[0] === 'Z' ? null : stat[19];
}
