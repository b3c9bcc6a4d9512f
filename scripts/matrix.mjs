// One binary for every runtime: what node-gyp built on this Node, and dist/, in a documented
// conversation on other Nodes, Bun and Deno, with each loop, and waiting beside its event loop (rfds/async). npm run
// matrix. A Node that is too old says so.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { bun, deno, install, node, root } from './runtimes.mjs';
import { smoke } from './smoke.mjs';

const cli = path.join(root, 'dist/cli.js');
const loops = ['select', 'poll', 'epoll', 'epoll-edge', 'selectors', 'node'];
const runtimes = [...[20, 22, 24, 26].map(node), bun, deno];

function fail(why) {
  console.error(`matrix: ${why}`);
  process.exit(1);
}
process.on('uncaughtException', ({ message }) => fail(message));

if (!existsSync(cli)) fail('there is no dist/cli.js: npm run build');

/** rfds/async in a runtime; throws what went wrong. */
function smokeAsync([program, ...args]) {
  const script = path.join(root, 'scripts/smoke-async.mjs');
  const { status, signal, stdout, stderr } = spawnSync(program, [...args, script], {
    encoding: 'utf8',
    timeout: 20_000,
    killSignal: 'SIGKILL',
  });
  if (status !== 0 || stdout !== 'ok\n')
    throw new Error(`${signal ?? `status ${status}`}: ${stdout}${stderr}`);
}

const row = (...cells) => console.log(cells.map((cell) => cell.padEnd(11)).join(''));
row('runtime', 'version', ...loops, 'async');
const reasons = [];
for (const runtime of runtimes) {
  const file = install(runtime);
  const { stdout, error } = spawnSync(file, ['--version'], { encoding: 'utf8' });
  if (error) fail(error.message);
  const [version] = stdout.match(/\d+\.\d+\.\d+/);
  const converse = (loop) => smoke([file, ...(runtime.args ?? []), cli], loop);
  const settled = await Promise.allSettled(loops.map(converse)); // side by side: they wait most of the time
  settled.push(...(await Promise.allSettled([(async () => smokeAsync([file, ...(runtime.args ?? [])]))()])));
  row(runtime.name, version, ...settled.map(({ status }) => (status === 'fulfilled' ? 'ok' : 'failed')));
  settled.forEach(({ reason }, i) => {
    if (reason) reasons.push(`${runtime.name}, ${loops[i] ?? 'async'}: ${reason.message}`);
  });
}

const old = node(18);
const { status, stderr } = spawnSync(install(old), [cli, '--help'], { cwd: root, encoding: 'utf8' });
const isTold = status === 1 && /^rfds: rfds needs Node .*\n$/.test(stderr);
row(old.name, '', isTold ? 'says that it is too old' : 'failed');
if (!isTold) reasons.push(`${old.name}: status ${status}, ${JSON.stringify(stderr)}`);

for (const reason of reasons) console.error(reason);
process.exit(reasons.length > 0 ? 1 : 0);
