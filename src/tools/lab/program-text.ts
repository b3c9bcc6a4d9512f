// The text of an experiment's program, as it stands in its file: what the reader is asked about.

import { readFileSync } from 'node:fs';
import type { Part } from './key.ts';

// The source is part of the package; from src/ as from dist/.
const folder = new URL('../../../src/tools/lab/experiments/', import.meta.url);

/**
 * The lines within run(), that of the question or that of the cure, without their indentation; before the former what
 * it uses of its own file.
 */
export function programText(name: string, part: Part): string[] {
  const lines = readFileSync(new URL(`${name}.ts`, folder), 'utf8').split('\n');
  const indent = part === 'run' ? '  ' : '    ';
  const begin = lines.findIndex((line) => new RegExp(`^${indent}(async )?run\\(`).test(line));
  const end = lines.indexOf(`${indent}},`, begin);
  if (begin < 0 || end < begin) throw new Error(`${name}.ts has no ${part}() where it is looked for`);
  const within = lines.slice(begin + 1, end).map((line) => line.slice(indent.length + 2));
  const behindImports = lines.findLastIndex((line) => / from '.*';$/.test(line)) + 1;
  const own = lines.slice(behindImports, lines.indexOf('export default experiment({'));
  return part === 'run' ? [...own.slice(1), ...within] : within;
}
