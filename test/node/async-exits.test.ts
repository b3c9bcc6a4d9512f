// Programs that wait for descriptors beside Node's event loop: they end when they have nothing to wait for and whenever
// they are to, in the main thread and in workers, whatever the poller's thread is doing. RFDS_ROUNDS is how many of each.

import { describe, expect, test } from 'vitest';
import { module, runFor } from '../support/signalled.ts';

const rounds = Number(process.env.RFDS_ROUNDS ?? 3);
const deadline = 30_000 + rounds * 2_000;

const preamble = `
  import { Worker } from 'node:worker_threads';
  import { readdirSync } from 'node:fs';
  import { readable, notify_closing } from ${module('async')};
  import * as S from ${module('socket')};
  const [near, far] = S.socketpair();
`;
const run = (body: string) => runFor(deadline, {}, `${preamble}${body}`);

describe('a program that waits', () => {
  test('goes on while it waits, and ends when nothing is waited for', async () => {
    const { stdout, stderr, status } = await run(`
      setTimeout(() => far.send(Buffer.from('x')), 100);
      readable(near).then(() => print('came'));`);
    expect([stdout, stderr, status]).toEqual(['came\n', '', 0]);
  });

  test('ends though it waits where the wait does not keep it alive', async () => {
    const { stdout, stderr, status } = await run(`
      readable(near, { ref: false }).then(() => print('never'));
      process.on('exit', () => print('ends'));`);
    expect([stdout, stderr, status]).toEqual(['ends\n', '', 0]);
  });

  test.each([
    ['process.exit() in a wait that resolved', 'readable(near).then(() => process.exit(3));', 3],
    ['process.exit() beside one', 'readable(near); readable(far); setTimeout(() => process.exit(4), 20);', 4],
    [
      'an exit listener that throws',
      "process.on('exit', () => { throw new Error('late'); }); readable(near).then(() => process.exit());",
      1,
    ],
    ['an uncaught exception', "readable(near).then(() => { throw new Error('uncaught'); });", 1],
  ])('ends with %s', async (_, body, expected) => {
    for (let i = 0; i < rounds; i++) {
      const { status } = await run(`${body} far.send(Buffer.from('x'));`);
      expect(status).toBe(expected);
    }
  });
});

describe('workers that wait', () => {
  const code = JSON.stringify(`${preamble}
    import { parentPort } from 'node:worker_threads';
    parentPort.postMessage('waits');
    for (;;) { await readable(far); near.recv(0); }
  `);

  test(
    `end when they are terminated, at any moment (${rounds} rounds of ten), and leave no descriptor and no thread`,
    async () => {
      const { stdout, stderr, status } = await run(`
      const threads = () => readdirSync('/proc/self/task').length;
      const descriptors = () => readdirSync('/proc/self/fd').length;
      const round = async () => {
        const workers = await Promise.all(Array.from({ length: 10 }, () => new Promise((resolve, reject) => {
          const worker = new Worker(${code}, { eval: true });
          worker.once('message', () => resolve(worker)).once('error', reject);
        })));
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
        await Promise.all(workers.map((worker) => worker.terminate()));
      };
      await round();
      const before = [threads(), descriptors()];
      for (let i = 0; i < ${rounds}; i++) await round();
      print(String(threads() - before[0]), ' ', String(descriptors() - before[1]));
      near.close(); far.close();`);
      expect([stdout, stderr, status]).toEqual(['0 0\n', '', 0]);
    },
    deadline,
  );

  test(
    'end when the main thread exits',
    async () => {
      for (let i = 0; i < rounds; i++) {
        const { status } = await run(`
        for (let i = 0; i < 4; i++) new Worker(${code}, { eval: true });
        setTimeout(() => process.exit(5), 50 + Math.random() * 100);`);
        expect(status).toBe(5);
      }
    },
    deadline,
  );
});
