// One binary for every runtime: what node-gyp built on this Node, and dist/, in a documented
// conversation on other Nodes, Bun and Deno, with each loop. npm run matrix. The runtimes are npm
// packages, kept in .cache/matrix. Linux only.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { smoke } from './smoke.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = path.join(root, '.cache/matrix');
const cli = path.join(root, 'dist/cli.js');
const loops = ['select', 'poll', 'epoll', 'epoll-edge', 'selectors', 'node'];

const { arch } = process;
const aarch = arch === 'arm64' ? 'aarch64' : arch;
const runtimes = [
  ...[20, 22, 24, 26].map((major) => ({
    name: `node ${major}`,
    package: `node-linux-${arch}`,
    version: major,
    program: 'bin/node',
  })),
  { name: 'bun', package: `@oven/bun-linux-${aarch}`, version: 'latest', program: 'bin/bun' },
  {
    name: 'deno',
    package: `@deno/linux-${arch}-glibc`,
    version: 'latest',
    program: 'deno',
    args: ['run', '-A', '--no-lock'], // without a lock of its own beside package.json
  },
];

function fail(why) {
  console.error(`matrix: ${why}`);
  process.exit(1);
}

function run(command, ...args) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0)
    fail(`${[command, ...args].join(' ')}: ${(error?.message ?? `${stdout}${stderr}`).trim()}`);
  return stdout;
}

// The path of a runtime's program, which npm fetches if it is not there yet.
function install(runtime) {
  const prefix = path.join(cache, runtime.name.replace(' ', '-'));
  const file = path.join(prefix, 'node_modules', runtime.package, runtime.program);
  if (!existsSync(file)) {
    const wanted = `${runtime.package}@${runtime.version}`;
    run('npm', 'i', '--no-save', '--ignore-scripts', '--prefix', prefix, wanted);
  }
  return file;
}

if (process.platform !== 'linux') fail('the packages of the runtimes that it knows are for Linux');
if (!existsSync(cli)) fail('there is no dist/cli.js: npm run build');

const row = (...cells) => console.log(cells.map((cell) => cell.padEnd(11)).join(''));
row('runtime', 'version', ...loops);
const reasons = [];
for (const runtime of runtimes) {
  const file = install(runtime);
  const [version] = run(file, '--version').match(/\d+\.\d+\.\d+/);
  const converse = (loop) => smoke([file, ...(runtime.args ?? []), cli], loop);
  const settled = await Promise.allSettled(loops.map(converse)); // side by side: they wait most of the time
  row(runtime.name, version, ...settled.map(({ status }) => (status === 'fulfilled' ? 'ok' : 'failed')));
  settled.forEach(({ reason }, i) => {
    if (reason) reasons.push(`${runtime.name}, ${loops[i]}: ${reason.message}`);
  });
}
for (const reason of reasons) console.error(reason);
process.exit(reasons.length > 0 ? 1 : 0);
