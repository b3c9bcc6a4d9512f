// `rfds lab grade`: servers that are right pass every stage, and those with a fault fail the stages that ask for it, and
// no other. RFDS_LAB=all grades each by all stages; without it most by
// those alone that they fail.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CallLine } from '../../../src/interpose/recorder/recording.ts';
import { problemsIn } from '../../../src/tools/lab/grade/call-stage.ts';
import { grade } from '../../../src/tools/lab/grade/grade.ts';
import { stages } from '../../../src/tools/lab/grade/stages.ts';
import { isLinux } from '../../support/platform.ts';
import { cli, existing, Program, within } from '../../support/programs.ts';

const servers = fileURLToPath(new URL('./servers/', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'rfds-'));
const inC = path.join(folder, 'server');
const inPython = ['python3', path.join(servers, 'server.py')];
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(() => {
  execFileSync('cc', ['-O1', '-o', inC, path.join(servers, 'server.c')]);
});

const all = stages.map((_, i) => i + 1);
const CALLS = stages.length;
const isThorough = process.env.RFDS_LAB === 'all';
const LIMIT = 120_000;

async function outcomes(command: string[], asked = all, seed = 1) {
  // With time to spare: the machine may be busy.
  const patienceMs = 4000;
  const signal = new AbortController().signal;
  const { results } = await grade({ command, stages: asked, seed, patienceMs, signal });
  const numbers = (outcome: string) =>
    results.filter((one) => one.outcome === outcome).map(({ stage }) => stage);
  return { failed: numbers('failed'), skipped: numbers('skipped'), results };
}

describe.skipIf(!isLinux)('a server that is right passes every stage', { concurrent: true }, () => {
  test.each([
    ['in Python', () => inPython],
    ['in C', () => [inC]],
  ])(
    '%s',
    async (_, command) => {
      const { failed, skipped, results } = await outcomes(command(), all, 20);
      expect({ failed, skipped, results: results.filter(({ outcome }) => outcome === 'failed') }).toEqual({
        failed: [],
        skipped: [CALLS],
        results: [],
      });
    },
    LIMIT,
  );

  test.each(isThorough ? ['epoll', 'epoll-edge', 'poll', 'selectors'] : ['epoll-edge'])(
    'rfds server --loop %s, whose calls are looked at, too',
    async (loop) => {
      const command = [
        process.execPath,
        cli,
        'server',
        '--host',
        '127.0.0.1',
        '--port',
        '{port}',
        '--loop',
        loop,
      ];
      const { results } = await outcomes(command, isThorough ? all : [2, 5, 8, 10, CALLS]);
      expect(results.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
    },
    LIMIT,
  );
});

/** Which stages ask for what is wrong with it. */
const faults: Record<'python' | 'c', Record<string, number[]>> = {
  c: {
    milliseconds: [2],
    'one-client': [3, 8, 9],
    'last-client': [3, 9, 10],
    'never-closes': [5, 7, 10],
    'no-goodbye': [7],
    'text-only': [7],
    'loses-unsent': [8],
    'few-places': [9],
    'spins-without-descriptors': [10],
    'dies-without-descriptors': [10],
    'always-writable': [10, 11],
  },
  python: {
    'no-time': [2],
    'discards-rest': [4, 8],
    'closes-early': [5],
    'dies-on-reset': [6],
    decodes: [7],
    blocks: [8],
  },
};

// Of each kind a few; a grade of all of them by all stages takes a minute of processor time.
const gradedWhole = ['milliseconds', 'text-only', 'few-places'];

describe.skipIf(!isLinux)(
  'a server with a fault fails the stages that ask for it, and no other',
  { concurrent: true },
  () => {
    const each = Object.entries(faults).flatMap(([language, own]) =>
      Object.entries(own).map(([fault, expected]) => ({ language, fault, expected })),
    );

    test.each(each)(
      'in $language: $fault fails $expected',
      async ({ language, fault, expected }) => {
        const command = language === 'c' ? [inC] : inPython;
        const asked = isThorough || gradedWhole.includes(fault) ? all : expected;
        expect((await outcomes([...command, fault], asked)).failed).toEqual(expected);
      },
      LIMIT,
    );

    test('there are 15 and more, in two languages, and each stage is failed by one', () => {
      const sets = Object.values(faults).flatMap((one) => Object.values(one));
      expect(sets.length).toBeGreaterThanOrEqual(15);
      const failed = new Set([...sets.flat(), 1, CALLS]); // See below for these two.
      expect([...failed].sort((a, b) => a - b)).toEqual(all);
    });
  },
);

describe('the stage of calls', () => {
  const state = (fd: number, flags: string[]) => [{ fd, statusFlags: flags }];
  const call = (name: string, fd: number, more: object = {}, extra: object[] = []) =>
    ({
      pid: 1,
      name,
      args: [{ name: name.startsWith('epoll') ? 'epfd' : 'fd', text: String(fd), value: fd }, ...extra],
      result: 0,
      at: null,
      ...more,
    }) as CallLine;
  const accepted = call('accept4', 3, { result: 4, sockets: state(3, ['O_NONBLOCK']) });
  const edge = call('epoll_ctl', 5, {}, [
    { name: 'fd', text: '4', value: 4 },
    { name: 'event', text: '', value: [{ events: ['EPOLLIN', 'EPOLLET'], fd: 4 }] },
  ]);
  const wait = call('epoll_wait', 5, {}, [
    { name: 'timeout', text: '-1', value: -1 },
    { name: 'events', text: '', value: [{ events: ['EPOLLIN'], fd: 4 }] },
  ]);
  const receive = (result: number) => call('recv', 4, { result, sockets: state(4, ['O_NONBLOCK']) });
  const close = call('close', 4);
  const problems = (...calls: CallLine[]) => problemsIn({ calls, frames: [] }).join();

  test('finds none where there is none', () => {
    expect(problems(accepted, edge, wait, receive(5), receive(-11), wait, receive(0), close)).toBe('');
  });

  test('finds a call that may block', () => {
    const flags = [{ name: 'flags', text: 'MSG_DONTWAIT' }];
    expect(problems(call('recv', 4, { sockets: state(4, ['O_RDWR']) }))).toMatch(
      /1 calls could have blocked.*recv/,
    );
    expect(problems(call('recv', 4, { sockets: state(4, ['O_RDWR']) }, flags))).toBe('');
    expect(problems(call('write', 1, { sockets: [] }))).toBe('');
  });

  test('finds an edge that was not drained', () => {
    expect(problems(edge, wait, receive(5), wait)).toMatch(/descriptor 4, which epoll reported with EPOLLET/);
  });

  test('finds a connection that was not closed', () => {
    expect(problems(accepted, receive(0))).toMatch(
      /1 accepted sockets were never closed; the first: accept4/,
    );
  });

  test.skipIf(!isLinux)(
    "fails the select server, which is the document's, and blocks",
    async () => {
      const command = [process.execPath, cli, 'server', '--host', '127.0.0.1', '--port', '{port}'];
      const { failed, results } = await outcomes(command, [CALLS]);
      expect(failed).toEqual([CALLS]);
      expect(results[0].message).toMatch(
        /calls could have blocked, on a blocking socket.*select-server\.ts:\d+/,
      );
    },
    LIMIT,
  );
});

describe.skipIf(!isLinux)('the command', () => {
  async function run(args: string[], env: NodeJS.ProcessEnv = {}) {
    await using program = new Program(process.execPath, [cli, 'lab', 'grade', ...args], env);
    const status = await within(program.exited, 'the end of rfds lab grade', 60_000);
    return { status, stdout: program.stdout, stderr: program.stderr };
  }
  const json = (file: string) => JSON.parse(readFileSync(path.join(folder, file), 'utf8'));
  const schema = (name: string) =>
    new Ajv({ strict: false }).compile(
      JSON.parse(readFileSync(new URL(`./${name}`, import.meta.url), 'utf8')),
    );

  test('tells of each stage, and of one that failed what was done, seen and to be done', async () => {
    const { status, stdout } = await run(['--stage', '2', '--', inC, 'milliseconds']);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^ 1 {2}listens {15}passed\n 2 {2}echoes with the time {2}failed\n/);
    expect(stdout).toMatch(
      /A connects[\s\S]*A sends '[a-z]+'[\s\S]*the time \d+ is [\d.]+ s ahead[\s\S]*Hint: /,
    );
    expect(stdout).toMatch(/\n1 of 2 stages passed, seed 1\n$/);
  });

  test("writes Gradescope's and Classroom 50's forms, and its own", async () => {
    const files = ['own', 'gradescope', 'classroom50'];
    const options = ['json', 'gradescope', 'classroom50'].flatMap((option, i) => [
      `--${option}`,
      path.join(folder, files[i]),
    ]);
    const env = {
      CLASSROOM: 'networks',
      ASSIGNMENT: 'server',
      SUBMISSION_TAG: 'submit/2026-12-01T10-00-00Z-abc1234',
      COMMIT_URL: 'https://example.org/commit/abc1234',
      RELEASE_URL: 'https://example.org/releases/1',
    };
    const args = ['--stage', '3', '--seed', '5', ...options, '--', inC, 'last-client'];
    const { status, stdout } = await run(args, env);
    expect([status, stdout.split('\n').at(-2)]).toEqual([1, '2 of 3 stages passed, seed 5']);
    expect(json('own')).toMatchObject({
      seed: 5,
      passed: 2,
      total: 3,
      results: [{}, {}, { outcome: 'failed' }],
    });

    const forGradescope = schema('gradescope.schema.json');
    expect([forGradescope(json('gradescope')), forGradescope.errors]).toEqual([true, null]);
    const { tests } = json('gradescope');
    expect(tests.map(({ score, status }: Record<string, unknown>) => [score, status])).toEqual([
      [1, 'passed'],
      [1, 'passed'],
      [0, 'failed'],
    ]);
    expect(tests[2].output).toMatch(/was to get[\s\S]*Hint/);

    const forClassroom50 = schema('classroom50.schema.json');
    expect([forClassroom50(json('classroom50')), forClassroom50.errors]).toEqual([true, null]);
    expect(json('classroom50')).toMatchObject({
      classroom: 'networks',
      review: env.COMMIT_URL,
      score: 2,
      'max-score': 3,
      tests: [{ passed: true }, { passed: true }, { 'test-name': 'two clients at once', passed: false }],
    });
    // The schemas are no sieve without holes.
    expect(forGradescope({ ...json('gradescope'), tests: [{ status: 'skipped' }] })).toBe(false);
    expect(forClassroom50({ ...json('classroom50'), score: 1.5 })).toBe(false);
  });

  test.each([
    [[], 2, /no server: rfds lab grade -- COMMAND/],
    [['--stage', '13', '--', 'true'], 2, /there are 12 stages/],
    [['--patience', 'x', '--', 'true'], 2, /It must be a number above 0/],
    [['--json', '/nonexistent/x', '--', 'true'], 1, /cannot write \/nonexistent\/x/],
  ])('%o: status %i', async (args, expected, text) => {
    const { status, stderr, stdout } = await run(args);
    expect(stderr).toMatch(text);
    expect([status, stdout]).toEqual([expected, '']);
  });

  test('a program that is none, and one that ends at once, fail the first stage', async () => {
    const none = await run(['--stage', '1', '--', '/nonexistent/server']);
    expect([none.status, none.stdout]).toEqual([
      1,
      expect.stringMatching(/could not be started: spawn .* ENOENT/),
    ]);
    const script = 'echo no such port: $PORT, $1; exit 3';
    const early = await run(['--stage', '1', '--', 'sh', '-c', script, 'sh']);
    expect(early.stdout).toMatch(
      /the server ended with status 3, before it listened\n[\s\S]*\| no such port: (\d+), \1\n/,
    );
  });

  test.each(['SIGINT', 'SIGKILL'] as const)(
    '%s of it ends the server, and what that has started',
    async (signal) => {
      // The shell stays, and the server is its child.
      const script = `${inC} $PORT & echo pids $$ $! >&2; wait`;
      const args = [cli, 'lab', 'grade', '--', 'sh', '-c', `exec 2>${path.join(folder, signal)}; ${script}`];
      await using program = new Program(process.execPath, args);
      await program.has(/stage 4/, 'stderr');
      const [, ...pids] = /pids (\d+) (\d+)/.exec(readFileSync(path.join(folder, signal), 'utf8'))!;
      program.kill(signal);
      expect(await within(program.exited, 'the end')).toBe(signal === 'SIGINT' ? 130 : 'SIGKILL');
      const gone = async () => {
        while (pids.some(existing)) await new Promise((resolve) => setTimeout(resolve, 5));
      };
      await within(gone(), 'the end of the server');
    },
  );
});
