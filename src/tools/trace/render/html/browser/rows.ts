// The texts of the diagram: the options of a list, of which only those exist that are in view and have
// room.

import { packetName } from '../../../words.ts';
import type { Lane } from '../../lanes.ts';
import { across } from './across.ts';
import { axis, ROW } from './axis.ts';
import { byId, element } from './elements.ts';
import type { Part } from './marks.ts';
import { clock, type Step, steps } from './model.ts';

export const list = byId('list');

/** The rows that exist, by their steps, and those that wait to be used again. */
const rows = new Map<number, HTMLElement>();
const spare: HTMLElement[] = [];

/** Forgets every row: the lanes have moved. */
export function dropRows(): void {
  for (const row of rows.values()) row.remove();
  spare.push(...rows.values());
  rows.clear();
}

/** Gives these steps their rows, and no others. */
export function placeRows(wanted: Set<number>, current: number): void {
  for (const [i, row] of rows) {
    if (wanted.has(i)) continue;
    rows.delete(i);
    spare.push(row);
    row.remove();
  }
  for (const i of wanted) {
    const row = rows.get(i) ?? newRow(i);
    row.style.transform = `translateY(${axis.y(i) - ROW / 2}px)`;
    row.ariaSelected = String(i === current);
    row.classList.toggle('later', i > current);
  }
  list.setAttribute('aria-activedescendant', `step-${current}`);
}

/** The steps of a part of the diagram that have room for a row; the current one in any case. */
export function wantedRows({ top, height }: Part, current: number): Set<number> {
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

function newRow(i: number): HTMLElement {
  const row = spare.pop() ?? emptyRow();
  rows.set(i, row);
  row.id = `step-${i}`;
  row.ariaSetSize = String(steps.length);
  row.ariaPosInSet = String(i + 1);
  fillRow(row, steps[i]);
  // In the order of the steps, for who reads the document and not the picture.
  list.insertBefore(row, [...list.children].find((other) => Number(other.id.slice(5)) > i) ?? null);
  return row;
}

function emptyRow(): HTMLElement {
  const texts = (['u', 'b', 'i', 'em'] as const).flatMap((name) => [element(name), ' ']);
  const what = element('span', 'what', element('span', 'tag', ...texts));
  const row = element('div', '', element('span', 'when'), what);
  row.setAttribute('role', 'option');
  return row;
}

function fillRow(row: HTMLElement, step: Step): void {
  const [when, what] = row.children as Iterable<HTMLElement>;
  const [lane, name, detail, message] = what.firstElementChild!.children;
  const { packet } = step;
  when.textContent = across.gutter ? `${packet?.inferred ? '≈ ' : ''}${clock(step.at)}` : '';
  when.style.width = `${across.gutter}px`;
  const [from, to] = packet ? across.wire : placeOf(step.call.lane);
  row.className = packet ? 'segment' : `${step.call.lane.side} ${step.phase}`;
  what.style.left = `${from}px`;
  what.style.width = `${to - from}px`;
  const all = packet ? packet.message : step.brief;
  const brief = across.gutter
    ? all
    : all
        .replace('makes', '=')
        .replace(/waits |\bfd /g, '')
        .replace(/ bytes?$/, ' B');
  const quoted = brief.indexOf('“');
  lane.textContent = packet ? 'wire:' : `${step.call.lane.name}:`; // for a screen reader: on the screen its place says it
  name.textContent = packet ? (brief && !across.gutter ? '' : packetName(packet)) : step.call.name;
  detail.textContent = quoted < 0 ? brief : brief.slice(0, quoted);
  message.textContent = quoted < 0 ? '' : brief.slice(quoted);
}

/** Beside the bars of a lane, away from the wire. */
function placeOf({ i, side }: Lane): [number, number] {
  const { from, to } = across.columns[i];
  return side === 'left' ? [from + 4, to - 22] : [from + 22, to - 4];
}
