// Runs the test suite on an addon built with AddressSanitizer and UndefinedBehaviorSanitizer (Linux,
// g++, cmake): npm run sanitize [-- vitest's arguments]. A report from any process fails the run.
// With --thread as the first argument: ThreadSanitizer, and the tests of signals and workers. Node itself is not
// instrumented, and has reports of its own.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const given = process.argv.slice(2);
const isThread = given[0] === '--thread';
if (isThread) given.shift();
const out = path.join(root, isThread ? 'build-sanitize-thread' : 'build-sanitize');
const reports = path.join(out, 'reports');
const require = createRequire(import.meta.url);

function fail(why) {
  console.error(`sanitize: ${why}`);
  process.exit(1);
}

// Runs a step of the build; what it says matters only if it fails. With the headers that stand beside Node, where
// there are any, as scripts/node-gyp.mjs.
function build(command, ...args) {
  const env = { ...process.env, CMAKE_BUILD_PARALLEL_LEVEL: String(availableParallelism()) };
  const prefix = path.resolve(process.execPath, '../..');
  if (existsSync(path.join(prefix, 'include/node/node_api.h'))) env.npm_config_nodedir = prefix;
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: root, env, encoding: 'utf8' });
  if (status === 0) return stdout;
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`);
  return fail(error?.message ?? `failed: ${[command, ...args].join(' ')}`);
}

if (process.platform !== 'linux') fail('needs Linux: macOS strips the preloaded library from the children');
if (!existsSync(path.join(root, 'dist/cli.js'))) fail('there is no dist/cli.js: npm run build');
// Node itself is not instrumented, so the sanitizer's library must be there before anything else is.
const name = isThread ? 'libtsan.so' : 'libasan.so';
const library = build('g++', `-print-file-name=${name}`).trim();
if (!path.isAbsolute(library)) fail(`g++ has no ${name} here`);

const cmake = require.resolve('cmake-js/bin/cmake-js');
build(
  process.execPath,
  cmake,
  'compile',
  '--prefer-gnu',
  '--debug',
  '--out',
  out,
  `--CDSANITIZE=${isThread ? 'thread' : 'address'}`,
);
rmSync(reports, { recursive: true, force: true });
mkdirSync(reports);
chmodSync(reports, 0o777); // Some processes are nobody's.

// The library goes to Node and to nothing else that the tests start (ps hangs with it): a command
// that adds it to the environment, and the first thing Node does is to take it out again. That
// command is Node's execPath then, so that workers, and programs on Node, are started by it too.
// At addresses that are not random, where that can be had: on kernels that randomize 32 bits of
// them the libraries of older compilers do not always find their place.
const fixed = spawnSync('setarch', ['-R', 'true']).status === 0 ? 'setarch -R ' : '';
const node = path.join(out, 'node');
const first = path.join(out, 'first.cjs');
const [command, preload, program] = [node, library, process.execPath].map((name) => JSON.stringify(name));
// And no pool: buffers that share memory would hide that one is read or written beyond its end.
const steps = ['delete process.env.LD_PRELOAD', `process.execPath = ${command}`, 'Buffer.poolSize = 0'];
writeFileSync(first, `${steps.join(';\n')};\n`);
const start = `exec ${fixed}env LD_PRELOAD=${preload} ${program} --require ${JSON.stringify(first)}`;
writeFileSync(node, `#!/bin/sh\n${start} "$@"\n`);
chmodSync(node, 0o755);

// SIGABRT, because a test may expect the exit status 1 that is the default. The reports go to files,
// because a test may take stderr, or kill a child before anyone asks how it ended.
const both = `abort_on_error=1:halt_on_error=1:log_path=${path.join(reports, 'report')}`;
const env = {
  ...process.env,
  RFDS_ADDON: path.join(out, 'Debug/rfds.node'),
  // No leak check: Node leaves the heap to the kernel when it exits, and strace rules the check out.
  // Memory that there is none of is an exception of JavaScript's, as it is without the sanitizer.
  ASAN_OPTIONS: `${both}:detect_leaks=0:detect_stack_use_after_return=1:allocator_may_return_null=1`,
  UBSAN_OPTIONS: `${both}:print_stacktrace=1`,
  TSAN_OPTIONS: `log_path=${path.join(reports, 'report')}:exitcode=0:report_signal_unsafe=0`,
};
const vitest = path.join(path.dirname(require.resolve('vitest/package.json')), 'vitest.mjs');
// Without what says nothing of the addon's memory and takes long: the pages, whose time is Chromium's; the tools,
// whose processes make the calls of all the others; torture and the command, for the same reason; the package, which has
// another addon; the heap's size; and the simulated kernel, beneath which there is no addon.
const without =
  /^test\/(sim\/|tools\/|package\.|docs\.|architecture\.|hover\.|startup\.|cli\.|programs\/(allocation|torture))/;
const files = readdirSync(path.join(root, 'test'), { recursive: true })
  .map((file) => path.posix.join('test', file))
  .filter((file) => file.endsWith('.test.ts') && !without.test(file));
const threads = files.filter((file) => /\/(async|signal|workers|terminated|fast-calls|sigaction)/.test(file));
// One file at a time: under the sanitizers everything takes longer, and deadlines do not.
// The project that runs as if on macOS has no addon either.
const args = [
  vitest,
  'run',
  '--maxWorkers',
  '1',
  '--project=!darwin',
  ...(given.length > 0 ? given : isThread ? threads : files),
];
const { status } = spawnSync(node, args, { cwd: root, env, stdio: 'inherit' });

// A report counts if one of its stacks begins in the addon. Not what the loader does, whose lock ThreadSanitizer does not
// see: the library's constructors and destructors, when the last environment unloads it and the next one loads it.
function isOurs(text) {
  if (!isThread) return true;
  if (/ call_init | cxa_at_exit_wrapper /.test(text)) return false;
  const stacks = [...text.matchAll(/(?:^ +#\d+ .*\n?)+/gm)].map(([stack]) => stack.trim().split('\n'));
  return stacks.some((stack) =>
    stack.find((frame) => !frame.includes('libsanitizer/'))?.includes('rfds.node'),
  );
}
const found = readdirSync(reports)
  .map((file) => readFileSync(path.join(reports, file), 'utf8'))
  .flatMap((text) => (isThread ? text.split(/^={18}$/m) : [text]))
  .filter(isOurs);
for (const text of found) console.error(text);
if (found.length > 0) fail(`there are ${found.length} reports (above)`);
process.exit(status ?? 1);
