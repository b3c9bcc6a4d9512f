// Bytes as rows of a hex dump: offset, sixteen bytes, and what is text of them. A leaf.

import { count } from './words.js';

/** More of a dump is not shown. */
const MOST_BYTES = 1536;

/** An element with a class and what is in it. */
export function element(name, kind, ...children) {
  const one = document.createElement(name);
  if (kind) one.className = kind;
  one.append(...children);
  return one;
}

const printable = (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·');
const twoDigits = (byte) => byte.toString(16).padStart(2, '0');

const narrow = matchMedia('(max-width: 640px)');

/** A dump of bytes in layers, [{ name, start, end }]; a layer's bytes carry its name as their class. */
export function hexDump(bytes, layers = [{ name: 'data', start: 0, end: bytes.length }], most = 16) {
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
