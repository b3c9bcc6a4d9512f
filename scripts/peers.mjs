// The own test suites of the packages that rfds/compat stands in for, and of those that use them, unmodified, over the adapters:
//     npm run peers [-- [--from DIR] [name ...]]
// Those that have their tests in their tarballs come from the npm registry, without their scripts; each test is a process, with a
// deadline. Of the others DIR has checkouts, each in a folder of its repository's name; their tools come from the registry.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
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

/** repository → what its suite needs, and where the adapter stands. */
const checkouts = {
  'hot-shots': {
    tools: ['mocha@10.8.2'],
    adapter: 'unix-dgram',
    modules: ['node_modules/unix-dgram/index.js'],
    command: ['node_modules/mocha/bin/mocha.js', '-R', 'dot', '--timeout', '5000', 'test/*.js'],
    counts: /(\d+) (passing|failing|pending)/g,
  },
  'node-unix-socket': {
    tools: ['jest@27', 'ts-jest@27', '@types/jest@27', '@types/node@22', 'typescript@4.6'],
    adapter: 'node-unix-socket',
    modules: ['js/index.js', 'js/seqpacket.js'],
    command: [
      'node_modules/jest/bin/jest.js',
      ...['--env', './rfds-environment.js', '--testRegex', '__test__/(.+).spec.ts', '--runInBand'],
    ],
    counts: /^Tests:(.*)$/gm,
  },
  'node-dbus-next': {
    tools: [],
    adapter: 'usocket',
    modules: ['node_modules/usocket/index.js'],
    isOnBus: true,
    command: ['node_modules/jest/bin/jest.js', '--env', './rfds-environment.js', '--bail=0', '--forceExit'],
    counts: /^Tests:(.*)$/gm,
  },
};
const SUITE_DEADLINE = 600_000;

function fail(why) {
  console.error(`peers: ${why}`);
  process.exit(1);
}

const dist = (adapter) => path.join(root, `dist/node/compat/${adapter}.js`);
const { values, positionals: asked } = parseArgs({
  options: { from: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  allowPositionals: true,
});
const known = [...Object.keys(peers).map((name) => name.split('@')[0]), ...Object.keys(checkouts)];
if (values.help) {
  console.log(
    `npm run peers [-- [--from DIR] [name ...]]\n\nRuns other packages' own tests over rfds/compat. Names: ${known.join(', ')}.`,
  );
  console.log('DIR has checkouts of those whose tests are in no tarball, each in a folder of its name.');
  process.exit();
}
const unknown = asked.find((name) => !known.includes(name));
if (unknown !== undefined) fail(`knows ${known.join(', ')}, not ${unknown}`);
const isAsked = (name) => asked.length === 0 || asked.includes(name);
const chosen = Object.entries(peers).filter(([name]) => isAsked(name.split('@')[0]));
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

/** A checkout's whole suite, in a copy; the suite's own counts. */
function runSuite(name, { tools, adapter, modules, isOnBus, command, counts }) {
  const source = path.join(values.from ?? '', name);
  if (values.from === undefined || !existsSync(source)) {
    console.log(
      `none   ${name}: ${values.from === undefined ? 'needs --from DIR' : `no checkout at ${source}`}`,
    );
    return;
  }
  const peer = path.join(folder, name);
  // Sockets that an earlier run left are not copied.
  cpSync(source, peer, { recursive: true, filter: (file) => !lstatSync(file).isSocket() });
  const only = tools.length > 0 ? ['--no-save', '--prefix', peer] : ['--omit=optional'];
  if (tools.length > 0) rmSync(path.join(peer, 'package-lock.json'), { force: true });
  if (tools.length > 0) renameSync(path.join(peer, 'package.json'), path.join(peer, 'package.own.json'));
  execFileSync('npm', ['i', '--ignore-scripts', '--no-audit', '--no-fund', ...only, ...tools], {
    cwd: peer,
    stdio: 'pipe',
  });
  if (tools.length > 0) renameSync(path.join(peer, 'package.own.json'), path.join(peer, 'package.json'));
  // Jest's sandbox loads no ES modules: its environment, which is outside, brings the adapter in.
  writeFileSync(
    path.join(peer, 'rfds-environment.js'),
    `const base = require('jest-environment-node');
module.exports = class extends (base.TestEnvironment ?? base) {
  async setup() {
    await super.setup();
    this.global.rfdsAdapter = await import(${JSON.stringify(dist(adapter))});
  }
};\n`,
  );
  for (const module of modules) {
    mkdirSync(path.join(peer, path.dirname(module)), { recursive: true });
    const adapted = `module.exports = globalThis.rfdsAdapter ?? require(${JSON.stringify(dist(adapter))});\n`;
    writeFileSync(path.join(peer, module), adapted);
  }
  const args = command.flatMap((arg) =>
    arg.endsWith('/*.js')
      ? readdirSync(path.join(peer, path.dirname(arg)))
          .filter((file) => file.endsWith('.js'))
          .map((file) => path.join(path.dirname(arg), file))
      : [arg],
  );
  const [program, ...rest] = isOnBus
    ? ['dbus-run-session', '--', process.execPath, ...args]
    : [process.execPath, ...args];
  const { status, signal, stdout, stderr, error } = spawnSync(program, rest, {
    cwd: peer,
    encoding: 'utf8',
    timeout: SUITE_DEADLINE,
    killSignal: 'SIGKILL',
    maxBuffer: 1 << 26,
  });
  const output = `${stdout}${stderr}`;
  const said = [...output.matchAll(counts)].map(([text]) => text.trim()).join(', ');
  console.log(`${status === 0 ? 'ok    ' : 'failed'} ${name}: ${said}`);
  if (status === 0) passed++;
  else failures.push(`${name}: ${error?.message ?? signal ?? `status ${status}`}\n${output}`);
}
for (const [name, suite] of Object.entries(checkouts)) if (isAsked(name)) runSuite(name, suite);

for (const failure of failures) console.error(failure);
console.log(`${passed} passed, ${failures.length} failed`);
process.exit(failures.length > 0 ? 1 : 0);
