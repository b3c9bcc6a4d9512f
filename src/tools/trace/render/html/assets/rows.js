// The texts of the diagram: the options of a list, of which only those exist that are in view and have
// room. Below: across.js, axis.js, hex.js (element), words.js, model.js.

import { across } from './across.js';
import { axis, ROW } from './axis.js';
import { element } from './hex.js';
import { steps } from './model.js';
import { briefly, clock, packetBriefly, packetMessage } from './words.js';

export const list = document.getElementById('list');

/** The rows that exist, by their steps, and those that wait to be used again. */
const rows = new Map();
const spare = [];

/** Forgets every row: the lanes have moved. */
export function dropRows() {
  for (const row of rows.values()) row.remove();
  spare.push(...rows.values());
  rows.clear();
}

/** Gives these steps their rows, and no others. */
export function placeRows(wanted, current) {
  for (const [i, row] of rows) {
    if (wanted.has(i)) continue;
    rows.delete(i);
    spare.push(row);
    row.remove();
  }
  for (const i of wanted) {
    const row = rows.get(i) ?? newRow(i);
    row.style.transform = `translateY(${axis.y(i) - ROW / 2}px)`;
    row.setAttribute('aria-selected', i === current);
    row.classList.toggle('later', i > current);
  }
  list.setAttribute('aria-activedescendant', `step-${current}`);
}

/** The steps of a part of the diagram that have room for a row; the current one in any case. */
export function wantedRows({ top, height }, current) {
  const first = axis.nearest(top);
  const end = top + height;
  const wanted = new Set([current]);
  const here = axis.y(current);
  let last = Number.NEGATIVE_INFINITY;
  for (let i = first; i < steps.length; i++) {
    const y = axis.y(i);
    if (y > end) break;
    if (i === current || y - last < ROW || Math.abs(y - here) < ROW) continue;
    wanted.add(i);
    last = y;
  }
  return wanted;
}

function newRow(i) {
  const row = spare.pop() ?? emptyRow();
  rows.set(i, row);
  row.id = `step-${i}`;
  row.setAttribute('aria-setsize', steps.length);
  row.setAttribute('aria-posinset', i + 1);
  fillRow(row, steps[i]);
  // In the order of the steps, for who reads the document and not the picture.
  list.insertBefore(row, [...list.children].find((other) => Number(other.id.slice(5)) > i) ?? null);
  return row;
}

function emptyRow() {
  const texts = ['u', 'b', 'i', 'em'].flatMap((name) => [element(name), ' ']);
  const what = element('span', 'what', element('span', 'tag', ...texts));
  const row = element('div', '', element('span', 'when'), what);
  row.setAttribute('role', 'option');
  return row;
}

function fillRow(row, step) {
  const [when, what] = row.children;
  const [lane, name, detail, message] = what.firstChild.children;
  when.textContent = across.gutter ? clock(step.at) : '';
  when.style.width = `${across.gutter}px`;
  const { packet, call, phase } = step;
  const [from, to] = packet ? across.wire : placeOf(call.lane);
  row.className = packet ? 'segment' : `${call.lane.side} ${phase}`;
  what.style.left = `${from}px`;
  what.style.width = `${to - from}px`;
  const all = packet ? packetMessage(packet) : briefly(call, phase);
  const brief = across.gutter ? all : all.replace('waits ', '').replace(/ bytes?$/, ' B');
  const quoted = brief.indexOf('“');
  lane.textContent = packet ? 'wire:' : `${call.lane.name}:`; // what others see from its place
  name.textContent = packet ? (brief && !across.gutter ? '' : packetBriefly(packet)) : call.name;
  detail.textContent = quoted < 0 ? brief : brief.slice(0, quoted);
  message.textContent = quoted < 0 ? '' : brief.slice(quoted);
}

/** Beside the bars of a lane, away from the wire. */
function placeOf({ i, side }) {
  const { from, to } = across.columns[i];
  return side === 'left' ? [from + 4, to - 22] : [from + 22, to - 4];
}
