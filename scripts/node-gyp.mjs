// Runs node-gyp rebuild (or what is given) with the headers that stand beside the running Node, where
// there are any: then nothing is downloaded. A rebuild whose sources, tools and Node are
// those of the last one is not repeated: a stamp beside the addon says what it was made of.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const addon = path.join(root, 'build/Release/rfds.node');
const stamp = path.join(root, 'build/Release/rfds.stamp');

const prefix = path.resolve(process.execPath, '../..');
const env = { ...process.env };
if (existsSync(path.join(prefix, 'include/node/node_api.h'))) env.npm_config_nodedir = prefix;

/** A digest of all that the addon is made of, and of the addon itself; null where there is none. */
function digest() {
  if (!existsSync(addon)) return null;
  const hash = createHash('sha256');
  const { CC, CXX, CFLAGS, CXXFLAGS, CPPFLAGS, LDFLAGS, RFDS_WERROR } = process.env;
  const { version, arch, platform, execPath } = process;
  hash.update(
    JSON.stringify([
      version,
      arch,
      platform,
      execPath,
      CC,
      CXX,
      CFLAGS,
      CXXFLAGS,
      CPPFLAGS,
      LDFLAGS,
      RFDS_WERROR,
    ]),
  );
  const nodeGyp = path.dirname(require.resolve('node-gyp/package.json'));
  const sources = (folder) =>
    readdirSync(folder)
      .filter((name) => /\.(cc|h|inc)$/.test(name))
      .sort()
      .map((name) => path.join(folder, name));
  for (const file of [
    path.join(root, 'binding.gyp'),
    path.join(root, 'native/rfds.gypi'),
    ...sources(path.join(root, 'native')),
    path.join(nodeGyp, 'package.json'),
    fileURLToPath(import.meta.url),
    addon,
  ]) {
    hash.update(`\n${path.relative(root, file)}\n`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

const isRebuild = process.argv.length === 2;
const made = isRebuild && existsSync(stamp) ? readFileSync(stamp, 'utf8') : undefined;
if (made !== undefined && made === digest()) process.exit(0);

// What node-gyp takes and npm does not bring, each by its names: without one of them node-gyp's answer is long.
const { env: given } = process;
const tools = {
  'Python 3': [given.NODE_GYP_FORCE_PYTHON, given.npm_config_python, given.PYTHON, 'python3', 'python'],
  make: [given.MAKE, 'make', 'gmake'],
  'a C++17 compiler (g++, clang++)': [given.CXX?.split(' ')[0], 'c++', 'g++', 'clang++'],
};
const isThere = (name) => name && spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0;
const missing = Object.keys(tools).filter((what) => !tools[what].some(isThere));
if (missing.length > 0) {
  console.error(
    `building the addon takes ${Object.keys(tools).join(', ')}; not found: ${missing.join(', ')}`,
  );
  process.exit(1);
}

// npm run --silent would silence node-gyp too, and its reasons.
if (env.npm_config_loglevel === 'silent') env.npm_config_loglevel = 'warn';
const args = isRebuild ? ['rebuild', '--jobs', 'max'] : process.argv.slice(2);
const { status, stdout, stderr } = spawnSync(
  process.execPath,
  [require.resolve('node-gyp/bin/node-gyp.js'), ...args],
  { cwd: root, env, encoding: 'utf8' },
);
if (status !== 0 || env.npm_config_loglevel === 'verbose') process.stderr.write(`${stdout}${stderr}`);
if (status === 0 && isRebuild) writeFileSync(stamp, digest());
process.exit(status ?? 1);
