// The package as npm packs it, installed where there is no compiler, no Python, no make and no registry.

import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { which } from './support/platform.ts';
import { Program, within } from './support/programs.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'rfds-package-')));
afterAll(() => rmSync(folder, { recursive: true }));

const bin = path.join(folder, 'bin');
/** Nothing of this run's, of npm's neither. */
const env = {
  PATH: bin,
  HOME: folder,
  npm_config_cache: path.join(folder, 'cache'),
  npm_config_offline: 'true',
  npm_config_audit: 'false',
  npm_config_fund: 'false',
  npm_config_update_notifier: 'false',
};
const app = path.join(folder, 'app');
const installed = path.join(app, 'node_modules/rfds');

/** Runs a command in a folder, with the environment above. */
function run(command: string, args: string[], { cwd = app, more = {} as NodeJS.ProcessEnv } = {}) {
  const { status, stdout, stderr } = spawnSync(path.join(bin, command), args, {
    cwd,
    env: { ...env, ...more },
    encoding: 'utf8',
    timeout: 100_000,
  });
  return { status, stdout, stderr };
}
const inOrder = { status: 0, stderr: '' };

/** The options of Node that make it seem another machine. */
function pretending(what: string): NodeJS.ProcessEnv {
  const file = path.join(folder, `${createId(what)}.cjs`);
  writeFileSync(file, `Object.defineProperty(process, ${what});\n`);
  return { NODE_OPTIONS: `--require ${file}` };
}
const createId = (text: string) => text.replace(/\W+/g, '-');

// The sanitizers run on an addon that is not the package's; and what is packed is made in the checkout.
const isWritable = (() => {
  try {
    accessSync(root, constants.W_OK);
    return true;
  } catch {
    return false;
  }
})();
describe.skipIf(Boolean(process.env.RFDS_ADDON) || !isWritable)(
  'the packed package',
  { timeout: 120_000 },
  () => {
    let files: string[];

    beforeAll(() => {
      mkdirSync(bin);
      symlinkSync(process.execPath, path.join(bin, 'node'));
      for (const name of ['npm', 'npx', 'sh', 'env']) {
        symlinkSync(realpathSync(which(name)!), path.join(bin, name));
      }
      // dist/ and build/ are there, and other tests run on them.
      const made = spawnSync(process.execPath, ['scripts/prepack.mjs', '--built'], {
        cwd: root,
        encoding: 'utf8',
      });
      expect(made).toMatchObject({ status: 0 });
      const packed = run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
        cwd: root,
      });
      expect(packed).toMatchObject({ status: 0 });
      const [tarball] = JSON.parse(packed.stdout);
      files = tarball.files.map((file: { path: string }) => file.path);
      mkdirSync(app);
      writeFileSync(path.join(app, 'package.json'), '{ "private": true, "type": "module" }\n');
      const tarballPath = path.join(folder, tarball.filename);
      expect(run('npm', ['i', '--ignore-scripts', tarballPath])).toMatchObject(inOrder);
    }, 300_000);

    test('has no binding.gyp in its root, which npm would build, and nothing that was built beside the prebuilt addon', () => {
      expect(files).toContain('native/rfds.gypi');
      expect(files).not.toContain('binding.gyp');
      expect(files.filter((file) => file.endsWith('.node'))).toEqual([
        expect.stringMatching(/^prebuilds\/\w+-\w+\/rfds(\.glibc|\.musl)?\.node$/),
      ]);
      expect(files.filter((file) => /\.o$|^build|\/build\//.test(file))).toEqual([]);
    });

    test('has what its README leads to', () => {
      const readme = readFileSync(path.join(installed, 'README.md'), 'utf8');
      const links = [...readme.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map(([, target]) => target);
      const relative = links.filter((target) => !/^[a-z]+:/.test(target));
      expect(relative.length).toBeGreaterThan(10);
      expect(relative.filter((target) => !existsSync(path.join(installed, target)))).toEqual([]);
    });

    test('installs alone, and passes on the licences of what it contains', () => {
      expect(readdirSync(path.join(app, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
        'rfds',
      ]);
      const imports = readdirSync(path.join(installed, 'dist'), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.js') && !/third-party|assets/.test(file))
        .flatMap((file) => [
          ...readFileSync(path.join(installed, 'dist', file), 'utf8').matchAll(
            /^import .* from '([^'.][^']*)'/gm,
          ),
        ])
        .map(([, name]) => name);
      expect(imports.length).toBeGreaterThan(40);
      expect(imports.filter((name) => !name.startsWith('node:'))).toEqual([]);
      const notices = readFileSync(path.join(installed, 'dist/THIRD_PARTY_NOTICES'), 'utf8');
      for (const name of ['commander', 'simple-statistics', '@observablehq/plot', 'd3-scale'])
        expect(notices).toMatch(new RegExp(`(^|, )${name} \\d.*:$`, 'm'));
      const page = readFileSync(path.join(installed, 'dist/tools/compare/assets/draw.js'), 'utf8');
      expect(page).toContain('Permission to use, copy, modify, and/or distribute this software');
    });

    test('without a compiler, Python and make, `npx rfds trace Hello` tells the story', () => {
      for (const name of ['c++', 'g++', 'cc', 'make', 'python3'])
        expect(spawnSync(name, ['--version'], { env }).error).toMatchObject({ code: 'ENOENT' });
      const { status, stdout, stderr } = run('npx', ['rfds', 'trace', 'Hello']);
      expect(status, stderr).toBe(0);
      for (const call of ['listen', 'accept', 'connect', 'select', 'recv', 'send', 'close'])
        expect(stdout).toMatch(new RegExp(`^ {4}${call}\\w*\\(`, 'm'));
      expect(stdout).toMatch(/^ {4}recv\(\d+, "[\d.]+:Hello", 1024, 0\) = \d+/m);
    });

    test('its server answers its client', async () => {
      const command = path.join(app, 'node_modules/.bin/rfds');
      const server = ['server', '--host', '127.0.0.1', '--port', '0'];
      await using listening = new Program(process.execPath, [command, ...server]);
      const [, port] = await listening.has(/Listening on \('127\.0\.0\.1', (\d+)\)\n/);
      await using client = new Program(process.execPath, [command, 'client', '127.0.0.1', port]);
      client.type('Hello\n', 'last');
      expect(await within(client.exited, 'the end of the client')).toBe(0);
      expect(client.stdout).toMatch(/^> (\d+\.\d+:){3}Hello$/m);
    });

    test('is left alone by `npm ci` and `npm rebuild`, with scripts', () => {
      for (const args of [['ci'], ['rebuild']]) expect(run('npm', args)).toMatchObject(inOrder);
      expect(existsSync(path.join(installed, 'build'))).toBe(false);
      const program = "import { close } from 'rfds/syscalls'; console.log(close(-1));";
      expect(run('node', ['--input-type=module', '-e', program])).toEqual({ ...inOrder, stdout: '-9\n' });
    });

    test.each(['cjs', 'esm'] as const)('esbuild finds the addon (%s)', async (format) => {
      const entry = path.join(app, 'bundled.mjs');
      writeFileSync(entry, "import { close } from 'rfds/syscalls';\nconsole.log(close(-1));\n");
      const outdir = path.join(folder, `bundled-${format}`);
      const install = readFileSync(path.join(installed, 'docs/install.md'), 'utf8');
      const { errors } = await build({
        entryPoints: [entry],
        outdir,
        bundle: true,
        platform: 'node',
        format,
        outExtension: { '.js': format === 'cjs' ? '.cjs' : '.mjs' },
        loader: { '.node': 'copy' },
        logLevel: 'silent',
        ...(format === 'esm' && {
          // As docs/install.md has it.
          banner: { js: install.match(/--banner:js="(.*)"/)![1] },
        }),
      });
      expect(errors).toEqual([]);
      const file = path.join(outdir, `bundled.${format === 'cjs' ? 'cjs' : 'mjs'}`);
      expect(run('node', [file], { cwd: folder })).toEqual({ ...inOrder, stdout: '-9\n' });
    });

    test("README's TypeScript compiles under --strict, from public modules", () => {
      const example = readFileSync(path.join(root, 'examples/documented-server.ts'), 'utf8');
      const readme = readFileSync(path.join(installed, 'README.md'), 'utf8');
      const [, loop] = readme.match(/```ts\n([\s\S]*?)```/)!;
      const [, first] = readme.match(/```js\n([\s\S]*?)```/)!;
      expect(example).toContain(loop);
      writeFileSync(path.join(app, 'loop.ts'), example.slice(0, example.indexOf(loop)) + loop);
      writeFileSync(path.join(app, 'first.ts'), first);
      const require = createRequire(import.meta.url);
      const types = path.dirname(path.dirname(require.resolve('@types/node/package.json')));
      const flags = '--noEmit --strict --module nodenext --target es2022 --lib es2023,esnext.disposable';
      const { status, stdout } = spawnSync(
        path.join(root, 'node_modules/.bin/tsc'),
        [...flags.split(' '), '--types', 'node', '--typeRoots', types, 'loop.ts', 'first.ts'],
        { cwd: app, encoding: 'utf8' },
      );
      expect([status, stdout]).toEqual([0, '']);
    });

    describe('where it cannot run', () => {
      const help = ['rfds', '--help'];
      const cure = '`npx rfds build-addon` compiles it on this machine (it takes a C++17 compiler)';

      test('`npx rfds --help` without a prebuilt addon is one sentence, with status 1', () => {
        const bare = path.join(folder, 'bare');
        cpSync(app, bare, { recursive: true, verbatimSymlinks: true });
        rmSync(path.join(bare, 'node_modules/rfds/prebuilds'), { recursive: true });
        const { status, stdout, stderr } = run('npx', help, { cwd: bare });
        const target = `${process.platform}-${process.arch}`;
        expect(stderr).toMatch(new RegExp(`^rfds: rfds has no prebuilt addon for ${target}(-musl)?: .*\n$`));
        expect(stderr).toContain(cure);
        expect([status, stdout]).toEqual([1, '']);
      });

      test.each([
        [
          'a processor that has no prebuilt addon',
          "'arch', { value: 'riscv64' }",
          `rfds has no prebuilt addon for ${process.platform}-riscv64: ${cure}`,
        ],
        [
          'another system',
          "'platform', { value: 'win32' }",
          'rfds runs on Linux and macOS, and not on win32',
        ],
        [
          'a Node that is too old',
          "'versions', { value: { ...process.versions, node: '18.20.8' } }",
          'rfds needs Node 20.4 or later, and this is 18.20.8',
        ],
      ])('%s is one sentence, with status 1', (_, what, sentence) => {
        const more = pretending(what);
        const cli = path.join(installed, 'dist/cli.js');
        expect(run('node', [cli, '--help'], { more })).toEqual({
          status: 1,
          stdout: '',
          stderr: `rfds: ${sentence}\n`,
        });
        const imported = run('node', ['--input-type=module', '-e', "import 'rfds'"], { more });
        expect(imported.stderr).toContain(`Error: ${sentence}\n`);
      });

      test('the oldest Node is the one that package.json names', () => {
        const { engines } = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8'));
        expect(engines).toEqual({ node: '>=20.4' });
      });

      test('an addon that the C library cannot load is one sentence, with its reason', () => {
        const other = path.join(folder, 'other');
        cpSync(app, other, { recursive: true, verbatimSymlinks: true });
        const [addon] = files.filter((file) => file.endsWith('.node'));
        writeFileSync(path.join(other, 'node_modules/rfds', addon), 'not an addon');
        const { status, stderr } = run('npx', help, { cwd: other });
        expect(stderr).toMatch(/^rfds: rfds cannot load its addon for [\w-]+ \(.*rfds.*\.node: .*\): .*\n$/);
        expect(status).toBe(1);
      });

      test('`npx rfds build-addon` without a compiler says where to get one', () => {
        const { status, stderr } = run('npx', ['rfds', 'build-addon']);
        expect(stderr).toMatch(
          /^rfds build-addon: there is no C\+\+ compiler c\+\+ \(.*\), and CXX names no other\n$/,
        );
        expect(status).toBe(1);
        const { status: inBare, stderr: same } = run('npx', ['rfds', 'build-addon'], {
          cwd: path.join(folder, 'bare'),
        });
        expect([inBare, same]).toEqual([1, stderr]);
      });
    });
  },
);

test('building without Python, make and a compiler says which of them is missing, also where npm is silent', () => {
  const checkout = path.join(folder, 'checkout');
  for (const name of ['scripts', 'native'])
    cpSync(path.join(root, name), path.join(checkout, name), { recursive: true });
  symlinkSync(path.join(root, 'node_modules'), path.join(checkout, 'node_modules'));
  const silent = { PATH: path.join(folder, 'nothing'), npm_config_loglevel: 'silent' };
  const { status, stderr } = spawnSync(process.execPath, [path.join(checkout, 'scripts/node-gyp.mjs')], {
    env: silent,
    encoding: 'utf8',
  });
  const all = 'Python 3, make, a C++17 compiler (g++, clang++)';
  expect(stderr).toBe(`building the addon takes ${all}; not found: ${all}\n`);
  expect(status).toBe(1);
});
