// The comparison as one self-contained HTML page: texts and tables written here, plots drawn in the
// reader's browser by Observable Plot, which is inlined, as are the raw samples. Light and dark, wide
// and narrow.

import { bundled, embedded, escaped, filled } from '../page.ts';
import { callSection } from './call-section.ts';
import type { Plot } from './plot-data.ts';
import { cellSections, type Section } from './plots.ts';
import { disturbance, type Report } from './report.ts';
import { LEAST_COUNT } from './table.ts';

/** The page. */
export function page(report: Report): string {
  const sections = [
    ...cellSections(report.cells),
    ...(report.calls.samples.length > 0 ? [callSection(report.calls)] : []),
  ];
  const contenders = report.contenders.map(({ name, about, missing }): [string, string] => [
    name,
    missing === undefined ? about : `${about}: not compared, ${missing}`,
  ]);
  return filled(new URL('assets/', import.meta.url), {
    facts: list(Object.entries({ date: report.date, ...report.machine, ...others(report) })),
    contenders: list(contenders),
    sections: sections.map(sectionHtml).join('') + syscallsHtml(report),
    data: embedded({ plots: sections.flatMap(({ plots }) => plots).filter(isDrawn), report }),
    script: bundled('tools/compare/assets/draw.js'),
  });
}

function others({ cells }: Report): Record<string, string> {
  const text = disturbance(cells);
  return text === '' ? {} : { disturbed: text };
}

function sectionHtml({ title, about, plots }: Section): string {
  const where = `${title}: ${about}`;
  const parts = plots.map((plot) => plotHtml(plot, where)).join('');
  return `<section><h2>${escaped(title)}</h2><p>${escaped(about)}.</p>${parts}</section>`;
}

/** Where every contender failed there is nothing to draw. */
const isDrawn = ({ points }: Plot) => points.length > 0;

/** A plot's texts and figures, and the place where browser/draw.ts puts the plot itself. */
function plotHtml(plot: Plot, where: string): string {
  const notes = plot.notes.map((note) => `<p class="note">${escaped(note)}</p>`).join('');
  const label = `${plot.title}. ${where}`;
  const heading = `<h3>${escaped(plot.title)}</h3><p>${escaped(plot.about)}</p>`;
  if (!isDrawn(plot)) return heading + notes;
  return `${heading}
<div class="plot" role="img" aria-label="${escaped(label)}"></div>
${notes}<details><summary>The medians as a table</summary>${table(label, medians(plot))}</details>`;
}

/** The medians of a plot: a row for each contender, a column for each place of the x axis. */
function medians({ points, x: unit, digits }: Plot): string[][] {
  const names = [...new Set(points.map(({ contender }) => contender))];
  const columns = [...new Set(points.map(({ x }) => x))];
  const rows = names.map((name) => {
    const own = points.filter(({ contender }) => contender === name);
    return [name, ...columns.map((x) => own.find((point) => point.x === x)?.median.toFixed(digits) ?? '')];
  });
  return [[unit, ...columns.map((x) => x.toLocaleString('en') || 'median')], ...rows];
}

/** A table of how often each call is made for a message, the most frequent first. */
function syscallsHtml({ syscallsPerMessage }: Report): string {
  const counted = Object.entries(syscallsPerMessage);
  if (counted.length === 0) return '';
  const calls = [...new Set(counted.flatMap(([, counts]) => Object.keys(counts)))];
  const shown = (count = 0) => (count < LEAST_COUNT ? '' : count.toFixed(2));
  const total = (call: string) => counted.reduce((sum, [, counts]) => sum + (counts[call] ?? 0), 0);
  const rows = calls
    .sort((a, b) => total(b) - total(a))
    .map((call) => [call, ...counted.map(([, counts]) => shown(counts[call]))])
    .filter(([, ...counts]) => counts.some((count) => count !== ''));
  const title = 'System calls per message';
  const about = 'Messages of 64 B, 100 connections';
  return `<section><h2>${title}</h2><p>${about}. Less than ${LEAST_COUNT} is left out.</p>${table(`${title}: ${about}`, [['', ...counted.map(([name]) => name)], ...rows])}</section>`;
}

/** Names and what is said of them. */
function list(pairs: [string, string][]): string {
  const row = ([name, text]: [string, string]) =>
    `<div><dt>${escaped(name)}</dt><dd>${escaped(text)}</dd></div>`;
  return `<dl>${pairs.map(row).join('')}</dl>`;
}

/**
 * A table whose first row and column are headings. Where the page is narrower, it scrolls in a region
 * of its own, which the keyboard reaches.
 */
function table(name: string, [headings, ...rows]: string[][]): string {
  const head = headings
    .map((text) => (text ? `<th scope="col">${escaped(text)}</th>` : '<td></td>'))
    .join('');
  const body = rows
    .map(([heading, ...cells]) => {
      const figures = cells.map((text) => `<td>${escaped(text)}</td>`).join('');
      return `<tr><th scope="row">${escaped(heading)}</th>${figures}</tr>`;
    })
    .join('');
  const label = `aria-label="${escaped(name)}"`;
  return `<div class="table" role="region" tabindex="0" ${label}><table ${label}><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}
