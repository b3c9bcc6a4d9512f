// Loads the addon: the one that was built on this machine, else the prebuilt one of this platform. CommonJS with every
// path written out, because that is how bundlers find addons. The package's first module: what it cannot run on it says
// in one sentence, so its syntax is what old Nodes can parse.
//
// RFDS_SIM_PLATFORM=darwin: in place of the addon, what macOS' headers say, for programs on the simulated kernel.

'use strict';

const { arch, env, platform, versions } = process;

/** The oldest Node: package.json's engines say the same. */
const OLDEST = [20, 4];

function fault(code, message) {
  return Object.assign(new Error(message), { code });
}

/** Whether the C library is musl: the program's loader, which its ELF header's neighbours name, is musl's. */
function isMusl() {
  const { closeSync, openSync, readSync } = require('node:fs');
  try {
    const fd = openSync('/proc/self/exe', 'r');
    const head = Buffer.alloc(2048);
    readSync(fd, head, 0, head.length, 0);
    closeSync(fd);
    return head.includes('/ld-musl-');
  } catch {
    return false; // No /proc, or it may not be read: what most systems have.
  }
}

/** Where the package runs as if on macOS: Apple's constants and structs, and no kernel. */
function simulated() {
  const abi = require('./darwin-abi.json');
  return require('./no-kernel.cjs')('darwin', abi.calls, abi);
}

function load() {
  const [major, minor] = versions.node.split('.').map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
    throw fault(
      'ERR_RFDS_NODE',
      `rfds needs Node ${OLDEST.join('.')} or later, and this is ${versions.node}`,
    );
  if (platform !== 'linux' && platform !== 'darwin')
    throw fault('ERR_RFDS_PLATFORM', `rfds runs on Linux and macOS, and not on ${platform}`);

  if (env.RFDS_SIM_PLATFORM) {
    if (env.RFDS_SIM_PLATFORM === 'darwin') return simulated();
    if (env.RFDS_SIM_PLATFORM !== platform)
      throw fault(
        'ERR_RFDS_SIM_PLATFORM',
        `RFDS_SIM_PLATFORM is darwin or the platform of this machine (${platform}), and not ${env.RFDS_SIM_PLATFORM}`,
      );
  }

  // Another build of the addon, as the sanitizers' (scripts/sanitize.mjs).
  if (env.RFDS_ADDON) {
    const other = { exports: {} };
    process.dlopen(other, require('node:path').resolve(env.RFDS_ADDON));
    return other.exports;
  }

  const failures = [];
  try {
    return require('../../build/Release/rfds.node');
  } catch (error) {
    failures.push(error);
  }
  const libc = platform === 'linux' && isMusl() ? '-musl' : '';
  const target = `${platform}-${arch}${libc}`;
  try {
    switch (target) {
      case 'linux-x64':
        return require('../../prebuilds/linux-x64/rfds.glibc.node');
      case 'linux-x64-musl':
        return require('../../prebuilds/linux-x64/rfds.musl.node');
      case 'linux-arm64':
        return require('../../prebuilds/linux-arm64/rfds.glibc.node');
      case 'linux-arm64-musl':
        return require('../../prebuilds/linux-arm64/rfds.musl.node');
      case 'darwin-x64':
        return require('../../prebuilds/darwin-x64/rfds.node');
      case 'darwin-arm64':
        return require('../../prebuilds/darwin-arm64/rfds.node');
    }
  } catch (error) {
    failures.push(error);
  }
  const cure = '`npx rfds build-addon` compiles it on this machine (it takes a C++17 compiler)';
  const present = failures.find(({ code }) => code !== 'MODULE_NOT_FOUND');
  if (present === undefined)
    throw fault('ERR_RFDS_ADDON', `rfds has no prebuilt addon for ${target}: ${cure}`);
  // Addons may be forbidden (--permission): then another build is no cure.
  if (present.code !== 'ERR_DLOPEN_FAILED') throw present;
  const [reason] = present.message.split('\n');
  throw fault('ERR_RFDS_ADDON', `rfds cannot load its addon for ${target} (${reason}): ${cure}`);
}

module.exports = load();
