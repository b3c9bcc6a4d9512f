// The process in which experiments run, so that whatever they do to their descriptors and signals is theirs: orders in
// its arguments, a line of JSON on stdout for each seed of each.

import { writeSync } from 'node:fs';
import type { Order } from './key.ts';
import { observe } from './run.ts';

const orders: Order[] = JSON.parse(process.argv[2]);
for (const { name, kernel, seed, seeds = 1 } of orders) {
  for (let i = 0; i < seeds; i++) {
    try {
      writeSync(1, `${JSON.stringify(await observe(name, kernel, seed + i))}\n`);
    } catch (error) {
      const { message, stack } = error as Error;
      writeSync(1, `${JSON.stringify({ name, kernel, seed: seed + i, error: message, stack })}\n`);
      process.exit(1);
    }
  }
}
process.exit(0);
