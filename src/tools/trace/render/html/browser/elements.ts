// Elements: the page's own by their ids, new ones with what is in them, and bytes as rows of a hex dump.

import { count } from '../../../words.ts';

/** An element of page.html, of the kind that its id stands for. */
export const byId = <T extends HTMLElement = HTMLElement>(id: string) => document.getElementById(id) as T;

export const within = (place: Element, selector: string) => place.querySelector<HTMLElement>(selector)!;

/** More of a dump is not shown. */
const MOST_BYTES = 1536;

/** An element with a class and what is in it. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  kind = '',
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const one = document.createElement(name);
  if (kind) one.className = kind;
  one.append(...children);
  return one;
}

const printable = (byte: number) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·');
const twoDigits = (byte: number) => byte.toString(16).padStart(2, '0');

const narrow = matchMedia('(max-width: 640px)');

/** Some of the bytes, which belong together. */
export interface Layer {
  name: string;
  start: number;
  end: number;
}

/** A dump of bytes in layers: a layer's bytes carry its name as their class. */
export function hexDump(
  bytes: Uint8Array,
  layers: Layer[] = [{ name: 'data', start: 0, end: bytes.length }],
  most = 16,
): HTMLElement {
  const width = narrow.matches ? 8 : most;
  const shown = Math.min(bytes.length, MOST_BYTES);
  const dump = element('pre', 'hex');
  for (let at = 0; at < shown; at += width) {
    const end = Math.min(at + width, shown);
    const parts = layers
      .map(({ name, start, end: to }) => ({ name, from: Math.max(at, start), to: Math.min(end, to) }))
      .filter(({ from, to }) => from < to);
    dump.append(element('span', 'offset', at.toString(16).padStart(4, '0')), '  ');
    for (const { name, from, to } of parts) {
      dump.append(
        element('span', name, [...bytes.subarray(from, to)].map(twoDigits).join(' ')),
        to < end ? ' ' : '',
      );
    }
    dump.append(' '.repeat(3 * (width - (end - at)) + 2));
    for (const { name, from, to } of parts) {
      dump.append(element('span', name, [...bytes.subarray(from, to)].map(printable).join('')));
    }
    dump.append('\n');
  }
  if (shown < bytes.length) dump.append(`… ${count(bytes.length - shown, 'byte')} more`);
  return dump;
}
