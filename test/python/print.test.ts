// print() and write() to stdout, through every way in which write(2) may come back.

import { afterEach, expect, test } from 'vitest';
import { EAGAIN, EINTR, EPIPE } from '../../src/kernel/errno.ts';
import { print, write } from '../../src/python/builtins/print.ts';
import { SIG_DFL, SIGUSR2, signal } from '../../src/signal.ts';
import * as sys from '../../src/syscalls.ts';

const polls: number[] = [];

afterEach(() => sys.interpose(null));

/** Takes the place of stdout: answers each write in turn, then takes everything. With each EINTR a signal comes. Returns what came. */
function stdout(...answers: number[]): () => string {
  const taken: Buffer[] = [];
  let signalled = false;
  const answer = (result: number) => {
    if (result === -EINTR) signalled = true;
    return result;
  };
  sys.interpose((name, call, args) => {
    if (name === 'poll') return answer(polls.shift() ?? 1);
    if (name === 'sigaction' || name === 'catch_signal') return 0;
    if (name === 'take_pending_signals') {
      if (!signalled) return 0;
      signalled = false;
      new Int32Array(args[0] as ArrayBuffer)[0] = SIGUSR2;
      return 1;
    }
    if (name !== 'write') return call(...args);
    const [fd, bytes, offset, length] = args as [number, ArrayBuffer, number, number];
    expect(fd).toBe(1);
    const n = answer(Math.min(answers.shift() ?? length, length));
    if (n > 0) taken.push(Buffer.from(bytes.slice(offset, offset + n)));
    return n;
  });
  return () => Buffer.concat(taken).toString();
}

test('print ends the line, write does not; text is UTF-8, bytes are bytes', () => {
  const seen = stdout();
  print('ünï', Buffer.from('!'));
  write('> ');
  print();
  expect(seen()).toBe('ünï!\n> \n');
});

test('a line longer than the buffer is whole', () => {
  const seen = stdout();
  print('é'.repeat(10_000));
  expect(seen()).toBe(`${'é'.repeat(10_000)}\n`);
});

test('short writes, EAGAIN and EINTR lose nothing and repeat nothing', () => {
  const seen = stdout(4, -EAGAIN, 2, -EINTR, 3, -EINTR);
  print('abcdefghijklmnop');
  expect(seen()).toBe('abcdefghijklmnop\n');
});

test('a signal handler that prints while a line is half written does not garble it', () => {
  const seen = stdout(4, -EINTR);
  signal(SIGUSR2, () => print('[handler]'));
  print('abcdefghijklmnop');
  signal(SIGUSR2, SIG_DFL);
  expect(seen()).toBe('abcd[handler]\nefghijklmnop\n');
});

test('a signal handler runs while a full stdout is waited for', () => {
  polls.push(-EINTR);
  const seen = stdout(4, -EAGAIN);
  signal(SIGUSR2, () => {
    throw new Error('handled');
  });
  expect(() => print('abcdefghijklmnop')).toThrow('handled');
  signal(SIGUSR2, SIG_DFL);
  expect(seen()).toBe('abcd');
});

test('a stdout that nobody reads is an error', () => {
  stdout(-EPIPE);
  expect(() => print('x')).toThrow(expect.objectContaining({ code: 'EPIPE', syscall: 'write' }));
});
