// The marks of the diagram on their canvas: calls as bars, packets as arrows, pauses and round times.

import { duration } from '../../../words.ts';
import type { Lane } from '../../lanes.ts';
import { across, colors, laneColor } from './across.ts';
import { axis, between, ROW, ticks } from './axis.ts';
import { byId } from './elements.ts';
import {
  type Call,
  calls,
  clock,
  lanes,
  type Moment,
  moments,
  type Packet,
  packets,
  steps,
} from './model.ts';

const canvas = byId<HTMLCanvasElement>('marks');
const pen = canvas.getContext('2d')!;

/** The height of the band behind the current step, as in page.css. */
export const BAND = 28;

/** A part of the diagram, from top to bottom. */
export interface Part {
  top: number;
  height: number;
}

/** The part that the canvas covers. */
let drawn: Part = { top: 0, height: 0 };

/** Draws the part; there is no room for a tick's time where a row is. */
export function drawMarks(part: Part, current: number, rowHeights: number[]): void {
  drawn = part;
  const ratio = Math.min(2, devicePixelRatio);
  const size = [Math.round(across.width * ratio), Math.round(drawn.height * ratio)];
  if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
  canvas.style.cssText = `top:${drawn.top}px;width:${across.width}px;height:${drawn.height}px`;
  pen.setTransform(ratio, 0, 0, ratio, 0, -drawn.top * ratio);
  pen.clearRect(0, drawn.top, across.width, drawn.height);
  drawLines(current);
  if (axis.mode === 'true') drawTicks(rowHeights);
  const moment = moments[current];
  for (const call of calls) drawCall(call, current, moment);
  for (const packet of packets) drawPacket(packet, current, moment);
  if (axis.mode === 'even') drawPauses();
}

const isDrawn = (from: number, to: number) => to >= drawn.top - 40 && from <= drawn.top + drawn.height + 40;

function drawLines(current: number): void {
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
function extent({ from, to, start, end }: Call): [number, number] {
  if (axis.mode === 'true') {
    const [y, y2] = [axis.yAt(start), axis.yAt(end)];
    return [y, Math.max(y2, y + 3)];
  }
  const half = between(axis.pitch * 0.3, 1, 8);
  return from === to ? [axis.y(to) - half, axis.y(to) + half] : [axis.y(from) - 2, axis.y(to) + 2];
}

function drawCall(call: Call, current: number, moment: Moment): void {
  const [from, to] = extent(call);
  if (!isDrawn(from, to)) return;
  const [y, y2] = [Math.max(from, drawn.top - 40), Math.min(to, drawn.top + drawn.height + 40)];
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
  pen.fillStyle = hatching(laneColor(call.lane));
  pen.fill(bar);
  pen.lineWidth = isLatest ? 2 : 1.25;
  pen.stroke(bar);
}

const patterns = new Map<string, CanvasPattern>();

/** Thin diagonal lines of a colour. */
function hatching(color: string): CanvasPattern {
  const pattern = patterns.get(color) ?? newHatching(color);
  patterns.set(color, pattern);
  return pattern;
}

function newHatching(color: string): CanvasPattern {
  // Twice as large as it will be, for displays of more pixels.
  const size = 12;
  const tile = new OffscreenCanvas(size, size);
  const tilePen = tile.getContext('2d')!;
  tilePen.strokeStyle = color;
  tilePen.lineWidth = 1.75;
  for (const at of [0, size, 2 * size]) {
    tilePen.moveTo(-2, at + 2);
    tilePen.lineTo(size + 2, at - size - 2);
  }
  tilePen.stroke();
  const pattern = pen.createPattern(tile, 'repeat')!;
  pattern.setTransform(new DOMMatrix([0.5, 0, 0, 0.5, 0, 0]));
  return pattern;
}

/**
 * An arrow, a little downward, for no packet is everywhere at once. On the axis of true time it is level, at the packet's
 * one time: how long it was on its way nobody measured.
 */
function drawPacket(packet: Packet, current: number, moment: Moment): void {
  const y = axis.y(packet.step);
  if (!isDrawn(y, y)) return;
  const [x, x2] = ends(packet);
  const slant = axis.mode === 'even' ? between(axis.pitch * 0.26, 0, 10) : 0;
  const direction = Math.sign(x2 - x);
  const isData = packet.tcp !== null && packet.tcp.payloadLength > 0;
  pen.globalAlpha = packet.step > current ? 0.35 : 1;
  pen.strokeStyle = pen.fillStyle = isData ? colors.data : colors.muted;
  const height = axis.mode === 'even' ? axis.pitch : ROW;
  pen.lineWidth = moment.packet === packet ? 2.5 : between(height / 8, 0.25, 1.5);
  pen.setLineDash(packet.inferred ? [4, 4] : []);
  pen.beginPath();
  pen.moveTo(x, y - slant);
  pen.lineTo(x2 - direction * 4, y + slant * 0.96);
  pen.stroke();
  pen.setLineDash([]);
  if (height < 8) return; // too low for a head
  pen.beginPath();
  pen.moveTo(x2, y + slant);
  pen.lineTo(x2 - direction * 9, y + slant - 5.5);
  pen.lineTo(x2 - direction * 9, y + slant + 3.5);
  pen.fill();
}

/** Between the bars of two lanes, or of one and the far side of the wire. */
function ends({ source, destination }: Packet): [number, number] {
  const far = (lane: Lane | undefined) => across.wire[lane?.side === 'left' ? 1 : 0];
  const edge = ({ i, side }: Lane) => across.columns[i].line + (side === 'left' ? 7 : -7);
  const at = (lane: Lane | undefined, other: Lane | undefined) =>
    lane === undefined || lane === other ? far(other) : edge(lane);
  if (source === undefined && destination === undefined) return across.wire;
  const x = source === undefined ? far(destination) : edge(source);
  return [x, at(destination, source)];
}

/** Lines across all lanes at round times, and, where there is room for them, the times. */
function drawTicks(taken: number[]): void {
  pen.textAlign = 'right';
  pen.textBaseline = 'middle';
  pen.font = '12px system-ui, sans-serif';
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

function drawPauses(): void {
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
