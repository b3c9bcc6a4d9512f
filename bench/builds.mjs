// Two builds of rfds under the load of `rfds compare`, in turn: messages for each CPU second of the loops of
// this checkout, and of those of another built checkout (of an earlier commit), as a ratio. Prints medians; with
// a file's name, writes every sample. Linux.
//     node bench/builds.mjs OTHER_CHECKOUT [FILE] [ROUNDS]

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { median } from 'simple-statistics';
import { dist, withFleet } from './loaded-server.mjs';

const [other, file, rounds = '21'] = process.argv.slice(2);
if (!other) {
  console.error('usage: node bench/builds.mjs OTHER_CHECKOUT [FILE] [ROUNDS]');
  process.exit(2);
}
const builds = { this: dist, other: path.resolve(other, 'dist') };
const samples = {};

await withFleet(async ({ start, put }) => {
  for (const loop of ['epoll', 'select']) {
    for (const connections of [1, 100]) {
      const rates = { this: [], other: [] };
      const servers = {};
      for (const [name, build] of Object.entries(builds)) servers[name] = await start(loop, build);
      for (let round = 0; round < Number(rounds); round++) {
        const inTurn = Object.keys(builds);
        for (const name of round % 2 ? inTurn.reverse() : inTurn) {
          const { messages, server } = await put(servers[name], {
            connections,
            seconds: 0.75,
            warmupSeconds: 0.2,
          });
          rates[name].push(messages / (server.cpuNs / 1e9));
        }
      }
      samples[`${loop} ${connections}`] = rates;
      const ratios = rates.this.map((rate, i) => rate / rates.other[i]);
      console.log(
        `${loop.padEnd(6)} ${String(connections).padStart(3)} connections: ${median(rates.this).toFixed(0)} messages per CPU ` +
          `second, ${median(rates.other).toFixed(0)} of the other build: ${median(ratios).toFixed(4)}, median of ${rounds} pairs`,
      );
    }
  }
});
if (file)
  writeFileSync(file, `${JSON.stringify({ node: process.version, rounds: Number(rounds), samples })}\n`);
