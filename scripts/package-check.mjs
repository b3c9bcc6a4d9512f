// Judges the package as it will be published: publint and @arethetypeswrong/cli on the packed tarball,
// and tsc on programs that import every public subpath from it. npm run package-check.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

const pack = JSON.parse(
  run('npm pack', 'npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', work]),
);
const tarball = path.join(work, pack[0].filename);
console.log(`packed ${pack[0].files.length} files, ${pack[0].size} bytes`);

const bin = (name) => path.join(root, 'node_modules/.bin', name);
run('publint', bin('publint'), ['run', tarball, '--strict']);
console.log('publint: clean');
// Only modules: require() of them is what Node 22 can do and Node 20 cannot.
run('attw', bin('attw'), [tarball, '--profile', 'esm-only', '--no-emoji']);
console.log('attw: clean');

const consumer = path.join(work, 'consumer');
const installed = path.join(consumer, 'node_modules/rfds');
mkdirSync(installed, { recursive: true });
run('tar', 'tar', ['xzf', tarball, '-C', installed, '--strip-components=1']);
const names = Object.keys(subpaths).filter((name) => name !== './package.json');
const lines = names.map(
  (name, i) => `import * as m${i} from 'rfds${name.slice(1)}';\nconsole.log(Object.keys(m${i}));`,
);
writeFileSync(path.join(consumer, 'every.mts'), `${lines.join('\n')}\n`);
const types = path.dirname(path.dirname(require.resolve('@types/node/package.json')));
const flags =
  '--noEmit --strict --module nodenext --target es2022 --lib es2023,esnext.disposable --types node';
run('tsc', bin('tsc'), [...flags.split(' '), '--typeRoots', types, 'every.mts'], consumer);
console.log(`tsc: ${names.length} subpaths, each with its types`);
