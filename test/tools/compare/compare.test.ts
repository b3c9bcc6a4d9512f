// `rfds compare`: a small run from end to end, its tables and page, Ctrl+C, and what is missing.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Sample } from '../../../src/tools/compare/load.ts';
import type { Report } from '../../../src/tools/compare/report.ts';
import { measures, summarize, tables } from '../../../src/tools/compare/table.ts';
import { isLinux } from '../../support/platform.ts';
import { cli, existing, Program, within } from '../../support/programs.ts';

function sample(messages: number, cpuSeconds: number): Sample {
  return {
    messages,
    seconds: 2,
    server: {
      cpuNs: cpuSeconds * 1e9,
      userTicks: 25,
      systemTicks: 75,
      switches: messages / 4,
      residentKiB: 51200,
    },
    loadCpuSeconds: 1,
    latencyMicros: { p50: 10, p99: 20, p999: 30 },
  };
}

const cell = {
  connections: 100,
  size: 64,
  idle: 0,
  failed: [],
  samples: [100, 300, 200].flatMap((messages, i) => [
    { contender: 'rfds epoll', round: i + 1, sample: sample(messages, 1) },
    { contender: 'C epoll', round: i + 1, sample: sample(400, 1) },
  ]),
};

test('a measure is summarized by its median, its lowest and its highest, by contender', () => {
  expect(summarize(cell, measures.perCpuSecond)).toEqual([
    { contender: 'rfds epoll', median: 200, lowest: 100, highest: 300 },
    { contender: 'C epoll', median: 400, lowest: 400, highest: 400 },
  ]);
  expect(summarize(cell, measures.micros)[1].median).toBe(2500);
  expect(summarize(cell, measures.systemShare)[0].median).toBe(75);
  expect(summarize(cell, measures.load)[0].median).toBe(50);
});

test('other programs on the processors are told, and that figures are not to be relied on with many', () => {
  const among = (othersShare: number) => ({
    ...cell,
    samples: cell.samples.map((one) => ({ ...one, sample: { ...one.sample, othersShare } })),
  });
  const rest = { contenders: [], syscallsPerMessage: {}, calls: { libraries: [], samples: [] } };
  const first = (share: number) => tables({ cells: [among(share)], ...rest }).split('\n')[0];
  expect(first(0.012)).toBe('other programs had 1 % of the processors while the loads ran');
  expect(first(0.43)).toBe(
    'other programs had 43 % of the processors while the loads ran: these figures are not to be relied on',
  );
  expect(tables({ cells: [cell], ...rest })).not.toContain('other programs');
});

test('the tables name the loads, the calls, and who was not compared', () => {
  const text = tables({
    contenders: [{ name: 'Bun.listen', about: 'Bun', missing: 'bun is not installed' }],
    cells: [cell],
    syscallsPerMessage: { 'rfds epoll': { recvfrom: 1, futex: 0.001, sendto: 1.5 } },
    calls: { libraries: [], samples: [] },
  });
  expect(text).toContain('100 connections × 64 B\n');
  expect(text).toMatch(/^rfds epoll +200 +100 .* 50$/m);
  expect(text).toMatch(/^rfds epoll +sendto 1\.50 {2}recvfrom 1\.00$/m);
  expect(text).toMatch(/not compared\nBun\.listen +bun is not installed\n$/);
});

/** The children of a comparison: servers, a load, and what would clean up after it; they come one after the other. */
async function loaded(pid: number): Promise<string[]> {
  for (;;) {
    const children = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
      .split(/\s+/)
      .filter((child) => child !== '' && existing(child));
    if (children.length >= 3) return children;
    await pause(10);
  }
}

async function gone(pids: string[]): Promise<void> {
  while (pids.some(existing)) await pause(5);
}

describe.skipIf(!isLinux)('a run (Linux)', () => {
  let folder: string;
  let report: Report;
  let html: string;
  let run: { status: unknown; stdout: string; stderr: string };

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'rfds-compare-test-'));
    const [json, page] = ['report.json', 'report.html'].map((name) => path.join(folder, name));
    const files = ['--json', json, '--html', page];
    const only = ['--only', 'rfds epoll, rfds kqueue'];
    await using program = new Program(process.execPath, [
      cli,
      'compare',
      '--quick',
      '--rounds',
      '2',
      ...only,
      ...files,
    ]);
    const status = await within(program.exited, 'the end of the comparison');
    run = { status, stdout: program.stdout, stderr: program.stderr };
    report = JSON.parse(readFileSync(json, 'utf8'));
    html = readFileSync(page, 'utf8');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('succeeds, with progress on stderr and tables on stdout', () => {
    expect(run.status).toBe(0);
    expect(run.stderr).toMatch(/10 connections × 64 B, round 2 of 2: rfds epoll\n/);
    expect(run.stdout).toMatch(/^rfds epoll +\d+ +\d+/m);
    expect(run.stdout).toMatch(/not compared\nrfds kqueue +there is no kqueue on linux\n/);
    expect(run.stdout).not.toContain('cost per call');
  });

  test('keeps every sample, and what it was made on', () => {
    expect(report.machine.node).toBe(process.versions.node);
    expect(report.cells.map(({ connections }) => connections)).toEqual([10, 100]);
    for (const { samples } of report.cells) {
      expect(samples.map(({ round }) => round)).toEqual([1, 2]);
      for (const { sample } of samples) {
        expect(sample.messages).toBeGreaterThan(0);
        expect(sample.server.cpuNs).toBeGreaterThan(0);
        expect(sample.othersShare).toBeGreaterThanOrEqual(0);
        expect(sample.othersShare).toBeLessThanOrEqual(1);
        expect(sample.latencyMicros.p50).toBeLessThanOrEqual(sample.latencyMicros.p999);
      }
    }
  });

  test('writes a page that needs nothing else', () => {
    expect(html).not.toMatch(/<(script|link|img)[^>]*(src|href)=/);
    expect(html).not.toContain('{{');
    expect(html).toContain('"contender":"rfds epoll"');
  });

  test('Ctrl+C ends it with 130 and leaves no process behind', async () => {
    await using program = new Program(process.execPath, [
      cli,
      'compare',
      '--quick',
      '--only',
      'rfds epoll,Python select',
    ]);
    await program.has(/round 1 of/, 'stderr');
    const started = await within(loaded(program.pid), 'a server and its load');
    program.kill('SIGINT');
    expect(await within(program.exited, 'the end of the comparison')).toBe(130);
    await within(gone(started), 'the end of what it started');
  });

  test('SIGKILL leaves no process and no folder behind', async () => {
    const temporary = mkdtempSync(path.join(folder, 'tmp-'));
    const args = [cli, 'compare', '--quick', '--only', 'rfds epoll,Python select'];
    await using program = new Program(process.execPath, args, { TMPDIR: temporary });
    await program.has(/round 1 of/, 'stderr');
    const started = await within(loaded(program.pid), 'a server and its load');
    expect(readdirSync(temporary)).not.toEqual([]);
    program.kill('SIGKILL');
    await program.exited;
    await within(gone(started), 'the end of what it started');
    expect(readdirSync(temporary)).toEqual([]);
  });
});

test.skipIf(!isLinux)(
  'an output that cannot be written is one line, before anything is run (Linux)',
  async () => {
    const args = [cli, 'compare', '--quick', '--only', 'rfds epoll', '--json', '/nonexistent/x'];
    await using program = new Program(process.execPath, args);
    expect(await within(program.exited, 'the end of the comparison')).toBe(1);
    expect(program.stderr).toMatch(/^rfds compare: cannot write \/nonexistent\/x: ENOENT[^\n]*\n$/);
  },
);

test.skipIf(!isLinux)('an unknown contender is one line and status 1 (Linux)', async () => {
  await using program = new Program(process.execPath, [cli, 'compare', '--only', 'nginx']);
  expect(await within(program.exited, 'the end of the comparison')).toBe(1);
  expect(program.stderr).toMatch(/^rfds compare: there is no contender 'nginx': there are rfds epoll, /);
});
