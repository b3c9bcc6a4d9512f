// What the choke point (src/kernel/syscalls.ts) costs the epoll loop while nothing is attached: the loop as
// it is and the same build with the calls behind constants, in turn. Prints the medians and their
// ratio; with a file's name, writes every sample.
//     node bench/choke-point.mjs [FILE] [ROUNDS]

import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from 'simple-statistics';
import { dist, withFleet } from './loaded-server.mjs';

const [file, rounds = '21'] = process.argv.slice(2);
const ROUNDS = Number(rounds);

// A build beside the project's own, so that both find the same packages and the same addon.
const root = fileURLToPath(new URL('..', import.meta.url));
const bare = mkdtempSync(path.join(root, 'build-bare-'));
process.on('exit', () => rmSync(bare, { recursive: true, force: true }));
cpSync(dist, bare, { recursive: true });
const { native } = await import('../dist/kernel/native.js');
const { calls } = await import('../dist/kernel/calls.js');
const names = (own) => Object.keys(native).filter((name) => (calls[name].own ?? false) === own);
writeFileSync(
  path.join(bare, 'kernel/syscalls.js'),
  `import { kernel } from './fast-calls.js';
export const { ${names(false).join(', ')} } = kernel;
export function attach() { throw new Error('bare'); }
export const interpose = attach;
export const observe = attach;
`,
);
writeFileSync(
  path.join(bare, 'kernel/own-calls.js'),
  `import { batch, kernel } from './fast-calls.js';
export { batch };
export const { ${names(true).join(', ')} } = kernel;
`,
);

const builds = { 'choke point': dist, bare };
const samples = { 'choke point': [], bare: [] };
await withFleet(async ({ start, put }) => {
  const servers = [];
  for (const [name, build] of Object.entries(builds)) servers.push([name, await start('epoll', build)]);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, server] of servers) {
      const { messages, server: used } = await put(server, { seconds: 0.75, warmupSeconds: 0.2 });
      samples[name].push(messages / (used.cpuNs / 1e9));
    }
  }
  for (const [name, rates] of Object.entries(samples))
    console.log(`${name.padEnd(12)} ${median(rates).toFixed(0)} messages per CPU second`);
  const ratios = samples['choke point'].map((rate, i) => rate / samples.bare[i]);
  console.log(`ratio        ${median(ratios).toFixed(4)}, median of ${ROUNDS} pairs`);
  if (file) writeFileSync(file, `${JSON.stringify({ node: process.version, samples })}\n`);
});
