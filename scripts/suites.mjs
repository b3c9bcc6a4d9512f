// The suite where .ci/run does not run it: on other Nodes than this one, and as a user without privileges (as root only,
// who can become another). npm run suites [-- vitest's arguments]: which tests, for example.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { install, node, root } from './runtimes.mjs';

const NOBODY = '65534';
const require = createRequire(import.meta.url);
const vitest = path.join(path.dirname(require.resolve('vitest/package.json')), 'vitest.mjs');
// The other loader of configurations leaves nothing in node_modules, which belongs to another user.
const args = [vitest, 'run', '--configLoader', 'runner', ...process.argv.slice(2)];
const major = Number(process.versions.node.split('.')[0]);
const runs = [22, 24, 26]
  .filter((other) => other !== major)
  .map((other) => [`Node ${other}`, () => [install(node(other)), ...args]]);
if (process.geteuid() === 0)
  runs.push([
    'a user without privileges',
    () => ['setpriv', '--reuid', NOBODY, '--regid', NOBODY, '--clear-groups', process.execPath, ...args],
  ]);

const home = mkdtempSync(path.join(tmpdir(), 'rfds-suites-'));
chmodSync(home, 0o777);
process.on('exit', () => rmSync(home, { recursive: true, force: true }));
const failed = [];
for (const [name, commandOf] of runs) {
  console.log(`\n--- ${name}`);
  const [command, ...rest] = commandOf();
  const env = { ...process.env, HOME: home };
  const { status } = spawnSync(command, rest, { cwd: root, env, stdio: 'inherit' });
  if (status !== 0) failed.push(name);
}
if (failed.length > 0) {
  console.error(`suites: failed: ${failed.join(', ')}`);
  process.exit(1);
}
