// What the page says below a plot: who is ahead of rfds, and who failed and why.

import type { Summary } from './plot-data.ts';
import type { Measure } from './table.ts';

const isOurs = ({ contender }: Summary) => contender.startsWith('rfds');

/**
 * The peers whose median is better than the best of ours, in their order, compared by the digits that are
 * shown. None where there is nothing of ours, or no better direction.
 */
export function ahead(rows: Summary[], { better, digits }: Pick<Measure, 'better' | 'digits'>): string[] {
  if (better === undefined || !rows.some(isOurs)) return [];
  const sign = better === 'more' ? 1 : -1;
  const merit = ({ median }: Summary) => sign * Number(median.toFixed(digits));
  const best = Math.max(...rows.filter(isOurs).map(merit));
  return rows.filter((row) => !isOurs(row) && merit(row) > best).map(({ contender }) => contender);
}

/** A contender or library at one place of the x axis; '' where there is no such axis. */
interface Place {
  name: string;
  x: number | string;
}

/** One line: who is ahead, and where, of so many places. No line if there are no leaders. */
export function leaderNotes(leaders: Place[], unit: string, placeCount: number): string[] {
  if (leaders.length === 0) return [];
  const texts = grouped(leaders, ({ name }) => name).map((rows) => {
    const [{ name, x }] = rows;
    if (x === '') return name;
    return `${name} (${rows.length === placeCount ? 'everywhere' : places(rows, unit)})`;
  });
  return [`Ahead of rfds here: ${texts.join('; ')}.`];
}

/** A line for each who failed, with the reason, and where it was so. */
export function failureNotes(failures: (Place & { why: string })[], unit: string): string[] {
  return grouped(failures, ({ name, why }) => `${name}\n${why}`).map((rows) => {
    const where = places(rows, unit);
    return `${rows[0].name} failed${where && ` with ${where}`}: ${rows[0].why}`;
  });
}

// Map.groupBy came with Node 21.
function grouped<T>(rows: T[], keyOf: (row: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row]);
  return [...groups.values()];
}

const places = (rows: Place[], unit: string) =>
  counted(
    rows.map(({ x }) => x),
    unit,
  );

/** '10, 100, 1,000 connections', '1 connection'. */
export function counted(numbers: (number | string)[], unit: string): string {
  const isOne = numbers.length === 1 && numbers[0] === 1;
  return `${numbers.map((n) => n.toLocaleString('en')).join(', ')} ${isOne ? unit.replace(/s$/, '') : unit}`.trim();
}
