// What `rfds compare` tells of the cost per call: the table, and a run with and without koffi.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { CallCosts } from '../../../src/tools/compare/call-costs.ts';
import type { Report } from '../../../src/tools/compare/report.ts';
import { tables } from '../../../src/tools/compare/table.ts';
import { isLinux } from '../../support/platform.ts';
import { cli, existing, Program, within } from '../../support/programs.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const names = ['close', 'recv', 'send', 'select', 'poll', 'epoll_wait'];

function tableOf(calls: CallCosts): string {
  return tables({ contenders: [], cells: [], syscallsPerMessage: {}, calls });
}

const libraries = ['C', 'rfds', 'koffi'].map((name) => ({ name, about: name }));

const samples = [10, 30, 20].flatMap((close, i) => [
  { library: 'C', round: i + 1, nanoseconds: { close, recv: 400 } },
  { library: 'rfds', round: i + 1, nanoseconds: { close: close * 10, recv: 399.4 } },
]);

test('the cost of a call is a median in C, and elsewhere a median with what it is over C', () => {
  const text = tableOf({ libraries, samples });
  expect(text).toMatch(/^cost per call, ns \(over C\)\n +close +recv\n/);
  expect(text).toMatch(/^C +20 +400$/m);
  expect(text).toMatch(/^rfds +200 \(\+180\) +399 \(-1\)$/m);
});

test('without C the cost of a call stands alone', () => {
  const text = tableOf({ libraries, samples: samples.filter(({ library }) => library !== 'C') });
  expect(text).toMatch(/^rfds +200 +399$/m);
});

test('a library that is missing is not compared', () => {
  const missing = { name: 'koffi', about: 'koffi', missing: 'koffi is not installed' };
  const text = tableOf({ libraries: [missing], samples });
  expect(text).toMatch(/\n\nnot compared\nkoffi +koffi is not installed\n$/);
});

describe.skipIf(!isLinux)('a run (Linux)', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'rfds-call-costs-test-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Runs `rfds compare --only calls` of an installed package: what it printed, and the report. */
  async function run(home: string, env: NodeJS.ProcessEnv = {}) {
    const json = path.join(folder, 'report.json');
    const args = ['--quick', '--rounds', '2', '--only', 'calls', '--json', json];
    const command = [path.join(home, 'dist/cli.js'), 'compare', ...args];
    await using program = new Program(process.execPath, command, env);
    const status = await within(program.exited, 'the end of the comparison');
    expect({ status, stderr: program.stderr }).toMatchObject({ status: 0 });
    const report: Report = JSON.parse(readFileSync(json, 'utf8'));
    return { stdout: program.stdout, stderr: program.stderr, report };
  }

  test('measures every call, in C and through each library in turn', async () => {
    const { stdout, stderr, report } = await run(root);
    const inTurn = isBuiltin('node:ffi') ? ['C', 'rfds', 'koffi', 'node:ffi'] : ['C', 'rfds', 'koffi'];
    const { samples } = report.calls;
    expect(samples.map(({ library }) => library)).toEqual([...inTurn, ...inTurn]);
    expect(samples.map(({ round }) => round)).toEqual([...inTurn.map(() => 1), ...inTurn.map(() => 2)]);
    for (const { nanoseconds } of samples) {
      expect(Object.keys(nanoseconds)).toEqual(names);
      for (const name of names) expect(nanoseconds[name]).toBeGreaterThan(0);
    }
    expect(stdout).toMatch(/^cost per call, ns/);
    expect(stderr).toMatch(/^cost per call, round 2 of 2: rfds$/m);
    expect(report.cells).toEqual([]);

    const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
    const abouts = Object.fromEntries(report.calls.libraries.map(({ name, about }) => [name, about]));
    expect(abouts).toMatchObject({
      C: expect.stringMatching(/\d+\.\d+.*-O2$/),
      rfds: `raw layer ${version}, Node ${process.versions.node}`,
      koffi: expect.stringMatching(/^koffi 3\.\d+\.\d+, Node /),
    });
  });

  test('goes without C where there is no compiler', async () => {
    // Nothing but what starts Node under the sanitizers.
    const bin = path.join(folder, 'bin');
    mkdirSync(bin);
    for (const name of ['env', 'setarch']) symlinkSync(`/usr/bin/${name}`, path.join(bin, name));
    const { stdout } = await run(root, { PATH: bin });
    expect(stdout).toMatch(/^rfds( +\d+){6}$/m);
    expect(stdout).toMatch(/\n\nnot compared\nC +there is no C compiler \(cc\)\n/);
  });

  test('Ctrl+C ends what measures, and it with 130', async () => {
    const args = ['compare', '--rounds', '999', '--only', 'calls'];
    await using program = new Program(process.execPath, [cli, ...args]);
    await program.has(/round 1 of 999: rfds\n/, 'stderr');
    const children = () =>
      readFileSync(`/proc/${program.pid}/task/${program.pid}/children`, 'utf8').match(/\d+/g);
    const [child] = (await vi.waitUntil(children, { timeout: 20_000, interval: 1 }))!.map(Number);
    program.kill('SIGINT');
    expect(await within(program.exited, 'the end of the comparison')).toBe(130);
    // The process that ends the others if this one is killed ends after it.
    await vi.waitUntil(() => !existing(child), { timeout: 20_000 });
  });

  test('goes without koffi where only rfds and its dependencies are installed', async () => {
    const home = path.join(folder, 'rfds');
    for (const part of ['package.json', 'dist', 'bench/calls.c'])
      cpSync(path.join(root, part), path.join(home, part), { recursive: true });
    symlinkSync(path.join(root, 'build'), path.join(home, 'build'));
    mkdirSync(path.join(home, 'node_modules'));
    const { dependencies = {} } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
    for (const name of Object.keys(dependencies))
      symlinkSync(path.join(root, 'node_modules', name), path.join(home, 'node_modules', name));
    const { stdout, report } = await run(home);
    expect(stdout).toMatch(/\n\nnot compared\nkoffi +koffi is not installed\n/);
    expect(report.calls.samples.filter(({ library }) => library === 'rfds')).toHaveLength(2);
  });
});
