// The comparison as one self-contained HTML page: plots drawn by Observable Plot, which is inlined,
// as are the raw samples. Light and dark, wide and narrow. Above: command.ts.

import { readFileSync } from 'node:fs';
import type { Report } from './command.ts';
import { measures, summarize } from './table.ts';

const asset = (name: string) => readFileSync(new URL(`assets/${name}`, import.meta.url), 'utf8');

/** Text for HTML, and JSON for a script element. */
const escaped = (text: string) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
const embedded = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c');

/** What the page plots: a row per cell, contender and measure. */
function rows(report: Report) {
  return report.cells.flatMap((cell) =>
    Object.entries(measures).flatMap(([measure, how]) =>
      summarize(cell, how).map((summary) => ({
        ...summary,
        measure,
        connections: cell.connections,
        size: cell.size,
      })),
    ),
  );
}

/** The page. */
export function page(report: Report): string {
  const facts = Object.entries({ date: report.date, ...report.machine });
  const contenders = report.contenders.map(({ name, about, missing }) => [
    name,
    missing ? `${about}: not compared, ${missing}` : about,
  ]);
  const list = (pairs: string[][]) =>
    `<dl>${pairs.map(([name, text]) => `<div><dt>${escaped(name)}</dt><dd>${escaped(text)}</dd></div>`).join('')}</dl>`;
  return asset('page.html')
    .replace('{{facts}}', () => list(facts))
    .replace('{{contenders}}', () => list(contenders))
    .replace('{{d3}}', () => asset('d3.min.js'))
    .replace('{{plot}}', () => asset('plot.umd.min.js'))
    .replace('{{data}}', () => embedded({ rows: rows(report), report }));
}
