// What takes too long for every change: see --help.
//     npm run nightly [PART ...]

import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

// A part: what --help says of it, and what it does; it throws, or sets process.exitCode, where something fails.
const parts = {
  loops: ['every schedule of the loops: the table of docs/sim-proofs.md', () => explore('loops')],
  mutants: ['each planted bug, for up to 60 s', () => explore('mutants')],
  random: ['a million random schedules of the loops as they are', () => explore('random')],
  torture: ['each call of each program fails, of the servers in ten conversations: docs/faults.md', torture],
  lab: ['a thousand seeds of each experiment, and each faulty server by all stages: docs/lab.md', lab],
};

function lab() {
  const env = { RFDS_LAB_SEEDS: '1000', RFDS_LAB: 'all', ...process.env };
  const { status } = spawnSync('npx', ['vitest', 'run', 'test/tools/lab'], {
    stdio: 'inherit',
    cwd: root,
    env,
  });
  if (status !== 0) process.exitCode = 1;
}

function torture() {
  const env = { RFDS_TORTURE: '10', ...process.env };
  const { status } = spawnSync('npm', ['run', 'torture'], { stdio: 'inherit', cwd: root, env });
  if (status !== 0) process.exitCode = 1;
}

/** Runs a part of test/sim/nightly.ts, which is bundled, for it is not JavaScript. */
async function explore(part) {
  const outfile = path.join(root, `build/nightly-${process.pid}.mjs`);
  await build({
    entryPoints: [path.join(root, 'test/sim/nightly.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
    define: { 'import.meta.url': JSON.stringify(new URL('../test/sim/nightly.ts', import.meta.url).href) },
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
    outfile,
  });
  const { status } = spawnSync(process.execPath, [outfile, part, ...rest], { stdio: 'inherit', cwd: root });
  rmSync(outfile);
  if (status !== 0) process.exitCode = 1;
}

const { values, positionals } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h' },
    seconds: { type: 'string' },
    runs: { type: 'string' },
    only: { type: 'string' },
    memory: { type: 'string' },
  },
  allowPositionals: true,
});
const rest = ['seconds', 'runs', 'only', 'memory'].flatMap((name) =>
  values[name] ? [`--${name}`, values[name]] : [],
);
const unknown = positionals.filter((name) => !(name in parts));
if (unknown.length > 0) {
  console.error(`nightly: no such part: ${unknown.join(', ')}`);
  process.exit(2);
}
if (values.help) {
  console.log(`usage: npm run nightly -- [PART ...] [--seconds N] [--runs N] [--only TEXT]

Parts, all of them by default:
${Object.entries(parts)
  .map(([name, [what]]) => `  ${name.padEnd(10)} ${what}`)
  .join('\n')}

  --seconds N  at most so many for each world of loops, and for each mutant
  --runs N     random schedules in all
  --only TEXT  worlds and mutants whose name has the text
  --memory calls
               of loops: tells states apart by all that happened, which takes many times as long`);
} else {
  for (const name of positionals.length > 0 ? positionals : Object.keys(parts)) {
    console.log(`\n=== ${name}: ${parts[name][0]}`);
    await parts[name][1]();
  }
}
