// Grades a server: each stage on a process of its own, one after another, with what the seed gives it.

import { Random } from '../random.ts';
import { Failure } from './client.ts';
import { Trial } from './stage.ts';
import { stages } from './stages.ts';

export interface StageResult {
  /** From 1. */
  stage: number;
  name: string;
  asks: string;
  outcome: 'passed' | 'failed' | 'skipped';
  /** Why it failed, or was skipped. */
  message?: string;
  hint?: string;
  /** What was done, in order; of one that failed. */
  steps?: string[];
  /** The end of what the server wrote; of one that failed. */
  output?: string;
  seconds: number;
}

export interface Grade {
  command: readonly string[];
  seed: number;
  results: StageResult[];
}

export interface GradeOptions {
  command: readonly string[];
  /** By their numbers, from 1. */
  stages: readonly number[];
  seed: number;
  patienceMs: number;
  signal: AbortSignal;
  onBegin?(stage: number, name: string): void;
}

export async function grade(options: GradeOptions): Promise<Grade> {
  const { command, seed } = options;
  const results: StageResult[] = [];
  for (const number of options.stages) results.push(await tried(number, options));
  return { command, seed, results };
}

async function tried(number: number, options: GradeOptions): Promise<StageResult> {
  const { command, seed, patienceMs, signal, onBegin } = options;
  const { name, asks, hint, run } = stages[number - 1];
  onBegin?.(number, name);
  const begin = performance.now();
  // Another seed for each stage: what one asks does not depend on how many were asked before.
  const trial = new Trial(command, new Random(seed * 100 + number), patienceMs, signal);
  const result = { stage: number, name, asks };
  const seconds = () => Math.round(performance.now() - begin) / 1000;
  try {
    const skipped = await run(trial);
    if (skipped !== undefined) return { ...result, outcome: 'skipped', message: skipped, seconds: seconds() };
    if (name !== 'calls') trial.checkAlive();
    return { ...result, outcome: 'passed', seconds: seconds() };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Failure)) throw error;
    const message = [error.message, ...endOf(trial, error)].join('\n');
    const { steps, output } = trial;
    return { ...result, outcome: 'failed', message, hint, steps, output, seconds: seconds() };
  } finally {
    await trial.end();
  }
}

/** That the server has ended is why most else fails. */
function endOf(trial: Trial, { message }: Error): string[] {
  try {
    trial.checkAlive();
    return [];
  } catch (failure) {
    const end = (failure as Error).message;
    return message.includes(end) ||
      message.includes('before it listened') ||
      failure instanceof Failure === false
      ? []
      : [`${end[0].toUpperCase()}${end.slice(1)}.`];
  }
}

export const pointsOf = ({ results }: Grade) => ({
  passed: results.filter(({ outcome }) => outcome === 'passed').length,
  /** One that was skipped counts for nothing. */
  total: results.filter(({ outcome }) => outcome !== 'skipped').length,
});
