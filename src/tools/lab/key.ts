// What an experiment is asked with, what is claimed to come out, and the form in which that is told from one process to
// another. It loads no kernel.

import type { Answer, Experiment, Kernel, Seen } from './experiment.ts';
import { Random } from './random.ts';

/** The program of the question, or that of the cure. */
export type Part = 'run' | 'cure';

/** What can be asked of experiment-main.ts. */
export interface Order {
  readonly name: string;
  readonly kernel: Kernel;
  /** This many seeds, from the first one on. */
  readonly seed: number;
  readonly seeds?: number;
}

/** What came of it, for one seed: a line of its output. */
export interface Observed {
  readonly name: string;
  readonly kernel: Kernel;
  readonly seed: number;
  readonly run: Seen;
  readonly cure: Seen;
  /** Descriptors that it left open in its process; 0 where there is no /proc to tell. */
  readonly left: number;
}

export const numbersOf = (experiment: Experiment, seed: number) => experiment.numbers(new Random(seed));

/** What is claimed to come out, of both parts. */
export function keyOf(experiment: Experiment, seed: number): Record<Part, Answer> {
  const numbers = numbersOf(experiment, seed);
  return { run: experiment.key(numbers), cure: experiment.cure.key(numbers) };
}
