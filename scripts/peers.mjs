// The own test suites of the packages that rfds/compat stands in for, unmodified, over the adapters: npm run peers
// [-- name …]. Their tarballs come from the npm registry, without their scripts; each test is a process, with a deadline.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { install, root } from './runtimes.mjs';

/** package → where its tests look for it, what stands there, and its tests: all of a folder, or those with input. */
const peers = {
  'unix-dgram@2.0.7': { module: 'lib/unix_dgram.js', adapter: 'unix-dgram', tests: null },
  'epoll@4.0.2': {
    module: 'epoll.js',
    adapter: 'epoll',
    // As its test/run-tests does.
    tests: {
      'closed.js': '',
      'do-almost-nothing.js': '',
      'do-nothing.js': '',
      'no-gc-allowed.js': '\n',
      'one-shot.js': '\n',
      'performance-check.js': '\n',
      'two-shot.js': '\n',
      'verify-events.js': '',
    },
  },
};
const DEADLINE = 30_000;

function fail(why) {
  console.error(`peers: ${why}`);
  process.exit(1);
}

const dist = (adapter) => path.join(root, `dist/node/compat/${adapter}.js`);
const asked = process.argv.slice(2);
const chosen = Object.entries(peers).filter(
  ([name]) => asked.length === 0 || asked.includes(name.split('@')[0]),
);
if (chosen.length === 0) fail(`knows ${Object.keys(peers).join(', ')}`);
if (!existsSync(dist('epoll'))) fail('there is no dist/node/compat: npm run build');

const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'rfds-peers-')));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

async function run(file, input) {
  const child = spawn(process.execPath, ['--no-warnings', file], { cwd: path.dirname(file), stdio: 'pipe' });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE);
  child.stdin.on('error', () => {}).end(input);
  const [status, signal] = await once(child, 'close');
  clearTimeout(timer);
  const isOk = status === 0 && !output.includes('*** Error');
  return { isOk, why: signal ? `not within ${DEADLINE} ms` : `status ${status}\n${output}` };
}

let passed = 0;
const failures = [];
for (const [name, { module, adapter, tests }] of chosen) {
  const [packageName, version] = name.split('@');
  const source = path.dirname(
    install({ name: packageName, package: packageName, version, program: 'package.json' }),
  );
  const peer = path.join(folder, adapter);
  mkdirSync(path.join(peer, path.dirname(module)), { recursive: true });
  cpSync(path.join(source, 'test'), path.join(peer, 'test'), { recursive: true });
  writeFileSync(path.join(peer, module), `module.exports = require(${JSON.stringify(dist(adapter))});\n`);
  writeFileSync(path.join(peer, 'package.json'), JSON.stringify({ main: module }));
  const all = tests ?? Object.fromEntries(readdirSync(path.join(source, 'test')).map((file) => [file, '']));
  for (const [file, input] of Object.entries(all)) {
    const { isOk, why } = await run(path.join(peer, 'test', file), input);
    console.log(`${isOk ? 'ok    ' : 'failed'} ${name} test/${file}`);
    if (isOk) passed++;
    else failures.push(`${name} test/${file}: ${why}`);
  }
}
for (const failure of failures) console.error(failure);
console.log(`${passed} passed, ${failures.length} failed`);
process.exit(failures.length > 0 ? 1 : 0);
