// node --import ./print-modules.mjs …: prints on stderr `module URL` for each module that the program loads, those
// that are CommonJS at its end. For startup.test.ts and bench/import-cost.mjs.

import { writeSync } from 'node:fs';
import Module, { register } from 'node:module';
import { pathToFileURL } from 'node:url';

const print = (url) => writeSync(2, `module ${url}\n`);

// This file is its own hooks too, on a thread of Node's.
const hooks = new URL('?hooks', import.meta.url).href;
if (import.meta.url !== hooks) {
  register(hooks);
  process.on('exit', () => {
    for (const file of Object.keys(Module._cache)) print(pathToFileURL(file).href);
  });
}

export function load(url, context, next) {
  print(url);
  return next(url, context);
}
