// select() beyond CPython's cases: objects and iterables, EINTR, hazards (by their numbers).

import { describe, expect, test } from 'vitest';
import { EINTR } from '../../src/kernel/errno.ts';
import { FD_SETSIZE, select } from '../../src/select.ts';
import { type Socket, socketpair } from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';
import { isSimulated } from '../support/platform.ts';

function pair<T>(use: (near: Socket, far: Socket) => T): T {
  const [near, far] = socketpair();
  try {
    return use(near, far);
  } finally {
    near.close();
    far.close();
  }
}

describe('select', () => {
  test('returns the objects that are ready, in their order, duplicates too', () =>
    pair((near, far) => {
      expect(select([near, far], [far, near, far], [near], 0)).toEqual([[], [far, near, far], []]);
      far.send(Buffer.from('x'));
      expect(select([near, far, near], [], [])).toEqual([[near, near], [], []]);
    }));

  test('takes any iterables, of descriptors and of objects with fileno()', () =>
    pair((near, far) => {
      far.send(Buffer.from('x'));
      const object = { fileno: () => near.fileno() };
      function* generate() {
        yield object;
      }
      expect(select(generate(), new Set([far.fileno()]), [])).toEqual([[object], [far.fileno()], []]);
    }));

  test.each<[string, () => unknown, RegExp]>([
    ['a negative timeout', () => select([], [], [], -1e-10), /^timeout must be non-negative$/],
    ['a NaN timeout', () => select([], [], [], Number.NaN), /^Invalid value NaN \(not a number\)$/],
    ['an infinite timeout', () => select([], [], [], Number.POSITIVE_INFINITY), /^timeout is too large$/],
    ['descriptor -1', () => select([-1], [], []), /^file descriptor cannot be a negative integer \(-1\)$/],
    ['descriptor 2^31', () => select([2 ** 31], [], []), /^file descriptor is too large/],
    ['FD_SETSIZE', () => select([FD_SETSIZE], [], []), /^filedescriptor out of range in select\(\): 1024/],
    [
      'more than fit',
      () => select(new Array(FD_SETSIZE + 1).fill(1), [], []),
      /^too many file descriptors in select\(\)$/,
    ],
  ])('%s is a RangeError (H12)', (_, call, message) => {
    expect(call).toThrow(RangeError);
    expect(call).toThrow(message);
  });

  test('a closed descriptor above the kernel\'s table is EBADF, not "ready" (H13)', () =>
    pair((near, far) => {
      expect(() => select([1000], [], [], 0)).toThrow(expect.objectContaining({ code: 'EBADF' }));
      far.send(Buffer.from('x'));
      expect(() => select([near, 1000], [], [], 0)).toThrow(expect.objectContaining({ code: 'EBADF' }));
    }));

  // In virtual time no time passes between two calls.
  test.skipIf(isSimulated)('EINTR is retried with what is left of the timeout, rounded up (PEP 475)', () => {
    const timeouts: bigint[] = [];
    sys.interpose((name, call, args) => {
      if (name !== 'select') return call(...args);
      const [seconds, micros] = args[4] as BigInt64Array;
      timeouts.push(seconds * 1_000_000n + micros);
      return timeouts.length < 3 ? -EINTR : 0;
    });
    try {
      expect(select([], [], [], 5)).toEqual([[], [], []]);
    } finally {
      sys.interpose(null);
    }
    expect(timeouts).toHaveLength(3);
    expect(timeouts[0] <= 5_000_000n && timeouts[0] > timeouts[1] && timeouts[1] > timeouts[2]).toBe(true);
  });

  test('null waits for ever: NULL is what the kernel gets', () =>
    pair((near) => {
      let timeout: unknown = 'none';
      sys.interpose((name, call, args) => {
        if (name === 'select') timeout = args[4];
        return call(...args);
      });
      try {
        select([], [near], [], null);
      } finally {
        sys.interpose(null);
      }
      expect(timeout).toBeNull();
    }));
});
