// Where everything is across the diagram, and in which colours; the names of the lanes above it.

import type { Lane } from '../../lanes.ts';
import { between } from './axis.ts';
import { byId, element } from './elements.ts';
import { lanes } from './model.ts';

export const scroller = byId('scroll');

interface Across {
  width: number;
  /** The column of the times; 0 where there is no room for it. */
  gutter: number;
  /** From where to where the wire goes, between the lanes. */
  wire: [number, number];
  /** The lanes' columns, and in each where its line is. */
  columns: { from: number; to: number; line: number }[];
}

/** Set by measure(). */
export const across: Across = { width: 0, gutter: 0, wire: [0, 0], columns: [] };

/** Of page.css, light or dark. */
const names = ['client', 'server', 'data', 'muted', 'line', 'wire', 'now', 'back'] as const;
export const colors = {} as Record<(typeof names)[number], string>;

export function measure(): void {
  const width = scroller.clientWidth;
  const gutter = width < 440 ? 0 : 70;
  const wire = between(width * 0.27, 112, 260);
  const column = (width - gutter - wire) / Math.max(1, lanes.length);
  let x = gutter;
  across.columns = lanes.map(({ side }, i) => {
    if (side === 'right' && (i === 0 || lanes[i - 1].side === 'left')) {
      across.wire = [x, x + wire];
      x += wire;
    }
    const from = x;
    x += column;
    return { from, to: x, line: side === 'left' ? x - 9 : from + 9 };
  });
  if (lanes.every(({ side }) => side === 'left')) across.wire = [x, x + wire];
  Object.assign(across, { width, gutter });
  const style = getComputedStyle(document.documentElement);
  for (const name of names) colors[name] = style.getPropertyValue(`--${name}`).trim();
  drawHeads();
}

export const laneColor = ({ side }: Lane) => (side === 'left' ? colors.client : colors.server);

function drawHeads(): void {
  const head = (text: string, from: number, to: number, kind: string) => {
    const one = element('span', kind, text);
    one.style.left = `${from}px`;
    one.style.width = `${to - from}px`;
    return one;
  };
  byId('heads').replaceChildren(
    ...(across.gutter ? [head('T + ms', 0, across.gutter, 'when')] : []),
    ...lanes.map(({ name, side }, i) => head(name, across.columns[i].from, across.columns[i].to, side)),
    head('wire', ...across.wire, 'wire'),
  );
}
