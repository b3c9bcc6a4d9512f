// Judges the package as it will be published: publint and @arethetypeswrong/cli on the packed tarball, tsc on a
// program that imports every public subpath from it, that program run, and the addon compiled out of the package.
// npm run package-check. (test/package.test.ts installs it where there is nothing but Node.)
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const { exports: subpaths } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const work = mkdtempSync(path.join(tmpdir(), 'rfds-package-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

function run(what, command, args, cwd = root) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status === 0) return stdout;
  console.error(`package-check: ${what} failed\n${error?.message ?? `${stdout}${stderr}`}`);
  return process.exit(1);
}

// With prepack, which makes what is packed.
run('npm pack', 'npm', ['pack', '--pack-destination', work]);
const [filename] = readdirSync(work).filter((name) => name.endsWith('.tgz'));
const tarball = path.join(work, filename);
console.log(`packed ${filename}, ${statSync(tarball).size} bytes`);

const bin = (name) => path.join(root, 'node_modules/.bin', name);
run('publint', bin('publint'), ['run', tarball, '--strict']);
console.log('publint: clean');
// Only modules: require() of them takes Node 20.19 or 22.12.
run('attw', bin('attw'), [tarball, '--profile', 'esm-only', '--no-emoji']);
console.log('attw: clean');

const consumer = path.join(work, 'consumer');
const installed = path.join(consumer, 'node_modules/rfds');
mkdirSync(installed, { recursive: true });
run('tar', 'tar', ['xzf', tarball, '-C', installed, '--strip-components=1']);
const names = Object.keys(subpaths).filter((name) => !name.endsWith('.json'));
const lines = names.map(
  (name, i) => `import * as m${i} from 'rfds${name.slice(1)}';\nconsole.log(Object.keys(m${i}));`,
);
writeFileSync(path.join(consumer, 'every.mts'), `${lines.join('\n')}\n`);
const types = path.dirname(path.dirname(require.resolve('@types/node/package.json')));
const flags =
  '--noEmit --strict --module nodenext --target es2022 --lib es2023,esnext.disposable --types node';
run('tsc', bin('tsc'), [...flags.split(' '), '--typeRoots', types, 'every.mts'], consumer);
console.log(`tsc: ${names.length} subpaths, each with its types`);

const program = names.map((name) => `import 'rfds${name.slice(1)}';`).join('\n');
writeFileSync(path.join(consumer, 'every.mjs'), program);
run('import', process.execPath, ['every.mjs'], consumer);
run('rfds --version', process.execPath, ['node_modules/rfds/dist/cli.js', '--version'], consumer);
console.log('node: all of them load, and the command runs');

rmSync(path.join(installed, 'prebuilds', `${process.platform}-${process.arch}`), { recursive: true });
run('rfds build-addon', process.execPath, ['node_modules/rfds/dist/cli.js', 'build-addon'], consumer);
run('import', process.execPath, ['every.mjs'], consumer);
console.log('build-addon: compiled out of the package, and loads');
