// Draws the page's plots with Observable Plot (on d3), at the width that there is, and again when that changes. The figures were computed by plots.ts and call-section.ts; here they become marks.

import * as Observable from '@observablehq/plot';
import * as d3 from 'd3';
import type { Plot, Point } from '../plot-data.ts';

interface PageData {
  plots: Plot[];
  report: { contenders: { name: string }[] };
}

const { plots, report }: PageData = JSON.parse(document.getElementById('data')!.textContent!);

// Cool colours are ours, warm ones and grey the others'. Each has a contrast of 3 at least against
// the light and the dark background, and a symbol besides, for a reader who does not see the colour.
const ours = ['#2f7ed8', '#0e9199', '#3c9a46', '#8570e0', '#1f8fbf'];
const others = ['#d0463b', '#7f868f', '#6f7a3a', '#c2418c', '#9c6b4a', '#c47a00'];
const symbols = [
  ...['circle', 'square', 'triangle', 'diamond', 'star', 'wye', 'cross'],
  ...['plus', 'times', 'asterisk', 'hexagon', 'triangle2', 'square2', 'diamond2'],
];

/** Below this, in CSS pixels, a legend takes the place of names at the ends of lines. */
const WIDE = 600;

const style = { background: 'transparent', fontSize: '12px', fontFamily: 'inherit' };

/** A scale: names, and what stands for each. */
interface Scale {
  domain: string[];
  range: string[];
}

/** The scales that give each of these names a colour and a symbol. */
function stylesOf(domain: string[]): { color: Scale; symbol: Scale } {
  const left = { ours: [...ours], others: [...others] };
  const range = domain.map((name) => left[name.startsWith('rfds') ? 'ours' : 'others'].shift() ?? others[1]);
  const shapes = domain.map((_, i) => symbols[i % symbols.length]);
  return { color: { domain, range }, symbol: { domain, range: shapes } };
}

const distinct = <K extends 'contender' | 'x'>(points: Point[], key: K) => [
  ...new Set(points.map((point) => point[key])),
];

// One for the whole page: a contender looks the same in every plot. One that is missing may have been
// there for some cells.
const seen = distinct(
  plots.flatMap(({ points }) => points),
  'contender',
);
const contenders = stylesOf(report.contenders.map(({ name }) => name).filter((name) => seen.includes(name)));

/** 1.5k, 20k; but 0.001, not 1m. */
const short = (n: number) => (Math.abs(n) >= 1000 ? d3.format('~s')(n) : d3.format('~')(n));

const tip = ({ contender, median, lowest, highest }: Point, digits: number, where: string) =>
  `${contender}${where}\n${median.toFixed(digits)} (${lowest.toFixed(digits)} to ${highest.toFixed(digits)})`;

/** A line for each contender over the connections, sizes or idle connections. */
function lines({ points, x, digits }: Plot, width: number): Element {
  const wide = width >= WIDE;
  const names = distinct(points, 'contender');
  const shown = { x: 'x', stroke: 'contender', ariaLabel: 'contender' };
  const margins = { marginLeft: 48, marginRight: wide ? 124 : 16, marginTop: 16, marginBottom: 40 };
  const xTicks = apart(distinct(points, 'x') as number[], width - margins.marginLeft - margins.marginRight);
  const { ticks: yTicks, ...y } = yScale(points, digits);
  return Observable.plot({
    width,
    height: wide ? 420 : 320,
    ...margins,
    style,
    color: contenders.color,
    symbol: { ...contenders.symbol, domain: names, range: rangeOf(contenders.symbol, names), legend: !wide },
    x: { type: 'log' },
    y,
    marks: [
      // As text, for Plot's own format of logarithmic axes leaves some ticks without any.
      Observable.axisX(xTicks, {
        text: (n: number) => n.toLocaleString('en'),
        label: x,
        labelArrow: 'none',
        labelAnchor: 'center',
      }),
      Observable.axisY(yTicks, { text: short, label: null }),
      Observable.gridY(yTicks),
      Observable.ruleX(points, { ...shown, y1: 'lowest', y2: 'highest', strokeOpacity: 0.5 }),
      Observable.line(points, { ...shown, y: 'median', z: 'contender', strokeWidth: 1.75 }),
      Observable.dot(points, { ...shown, y: 'median', fill: 'contender', symbol: 'contender', r: 3.5 }),
      Observable.tip(
        points,
        Observable.pointer({
          x: 'x',
          y: 'median',
          title: (d: Point) => tip(d, digits, `, ${d.x.toLocaleString('en')} ${x}`),
        }),
      ),
      wide ? namesAtEnds(points) : null,
    ],
  });
}

const rangeOf = ({ domain, range }: Scale, names: string[]) =>
  names.map((name) => range[domain.indexOf(name)]);

/** Those of the values whose labels do not overlap on a logarithmic axis of that many pixels. */
function apart(values: number[], pixels: number): number[] {
  const at = d3.scaleLog(d3.extent(values), [0, pixels]);
  const digits = (value: number) => value.toLocaleString('en').length;
  const kept: number[] = [];
  for (const value of [...values].sort(d3.descending)) {
    const next = kept.at(-1);
    const needed = 6 + (7 * (digits(next ?? 0) + digits(value))) / 2;
    if (next === undefined || at(next) - at(value) >= needed) kept.push(value);
  }
  return kept;
}

type YScale = Pick<Observable.ScaleOptions, 'type' | 'domain' | 'constant'> & { ticks: number[] };

/** Logarithmic where the medians span a factor of ten; with a place for 0 where there are such. */
function yScale(points: Point[], digits: number): YScale {
  const most = d3.max(points, ({ highest }) => highest);
  const positive = points.map(({ median }) => median).filter((median) => median > 0);
  if (positive.length === 0 || d3.max(positive) / d3.min(positive) < 10) {
    return { type: 'linear', domain: [0, most], ticks: d3.ticks(0, most, 6) };
  }
  if (points.every(({ lowest }) => lowest > 0)) return { type: 'log', ticks: roundTicks(points) };
  const powers = d3.range(-digits, Math.floor(Math.log10(most)) + 1).map((power) => 10 ** power);
  return { type: 'symlog', constant: 10 ** -digits, ticks: [0, ...powers] };
}

/** 1, 2, 5, 10 and so on, within the spread; only the powers of ten where it is wide. */
function roundTicks(points: Point[]): number[] {
  const least = Math.log10(d3.min(points, ({ lowest }) => lowest));
  const most = Math.log10(d3.max(points, ({ highest }) => highest));
  const steps = most - least > 3 ? [1] : [1, 2, 5];
  return d3
    .range(Math.floor(least), Math.ceil(most) + 1)
    .flatMap((power) => steps.map((step) => step * 10 ** power))
    .filter((tick) => Math.log10(tick) >= least && Math.log10(tick) <= most);
}

/** A mark: each name where its line ends, moved up or down until no two overlap. */
function namesAtEnds(points: Point[]): Observable.RenderFunction {
  return (_index, scales, _values, { marginTop, height, marginBottom }) => {
    const [x, y] = [scales.x!, scales.y!] as ((value: number | string) => number)[];
    const layer = d3.create('svg:g').attr('aria-label', 'names').attr('text-anchor', 'start');
    const ends = distinct(points, 'contender').map(
      (name) => points.findLast((point) => point.contender === name)!,
    );
    for (const [place, group] of d3.group(ends, (end) => end.x)) {
      const heights = spread(
        group.map((end) => y(end.median)),
        14,
        marginTop,
        height - marginBottom,
      );
      group.forEach((end, i) => {
        const from: [number, number] = [x(place) + 5, y(end.median)];
        const to: [number, number] = [x(place) + 16, heights[i]];
        layer
          .append('path')
          .attr('d', d3.line()([from, to]))
          .attr('stroke', rangeOf(contenders.color, [end.contender])[0])
          .attr('fill', 'none');
        layer
          .append('text')
          .attr('x', to[0] + 3)
          .attr('y', to[1])
          .attr('dy', '0.32em')
          .attr('fill', 'currentColor')
          .attr('stroke', 'var(--back)')
          .attr('stroke-width', 3)
          .attr('paint-order', 'stroke')
          .text(end.contender);
      });
    }
    return layer.node();
  };
}

/** The heights, moved as little as brings them `gap` apart, between top and bottom. */
function spread(heights: number[], gap: number, top: number, bottom: number): number[] {
  const order = d3.range(heights.length).sort((a, b) => heights[a] - heights[b]);
  const moved = order.map((i) => heights[i]);
  for (let pass = 0; pass < 200; pass++) {
    for (let i = 1; i < moved.length; i++) {
      const overlap = gap - (moved[i] - moved[i - 1]);
      if (overlap > 0) {
        moved[i - 1] = Math.max(top, moved[i - 1] - overlap / 2);
        moved[i] = Math.min(bottom, moved[i] + overlap / 2);
      }
    }
  }
  const result: number[] = [];
  order.forEach((i, rank) => {
    result[i] = moved[rank];
  });
  return result;
}

/** A bar for each contender, in groups where the points have them, with its name and figure. */
function bars({ points, digits }: Plot, width: number): Element {
  const names = distinct(points, 'contender');
  const groups = distinct(points, 'x');
  const { color } = names.every((name) => contenders.color.domain.includes(name))
    ? contenders
    : stylesOf(names);
  const bar = { y: 'contender', fy: 'x', ariaLabel: 'contender' };
  const figure = ({ median }: Point) => median.toFixed(digits);
  return Observable.plot({
    width,
    height: 40 + groups.length * (names.length * 18 + (groups.length > 1 ? 30 : 0)),
    marginLeft: 112,
    marginRight: 64,
    style,
    color,
    x: { grid: true, label: null, ticks: Math.min(8, width / 80), tickFormat: short },
    y: { domain: names, label: null, tickSize: 0 },
    fy: { domain: groups, axis: null, padding: groups.length > 1 ? 0.3 : 0 },
    marks: [
      Observable.barX(points, { ...bar, x: 'median', fill: 'contender', insetTop: 1, insetBottom: 1 }),
      Observable.ruleY(points, { ...bar, x1: 'lowest', x2: 'highest' }),
      Observable.text(points, {
        ...bar,
        x: (d: Point) => Math.max(0, d.highest),
        text: figure,
        textAnchor: 'start',
        dx: 4,
      }),
      Observable.text(groups, {
        fy: (group: string) => group,
        text: (group: string) => group,
        frameAnchor: 'top-left',
        dx: -112,
        dy: -14,
        textAnchor: 'start',
        fontWeight: 600,
      }),
      Observable.ruleX([0]),
    ],
  });
}

function draw(): void {
  document.querySelectorAll<HTMLElement>('.plot').forEach((place, i) => {
    const plot = plots[i];
    const drawn = (plot.shape === 'lines' ? lines : bars)(plot, place.clientWidth);
    // The place has a name and the table the figures: the marks would only be in the way.
    drawn.setAttribute('aria-hidden', 'true');
    place.replaceChildren(drawn);
  });
}

draw();
let width = innerWidth;
let redraw: number | undefined;
addEventListener('resize', () => {
  if (innerWidth === width) return; // a phone's address bar comes and goes
  width = innerWidth;
  clearTimeout(redraw);
  redraw = setTimeout(draw, 100);
});
