// Blocks of calls for fast-path-calls.mjs, which imports this file once for each build, under a query of its own:
// so V8 compiles these functions for each build by itself, and knows one function at each place of a call.

import path from 'node:path';
import { pathToFileURL } from 'node:url';

const SIZE = 64;
/** The calls of a block: as many as a server's batch holds, and few enough for the socket's buffer. */
export const BLOCK = 64;

const build = new URL(import.meta.url).searchParams.get('build');
const module = (file) => import(pathToFileURL(path.join(build, file)).href);

const memory = new ArrayBuffer(BLOCK * SIZE);

function expect(result, wanted) {
  if (result !== wanted) throw new Error(`a call returned ${result}, not ${wanted}`);
}

/** BLOCK sends from one descriptor and as many receives from another, as this build's batch makes them. */
export async function transfers(from, to) {
  const { Batch } = await module('kernel/batch.js');
  const sends = new Batch(memory, BLOCK);
  const receives = new Batch(memory, BLOCK);
  return {
    send() {
      for (let i = 0; i < BLOCK; i++) sends.send(i, from, i * SIZE, SIZE, 0);
      sends.run(BLOCK);
      for (let i = 0; i < BLOCK; i++) expect(sends.result(i), SIZE);
    },
    recv() {
      for (let i = 0; i < BLOCK; i++) receives.recv(i, to, i * SIZE, SIZE, 0);
      receives.run(BLOCK);
      for (let i = 0; i < BLOCK; i++) expect(receives.result(i), SIZE);
    },
  };
}

/** A block of each call that has a fast way. */
export async function each() {
  const { take_pending_signals } = (await module('kernel/fast-calls.js')).kernel;
  const signums = new Int32Array(128); // More than NSIG.
  return {
    take_pending_signals() {
      for (let i = 0; i < BLOCK; i++) expect(take_pending_signals(signums), 0);
    },
  };
}
