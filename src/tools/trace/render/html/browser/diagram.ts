// The three lanes: marks on a canvas and texts in rows, made for what is in view and a screen above and
// below it, so that they scroll together.

import { measure, scroller } from './across.ts';
import { axis, between } from './axis.ts';
import { byId } from './elements.ts';
import { BAND, drawMarks, type Part } from './marks.ts';
import { steps } from './model.ts';
import { dropRows, placeRows, wantedRows } from './rows.ts';

/** What scrolls, as high as the axis. */
export const canvasArea = byId('room');
const nowBand = byId('now');

/** The part that is drawn. */
let part: Part = { top: 0, height: 0 };

/** The drawing of the marks that the next frame is to do: one, however many keys come before it. */
let marks: (() => void) | undefined;

/** Makes the diagram as high as the axis is now. */
export function resize(): number {
  const height = Math.max(axis.height(), scroller.clientHeight);
  canvasArea.style.height = `${height}px`;
  return height;
}

export function draw(current: number): void {
  if (steps.length === 0) return;
  const height = resize();
  const screen = scroller.clientHeight;
  const top = between(scroller.scrollTop - screen, 0, Math.max(0, height - 3 * screen));
  part = { top, height: Math.min(height, 3 * screen) };
  const wanted = wantedRows(part, current);
  placeRows(wanted, current);
  if (marks === undefined) requestAnimationFrame(drawLast);
  marks = () =>
    drawMarks(
      part,
      current,
      [...wanted].map((i) => axis.y(i)),
    );
  nowBand.style.transform = `translateY(${axis.y(current) - BAND / 2}px)`;
}

function drawLast(): void {
  const draw = marks;
  marks = undefined;
  draw?.();
}

/** Draws for a size or colours that have changed. */
export function redraw(current: number): void {
  measure();
  dropRows();
  draw(current);
}

/** Whether the view is near the end of what is drawn, and there is more. */
export function isAtEnd(): boolean {
  const { scrollTop, clientHeight } = scroller;
  const near = clientHeight / 3;
  const isAbove = part.top > 0 && scrollTop < part.top + near;
  const end = part.top + part.height;
  return isAbove || (end < axis.height() && scrollTop + clientHeight > end - near);
}
