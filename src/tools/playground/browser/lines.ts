// Which line of a program made a call: by the stack, whose lines are those of the page's script, and the table that the
// build has made of its source map.

import type { Line } from '../engine.ts';

/** What scripts/bundle.mjs writes: [line of the script, which file, its line]. */
export interface LineTable {
  files: string[];
  lines: [script: number, file: number, line: number][];
}

/** How deep a program's line may be. */
const DEPTH = 16;

declare const rfdsFirstLine: number;

/** The lineAbove of the engine. */
export function lineFinder({
  files,
  lines,
}: LineTable): (below: (...args: never[]) => unknown) => () => Line | null {
  const places = new Map(lines.map(([script, file, line]) => [script, { file: files[file], line }]));
  // The innermost line of a server; where it is none of them, of what they share.
  const find = (stack: string): Line | null => {
    let shared: Line | null = null;
    for (const [, line] of stack.matchAll(/:(\d+):\d+\)?$/gm)) {
      const place = places.get(Number(line) - rfdsFirstLine + 1);
      if (place === undefined) continue;
      if (!place.file.includes('/')) return place;
      shared ??= place;
    }
    return shared;
  };
  const known = new Map<string, Line | null>();
  return (below) => {
    const holder: { stack?: string } = {};
    const limited = Error as { stackTraceLimit?: number };
    const before = limited.stackTraceLimit;
    limited.stackTraceLimit = DEPTH;
    if (Error.captureStackTrace) Error.captureStackTrace(holder, below);
    else holder.stack = new Error().stack ?? '';
    if (before !== undefined) limited.stackTraceLimit = before;
    return () => {
      const stack = holder.stack ?? '';
      let line = known.get(stack);
      if (line === undefined) {
        line = find(stack);
        known.set(stack, line);
      }
      return line;
    };
  };
}
