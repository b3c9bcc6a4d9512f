// A lane for each thread that made calls, with the name that sentences give it.

import type { CallLine, ProcessLine, Recording } from '../../../interpose/recorder/recording.ts';

export interface Lane {
  i: number;
  pid: number;
  thread: number;
  role: ProcessLine['role'];
  /** Clients are left of the wire, all others right of it. */
  side: 'left' | 'right';
  /** 'server', 'process 4711', 'main thread', 'client, thread 2' */
  name: string;
}

type Thread = Pick<Lane, 'pid' | 'thread' | 'role'> & { called: string };

const keyOf = ({ pid, thread }: Pick<CallLine, 'pid' | 'thread'>) => `${pid}:${thread}`;

/** The lanes in their order on the page, those on the left first. */
export function lanesOf({ processes, calls }: Recording): Lane[] {
  const threads = new Map<string, Thread>();
  const add = (pid: number, thread: number) => {
    const { role = null, simulated, argv } = processes.find((one) => one.pid === pid) ?? {};
    const called = `process ${simulated ? argv![0] : pid}`;
    threads.set(keyOf({ pid, thread }), { pid, thread, role, called });
  };
  for (const { pid } of processes) add(pid, 0);
  for (const { pid, thread } of calls) if (!threads.has(keyOf({ pid, thread }))) add(pid, thread);
  const called = new Set(calls.map(keyOf));
  // A thread that made no call has nothing to show, except the only one.
  const shown = [...threads.values()].filter((one) => called.has(keyOf(one)) || threads.size === 1);
  const order = ({ pid, thread }: Thread) => processes.findIndex((one) => one.pid === pid) * 1e6 + thread;
  shown.sort((a, b) => order(a) - order(b));
  const hasClient = shown.some(({ role }) => role === 'client');
  const sided = shown.map((one, i): Omit<Lane, 'i'> => {
    const { pid, thread, role } = one;
    const isLeft = hasClient ? role === 'client' : i === 0;
    return { pid, thread, role, side: isLeft ? 'left' : 'right', name: nameOf(one, shown) };
  });
  const on = (wanted: Lane['side']) => sided.filter(({ side }) => side === wanted);
  return [...on('left'), ...on('right')].map((lane, i) => ({ ...lane, i }));
}

function nameOf({ pid, thread, role, called }: Thread, all: Thread[]): string {
  const isAlone = all.every((one) => one.pid === pid);
  if (isAlone && role === null && all.length > 1) return thread === 0 ? 'main thread' : `thread ${thread}`;
  const twins = all.filter((one) => one.role === role && one.role !== null);
  const process = role === null ? called : twins.length > 1 ? `${role} ${pid}` : role;
  return thread === 0 ? process : `${process}, thread ${thread}`;
}

/** Finds the lane of a call. */
export function laneFinder(lanes: Lane[]): (call: CallLine) => Lane {
  const byKey = new Map(lanes.map((lane) => [keyOf(lane), lane]));
  return (call) => byKey.get(keyOf(call))!;
}

/** The lane as a sentence calls it: 'the server', 'process 4711'; undefined: one that was not recorded. */
export function whose(lane: Lane | undefined): string {
  if (lane === undefined) return 'another program';
  return /^(process|thread)/.test(lane.name) ? lane.name : `the ${lane.name}`;
}
