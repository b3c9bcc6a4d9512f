// A server whose kernel calls fail as test/programs/faults.mjs says.

import { Server } from './programs.ts';

const faults = new URL('../programs/faults.mjs', import.meta.url).href;

/** Starts `rfds server --loop …` with a fault, by its name in faults.mjs. */
export function faultyServer(loop: string, fault: string): Promise<Server> {
  return Server.start(loop, { wrap: ['env', `FAULT=${fault}`, `NODE_OPTIONS=--import=${faults}`] });
}
