// `rfds lab` as its users run it: a prediction first, a result then.

import { describe, expect, test } from 'vitest';
import { runInChild } from '../../../src/tools/lab/child.ts';
import { parsePrediction } from '../../../src/tools/lab/prediction.ts';
import { experimentsFor } from '../../../src/tools/lab/registry.ts';
import { isLinux } from '../../support/platform.ts';
import { cli, existing, Program, within } from '../../support/programs.ts';

async function lab(args: string[], input: string | null = null) {
  await using program = new Program(process.execPath, [cli, 'lab', ...args]);
  program.type(input ?? '', 'last');
  const status = await within(program.exited, 'the end of rfds lab');
  return { status, stdout: program.stdout, stderr: program.stderr };
}

// Runs everywhere, and quickly.
const args = ['writable', '--seed', '2'];

describe('without a prediction', () => {
  test('nothing is run, and it says what to do', async () => {
    const { status, stdout, stderr } = await lab(args, 'many\n1.5\n');
    expect(status).toBe(2);
    expect(stdout).toMatch(
      /const \[readable, writable\] = select[\s\S]*How many of the calls find something ready/,
    );
    expect(stdout).not.toMatch(/It was|cure/);
    expect(stderr).toBe(
      "'many' is no answer: a number\n'1.5' is no answer: a number\n" +
        'rfds lab: no prediction came, and nothing was run. It is a line of stdin: echo 5 | rfds lab writable --seed 2; ' +
        'or --show\n',
    );
  });

  test('--show shows the result', async () => {
    const { status, stdout, stderr } = await lab([...args, '--show']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/It was: 185\n\n185 of 185\.[\s\S]*The cure\n[\s\S]*Run again: 0\n/);
    expect(stdout).not.toMatch(/predict/);
  });
});

describe('with a prediction', () => {
  test('the result comes, with what was predicted, why, and the cure', async () => {
    const { status, stdout, stderr } = await lab(args, '7\n');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/It was: 185\nYou predicted: 7\n[\s\S]*Run again: 0\n[\s\S]*To read: select\(2\)/);
  });

  test.each([
    ['number', ' -7 ', -7],
    ['number', 'seven', null],
    ['errno', 'eagain', 'EAGAIN'],
    ['errno', '11', null],
    [['one', 'two'], 'B', 'two'],
    [['one', 'two'], 'One', 'one'],
    [['one', 'two'], 'c', null],
    [['one', 'two'], '', null],
  ])('where %o is asked for, %o is %o', (asks, line, answer) => {
    expect(parsePrediction(asks as 'number', line)).toBe(answer);
  });

  test('--json has the question on stderr, and everything on stdout', async () => {
    const { stdout, stderr } = await lab(['slow-reader', '--seed', '3', '--json'], 'eagain\n');
    expect(stderr).toMatch(/Which errno|With which errno/);
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'slow-reader',
      hazards: ['H52'],
      seed: 3,
      asks: 'errno',
      prediction: 'EAGAIN',
      right: true,
      seen: { answer: 'EAGAIN' },
      cure: { seen: {}, told: expect.stringMatching(/^The client has all/) },
      read: expect.arrayContaining(['send(2)']),
    });
  });

  test('a simulated result says that it is one', async () => {
    const { stdout } = await lab(['rounded-timeout', '--seed', '1'], '1\n');
    expect(stdout).toMatch(/on the simulated kernel \(rfds\/sim\): nothing is measured\nOnly there: /);
    expect(stdout).toMatch(/\nIn the simulation it was: /);
  });
});

test.skipIf(!isLinux)('a limit of descriptors is that of the process that runs it', async () => {
  const { status, stdout } = await lab(['no-descriptors', '--seed', '1'], '3\n');
  expect(status).toBe(0);
  expect(stdout).toMatch(/the last time with EMFILE/);
});

test('--list names all of them, also as JSON', async () => {
  const { status, stdout } = await lab(['--list']);
  expect(status).toBe(0);
  const rows = JSON.parse((await lab(['--list', '--json'])).stdout);
  expect(rows.length).toBeGreaterThan(40);
  for (const { name, title } of rows) {
    const line = stdout.split('\n').find((one) => one.startsWith(`${name} `));
    expect(line).toContain(title);
  }
});

test('--answers is the key of a seed, and runs nothing', async () => {
  const { status, stdout } = await lab(['--answers', '--seed', '2', 'H5', 'backlog']);
  expect([status, stdout]).toEqual([0, 'Seed 2:\nwritable  185  (cured: 0)\nbacklog   9  (cured: 10)\n']);
  const rows = JSON.parse((await lab(['--answers', '--json'])).stdout);
  expect(rows.length).toBeGreaterThan(40);
  expect(rows[0]).toMatchObject({ seed: 1, numbers: {}, answer: 'both return' });
});

test.each([
  [['nothing-such'], /there is no experiment 'nothing-such'; rfds lab --list/],
  [['H39'], /one at a time: empty-datagram, cut-datagram/],
  [['writable', '--seed', 'x'], /It must be a whole number/],
  [
    ['rounded-timeout', '--kernel', 'real'],
    /rounded-timeout is not for the real kernel: a real machine adds/,
  ],
])('%o is wrong usage: status 2', async (given, text) => {
  const { status, stderr, stdout } = await lab(given, '1\n');
  expect(stderr).toMatch(text);
  expect([status, stdout]).toEqual([2, '']);
});

test('an experiment is found by the number of its hazard', () => {
  expect(experimentsFor('h37')).toEqual(['backlog']);
});

describe('its end', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('%s ends it at the question', async (signal) => {
    await using program = new Program(process.execPath, [cli, 'lab', ...args]);
    await program.has(/How many of the calls/);
    program.kill(signal);
    expect(await within(program.exited, 'the end')).toBe(signal === 'SIGINT' ? 130 : 143);
    expect(program.stderr).toBe('');
    expect(program.stdout).not.toMatch(/It was/);
  });

  // Many seeds: it is not over before it is to end.
  const long = { name: 'backlog', kernel: 'real', seed: 1, seeds: 1000 } as const;

  test('an experiment that is aborted ends at once', async () => {
    const abort = new AbortController();
    const running = runInChild([long], abort.signal, { limitMs: 60_000 });
    abort.abort(new Error('enough'));
    await expect(within(running, 'the end')).rejects.toThrow('enough');
  });

  test('one that does not end is ended, and said to be', async () => {
    const running = runInChild([long], new AbortController().signal, { limitMs: 300 });
    await expect(within(running, 'the end')).rejects.toThrow('did not end within 0.3 s, and was ended');
  });

  test.skipIf(!isLinux)('it ends with the command, also if that is killed', async () => {
    const module = new URL('../../../dist/tools/lab/child.js', import.meta.url).href;
    const text = `
      import { runInChild } from '${module}';
      import { readFileSync, readdirSync } from 'node:fs';
      void runInChild([${JSON.stringify(long)}], new AbortController().signal, { limitMs: 60_000 });
      setInterval(() => console.log(readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8')), 20);`;
    await using program = new Program(process.execPath, ['--input-type=module', '-e', text]);
    const [, pid] = await program.has(/^(\d+) \d+ $/m);
    expect(existing(pid)).toBe(true);
    program.kill('SIGKILL');
    await within(gone(pid), 'the end of the experiment');
  });

  async function gone(pid: string): Promise<void> {
    while (existing(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
  }
});
