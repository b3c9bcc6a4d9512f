// Compiles the addon on this machine into build/Release, where it comes before every prebuilt one: for a platform that
// has none, out of an installed package: npx rfds build-addon. It takes a C++17 compiler (CXX, or c++), and nothing
// of npm's: the sources and the headers of Node-API are in the package.
import { spawnSync } from 'node:child_process';
import { renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { addon, compile, root } from './compile.mjs';

const file = path.join(root, 'build/Release/rfds.node');
const fresh = `${file}.new.node`;
const compiler = (process.env.CXX || 'c++').split(' ');

function fail(why) {
  rmSync(fresh, { force: true });
  console.error(`rfds build-addon: ${why}`);
  process.exit(1);
}

if (spawnSync(compiler[0], ['--version'], { stdio: 'ignore' }).error)
  fail(
    `there is no C++ compiler ${compiler[0]} (Debian, Ubuntu: apt install g++; Fedora: dnf install gcc-c++; ` +
      'Alpine: apk add g++; macOS: xcode-select --install), and CXX names no other',
  );
console.error(
  `compiling ${addon.sources.length} files with ${compiler.join(' ')}, which takes about a minute`,
);
try {
  const output = compile(compiler, fresh);
  if (output) fail(output);
} catch (error) {
  fail(error.message); // The folder may not be written.
}
const { status, stderr } = spawnSync(process.execPath, ['-e', 'require(process.argv[1])', fresh], {
  encoding: 'utf8',
});
if (status !== 0) fail(`what was compiled does not load: ${stderr.match(/^.*Error: .*$/m)?.[0] ?? stderr}`);
renameSync(fresh, file);
console.error(`${file} is there, and loads`);
