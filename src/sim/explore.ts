// Visits the schedules of a world: all of them, with those left out that only order independent steps otherwise; or
// many at random. What it finds it shrinks, and gives as a schedule that replays it.

import { type Chooser, formatSchedule, parseSchedule, RandomChooser, Replay } from './choices.ts';
import { type Outcome, Stop, type Violation, World, type WorldOptions } from './world.ts';

/** Builds a world: adds its processes, and returns the program under test, which is called. */
export type Build = (world: World) => () => unknown;

export interface ExploreOptions {
  /** What the worlds are made with; the bounds of what may happen are among it. */
  world?: Omit<WorldOptions, 'chooser'>;
  /** 'all': every schedule; 'random': so many runs at random. */
  visit?: 'all' | 'random';
  /** Runs, at most. All: no limit; random: 10,000. */
  runs?: number;
  /** Seconds, at most. */
  seconds?: number;
  /** Of 'random': the first run's seed; the next one's is one more. */
  seed?: number;
  /**
   * Of 'all': visits those with few preemptions first, so that what is found is short: with at most so many, in turn.
   * The last is the bound that remains: Infinity for every schedule.
   */
  preemptions?: readonly number[];
  /** Looks at a world that a run has ended in; what it throws is a violation. */
  check?: (world: World, outcome: Outcome) => void;
  /** false: visits also the orders that differ in independent steps only. For comparison: it takes very long. */
  reduces?: boolean;
  /** Whether what is found is shrunk. It takes at most 2000 runs. */
  shrinks?: boolean;
  /** Called now and then. */
  onProgress?: (runs: number, states: number) => void;
}

/** A schedule that breaks something. */
export interface Found {
  readonly violation: Violation | Error;
  /** Replays it: replay(build, schedule, options). */
  readonly schedule: string;
  /** What its world was made with: a schedule is one of these bounds. */
  readonly options: Omit<WorldOptions, 'chooser'>;
  /** How many choices it had before it was shrunk. */
  readonly choices: number;
  /** The run of a random search that found it. */
  readonly seed: number | null;
}

export interface Explored {
  readonly found: Found | null;
  readonly runs: number;
  /** Different states that were seen. */
  readonly states: number;
  /** Whether every schedule within the bounds was visited. */
  readonly isComplete: boolean;
  readonly seconds: number;
}

/** A chooser that remembers. */
interface Remembering extends Chooser {
  readonly taken: number[];
}

export function explore(build: Build, options: ExploreOptions = {}): Explored {
  return options.visit === 'random' ? exploreAtRandom(build, options) : exploreAll(build, options);
}

/** Runs one schedule, by its string, keeping the record of it: what was chosen, called and sent. */
export function replay(
  build: Build,
  schedule: string,
  options: Omit<WorldOptions, 'chooser'> = {},
): { world: World; outcome: Outcome; program: () => unknown } {
  const chooser = new Replay(parseSchedule(schedule));
  const world = new World({ keepsOutput: true, keepsRecord: true, ...options, chooser });
  const program = build(world);
  return { world, outcome: world.run(program), program };
}

// ---- All

/**
 * Depth first: replays what the run before chose up to the last choice that had another, takes that, and then the first
 * of everything; leaves where it comes to a state that it knows.
 */
class Systematic implements Remembering {
  readonly taken: number[] = [];
  readonly #counts: number[] = [];
  readonly #visited: Set<number> | null;
  // How many of the choices are given, and how many were made in this run.
  #given = 0;
  /** Where the run became another one than before. */
  divergence: Error | null = null;
  #made = 0;

  constructor(visited: Set<number> | null) {
    this.#visited = visited;
  }

  choose(count: number, world: { readonly state: number }, what: string): number {
    const i = this.#made;
    if (i < this.#given) {
      if (this.#counts[i] !== count) {
        this.divergence = new NotDeterministic(what, i, this.#counts[i], count);
        return -1;
      }
      this.#made++;
      return this.taken[i];
    }
    if (this.#visited !== null) {
      const { state } = world;
      if (this.#visited.has(state)) return -1;
      this.#visited.add(state);
    }
    this.taken.push(0);
    this.#counts.push(count);
    this.#made++;
    return 0;
  }

  /** To the next run in the order of a depth-first search; false: there is none. */
  next(): boolean {
    if (this.#made < this.#given) throw new NotDeterministic('the end', this.#made, 1, 0);
    this.#made = 0;
    for (let i = this.taken.length - 1; i >= 0; i--) {
      if (this.taken[i] + 1 < this.#counts[i]) {
        this.taken.length = i + 1;
        this.#counts.length = i + 1;
        this.taken[i]++;
        this.#given = i + 1;
        return true;
      }
    }
    return false;
  }
}

/**
 * Thrown by explore() where the same choices led to another run: something that the program or a script keeps from one
 * run to the next, or asks of what is not simulated, makes a difference.
 */
class NotDeterministic extends Error {
  override readonly name = 'NotDeterministic';

  constructor(what: string, choice: number, before: number, now: number) {
    super(
      `the run is another one with the same choices: choice ${choice}, ${what}, was out of ${before}, and is out of ${now}`,
    );
  }
}

function exploreAll(build: Build, options: ExploreOptions): Explored {
  const bounds = options.preemptions ?? [Number.POSITIVE_INFINITY];
  const limits = new Limits(options, Number.POSITIVE_INFINITY);
  const reduces = options.reduces ?? true;
  let states = 0;
  let reconnects = false;
  for (let i = 0; i < bounds.length; ) {
    const world = { reduces, reconnects, ...options.world, preemptions: bounds[i] };
    const visited = new Set<number>();
    const chooser = new Systematic(reduces ? visited : null);
    let isDone = false;
    while (!isDone) {
      if (limits.areReached()) return limits.result(null, states + visited.size, false);
      const run = runOnce(build, chooser, world, options.check);
      limits.ran(states + visited.size);
      if (chooser.divergence !== null) throw chooser.divergence;
      if (run.broken !== null) {
        const found = shrink(build, run.broken, chooser.taken, world, options, null);
        return limits.result(found, states + visited.size, false);
      }
      if (run.hasReconnected && !reconnects) break;
      isDone = !chooser.next();
    }
    states += visited.size;
    // What was left out assumed that no process connects twice. Once more, without that.
    if (!isDone) reconnects = true;
    else i++;
  }
  return limits.result(null, states, true);
}

// ---- At random

function exploreAtRandom(build: Build, options: ExploreOptions): Explored {
  const limits = new Limits(options, 10_000);
  const first = options.seed ?? 1;
  for (let seed = first; !limits.areReached(); seed++) {
    const chooser = new RandomChooser(seed);
    const { broken } = runOnce(build, chooser, options.world ?? {}, options.check);
    limits.ran(0);
    if (broken !== null)
      return limits.result(
        shrink(build, broken, chooser.taken, options.world ?? {}, options, seed),
        0,
        false,
      );
  }
  return limits.result(null, 0, true);
}

class Limits {
  #runs = 0;
  readonly #mostRuns: number;
  readonly #began = performance.now();
  readonly #options: ExploreOptions;

  constructor(options: ExploreOptions, mostRuns: number) {
    this.#options = options;
    this.#mostRuns = options.runs ?? mostRuns;
  }

  get #seconds(): number {
    return (performance.now() - this.#began) / 1000;
  }

  areReached(): boolean {
    return (
      this.#runs >= this.#mostRuns || this.#seconds > (this.#options.seconds ?? Number.POSITIVE_INFINITY)
    );
  }

  ran(states: number): void {
    if (++this.#runs % 1000 === 0) this.#options.onProgress?.(this.#runs, states);
  }

  result(found: Found | null, states: number, isComplete: boolean): Explored {
    return { found, runs: this.#runs, states, isComplete, seconds: this.#seconds };
  }
}

interface Run {
  /** null: nothing. */
  readonly broken: Violation | Error | null;
  readonly hasReconnected: boolean;
}

function runOnce(
  build: Build,
  chooser: Chooser,
  options: Omit<WorldOptions, 'chooser'>,
  check: ExploreOptions['check'],
): Run {
  const world = new World({ ...options, chooser });
  const program = build(world);
  // What the program throws and catches is thrown many thousand times: without stacks, which cost most of that.
  const { stackTraceLimit } = Error;
  if (options.keepsRecord !== true) Error.stackTraceLimit = 0;
  let broken: Violation | Error | null = null;
  try {
    const outcome = world.run(program);
    broken = outcome.violation;
    if (broken === null) broken = errorOf(() => check?.(world, outcome));
  } catch (thrown) {
    if (!(thrown instanceof Stop)) throw thrown;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  return { broken, hasReconnected: world.hasReconnected };
}

function errorOf(check: () => void): Error | null {
  try {
    check();
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

// ---- Shrinking

const SHRINK_RUNS = 2000;
const SHRINK_SECONDS = 20;

/** The same violation with fewer choices that are not the first, and a shorter list. */
function shrink(
  build: Build,
  violation: Violation | Error,
  found: readonly number[],
  options: Omit<WorldOptions, 'chooser'>,
  { check, shrinks = true }: ExploreOptions,
  seed: number | null,
): Found {
  let best = trimmed(found);
  let broken = violation;
  let runs = 0;
  const until = performance.now() + SHRINK_SECONDS * 1000;
  const tries = (candidate: readonly number[]): boolean => {
    if (runs++ >= SHRINK_RUNS || performance.now() > until) return false;
    const chooser = new Replay(candidate);
    const again = runOnce(build, chooser, options, check).broken;
    if (again === null || kindOf(again) !== kindOf(violation)) return false;
    // What was taken, which a list that ran out or was cut differs from.
    const taken = trimmed(chooser.taken);
    if (weight(taken) >= weight(best)) return false;
    best = taken;
    broken = again;
    return true;
  };
  for (let isBetter = shrinks; isBetter && runs < SHRINK_RUNS && performance.now() < until; ) {
    isBetter = false;
    // Without a piece of it; then each choice smaller.
    for (let size = best.length >> 1; size > 0; size >>= 1) {
      for (let at = 0; at + size <= best.length; ) {
        if (tries(best.toSpliced(at, size))) isBetter = true;
        else at += size;
      }
    }
    for (let i = 0; i < best.length; i++) {
      for (let value = 0; value < (best[i] ?? 0); value++) {
        if (!tries(best.with(i, value))) continue;
        isBetter = true;
        break;
      }
    }
  }
  return { violation: broken, schedule: formatSchedule(best), options, choices: found.length, seed };
}

const kindOf = (error: Violation | Error) => ('kind' in error ? error.kind : error.name);

// The first choice of each is what happens by itself: it weighs little.
const weight = (choices: readonly number[]) =>
  choices.reduce((sum, choice) => sum + (choice === 0 ? 1 : 100 + choice), 0);

function trimmed(choices: readonly number[]): number[] {
  let end = choices.length;
  while (end > 0 && choices[end - 1] === 0) end--;
  return choices.slice(0, end);
}
