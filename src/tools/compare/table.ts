// The comparison as tables for a terminal: medians, with their spread.

import { max, median, min } from 'simple-statistics';
import type { CallCosts } from './call-costs.ts';
import type { Sample } from './load.ts';
import type { Summary } from './plot-data.ts';
import { type Cell, type Comparison, disturbance, titleOf } from './report.ts';

/** One measure of a sample, and how it is written. */
export interface Measure {
  title: string;
  of: (sample: Sample) => number;
  digits: number;
  /** Which way is better, where one is. */
  better?: 'more' | 'less';
}

/** CPU microseconds of the server for a message. */
const microsPerMessage = ({ server, messages }: Sample) => server.cpuNs / 1000 / messages;

export const measures: Record<string, Measure> = {
  perCpuSecond: {
    title: 'msg per CPU s',
    of: ({ server, messages }) => messages / (server.cpuNs / 1e9),
    digits: 0,
    better: 'more',
  },
  perSecond: {
    title: 'msg per s',
    of: ({ messages, seconds }) => messages / seconds,
    digits: 0,
    better: 'more',
  },
  micros: { title: 'CPU µs per msg', of: microsPerMessage, digits: 2, better: 'less' },
  systemShare: {
    title: 'system %',
    of: ({ server }) => (100 * server.systemTicks) / Math.max(server.userTicks + server.systemTicks, 1),
    digits: 0,
  },
  p50: { title: 'p50 µs', of: ({ latencyMicros }) => latencyMicros.p50, digits: 0, better: 'less' },
  p99: { title: 'p99 µs', of: ({ latencyMicros }) => latencyMicros.p99, digits: 0, better: 'less' },
  p999: { title: 'p99.9 µs', of: ({ latencyMicros }) => latencyMicros.p999, digits: 0, better: 'less' },
  switches: {
    title: 'switches per msg',
    of: ({ server, messages }) => server.switches / messages,
    digits: 3,
    better: 'less',
  },
  memory: { title: 'MiB', of: ({ server }) => server.residentKiB / 1024, digits: 0, better: 'less' },
  load: {
    title: 'load CPU %',
    of: ({ loadCpuSeconds, seconds }) => (100 * loadCpuSeconds) / seconds,
    digits: 0,
  },
};

/** The median and the spread of one measure, by contender, in the order of the contenders. */
export function summarize(cell: Cell, { of }: Measure): Summary[] {
  const byContender = new Map<string, number[]>();
  for (const { contender, sample } of cell.samples) {
    byContender.set(contender, [...(byContender.get(contender) ?? []), of(sample)]);
  }
  return [...byContender].map(([contender, values]) => ({
    contender,
    median: median(values),
    lowest: min(values),
    highest: max(values),
  }));
}

/** Calls per message below this are not shown: made a few times in all, for threads, memory, the clock. */
export const LEAST_COUNT = 0.005;

/** The tables, as lines of text. */
export function tables({ contenders, cells, syscallsPerMessage, calls }: Comparison): string {
  const blocks = cells.map((cell) => {
    const columns = Object.values(measures).map((measure) => ({ measure, rows: summarize(cell, measure) }));
    const header = ['', ...columns.map(({ measure }) => measure.title), '± %'];
    const rows = (columns[0]?.rows ?? []).map(({ contender, median, lowest, highest }, i) => [
      contender,
      ...columns.map(({ measure, rows }) => rows[i].median.toFixed(measure.digits)),
      ((50 * (highest - lowest)) / median).toFixed(0),
    ]);
    const failed = cell.failed.map(({ contender, why }) => `\n${contender}: ${why}`).join('');
    return `${titleOf(cell)}\n${aligned([header, ...rows])}${failed}`;
  });
  const disturbed = disturbance(cells);
  if (disturbed !== '') blocks.unshift(disturbed);
  const counted = Object.entries(syscallsPerMessage).map(([name, counts]) => {
    const largest = Object.entries(counts).filter(([, count]) => count >= LEAST_COUNT);
    return [
      name,
      largest
        .sort((a, b) => b[1] - a[1])
        .map(([call, count]) => `${call} ${count.toFixed(2)}`)
        .join('  '),
    ];
  });
  if (counted.length > 0) {
    blocks.push(
      `system calls per message, 100 connections × 64 B\n${counted.map(([name, text]) => `${name.padEnd(14)} ${text}`).join('\n')}`,
    );
  }
  if (calls.samples.length > 0) blocks.push(`cost per call, ns (over C)\n${aligned(callRows(calls))}`);
  const missing = [...contenders, ...calls.libraries].filter((one) => one.missing !== undefined);
  if (missing.length > 0) {
    blocks.push(`not compared\n${missing.map((one) => `${one.name.padEnd(14)} ${one.missing}`).join('\n')}`);
  }
  return `${blocks.join('\n\n')}\n`;
}

/** A row per library, a column per call: the median, and how much more than C's that is. */
function callRows({ samples }: CallCosts): string[][] {
  const calls = Object.keys(samples[0].nanoseconds);
  const medians = new Map<string, number[]>();
  for (const library of new Set(samples.map((sample) => sample.library))) {
    const own = samples.filter((sample) => sample.library === library);
    medians.set(
      library,
      calls.map((call) => median(own.map(({ nanoseconds }) => nanoseconds[call]))),
    );
  }
  const inC = medians.get('C');
  const rows = [...medians].map(([library, costs]) => [
    library,
    ...costs.map((cost, i) => {
      if (library === 'C' || inC === undefined) return cost.toFixed(0);
      const over = Math.round(cost - inC[i]);
      return `${cost.toFixed(0)} (${over < 0 ? '' : '+'}${over})`;
    }),
  ]);
  return [['', ...calls], ...rows];
}

// The first column to the left, the others to the right.
function aligned(rows: string[][]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((text, i) => (i === 0 ? text.padEnd(widths[i]) : text.padStart(widths[i])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
