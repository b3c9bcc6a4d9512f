// Runs an experiment: on this machine's kernel as it is, or as the program of a simulated world.

import { readdirSync } from 'node:fs';
import { World } from '../../sim.ts';
import { type Cure, type Experiment, FOR_EVER, type Kernel, type Seen } from './experiment.ts';
import { numbersOf, type Observed, type Part } from './key.ts';
import { experimentNamed } from './registry.ts';

export async function observe(name: string, kernel: Kernel, seed: number): Promise<Observed> {
  const experiment = experimentNamed(name);
  const parts: Record<Part, Pick<Cure, 'run'>> = { run: experiment, cure: experiment.cure };
  const seen = async (part: Part) => {
    const numbers = numbersOf(experiment, seed);
    if (kernel === 'real') return await parts[part].run(numbers);
    return simulated(experiment, numbers, parts[part].run as (numbers: unknown) => Seen);
  };
  const before = openDescriptors();
  const [run, cure] = [await seen('run'), await seen('cure')];
  return { name, kernel, seed, run, cure, left: openDescriptors() - before };
}

const openDescriptors = () => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0);

function simulated(
  experiment: Experiment,
  numbers: ReturnType<typeof numbersOf>,
  run: (numbers: unknown) => Seen,
): Seen {
  const limit = experiment.maxDescriptors?.(numbers);
  const world = new World({
    ...(limit === undefined ? {} : { maxDescriptors: limit }),
    // What a program in an experiment does is its point.
    maxSpins: Number.POSITIVE_INFINITY,
    maxTimeouts: Number.POSITIVE_INFINITY,
    maxPassedOver: Number.POSITIVE_INFINITY,
    ...experiment.world?.(numbers),
  });
  experiment.populate?.(world, numbers);
  let seen: Seen | null = null;
  const { reason, violation } = world.run(() => {
    seen = run(numbers);
  });
  // What other processes wait for in vain, or was sent in vain, is no fault of an experiment.
  const isWaiting = ['deadlock', 'lost'].includes(violation?.kind ?? '');
  if (seen !== null && (violation === null || isWaiting)) return seen;
  if (seen === null && (reason === 'quiet' || isWaiting)) return { answer: FOR_EVER };
  throw violation?.cause ?? violation ?? new Error(`the simulated run ended: ${reason}`);
}
