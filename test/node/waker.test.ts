// Waker: what ends another thread's blocked call.

import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { notify_closing, readable, Waker } from '../../src/async.ts';
import { select } from '../../src/select.ts';
import { isLinux } from '../support/platform.ts';
import { within } from '../support/programs.ts';

const url = (name: string) => JSON.stringify(new URL(`../../dist/${name}.js`, import.meta.url).href);
/** A worker that has waker, select, socketpair and parentPort. */
function work(waker: Waker, body: string): Worker {
  return new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     Promise.all([import(${url('async')}), import(${url('select')}), import(${url('socket')})]).then(
       async ([{ Waker }, { select }, { socketpair }]) => { const waker = new Waker(workerData); ${body} });`,
    { eval: true, workerData: waker.handle },
  );
}
const message = async (worker: Worker) => {
  const failed = once(worker, 'error').then(([error]) => Promise.reject(error));
  failed.catch(() => {});
  const [data] = await within(Promise.race([once(worker, 'message'), failed]), 'a message of the worker');
  return data;
};

describe('a waker', () => {
  test('is readable from wake() to take(), however often it was woken', () => {
    using waker = new Waker();
    expect([waker.take(), select([waker], [], [], 0)[0].length]).toEqual([false, 0]);
    for (let i = 0; i < 70_000; i++) waker.wake(); // More than a pipe holds.
    expect(select([waker], [], [], 0)[0]).toEqual([waker]);
    expect([waker.take(), waker.take(), select([waker], [], [], 0)[0].length]).toEqual([true, false, 0]);
  });

  test('ends select() in a worker, again and again', async () => {
    using waker = new Waker();
    const worker = work(
      waker,
      `const [near] = socketpair();
       for (let i = 0; i < 3; i++) {
         parentPort.postMessage('waits');
         const [ready] = select([near, waker], [], []);
         parentPort.postMessage([ready.length, ready[0] === waker, waker.take()]);
       }`,
    );
    for (let i = 0; i < 3; i++) {
      expect(await message(worker)).toBe('waits');
      waker.wake();
      expect(await message(worker)).toEqual([1, true, true]);
    }
    await within(once(worker, 'exit'), 'the end of the worker');
  });

  test('ends select() in the main thread, from a worker', async () => {
    using waker = new Waker();
    const worker = work(
      waker,
      `parentPort.postMessage('here'); parentPort.once('message', () => waker.wake());`,
    );
    expect(await message(worker)).toBe('here');
    worker.postMessage('wake');
    expect(select([waker], [], [])[0]).toEqual([waker]);
    expect(waker.take()).toBe(true);
    await within(worker.terminate(), 'the end of the worker');
  });

  test('is awaited beside Node’s loop as well', async () => {
    using waker = new Waker();
    const worker = work(waker, 'waker.wake();');
    await within(readable(waker), 'the waker');
    expect(waker.take()).toBe(true);
    notify_closing(waker);
    await within(once(worker, 'exit'), 'the end of the worker');
  });

  test('of a worker ends with that, and leaves the others’ as they are', async () => {
    using waker = new Waker();
    const count = () => readdirSync(isLinux ? '/proc/self/fd' : '/dev/fd').length;
    await within(once(work(waker, ''), 'exit'), 'the end of the first worker'); // What is made once is there.
    const before = count();
    for (let i = 0; i < 2; i++)
      await within(once(work(waker, 'waker.wake();'), 'exit'), 'the end of a worker');
    expect(waker.take()).toBe(true);
    expect(count()).toBe(before);
  });

  test('throws EBADF once it is closed, and for a handle whose waker is; closing it again does nothing', () => {
    const waker = new Waker();
    const { handle } = waker;
    const other = new Waker(handle);
    waker.close();
    waker.close();
    expect(waker.fileno()).toBe(-1);
    const EBADF = expect.objectContaining({ code: 'EBADF' });
    expect(() => waker.wake()).toThrow(EBADF);
    expect(() => waker.take()).toThrow(EBADF);
    expect(() => new Waker(waker.handle)).toThrow(EBADF);
    other.wake(); // Its own descriptor.
    expect(other.take()).toBe(true);
    other.close();
  });
});
