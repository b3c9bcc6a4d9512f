// Text for a terminal: wrapped at a width, with colours or without. Nothing here knows the story.

import * as util from 'node:util';

/** How text is written to a terminal. */
export interface Look {
  color: boolean;
  /** In columns. */
  width: number;
}

/** What is said in one colour, everywhere. */
const styles = {
  title: ['bold'],
  client: ['cyan'],
  server: ['yellow'],
  kernel: ['magenta'],
  source: ['green'],
  faint: ['dim'],
  bad: ['red'],
  good: ['green'],
} as const;

export type Style = keyof typeof styles;

/** The text in its colour; without styleText (Node before 20.12) or without colours, as it is. */
export function paint(look: Look, style: Style, text: string): string {
  if (!look.color || text === '' || util.styleText === undefined) return text;
  // The caller has decided: the stream that Node would inspect may not be the one that is written to.
  const options = { validateStream: false } as object;
  return (util.styleText as (format: unknown, text: string, options: object) => string)(
    styles[style],
    text,
    options,
  );
}

const controls = /\p{Cc}/gu;

/** Text that does nothing to a terminal: what a program printed may be anything. */
export const visible = (text: string): string =>
  text.replace(controls, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`);

// What paint() writes, and nothing else may.
const ownColors = new RegExp(
  `(\\x1b\\[(?:${[...new Set(Object.values(styles).flatMap(([name]) => util.inspect.colors[name]!))].join('|')})m)`,
);

/** A line as it goes to the terminal: colours are all that it may ask of it, whatever is in the recording. */
export const safe = ({ color }: Look, line: string): string =>
  line
    .split(ownColors)
    .map((part, i) => (color && i % 2 === 1 ? part : visible(part)))
    .join('');

/** Lines of at most width columns, cut at spaces; a word that is longer than a line is cut anywhere. */
export function wrap(text: string, width: number): string[] {
  const room = Math.max(width, 8);
  const lines: string[] = [];
  let rest = visible(text);
  while (rest.length > room) {
    const space = rest.lastIndexOf(' ', room);
    // Indentation is no place to cut at.
    const cut = rest.slice(0, Math.max(space, 0)).trim() === '' ? room : space;
    // Nor is the middle of a character.
    const at = /[\ud800-\udbff]/.test(rest[cut - 1]) ? cut - 1 : cut;
    lines.push(rest.slice(0, at).trimEnd());
    rest = rest.slice(at).trimStart();
  }
  lines.push(rest);
  return lines;
}

/** How many columns a text takes, colours not counted. */
export const breadth = (text: string) => util.stripVTControlCharacters(text).length;

/** A text behind a label, its further lines below its first; nothing for no text. */
export function hanging(look: Look, label: string, text: string, style?: Style): string[] {
  if (text === '') return [];
  const indent = breadth(label);
  return wrap(text, look.width - indent).map((line, i) => {
    const shown = style === undefined ? line : paint(look, style, line);
    return (i === 0 ? label : ' '.repeat(indent)) + shown;
  });
}

/** Text side by side: each cell wrapped at its column's width. */
export function columns(look: Look, cells: { text: string; width: number; style?: Style }[]): string[] {
  const wrapped = cells.map(({ text, width }) => wrap(text, width));
  const height = Math.max(...wrapped.map(({ length }) => length));
  return Array.from({ length: height }, (_, row) =>
    cells
      .map(({ width, style }, i) => {
        const text = wrapped[i][row] ?? '';
        const padding = ' '.repeat(Math.max(width - text.length, 0));
        return (style === undefined ? text : paint(look, style, text)) + padding;
      })
      .join('  ')
      .trimEnd(),
  );
}

/** A heading over the whole width. */
export function heading(look: Look, text: string): string[] {
  const rule = '━'.repeat(Math.max(look.width - text.length - 4, 2));
  return ['', paint(look, 'title', `━━ ${text} ${rule}`.slice(0, Math.max(look.width, text.length + 4))), ''];
}

/** Bytes as a hex dump: sixteen in a row where there is room, else eight. first: the offset of the first. */
export function hexDump(look: Look, bytes: Uint8Array, indent: string, first = 0): string[] {
  const perRow = look.width >= indent.length + 74 ? 16 : 8;
  return Array.from({ length: Math.ceil(bytes.length / perRow) }, (_, row) => {
    const part = [...bytes.subarray(row * perRow, (row + 1) * perRow)];
    const hex = part.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    const offset = (first + row * perRow).toString(16).padStart(4, '0');
    return `${indent}${paint(look, 'faint', offset)}  ${hex.padEnd(perRow * 3 - 1)}  |${text}|`;
  });
}
