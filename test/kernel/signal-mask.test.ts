// pthread_sigmask(3): the mask of one thread, and what that means in a process that has others.

import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { EINVAL } from '../../src/kernel/errno.ts';
import { kernel } from '../../src/kernel/fast-calls.ts';
import { select } from '../../src/select.ts';
import {
  NSIG,
  pthread_sigmask,
  SIG_BLOCK,
  SIG_SETMASK,
  SIG_UNBLOCK,
  SIGSEGV,
  SIGUSR1,
  SIGUSR2,
  signal,
} from '../../src/signal.ts';
import { afterTest } from '../support/cleanup.ts';
import { isLinux } from '../support/platform.ts';
import { within } from '../support/programs.ts';

const bit = (signum: number) => 1n << BigInt(signum - 1);
const maskOf = (status: string) => BigInt(`0x${/^SigBlk:\s+(\w+)/m.exec(status)![1]}`);
/** Of the calling thread. */
const blocked = () => maskOf(readFileSync('/proc/thread-self/status', 'latin1'));
const every = Array.from({ length: NSIG - 1 }, (_, i) => i + 1);

function restoresMask(): void {
  const before = pthread_sigmask(SIG_BLOCK, []);
  afterTest(() => void pthread_sigmask(SIG_SETMASK, before));
}

describe.skipIf(!isLinux)('a signal mask', () => {
  test('is added to, taken from and set, and what it was before is returned', () => {
    restoresMask();
    expect(pthread_sigmask(SIG_SETMASK, [SIGUSR1, 40])).not.toContain(SIGUSR1);
    expect(blocked()).toBe(bit(SIGUSR1) | bit(40));
    expect(pthread_sigmask(SIG_BLOCK, [SIGUSR2])).toEqual(new Set([SIGUSR1, 40]));
    expect(pthread_sigmask(SIG_UNBLOCK, [SIGUSR1, 40])).toEqual(new Set([SIGUSR1, SIGUSR2, 40]));
    expect(pthread_sigmask(SIG_BLOCK, [])).toEqual(new Set([SIGUSR2]));
    expect(kernel.pthread_sigmask(SIG_BLOCK, null, null)).toBe(0);
    expect(blocked()).toBe(bit(SIGUSR2));
  });

  test('throws for what is no signal, and for another way to change it', () => {
    restoresMask();
    for (const signum of [0, NSIG, -1])
      expect(() => pthread_sigmask(SIG_BLOCK, [signum])).toThrow(RangeError);
    expect(() => pthread_sigmask(SIG_BLOCK, [1.5])).toThrow(TypeError);
    expect(() => pthread_sigmask(SIG_BLOCK, ['SIGUSR1' as never])).toThrow(TypeError);
    expect(() => pthread_sigmask(99, [SIGUSR1])).toThrow(expect.objectContaining({ code: 'EINVAL' }));
    expect(kernel.pthread_sigmask(99, new BigUint64Array(1), null)).toBe(-EINVAL);
    expect(blocked() & bit(SIGUSR1)).toBe(0n);
  });

  test('never has the signals that V8 needs, nor that of kicks', () => {
    restoresMask();
    pthread_sigmask(SIG_SETMASK, every);
    const left = every.filter((signum) => (blocked() & bit(signum)) === 0n);
    expect(left).toContain(SIGSEGV);
    // SIGILL, SIGBUS, SIGKILL, SIGFPE, SIGSEGV, SIGSTOP; libc's two, which are the kernel's 32 and 33; the kicks'.
    expect(left.filter((signum) => ![4, 7, 8, 9, 11, 19, 32, 33].includes(signum)).length).toBe(1);
  });

  test('of the main thread keeps no signal from the process: another thread of Node’s takes it', () => {
    restoresMask();
    let calls = 0;
    const before = signal(SIGUSR2, () => calls++);
    afterTest(() => void signal(SIGUSR2, before));
    pthread_sigmask(SIG_BLOCK, [SIGUSR2]);
    expect(blocked() & bit(SIGUSR2)).not.toBe(0n);
    process.kill(process.pid, SIGUSR2);
    for (let i = 0; calls === 0 && i < 1000; i++) select([], [], [], 0.01);
    expect(calls).toBe(1);
  });

  test('is one thread’s: a worker’s changes no other, and a worker that blocks every signal can be ended', async () => {
    const url = (name: string) => JSON.stringify(new URL(`../../dist/${name}.js`, import.meta.url).href);
    const worker = new Worker(
      `const { parentPort } = require('node:worker_threads');
       const { readFileSync } = require('node:fs');
       Promise.all([import(${url('signal')}), import(${url('select')})]).then(([signal, { select }]) => {
         signal.pthread_sigmask(signal.SIG_SETMASK, ${JSON.stringify(every)});
         parentPort.postMessage(readFileSync('/proc/thread-self/status', 'latin1'));
         select([], [], []);
       });`,
      { eval: true },
    );
    const before = blocked();
    const status = await within(
      new Promise<string>((resolve, reject) => worker.once('message', resolve).once('error', reject)),
      'the worker’s mask',
    );
    expect(maskOf(status) & bit(SIGUSR1)).not.toBe(0n);
    expect(blocked()).toBe(before);
    expect(await within(worker.terminate(), 'the end of the worker')).toBe(1);
  });
});
