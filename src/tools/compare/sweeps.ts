// Which cells belong together: a sweep is alike but for one number, which grows along the x axis of
// its plots. Above: plots.ts.

import type { Cell } from './report.ts';

export const axes = {
  connections: { title: 'The number of connections', unit: 'connections' },
  size: { title: 'The size of a message', unit: 'bytes' },
  idle: { title: 'Idle connections', unit: 'idle connections' },
};
type Axis = keyof typeof axes;
const axisNames = Object.keys(axes) as Axis[];

export interface Sweep {
  /** What grows from cell to cell; null: this cell is in no sweep. */
  along: Axis | null;
  cells: [Cell, ...Cell[]];
}

/** Every cell is in one sweep at least, and those of the first axes come first. */
export function sweeps(cells: Cell[]): Sweep[] {
  const found = axisNames.flatMap((along) => sweepsAlong(along, cells));
  const swept = new Set(found.flatMap((sweep) => sweep.cells));
  const alone = cells.filter((cell) => !swept.has(cell));
  return [...found, ...alone.map((cell): Sweep => ({ along: null, cells: [cell] }))];
}

function sweepsAlong(along: Axis, cells: Cell[]): Sweep[] {
  const alike = new Map<string, Cell[]>();
  for (const cell of cells) {
    // Cells with idle connections have their own axis, and are on no other.
    if ((along === 'idle') !== cell.idle > 0) continue;
    const key = axisNames.map((axis) => (axis === along ? '' : cell[axis])).join();
    alike.set(key, [...(alike.get(key) ?? []), cell]);
  }
  return [...alike.values()]
    .filter((group) => group.length > 1)
    .map((group) => ({ along, cells: group.sort((a, b) => a[along] - b[along]) as Sweep['cells'] }));
}
