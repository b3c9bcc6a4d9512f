// The long explorations of scripts/nightly.mjs, which bundles this file: all schedules of the loops, all mutants, and
// a million random schedules. Each prints what it found, and fails the process where that is wrong.

import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { platform } from '../../src/kernel/platform.ts';
import { explore } from '../../src/sim/explore.ts';
import { bundle, huntWith } from './bundle.ts';
import { loopsOn, namesOn } from './hunt.ts';
import { mutants } from './mutant-list.ts';
import { scenes } from './worlds.ts';

const folder = fileURLToPath(new URL(`../../build/sim-${process.pid}/`, import.meta.url));

const { values, positionals } = parseArgs({
  options: {
    seconds: { type: 'string' },
    runs: { type: 'string' },
    only: { type: 'string', default: '' },
    memory: { type: 'string' },
  },
  allowPositionals: true,
});
const matches = (name: string) => name.includes(values.only);

// Those of this process's platform; macOS's are explored by a process that is started as if there.
function exploreLoops(): void {
  const seconds = Number(values.seconds ?? 3600);
  const isDarwin = platform === 'darwin';
  if (!isDarwin)
    console.log(
      '| loop | world | schedules | states | seconds | |\n| --- | --- | ---: | ---: | ---: | --- |',
    );
  for (const [loop, serve] of Object.entries(isDarwin ? { kqueue: loopsOn.darwin.kqueue } : loopsOn.linux)) {
    for (const [name, one] of Object.entries(scenes(serve, loop === 'select'))) {
      if (!matches(`${loop}, ${name}`)) continue;
      const { build, check } = one;
      const cpu = process.cpuUsage();
      const world = {
        ...one.world,
        memory: values.memory === 'calls' ? ('calls' as const) : ('descriptors' as const),
      };
      const { found, isComplete, runs, states } = explore(build, { world, check, seconds });
      const used = process.cpuUsage(cpu);
      const verdict =
        found === null ? (isComplete ? 'all' : 'not all') : `${found.violation.message}: ${found.schedule}`;
      const spent = ((used.user + used.system) / 1e6).toFixed(1);
      console.log(`| ${loop} | ${name} | ${runs} | ${states} | ${spent} | ${verdict} |`);
      if (found !== null) process.exitCode = 1;
    }
  }
  if (isDarwin) return;
  const env = { ...process.env, RFDS_SIM_PLATFORM: 'darwin' };
  const { status } = spawnSync(process.execPath, process.argv.slice(1), { stdio: 'inherit', env });
  if (status !== 0) process.exitCode = 1;
}

async function huntMutants(): Promise<void> {
  const seconds = Number(values.seconds ?? 60);
  const all = mutants.filter(({ file, name }) => matches(`${file}: ${name}`));
  const alive: string[] = [];
  for (const mutant of all) {
    const file = await bundle('hunt', folder, mutant);
    const {
      where,
      message,
      runs,
      seconds: spent,
    } = await huntWith(file, mutant.hunts, { seconds, shrinks: false }, mutant.on);
    const name = `${path.basename(mutant.file)}: ${mutant.name}`;
    if (where === null) alive.push(name);
    console.log(
      `${where === null ? 'ALIVE ' : 'killed'} ${name} | ${runs} runs, ${spent.toFixed(1)} s | ${where} | ${message}`,
    );
  }
  console.log(`${all.length - alive.length} of ${all.length} killed`);
  if (alive.length > all.length * 0.05) process.exitCode = 1;
}

async function huntLoops(): Promise<void> {
  const runs = Number(values.runs ?? 1_000_000);
  const names = (['linux', 'darwin'] as const).flatMap((on) =>
    namesOn(on)
      .filter(matches)
      .map((name) => ({ on, name })),
  );
  const file = await bundle('hunt', folder);
  for (const { on, name } of names) {
    const found = await huntWith(file, [name], { runs: Math.ceil(runs / names.length) }, on);
    console.log(`${name} on ${on}: ${found.runs} runs, ${found.seconds.toFixed(0)} s`);
    if (found.where === null) continue;
    console.log(`${found.where}: ${found.message}: ${found.schedule}`);
    process.exitCode = 1;
  }
}

try {
  const [part] = positionals;
  if (part === 'loops') exploreLoops();
  else if (part === 'mutants') await huntMutants();
  else await huntLoops();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
