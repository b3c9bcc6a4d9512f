// Where everything is across the diagram, and in which colours; the names of the lanes above it.
// Below: axis.js (between), hex.js (element), model.js.

import { between } from './axis.js';
import { element } from './hex.js';
import { lanes } from './model.js';

export const scroller = document.getElementById('scroll');

/** Set by measure(): the columns of the lanes, and in each where its line is; the wire between them. */
export const across = { width: 0, gutter: 0, wire: [0, 0], columns: [] };
export const colors = {};

export function measure() {
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
  const color = (name) => style.getPropertyValue(`--${name}`).trim();
  const names = ['client', 'server', 'data', 'muted', 'line', 'wire', 'now', 'back'];
  for (const name of names) colors[name] = color(name);
  drawHeads();
}

export const laneColor = ({ side }) => (side === 'left' ? colors.client : colors.server);

function drawHeads() {
  const head = (text, from, to, kind) => {
    const one = element('span', kind, text);
    one.style.left = `${from}px`;
    one.style.width = `${to - from}px`;
    return one;
  };
  const heads = document.getElementById('heads');
  heads.replaceChildren(
    ...(across.gutter ? [head('T + ms', 0, across.gutter, 'when')] : []),
    ...lanes.map(({ name, side }, i) => head(name, across.columns[i].from, across.columns[i].to, side)),
    head('wire', ...across.wire, 'wire'),
  );
}
