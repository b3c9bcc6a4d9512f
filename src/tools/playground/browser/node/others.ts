// What the library takes from Node's other modules, as far as a page needs it: most of it is for files, threads and signals
// of a real process, which there is none of.

import { SIGHUP, SIGINT, SIGTERM } from '../../../../kernel/constants/signal.ts';

declare const rfdsVersion: string;

const none = (name: string) => (): never => {
  throw new Error(`${name}: a page has none`);
};

// node:worker_threads
export const isMainThread = true;
export const markAsUntransferable = (): void => {};

// node:util
export const inspect = Object.assign((value: unknown) => String(value), {
  custom: Symbol.for('nodejs.util.inspect.custom'),
});

// node:os
export const constants = { signals: { SIGHUP, SIGINT, SIGTERM } };

// node:fs
/** Of the package's files there is one: its version, which the build puts in. */
export const readFileSync = (file: unknown): string => {
  if (String(file).endsWith('package.json')) return JSON.stringify({ version: rfdsVersion });
  throw new Error(`${file}: a page has no files`);
};
export const existsSync = (): boolean => false;
export const readSync = none('readSync');

// node:module
export const createRequire = none('createRequire');

// node:url
export const fileURLToPath = (url: string | URL): string => String(url).replace(/^file:\/\//, '');
export const pathToFileURL = (path: string): URL => new URL(`file://${path}`);

// node:path
const path = {
  dirname: (file: string) => file.replace(/\/[^/]*$/, '') || '/',
  basename: (file: string) => file.replace(/^.*\//, ''),
  join: (...parts: string[]) => parts.join('/'),
  resolve: (...parts: string[]) => parts.join('/'),
  relative: (_from: string, to: string) => to,
  extname: (file: string) => /\.[^./]*$/.exec(file)?.[0] ?? '',
  sep: '/',
};
export default path;
