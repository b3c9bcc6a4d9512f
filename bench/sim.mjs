// How many schedules of the two-client world explore() visits in a second of one core: the select, poll and epoll
// loops, each in a process of its own. Prints the medians; with a file's name, writes every sample.
//     node bench/sim.mjs [FILE] [ROUNDS]
// A second is one of the processor, not of the clock, so that what else runs counts less.

import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { median } from 'simple-statistics';

const [file, rounds = '7'] = process.argv.slice(2);
const root = fileURLToPath(new URL('..', import.meta.url));
const bundle = path.join(root, `build/bench-sim-${process.pid}.mjs`);
process.on('exit', () => rmSync(bundle, { force: true }));

const source = `
  import { explore } from './src/sim/explore.ts';
  import { loops } from './test/sim/hunt.ts';
  import { scene } from './test/sim/worlds.ts';
  const { build, world, check } = scene(loops[process.argv[2]]);
  const visit = (runs) => explore(build, { world, check, runs });
  visit(6000); // V8 has compiled what it will.
  const before = process.cpuUsage();
  const { runs, found } = visit(6000);
  const { user, system } = process.cpuUsage(before);
  if (found !== null) throw found.violation;
  console.log(runs / ((user + system) / 1e6));`;
await build({
  stdin: { contents: source, resolveDir: root, loader: 'ts' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'error',
  outfile: bundle,
  plugins: [
    {
      name: 'addon',
      setup({ onResolve }) {
        onResolve({ filter: /\/addon\.cjs$/ }, () => ({
          path: path.join(root, 'src/kernel/addon.cjs'),
          external: true,
        }));
      },
    },
  ],
});

const samples = { select: [], poll: [], epoll: [] };
for (let round = 0; round < Number(rounds); round++) {
  for (const [loop, rates] of Object.entries(samples))
    rates.push(Number(execFileSync(process.execPath, [bundle, loop], { encoding: 'utf8' })));
}
for (const [loop, rates] of Object.entries(samples))
  console.log(
    `${loop.padEnd(8)} ${median(rates).toFixed(0)} schedules per CPU second, median of ${rates.length}`,
  );
if (file) {
  const load = os.loadavg()[0];
  writeFileSync(
    file,
    `${JSON.stringify({ node: process.version, cpu: os.cpus()[0].model, load, samples })}\n`,
  );
}
