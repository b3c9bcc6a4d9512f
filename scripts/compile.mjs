// What the addon is made of, and the one command that compiles and links it, with any compiler that takes GCC's
// options: the machine's own (scripts/build-addon.mjs) or zig's for other systems (scripts/cross.mjs).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const native = path.join(root, 'native');

/** { sources, defines, cflags_cc, … }, as node-gyp reads it. */
export const addon = JSON.parse(readFileSync(path.join(native, 'rfds.gypi'), 'utf8'));
const [, onLinux] = addon.conditions.find(([condition]) => condition === "OS=='linux'");

/** Where the package carries Node-API's headers; a checkout has them in node_modules. */
export const shippedHeaders = path.join(root, 'prebuilds/headers');

/** The folder of Node-API's headers. */
export function headers() {
  if (existsSync(shippedHeaders) && !existsSync(path.join(root, 'node_modules'))) return shippedHeaders;
  const require = createRequire(import.meta.url);
  return createRequire(require.resolve('cmake-js'))('node-api-headers').include_dir;
}

/**
 * Compiles the addon into a file. compiler is a command with its arguments, as ['zig', 'c++', '-target', …]. Returns
 * what went wrong: '' for nothing.
 */
export function compile(compiler, file, { isMac = process.platform === 'darwin', env = process.env } = {}) {
  mkdirSync(path.dirname(file), { recursive: true });
  const [command, ...args] = [
    ...compiler,
    ...['-shared', '-fPIC', '-O2', '-s', '-o', file],
    // Node itself has the Node-API functions: on macOS the linker needs a flag for that.
    ...(isMac ? ['-Wl,-undefined,dynamic_lookup'] : [...onLinux.cflags_cc, ...onLinux.ldflags]),
    ...addon.defines.map((define) => `-D${define}`),
    `-I${headers()}`,
    ...addon.cflags_cc,
    '-Wno-unused-command-line-argument', // clang's: hardening flags that a processor does not have
    ...addon.sources,
  ];
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: native, env, encoding: 'utf8' });
  return status === 0 ? '' : error ? error.message : `${stdout}${stderr}`.trim();
}
