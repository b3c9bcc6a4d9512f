// The three lanes: calls as bars, packets as arrows, drawn on a canvas around what is in view; the texts
// are the options of a list, of which only those in view exist. Below: axis.js, words.js, model.js.

import { axis, between, ROW, ticks } from './axis.js';
import { calls, lanes, moments, packets, steps } from './model.js';
import { briefly, clock, duration, packetBriefly, packetMessage } from './words.js';

export const scroller = document.getElementById('scroll');
export const room = document.getElementById('room');
const canvas = document.getElementById('marks');
export const list = document.getElementById('list');
const nowBand = document.getElementById('now');
const pen = canvas.getContext('2d');

/** The height of the band behind the current step, as in page.css. */
const BAND = 28;

/** Where everything is across: set by measure(). */
const across = { width: 0, gutter: 0, wire: [0, 0], columns: [] };
let colors = {};
/** The part that the canvas covers, which is more than what is in view. */
export let drawn = { top: 0, height: 0 };
/** The rows that exist, by their steps, and those that wait to be used again. */
export const rows = new Map();
export const spare = [];

export function measure() {
  const width = scroller.clientWidth;
  const gutter = width < 440 ? 0 : 76;
  const wire = between(width * 0.3, 116, 260);
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
  colors = Object.fromEntries(
    ['client', 'server', 'data', 'ink', 'muted', 'line', 'wire', 'now', 'back'].map((name) => [
      name,
      color(name),
    ]),
  );
  drawHeads();
}

const laneColor = ({ side }) => (side === 'left' ? colors.client : colors.server);

function drawHeads() {
  const head = (text, from, to, kind) => {
    const one = document.createElement('span');
    one.className = kind;
    one.textContent = text;
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

/** Draws what is in view, and a screen above and below it. */
export function draw(current) {
  if (steps.length === 0) return;
  const height = Math.max(axis.height(), scroller.clientHeight);
  room.style.height = `${height}px`;
  const screen = scroller.clientHeight;
  const top = between(scroller.scrollTop - screen, 0, Math.max(0, height - 3 * screen));
  drawn = { top, height: Math.min(height, 3 * screen) };
  const ratio = Math.min(2, devicePixelRatio);
  const size = [Math.round(across.width * ratio), Math.round(drawn.height * ratio)];
  if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
  canvas.style.cssText = `top:${top}px;width:${across.width}px;height:${drawn.height}px`;
  pen.setTransform(ratio, 0, 0, ratio, 0, -top * ratio);
  pen.clearRect(0, top, across.width, drawn.height);
  drawLines(current);
  if (axis.mode === 'true') drawTicks(current);
  const moment = moments[current];
  for (const call of calls) drawCall(call, current, moment);
  for (const packet of packets) drawPacket(packet, current, moment);
  if (axis.mode === 'even') drawPauses();
  placeRows(current);
}

const isDrawn = (from, to) => to >= drawn.top - 40 && from <= drawn.top + drawn.height + 40;

function drawLines(current) {
  const { top, height } = drawn;
  pen.globalAlpha = 1;
  pen.fillStyle = colors.wire;
  pen.fillRect(across.wire[0], top, across.wire[1] - across.wire[0], height);
  pen.fillStyle = colors.now;
  pen.fillRect(across.wire[0], axis.y(current) - BAND / 2, across.wire[1] - across.wire[0], BAND);
  lanes.forEach((lane, i) => {
    pen.globalAlpha = 0.3;
    pen.fillStyle = laneColor(lane);
    pen.fillRect(across.columns[i].line - 1, top, 2, height);
  });
}

/** From where to where a call's bar goes. A call that begins and ends in one step has room of its own. */
function extent({ from, to, start, end }) {
  if (axis.mode === 'true') {
    const [y, y2] = [axis.yAt(start), axis.yAt(end)];
    return [y, Math.max(y2, y + 3)];
  }
  const half = between(axis.pitch * 0.3, 1, 8);
  return from === to ? [axis.y(to) - half, axis.y(to) + half] : [axis.y(from) - 2, axis.y(to) + 2];
}

function drawCall(call, current, moment) {
  const [y, y2] = extent(call);
  if (!isDrawn(y, y2)) return;
  const x = across.columns[call.lane.i].line;
  const isLatest = moment.calls[call.lane.i] === call;
  const half = isLatest ? 7 : 5;
  const bar = new Path2D();
  bar.roundRect(x - half, y, 2 * half, y2 - y, Math.min(3, (y2 - y) / 2));
  pen.globalAlpha = 1;
  pen.fillStyle = colors.back;
  pen.fill(bar);
  pen.globalAlpha = call.from > current ? 0.35 : 1;
  pen.strokeStyle = pen.fillStyle = laneColor(call.lane);
  if (!call.slept || (call.from === call.to && axis.mode === 'even')) {
    pen.fill(bar);
    return;
  }
  // Asleep: hollow, with a hatching.
  pen.save();
  pen.clip(bar);
  pen.lineWidth = 1;
  pen.beginPath();
  const first = Math.max(y, drawn.top - 40);
  for (let at = first - (first % 6); at < Math.min(y2, drawn.top + drawn.height) + 16; at += 6) {
    pen.moveTo(x - 8, at);
    pen.lineTo(x + 8, at - 12);
  }
  pen.stroke();
  pen.restore();
  pen.lineWidth = isLatest ? 2 : 1.25;
  pen.stroke(bar);
}

/** An arrow, a little downward, for no packet is anywhere at once. */
function drawPacket(packet, current, moment) {
  const y = axis.y(packet.step);
  if (!isDrawn(y, y)) return;
  const [x, x2] = ends(packet);
  const slant = axis.mode === 'even' ? between(axis.pitch * 0.26, 0, 10) : 5;
  const direction = Math.sign(x2 - x);
  const isData = packet.tcp?.payloadLength > 0;
  pen.globalAlpha = packet.step > current ? 0.35 : 1;
  pen.strokeStyle = pen.fillStyle = isData ? colors.data : colors.muted;
  const room = axis.mode === 'even' ? axis.pitch : ROW;
  pen.lineWidth = moment.packet === packet ? 2.5 : between(room / 8, 0.25, 1.5);
  pen.setLineDash(packet.inferred ? [4, 4] : []);
  pen.beginPath();
  pen.moveTo(x, y - slant);
  pen.lineTo(x2 - direction * 4, y + slant * 0.96);
  pen.stroke();
  pen.setLineDash([]);
  if (room < 8) return; // no room for a head
  pen.beginPath();
  pen.moveTo(x2, y + slant);
  pen.lineTo(x2 - direction * 9, y + slant - 5.5);
  pen.lineTo(x2 - direction * 9, y + slant + 3.5);
  pen.fill();
}

/** Between the bars of two lanes, or of one and the far side of the wire. */
function ends({ source, destination }) {
  const far = (lane) => across.wire[lane?.side === 'left' ? 1 : 0];
  const edge = (lane, i) => across.columns[i].line + (lane.side === 'left' ? 7 : -7);
  const at = (lane, other) =>
    lane === undefined || (lane === other && lane !== undefined) ? far(other) : edge(lane, lane.i);
  if (source === undefined && destination === undefined) return across.wire;
  const x = source === undefined ? far(destination) : edge(source, source.i);
  return [x, at(destination, source)];
}

/** Lines across all lanes at round times, and, where there is room for them, the times. */
function drawTicks(current) {
  pen.textAlign = 'right';
  pen.textBaseline = 'middle';
  pen.font = '12px system-ui, sans-serif';
  const taken = wantedRows(current).map((i) => axis.y(i));
  for (const at of ticks(drawn.top, drawn.top + drawn.height)) {
    const y = axis.yAt(at);
    pen.globalAlpha = 1;
    pen.fillStyle = colors.line;
    pen.fillRect(across.gutter, y, across.width - across.gutter, 1);
    if (across.gutter === 0 || taken.some((other) => Math.abs(other - y) < ROW)) continue;
    pen.fillStyle = colors.muted;
    pen.fillText(clock(at), across.gutter - 8, y);
  }
}

function drawPauses() {
  pen.globalAlpha = 1;
  pen.fillStyle = colors.muted;
  pen.font = '12px system-ui, sans-serif';
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  for (let i = 1; i < steps.length; i++) {
    const y = axis.y(i) - axis.pitch;
    if (axis.pauses[i] === axis.pauses[i - 1] || !isDrawn(y, y) || axis.pitch < 14) continue;
    const middle = (across.wire[0] + across.wire[1]) / 2;
    pen.fillText(`${duration(steps[i].at - steps[i - 1].at)} pass`, middle, y);
  }
}

/** Gives the steps in view that have room their rows, the current one in any case. */
function placeRows(current) {
  const wanted = new Set(wantedRows(current));
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
  nowBand.style.transform = `translateY(${axis.y(current) - BAND / 2}px)`;
}

function wantedRows(current) {
  const first = axis.nearest(drawn.top);
  const end = drawn.top + drawn.height;
  const wanted = [current];
  const here = axis.y(current);
  let last = Number.NEGATIVE_INFINITY;
  for (let i = first; i < steps.length; i++) {
    const y = axis.y(i);
    if (y > end) break;
    if (i === current || y - last < ROW || Math.abs(y - here) < ROW) continue;
    wanted.push(i);
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
  const row = document.createElement('div');
  row.setAttribute('role', 'option');
  for (const name of ['when', 'what']) row.appendChild(document.createElement('span')).className = name;
  const tag = row.lastChild.appendChild(document.createElement('span'));
  tag.className = 'tag';
  tag.append(...['u', 'b', 'i', 'em'].flatMap((name) => [document.createElement(name), ' ']));
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
  const brief = packet ? packetMessage(packet) : briefly(call, phase);
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
