// strace's output as data: which thread made which call, in the order in which they began.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** True where strace is there and may trace. */
export const hasStrace = (() => {
  try {
    execFileSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

export interface TracedCall {
  tid: number;
  name: string;
  args: string;
  /** What stands behind the '=': '5', '-1 EAGAIN (…)', '?' for a call that never returned. */
  result: string;
}

/** The calls in what `strace -f -o` wrote, with -tt or without. A call that was cut in two by another thread's is put together. */
export function readStrace(path: string): TracedCall[] {
  return parseStrace(readFileSync(path, 'utf8'));
}

export function parseStrace(text: string): TracedCall[] {
  const calls: TracedCall[] = [];
  const unfinished = new Map<number, TracedCall>();
  for (const line of text.split('\n')) {
    const whole = line.match(/^(\d+) +(?:[\d:.]+ )?(\w+)\((.*)\) += (.*)$/);
    const begun = line.match(/^(\d+) +(?:[\d:.]+ )?(\w+)\((.*?) ?<unfinished \.\.\.>$/);
    const resumed = line.match(/^(\d+) +(?:[\d:.]+ )?<\.\.\. (\w+) resumed>(.*)\) += (.*)$/);
    const found = whole ?? begun;
    if (found) {
      const call = { tid: Number(found[1]), name: found[2], args: found[3], result: whole ? whole[4] : '?' };
      calls.push(call);
      if (begun && !whole) unfinished.set(call.tid, call);
    } else if (resumed) {
      const call = unfinished.get(Number(resumed[1]))!;
      call.args += resumed[3];
      call.result = resumed[4];
    }
  }
  return calls;
}

/** The calls on sockets that one thread made, and those on nothing that stood between them. */
export function socketCalls(calls: TracedCall[]): TracedCall[] {
  const sockets = new Set<number>();
  return calls.filter(({ name, args, result }) => {
    const fd = Number.parseInt(args, 10);
    if (name === 'socket' || name === 'accept4' || name === 'accept')
      sockets.add(Number.parseInt(result, 10));
    const isOn = name === 'socket' || sockets.has(fd) || (name === 'pselect6' && args.includes('['));
    if (name === 'close') sockets.delete(fd);
    return isOn;
  });
}

/** Memory, locks and threads: what the engine does at any time, on its own account. */
const engineCalls = new Set(
  ['brk', 'mmap', 'munmap', 'mprotect', 'mremap', 'madvise', 'futex', 'getpid', 'sched_yield'].concat(
    // The locks of newer V8s look at the thread's priority, and measure the processor's clock.
    ['sched_getparam', 'sched_getscheduler', 'nanosleep', 'clock_nanosleep'],
  ),
);
/** What it reads of the machine: the processor's clock, whether memory may be given back. */
const settings = /"\/(proc\/sys|sys\/devices)\//;
/** V8 wakes the thread that keeps its delayed tasks, through the eventfd of that thread's loop. */
const isWakeUp = ({ name, args }: TracedCall) =>
  name === 'write' && args.endsWith('"\\1\\0\\0\\0\\0\\0\\0\\0", 8');

/** The calls but for the engine's. */
export function withoutEngine(calls: TracedCall[]): TracedCall[] {
  const open = new Set<number>();
  return calls.filter((call) => {
    const { name, args, result } = call;
    if (engineCalls.has(name) || isWakeUp(call)) return false;
    if (name === 'openat' && settings.test(args)) {
      if (!result.startsWith('-')) open.add(Number.parseInt(result, 10));
      return false;
    }
    const fd = Number.parseInt(args, 10);
    if (!open.has(fd)) return true;
    if (name === 'close') open.delete(fd);
    return false;
  });
}
