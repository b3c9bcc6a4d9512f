// What the page plots of the cells, as data: sweeps of cells, titles, medians, and the notes below.

import { ahead, counted, failureNotes, leaderNotes } from './notes.ts';
import type { Plot } from './plot-data.ts';
import type { Cell } from './report.ts';
import { type Measure, measures, summarize } from './table.ts';

/** A section of the page. */
export interface Section {
  title: string;
  about: string;
  plots: Plot[];
}

type View = Pick<Plot, 'title' | 'about'> & { measure: Measure };

const ordinaryViews: View[] = [
  {
    measure: measures.perCpuSecond,
    title: 'Messages per second of the server’s CPU',
    about: 'What a message costs. More is better.',
  },
  {
    measure: measures.perSecond,
    title: 'Messages per second',
    about: 'With the load on the other core. More is better.',
  },
  {
    measure: measures.p50,
    title: 'Median latency, µs',
    about: 'From send to the whole answer, with one message in flight on each connection. Less is better.',
  },
  { measure: measures.p99, title: '99th percentile of latency, µs', about: 'Less is better.' },
  {
    measure: measures.switches,
    title: 'Context switches per message',
    about: 'How often the server went to sleep or was put aside. Less is better.',
  },
  { measure: measures.memory, title: 'Resident memory, MiB', about: 'Less is better.' },
];

const idleViews: View[] = [
  {
    measure: measures.micros,
    title: 'CPU time of the server per message, µs',
    about: 'What it costs to find the few that speak among the many that do not. Less is better.',
  },
];

/** The sections that show the cells. */
export function cellSections(cells: Cell[]): Section[] {
  const tried = cells.filter(({ samples, failed }) => samples.length + failed.length > 0);
  return sweeps(tried).map((sweep) => {
    const [{ idle }] = sweep.cells;
    return {
      title: sweep.along ? axes[sweep.along].title : 'One load',
      about: alikeIn(sweep),
      plots: (idle > 0 ? idleViews : ordinaryViews).map((view) => plot(view, sweep)),
    };
  });
}

/** What the cells of a sweep have in common: 'Messages of 64 B, 100 connections'. */
function alikeIn({ along, cells: [{ connections, size, idle }] }: Sweep): string {
  const parts: string[] = [];
  if (along !== 'size') parts.push(`Messages of ${size.toLocaleString('en')} B`);
  if (along !== 'connections') parts.push(counted([connections], 'connections'));
  if (along === null && idle > 0) parts.push(counted([idle], 'idle connections'));
  return parts.join(', ');
}

function plot({ measure, title, about }: View, { along, cells }: Sweep): Plot {
  const unit = along ? axes[along].unit : '';
  const columns = cells.map((cell) => ({
    x: along ? cell[along] : '',
    rows: summarize(cell, measure),
    failed: cell.failed,
  }));
  const leaders = columns.flatMap(({ x, rows }) => ahead(rows, measure).map((name) => ({ name, x })));
  const failures = columns.flatMap(({ x, failed }) =>
    failed.map(({ contender, why }) => ({ name: contender, why, x })),
  );
  return {
    title,
    about,
    shape: along ? 'lines' : 'bars',
    x: unit,
    digits: measure.digits,
    points: columns.flatMap(({ x, rows }) => rows.map((row) => ({ ...row, x }))),
    notes: [...leaderNotes(leaders, unit, columns.length), ...failureNotes(failures, unit)],
  };
}

const axes = {
  connections: { title: 'The number of connections', unit: 'connections' },
  size: { title: 'The size of a message', unit: 'bytes' },
  idle: { title: 'Idle connections', unit: 'idle connections' },
};
type Axis = keyof typeof axes;
const axisNames = Object.keys(axes) as Axis[];

/** Cells that are alike but for one number, which grows along the x axis of their plots. */
export interface Sweep {
  /** What grows from cell to cell; null: this cell is in no sweep. */
  along: Axis | null;
  cells: [Cell, ...Cell[]];
}

/** Every cell is in one sweep at least, and those of the first axes come first. */
export function sweeps(cells: Cell[]): Sweep[] {
  const found = axisNames.flatMap((along) => sweepsAlong(along, cells));
  const swept = new Set(found.flatMap((sweep) => sweep.cells));
  const alone = cells.filter((cell) => !swept.has(cell));
  return [...found, ...alone.map((cell): Sweep => ({ along: null, cells: [cell] }))];
}

function sweepsAlong(along: Axis, cells: Cell[]): Sweep[] {
  const alike = new Map<string, Cell[]>();
  for (const cell of cells) {
    // Cells with idle connections have their own axis, and are on no other.
    if ((along === 'idle') !== cell.idle > 0) continue;
    const key = axisNames.map((axis) => (axis === along ? '' : cell[axis])).join();
    alike.set(key, [...(alike.get(key) ?? []), cell]);
  }
  return [...alike.values()]
    .filter((group) => group.length > 1)
    .map((group) => ({ along, cells: group.sort((a, b) => a[along] - b[along]) as Sweep['cells'] }));
}
