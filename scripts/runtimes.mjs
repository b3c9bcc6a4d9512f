// Other Nodes, Bun and Deno, as npm packages, each kept in .cache/matrix. Linux only. For matrix.mjs and suites.mjs.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const cache = path.join(root, '.cache/matrix');

const { arch } = process;
const aarch = arch === 'arm64' ? 'aarch64' : arch;

export const node = (major) => ({
  name: `node ${major}`,
  package: `node-linux-${arch}`,
  version: major,
  program: 'bin/node',
});
export const bun = {
  name: 'bun',
  package: `@oven/bun-linux-${aarch}`,
  version: 'latest',
  program: 'bin/bun',
};
export const deno = {
  name: 'deno',
  package: `@deno/linux-${arch}-glibc`,
  version: 'latest',
  program: 'deno',
  args: ['run', '-A', '--no-lock'], // without a lock of its own beside package.json
};

/** The path of a runtime's program, which npm fetches if it is not there yet. Throws if it cannot. */
export function install(runtime) {
  if (process.platform !== 'linux')
    throw new Error('the packages of the runtimes that it knows are for Linux');
  const prefix = path.join(cache, runtime.name.replace(' ', '-'));
  const file = path.join(prefix, 'node_modules', runtime.package, runtime.program);
  if (existsSync(file)) return file;
  const wanted = `${runtime.package}@${runtime.version}`;
  const args = ['i', '--no-save', '--ignore-scripts', '--prefix', prefix, wanted];
  const { status, error, stdout, stderr } = spawnSync('npm', args, { encoding: 'utf8' });
  if (status !== 0)
    throw new Error(`npm ${args.join(' ')}: ${(error?.message ?? `${stdout}${stderr}`).trim()}`);
  return file;
}
