// What a call costs through each library, over what it costs in C: the page's section of calls.

import { max, median, min } from 'simple-statistics';
import type { CallCosts } from './call-costs.ts';
import { ahead, leaderNotes } from './notes.ts';
import type { Point } from './plot-data.ts';
import type { Section } from './plots.ts';

/** What the others are measured against. */
const REFERENCE = 'C';

/** The section, its bars in groups by call. */
export function callSection({ libraries, samples }: CallCosts): Section {
  const reference = samples.filter(({ library }) => library === REFERENCE);
  const calls = [...new Set(samples.flatMap(({ nanoseconds }) => Object.keys(nanoseconds)))];
  const points: Point[] = [];
  const leaders: { name: string; x: string }[] = [];
  for (const call of calls) {
    const inC = reference.flatMap(({ nanoseconds }) => nanoseconds[call] ?? []);
    const rows = libraries.flatMap(({ name }) => {
      const over = name === REFERENCE ? [] : overReference(name, call, samples);
      if (over.length === 0) return [];
      return { contender: name, median: median(over), lowest: min(over), highest: max(over) };
    });
    const x = inC.length > 0 ? `${call} (C: ${median(inC).toFixed(0)} ns)` : call;
    points.push(...rows.map((row) => ({ ...row, x })));
    leaders.push(...ahead(rows, { better: 'less', digits: 0 }).map((name) => ({ name, x: call })));
  }
  const missing = libraries.filter((library) => library.missing !== undefined);
  return {
    title: 'The cost of a call',
    about: libraries
      .filter((library) => library.missing === undefined)
      .map(({ name, about }) => `${name}: ${about}`)
      .join('; '),
    plots: [
      {
        title: 'Nanoseconds per call, over C',
        about:
          'A call that returns at once, made again and again: its time less that of the same call in C, in the same round. Less is better.',
        shape: 'bars',
        x: '',
        digits: 0,
        points,
        notes: [
          ...leaderNotes(leaders, '', calls.length),
          ...missing.map(({ name, missing }) => `${name} was not measured: ${missing}`),
        ],
      },
    ],
  };
}

/** A call's nanoseconds through a library less those of C in the same round, round by round. */
function overReference(library: string, call: string, samples: CallCosts['samples']): number[] {
  const inRound = (name: string, round: number) =>
    samples.find((sample) => sample.library === name && sample.round === round)?.nanoseconds[call];
  return samples
    .filter((sample) => sample.library === library)
    .map(({ round }) => (inRound(library, round) ?? Number.NaN) - (inRound(REFERENCE, round) ?? Number.NaN))
    .filter(Number.isFinite);
}
