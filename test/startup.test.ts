// What the public modules load: the raw layer nothing of the tools, and what is interposed only if the environment
// asks for it.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const hooks = new URL('./support/print-modules.mjs', import.meta.url).href;
const folder = mkdtempSync(path.join(tmpdir(), 'rfds-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The modules of the package that a program of one statement loads, by their paths in dist/. */
function loaded(statement: string, env: NodeJS.ProcessEnv = {}): string[] {
  const { stderr, status } = spawnSync(
    process.execPath,
    ['--import', hooks, '--input-type=module', '-e', statement],
    {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, RFDS_TRACE: '', RFDS_LEDGER: '', RFDS_FAULTS: '', ...env },
    },
  );
  expect(status, stderr).toBe(0);
  const dist = new URL('../dist/', import.meta.url).href;
  const urls = [...stderr.matchAll(/^module (.+)$/gm)].map(([, url]) => url);
  return urls.filter((url) => url.startsWith(dist)).map((url) => url.slice(dist.length));
}

const ofLayer = (layer: string, modules: string[]) => modules.filter((file) => file.startsWith(`${layer}/`));

describe("import 'rfds/syscalls'", () => {
  const statement = "import 'rfds/syscalls'";

  test('loads the kernel layer only, which is two modules and the loader of the addon', () => {
    const modules = new Set(loaded(statement));
    expect([...modules].sort()).toEqual(['kernel/addon.cjs', 'kernel/merged.js', 'syscalls.js']);
  });

  test.each([
    ['RFDS_TRACE', path.join(folder, 'recording')],
    ['RFDS_LEDGER', '1'],
    ['RFDS_FAULTS', 'recv:error=EINTR'],
  ])('loads what is interposed when %s asks for it', (name, value) => {
    const modules = loaded(statement, { [name]: value });
    expect(ofLayer('interpose', modules)).toEqual(['interpose/environment.cjs']);
    expect(ofLayer('tools', modules)).toEqual([]);
  });
});

test('the other public modules load no recorder, no ledger and no tool', () => {
  const doors = ['builtins', 'socket', 'select', 'selectors', 'signal', 'structs', 'net', 'async', 'systemd'];
  const modules = loaded(doors.map((door) => `import 'rfds/${door}';`).join(''));
  expect(modules).toEqual(expect.arrayContaining(doors.map((door) => `${door}.js`)));
  expect(ofLayer('interpose', modules)).toEqual(['interpose/loaded-ledger.js']);
  expect(ofLayer('tools', modules)).toEqual([]);
});

// require() of modules came with Node 20.19 and 22.12.
const { require_module: hasRequire } = process.features as { require_module?: boolean };
test.skipIf(!hasRequire)(
  "require('rfds/syscalls') gives the calls, with a recorder too (needs require(esm))",
  () => {
    const program = "console.log(require('rfds/syscalls').close(-1))";
    for (const RFDS_TRACE of ['', path.join(folder, 'required')]) {
      const env = { ...process.env, RFDS_TRACE };
      const output = execFileSync(process.execPath, ['-e', program], {
        cwd: root,
        encoding: 'utf8',
        env,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      expect(output).toBe('-9\n');
    }
  },
);
