// Where a step stands on the time axis, in pixels from its top: every step given the same height (even),
// or as the clock ran (true); and how far it is zoomed.

import { begin, calls, packets, steps } from './model.ts';

/** Pixels above the first and below the last step. */
export const MARGIN = 28;

/** From this height on a row has its text. */
export const ROW = 22;

/** Browsers do not scroll much further than this, in pixels. */
const FARTHEST = 15e6;

/** So long a pause between two steps is drawn as one on the even axis, in nanoseconds. */
const PAUSE = 20e6;

export const total = Math.max(
  1,
  ...calls.map(({ end }) => end - begin),
  ...packets.map(({ at }) => at - begin),
);

export const axis = {
  mode: 'even' as 'even' | 'true',
  /** Of the even axis: pixels for a step. */
  pitch: 30,
  /** Of the true axis: pixels for a nanosecond. */
  scale: 0,
  /** How many pauses there are up to a step. */
  pauses: pausesBefore(),

  y(i: number): number {
    if (steps.length === 0) return MARGIN;
    if (this.mode === 'true') return this.yAt(steps[i].at);
    return MARGIN + (i + this.pauses[i]) * this.pitch;
  },
  /** Of a time, on the true axis. */
  yAt(at: number): number {
    return MARGIN + Math.max(0, at - begin) * this.scale;
  },
  height(): number {
    return steps.length === 0 ? 0 : this.y(steps.length - 1) + MARGIN;
  },
  /** The step nearest to a height. */
  nearest(y: number): number {
    let low = 0;
    let high = steps.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.y(middle) < y) low = middle + 1;
      else high = middle;
    }
    return low > 0 && y - this.y(low - 1) < this.y(low) - y ? low - 1 : low;
  },
  zoom(factor: number, height: number): void {
    if (this.mode === 'even') {
      this.pitch = between(this.pitch * factor, this.fitting(height), 90);
    } else {
      this.scale = between(
        this.scale * factor,
        this.fitting(height),
        Math.max(this.fitting(height), FARTHEST / total),
      );
    }
  },
  /** The pitch or scale at which everything fits into that height. */
  fitting(height: number): number {
    const free = Math.max(1, height - 2 * MARGIN);
    if (this.mode === 'true') return free / total;
    return Math.min(30, free / Math.max(1, steps.length - 1 + (this.pauses.at(-1) ?? 0)));
  },
  fit(height: number): void {
    if (this.mode === 'even') this.pitch = this.fitting(height);
    else this.scale = this.fitting(height);
  },
  /** Changes to the true axis, where steps around i are as far apart, mostly, as on the even one. */
  showTrueAround(i: number, height: number): void {
    this.mode = 'true';
    if (this.scale > 0) return;
    const near = steps.slice(Math.max(0, i - 5), i + 10).map(({ at }) => at);
    const gaps = near.slice(1).map((at, k) => at - near[k]);
    const median = gaps.sort((a, b) => a - b)[gaps.length >> 1] ?? 0;
    this.scale = this.pitch / Math.max(median, 1000);
    this.zoom(1, height);
  },
};

/** Round times that are some 90 pixels apart, from one height to another, on the true axis. */
export function ticks(top: number, bottom: number): number[] {
  const rough = 90 / axis.scale;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((n) => n * power >= rough)!;
  const first = Math.ceil(Math.max(0, (top - MARGIN) / axis.scale) / step);
  const last = Math.floor(Math.min(total, (bottom - MARGIN) / axis.scale) / step);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, k) => begin + (first + k) * step);
}

export const between = (x: number, least: number, most: number) => Math.min(most, Math.max(least, x));

function pausesBefore(): number[] {
  let pauses = 0;
  return steps.map(({ at }, i) => {
    if (i > 0 && at - steps[i - 1].at >= PAUSE) pauses++;
    return pauses;
  });
}
