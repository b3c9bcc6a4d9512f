// Source files as lines, coloured a little; one line of them is lit.

import type { FrameLine } from '../../../../../interpose/recorder/recording.ts';
import { element, within } from './elements.ts';
import { sources } from './model.ts';

const keywords =
  'as|async|await|break|case|catch|class|const|continue|default|do|else|export|extends|false|finally|for|from|function|if|implements|import|in|instanceof|interface|let|new|null|of|return|static|super|switch|this|throw|true|try|type|typeof|undefined|using|var|void|while|yield';

const token = new RegExp(
  [
    String.raw`(?<comment>//.*|/\*[^]*?\*/|^#!.*)`,
    String.raw`(?<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|\`(?:[^\`\\]|\\.)*\`)`,
    String.raw`(?<word>\b(?:${keywords})\b)`,
    String.raw`(?<number>\b\d[\w.]*)`,
  ].join('|'),
  'g',
);

/** A file as elements: one for each line, in a block of their own. */
function sourceLines(text: string): HTMLElement[] {
  const lines: (HTMLElement | string)[][] = [[]];
  const add = (kind: string, part: string) => {
    part.split('\n').forEach((piece, i) => {
      if (i > 0) lines.push([]);
      if (piece) lines.at(-1)!.push(kind ? element('span', kind, piece) : piece);
    });
  };
  let at = 0;
  for (const { index, 0: found, groups } of text.matchAll(token)) {
    add('', text.slice(at, index));
    add(Object.keys(groups!).find((kind) => groups![kind] !== undefined) ?? '', found);
    at = index + found.length;
  }
  add('', text.slice(at));
  if (lines.at(-1)!.length === 0) lines.pop();
  return lines.map((parts) => element('div', 'line', ...parts));
}

interface File {
  block: HTMLElement;
  lines: HTMLElement[];
  /** The number of its first line. */
  first: number;
}

/** A pane that shows any file of the recording; every file is made once. */
export function sourcePane(place: Element): (frame: FrameLine | null, asleep: boolean) => void {
  const [title, code] = [within(place, 'h3'), within(place, '.code')];
  const files = new Map<string, File>();
  let lit: HTMLElement | undefined;
  const fileOf = ({ file, line, text }: FrameLine): File => {
    const whole = sources.get(file);
    // Without the file there is its one line.
    const key = whole === undefined ? `${file}:${line}` : file;
    const known = files.get(key);
    if (known) return known;
    const lines = sourceLines(whole ?? text);
    const block = element('div', 'lines', ...lines);
    block.style.counterReset = `line ${whole === undefined ? line - 1 : 0}`;
    const made = { block, lines, first: whole === undefined ? line : 1 };
    files.set(key, made);
    return made;
  };
  const light = (one: HTMLElement | undefined, asleep: boolean) => {
    if (lit !== one) {
      lit?.classList.remove('lit', 'asleep');
      lit?.removeAttribute('aria-current');
      lit = one;
      one?.classList.add('lit');
      one?.setAttribute('aria-current', 'true');
    }
    one?.classList.toggle('asleep', asleep);
  };
  return (frame, asleep) => {
    if (frame === null) {
      title.textContent = 'Source';
      code.replaceChildren(element('p', 'none', 'No line of a program is known here.'));
      light(undefined, false);
      return;
    }
    const { block, lines, first } = fileOf(frame);
    title.textContent = `${frame.file}:${frame.line}`;
    if (block.parentNode !== code) code.replaceChildren(block);
    const line = lines[frame.line - first];
    light(line, asleep);
    if (line) reveal(code, line);
  };
}

/** Scrolls a pane, and nothing around it, so that the line is well in view. */
function reveal(pane: HTMLElement, line: HTMLElement): void {
  const [top, height, shown] = [line.offsetTop, line.offsetHeight, pane.clientHeight];
  const margin = Math.min(3 * height, shown / 4);
  if (top - margin < pane.scrollTop || top + height + margin > pane.scrollTop + shown) {
    pane.scrollTop = top - shown / 2;
  }
}
