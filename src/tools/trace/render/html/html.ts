// A recording as one self-contained HTML page: the recording is inlined, and told in the reader's
// browser by the modules in assets/, of which page.js is the uppermost.
// Above: the `rfds trace` command. Below: recording.ts, ../html.ts, assets/.

import type { CallLine, Recording } from '../../../../interpose/recorder/recording.ts';
import { asset, embedded, escaped, filled } from '../../../page.ts';

const assets = new URL('assets/', import.meta.url);

/** Each stands behind those that it imports from. */
const modules = [
  'model',
  'words',
  'sentences',
  'hex',
  'axis',
  'across',
  'marks',
  'rows',
  'diagram',
  'packet',
  'source',
  'panes',
  'chapters',
  'page',
];

/** The page. It asks for nothing from the network, and its policy forbids it to. */
export function renderHtml(recording: Recording): string {
  return filled(assets, {
    title: escaped(titleOf(recording)),
    data: embedded(recording),
    script: modules.map(joined).join(''),
  });
}

/** What goes out and comes back, or the command that was recorded. */
function titleOf({ processes, calls }: Recording): string {
  const client = processes.find(({ role }) => role === 'client');
  const message = calls.find(({ pid, name, data }) => pid === client?.pid && name === 'send' && data);
  if (message !== undefined) return `“${textOf(message)}” goes out and comes back`;
  return processes[0]?.argv.join(' ') || 'Nothing was recorded';
}

/** The documented client's words, without the time before them. */
function textOf({ data }: CallLine): string {
  const text = Buffer.from(data!, 'base64')
    .toString()
    .replace(/^(\d+\.\d+:)+/, '');
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

/** A module as a part of one: a page that is a file cannot import others. No two share a name. */
const joined = (name: string) =>
  asset(assets, `${name}.js`)
    .replace(/^import [^;]*;\n/gm, '')
    .replace(/^export /gm, '');
