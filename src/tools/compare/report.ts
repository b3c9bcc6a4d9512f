// What a comparison found: every sample of every contender, and what it was made on.

import type { CallCosts } from './call-costs.ts';
import type { Sample } from './load.ts';

/** One load, and what each contender made of it, round by round. */
export interface Cell {
  connections: number;
  size: number;
  /** Connections beside those, which send nothing. */
  idle: number;
  samples: { contender: string; round: number; sample: Sample }[];
  /** The contenders that could not serve this load, and why. */
  failed: { contender: string; why: string }[];
}

export interface Comparison {
  contenders: { name: string; about: string; missing?: string }[];
  cells: Cell[];
  /** How often each call was made for a message, by contender; absent without strace. */
  syscallsPerMessage: Record<string, Record<string, number>>;
  /** What a call costs, by library; empty where the plan leaves it out. */
  calls: CallCosts;
}

/** What a comparison was made on and with: without it, the figures mean nothing. */
export interface Report extends Comparison {
  date: string;
  machine: Record<string, string>;
}

/** What a cell is called. */
export function titleOf({ connections, size, idle }: Pick<Cell, 'connections' | 'size' | 'idle'>): string {
  return `${connections} connections × ${size} B${idle > 0 ? `, ${idle} idle` : ''}`;
}

/** From this share of the processors on, figures are of a machine that did something else, too. */
const DISTURBED = 0.05;

/** How much of the processors other programs had while the loads ran, and what that means; '' if it is not known. */
export function disturbance(cells: Cell[]): string {
  const known = cells.flatMap(({ samples }) =>
    samples.flatMap(({ sample: { othersShare, seconds } }) =>
      othersShare === undefined ? [] : [{ othersShare, seconds }],
    ),
  );
  const seconds = known.reduce((sum, one) => sum + one.seconds, 0);
  if (seconds === 0) return '';
  const share = known.reduce((sum, one) => sum + one.othersShare * one.seconds, 0) / seconds;
  const had = `other programs had ${(100 * share).toFixed(0)} % of the processors while the loads ran`;
  return share < DISTURBED ? had : `${had}: these figures are not to be relied on`;
}
