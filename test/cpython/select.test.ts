// CPython's test_select, its portable cases; each title bears the case's name.

import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { EBADF } from '../../src/kernel/errno.ts';
import { OSError } from '../../src/python/errors.ts';
import { select } from '../../src/select.ts';
import { socketpair } from '../../src/socket.ts';
import { isSimulated } from '../support/platform.ts';

const wrong = (value: unknown) => value as never;
const NO_FILENO = 'argument must be an int, or have a fileno() method.';

test.each<[string, () => unknown, Error]>([
  [
    'numbers for lists',
    () => select(wrong(1), wrong(2), wrong(3)),
    new TypeError('arguments 1-3 must be sequences'),
  ],
  ['an object without fileno', () => select([wrong({})], [], []), new TypeError(NO_FILENO)],
  ['null', () => select([wrong(null)], [], []), new TypeError(NO_FILENO)],
  ['a fileno that is no method', () => select([wrong({ fileno: 3 })], [], []), new TypeError(NO_FILENO)],
  [
    'a fileno() that returns a string',
    () => select([wrong({ fileno: () => 'x' })], [], []),
    new TypeError('fileno() returned a non-integer'),
  ],
  ['a fraction', () => select([1.5], [], []), new TypeError('file descriptor must be an integer, got 1.5')],
  [
    'a timeout that is a string',
    () => select([], [], [], wrong('not a number')),
    new TypeError('timeout must be a float or None'),
  ],
  ['a timeout of -1', () => select([], [], [], -1), new RangeError('timeout must be non-negative')],
])('SelectTestCase.test_error_conditions: %s is an error', (_, call, error) => {
  expect(call).toThrow(error);
});

test('SelectTestCase.test_errno: a closed descriptor is EBADF', () => {
  const fd = openSync('/dev/null', 'r');
  closeSync(fd);
  expect(() => select([fd], [], [], 0)).toThrow(OSError);
  expect(() => select([fd], [], [], 0)).toThrow(
    expect.objectContaining({ code: 'EBADF', errno: -EBADF, syscall: 'select', message: 'select EBADF' }),
  );
});

test('SelectTestCase.test_returned_list_identity: the three lists are three arrays', () => {
  const [r, w, x] = select([], [], [], 0.001);
  expect(r).not.toBe(w);
  expect(r).not.toBe(x);
  expect(w).not.toBe(x);
});

test.skipIf(isSimulated)(
  'SelectTestCase.test_select: lines of a slow child are read as they come, until the end',
  () => {
    const [near, far] = socketpair();
    const line = 'testing...\n';
    const script = 'i=0; while [ $i -lt 10 ]; do echo testing...; sleep 0.02; i=$((i+1)); done';
    spawn('sh', ['-c', script], { stdio: ['ignore', far.fileno(), 'inherit'] });
    far.close();
    let text = '';
    // First with timeouts that may or may not end first, then without: the child's end ends it.
    const timeouts: (number | null)[] = [0, 1, 2, 4, 8, 16];
    for (;;) {
      const timeout = timeouts.shift() ?? null;
      const [r, w, x] = select([near], [], [], timeout);
      expect([w, x]).toEqual([[], []]);
      if (r.length === 0) {
        expect(timeout).not.toBeNull();
        continue;
      }
      expect(r).toEqual([near]);
      const data = near.recv(1024);
      if (data.length === 0) break;
      text += data.toString();
    }
    near.close();
    expect(text).toBe(line.repeat(10));
  },
);

test('SelectTestCase.test_select_mutated: a list that fileno() shortens is walked to its new end', () => {
  const [near, far] = socketpair();
  const list: { fileno(): number }[] = [];
  for (let i = 0; i < 10; i++) {
    list.push({
      fileno() {
        list.pop();
        return near.fileno();
      },
    });
  }
  const firstFive = list.slice(0, 5);
  expect(select([], list, [])).toEqual([[], firstFive, []]);
  near.close();
  far.close();
});
