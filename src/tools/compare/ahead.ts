// Who else does better than every loop of rfds: the comparison says so itself, nobody has to look for
// it. Above: plots.ts. Below: table.ts.

import type { Measure, Summary } from './table.ts';

const isOurs = ({ contender }: Summary) => contender.startsWith('rfds');

/**
 * The peers whose median is better than our best one, in their order, by the digits that are shown:
 * where those are the same, nobody is ahead. Nobody is either where we, or the direction, are absent.
 */
export function ahead(rows: Summary[], { better, digits }: Pick<Measure, 'better' | 'digits'>): string[] {
  if (better === undefined || !rows.some(isOurs)) return [];
  const sign = better === 'more' ? 1 : -1;
  const merit = ({ median }: Summary) => sign * Number(median.toFixed(digits));
  const best = Math.max(...rows.filter(isOurs).map(merit));
  return rows.filter((row) => !isOurs(row) && merit(row) > best).map(({ contender }) => contender);
}
