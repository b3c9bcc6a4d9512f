// What an experiment is: data, and small functions that make real calls. Each stands in a file of its own in
// experiments/, which reads as an example; run.ts runs them, command.ts asks and tells.

import type { World, WorldOptions } from '../../sim.ts';
import type { Random } from './random.ts';

export type Answer = string | number;

/** The numbers of a seed, under the names that the question and the program have them. */
export type Numbers = Record<string, Answer>;

/** What a run observed: the answer to the question, and whatever the explanation speaks of. */
export interface Seen {
  readonly answer: Answer;
  readonly [fact: string]: Answer;
}

/** 'real': this machine's; 'simulated': that of rfds/sim. */
export type Kernel = 'real' | 'simulated';

/** The answer where nothing could ever happen any more while the program waited. Only the simulated kernel can know. */
export const FOR_EVER = 'it waits for ever';

/** The program of a cure, and what is claimed of it. */
export interface Cure<N extends Numbers = Numbers> {
  /** What is changed, and why that helps. */
  readonly change: string;
  run(numbers: N): Seen | Promise<Seen>;
  key(numbers: N): Answer;
  /** Of what was seen, nothing else. */
  tell(numbers: N, seen: Seen): string;
}

export interface Experiment<N extends Numbers = Numbers> {
  /** The numbers in docs/hazards.md. */
  readonly hazards: readonly string[];
  /** Does not give the answer away. */
  readonly title: string;
  /** Which kernels it runs on; the first unless another is asked for. */
  readonly kernels: readonly Kernel[];
  /** Why not on the real one; why not on the simulated one. */
  readonly onlyBecause?: string;
  /** What the simulated kernel is made with, and who else is there. */
  readonly world?: (numbers: N) => WorldOptions;
  readonly populate?: (world: World, numbers: N) => void;
  /** RLIMIT_NOFILE, on either kernel. */
  readonly maxDescriptors?: (numbers: N) => number;
  numbers(random: Random): N;
  question(numbers: N): string;
  /** The choices; or that a number is asked for, or an errno's name. */
  readonly asks: readonly string[] | 'number' | 'errno';
  /** What is claimed to come out. The result that is shown is never this, but what was seen. */
  key(numbers: N): Answer;
  run(numbers: N): Seen | Promise<Seen>;
  explain(numbers: N, seen: Seen): string;
  readonly cure: Cure<N>;
  /** Man pages and RFCs. */
  readonly read: readonly string[];
}

export const both: readonly Kernel[] = ['real', 'simulated'];

/** Checks the types of an experiment, whose numbers have names of their own. */
export function experiment<N extends Numbers>(one: Experiment<N>): Experiment {
  return one as unknown as Experiment;
}

/** What an error is called: ECONNRESET, RangeError. */
export function nameOf(error: unknown): string {
  const { code, name } = error as NodeJS.ErrnoException;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : name;
}

/** The name of the error that a call throws; 'no error' if it returns. */
export function errorOf(call: () => unknown): string {
  try {
    call();
    return 'no error';
  } catch (error) {
    if (error instanceof Error) return nameOf(error);
    throw error;
  }
}
