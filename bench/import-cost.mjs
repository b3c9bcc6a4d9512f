// What `import 'rfds/syscalls'` costs beside the bare addon: the package as npm packs it, in a temporary folder, and a
// process for each import, in pairs. Two measures:
//   · the command: `node --input-type=module -e "import …"` from start to exit, of rfds/syscalls and of a package whose
//     one module does nothing but require the addon,
//   · wall and cpu: the import alone, beside dlopen of the addon alone. The difference contains the first ES module of a
//     process and finding a package, which the bare addon does without.
// Prints the medians and the modules that were loaded; exits with 1 if one of them is of tools/ or interpose/. With a
// file's name, writes every sample.
//     node bench/import-cost.mjs [FILE] [PAIRS]

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from 'simple-statistics';

const [file, pairs = '25'] = process.argv.slice(2);
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'rfds-import-')));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const run = (command, args) =>
  execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

// The tarball with nothing run, and the addon that was built here.
const [{ filename }] = JSON.parse(
  run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder, root]),
);
run('tar', ['-xzf', filename]);
const modules = path.join(folder, 'node_modules');
mkdirSync(modules);
symlinkSync('../package', path.join(modules, 'rfds'));
const addon = path.join(folder, 'package/build/Release/rfds.node');
cpSync(path.join(root, 'build/Release/rfds.node'), addon);

/** A statement in a process of its own: milliseconds of the clock, and of the process's CPU time. */
function timed(statement) {
  const program = `const [began, cpu] = [process.hrtime.bigint(), process.cpuUsage()];
${statement};
const wall = Number(process.hrtime.bigint() - began) / 1e6;
const { user, system } = process.cpuUsage(cpu);
console.log(JSON.stringify({ wall, cpu: (user + system) / 1e3 }))`;
  return JSON.parse(run(process.execPath, ['--input-type=module', '-e', program]));
}
const statements = {
  addon: `const module = { exports: {} }; process.dlopen(module, ${JSON.stringify(addon)})`,
  import: "await import('rfds/syscalls')",
};
const bare = path.join(modules, 'bare-addon');
mkdirSync(bare);
writeFileSync(path.join(bare, 'package.json'), '{ "name": "bare-addon", "exports": "./index.cjs" }\n');
writeFileSync(path.join(bare, 'index.cjs'), `module.exports = require(${JSON.stringify(addon)});\n`);
const commands = { addon: "import 'bare-addon'", import: "import 'rfds/syscalls'" };

/** A command from start to exit, in milliseconds. */
function ran(statement) {
  const began = process.hrtime.bigint();
  run(process.execPath, ['--input-type=module', '-e', statement]);
  return Number(process.hrtime.bigint() - began) / 1e6;
}

const samples = { addon: [], import: [] };
for (let i = 0; i < Number(pairs); i++) {
  const inTurn = Object.keys(samples);
  for (const name of i % 2 ? inTurn.reverse() : inTurn)
    samples[name].push({ ...timed(statements[name]), command: ran(commands[name]) });
}
for (const time of ['command', 'wall', 'cpu']) {
  const [addon, imported] = ['addon', 'import'].map((name) => samples[name].map((sample) => sample[time]));
  const over = median(imported.map((ms, i) => ms - addon[i]));
  console.log(
    `${time.padEnd(7)}  the bare addon ${median(addon).toFixed(1)} ms, rfds/syscalls ${median(imported).toFixed(1)} ms: ` +
      `${over.toFixed(1)} ms over it, median of ${addon.length} pairs`,
  );
}

// test/support/print-modules.mjs writes `module URL` for each on stderr.
const hooks = new URL('../test/support/print-modules.mjs', import.meta.url).href;
const args = ['--import', hooks, '--input-type=module', '-e', "import 'rfds/syscalls'"];
const { stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
const loaded = [...stderr.matchAll(/^module file:\/\/(.+)$/gm)]
  .map(([, name]) => name)
  .filter((name) => name.startsWith(folder))
  .map((name) => path.relative(path.join(folder, 'package'), name));
console.log(`\n${loaded.length} modules:\n${loaded.map((name) => `  ${name}\n`).join('')}`);
if (loaded.some((name) => /^dist\/(tools|interpose)\//.test(name))) process.exitCode = 1;
if (file) writeFileSync(file, `${JSON.stringify({ node: process.version, samples, loaded })}\n`);
