// Runs the comparison: starts every contender, puts the same loads on them in turn, round after
// round, and keeps every sample.

import { measureCalls } from './call-costs.ts';
import { Contenders } from './contenders.ts';
import { descriptorLimit, Fleet, type Running } from './fleet.ts';
import { type Cell, type Comparison, titleOf } from './report.ts';
import { countSyscalls } from './syscall-counts.ts';

export interface Plan {
  /** among: the contenders that are put under it; all if absent. */
  loads: { connections: number; size: number; idle: number; among?: string[] }[];
  rounds: number;
  /** How long a load is measured. */
  seconds: number;
  /** How long each contender is warmed up, once. */
  warmupSeconds: number;
  /** How often a process makes each call whose cost is measured. */
  calls: number;
  /** The names of the contenders, and 'calls' for the cost of the calls; everything if absent. */
  only?: string[];
}

// libevent's graph: what a message costs beside ever more connections that send nothing. Some
// descriptors are for the process itself.
const idle = [10, 100, 900, 5000, Math.min(20_000, descriptorLimit() - 100)].map((idle) => ({
  connections: 10,
  size: 64,
  idle,
  among: ['rfds epoll', 'rfds poll', 'rfds select', 'node:net', 'C epoll', 'C select'],
}));

/** The whole comparison, and one that takes about a minute on an idle machine. */
export const plans: Record<'full' | 'quick', Plan> = {
  full: {
    loads: [
      ...[1, 10, 100, 1000].map((connections) => ({ connections, size: 64, idle: 0 })),
      ...[16, 1024, 16384, 65536].map((size) => ({ connections: 100, size, idle: 0 })),
      ...idle,
    ],
    rounds: 5,
    seconds: 0.75,
    warmupSeconds: 1,
    calls: 100_000,
  },
  quick: {
    loads: [10, 100].map((connections) => ({ connections, size: 64, idle: 0 })),
    rounds: 5,
    seconds: 0.12,
    warmupSeconds: 0.4,
    calls: 30_000,
  },
};

/** What is put on the contenders before anything is measured, and while their calls are counted. */
export const ordinary = { connections: 100, size: 64, idle: 0 };

/**
 * Runs a plan. progress is given each step; an abort ends every process that was started.
 * A contender that is missing, or fails under a load, is named with its reason and costs the others
 * nothing.
 */
export async function compare(
  plan: Plan,
  stop: AbortSignal,
  progress: (step: string) => void,
): Promise<Comparison> {
  using all = new Contenders();
  await using fleet = new Fleet(stop);
  const names = [...all.rows.map(({ name }) => name), 'calls'];
  const unknown = plan.only?.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new RangeError(`there is no contender '${unknown}': there are ${names.join(', ')}`);
  const takesPart = (name: string) => plan.only === undefined || plan.only.includes(name);

  const contenders: Comparison['contenders'] = [];
  const running: Running[] = [];
  for (const contender of all.rows.filter(({ name }) => takesPart(name))) {
    const { name, about } = contender;
    progress(`starting ${name}`);
    try {
      const started = await fleet.start(contender);
      await fleet.sample(started, { ...ordinary, warmupSeconds: plan.warmupSeconds, seconds: 0 });
      running.push(started);
      contenders.push({ name, about });
    } catch (error) {
      stop.throwIfAborted();
      contenders.push({ name, about, missing: (error as Error).message });
    }
  }

  const cells: Cell[] = [];
  if (running.length > 0)
    for (const load of plan.loads) cells.push(await measure(load, plan, fleet, running, stop, progress));

  const syscallsPerMessage: Comparison['syscallsPerMessage'] = {};
  for (const one of running) {
    progress(`counting the system calls of ${one.name}`);
    const load = { ...ordinary, warmupSeconds: 0, seconds: 30, messages: 2000 };
    const counts = await countSyscalls(one.pid, () => fleet.sample(one, load)).catch(() => null);
    stop.throwIfAborted();
    if (counts) syscallsPerMessage[one.name] = counts;
  }

  const calls = takesPart('calls')
    ? await measureCalls(plan, stop, progress)
    : { libraries: [], samples: [] };
  return { contenders, cells, syscallsPerMessage, calls };
}

/** Puts one load on its contenders in turn, round after round. One that fails once is left out from then on. */
async function measure(
  { connections, size, idle, among }: Plan['loads'][number],
  { rounds, seconds }: Plan,
  fleet: Fleet,
  running: Running[],
  stop: AbortSignal,
  progress: (step: string) => void,
): Promise<Cell> {
  const cell: Cell = { connections, size, idle, samples: [], failed: [] };
  const load = { connections, size, idle, warmupSeconds: seconds / 5, seconds };
  for (let round = 1; round <= rounds; round++) {
    for (const one of running) {
      if (among && !among.includes(one.name)) continue;
      if (cell.failed.some(({ contender }) => contender === one.name)) continue;
      progress(`${titleOf(cell)}, round ${round} of ${rounds}: ${one.name}`);
      try {
        cell.samples.push({ contender: one.name, round, sample: await fleet.sample(one, load) });
      } catch (error) {
        stop.throwIfAborted();
        cell.failed.push({ contender: one.name, why: (error as Error).message });
      }
    }
  }
  return cell;
}
