// kqueue objects as Python's. The kernel's part runs on macOS alone; the rest everywhere.

import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Kevent } from '../../src/python/select/kevent.ts';
import { EV_ADD, EV_ERROR, EVFILT_READ, kevent, kqueue } from '../../src/select.ts';
import { isMac } from '../support/platform.ts';

test.skipIf(isMac)('kqueue() throws ENOSYS where there is none (not on macOS)', () => {
  expect(() => kqueue()).toThrow(expect.objectContaining({ code: 'ENOSYS', syscall: 'kqueue' }));
});

test("kevents have Python's order: by ident, filter, flags, fflags, data, udata", () => {
  const base = [5, -1, 1, 2, 3, 4] as const;
  const event = new Kevent(...base);
  expect(event.compare(new Kevent(...base))).toBe(0);
  expect(event.equals(new Kevent(...base))).toBe(true);
  for (let i = 0; i < base.length; i++) {
    // Larger in one field, and smaller in all behind it.
    const fields = base.map((value, at) => (at === i ? value + 1 : at > i ? value - 10 : value));
    const larger = new Kevent(...(fields as [number, number, number, number, number, number]));
    expect([event.compare(larger), larger.compare(event)]).toEqual([-1, 1]);
    expect(event.equals(larger)).toBe(false);
  }
  for (const other of [null, 1, 'ev', {}]) {
    expect(() => event.compare(other as never)).toThrow(TypeError);
    expect(event.equals(other)).toBe(false);
  }
});

test("a kevent shows as Python's", () => {
  const text = '<select.kevent ident=7 filter=-2 flags=0x8001 fflags=0x5 data=0xfffffffffffffffe udata=0x10>';
  const event = new Kevent(7, -2, 0x8001, 5, -2, 16);
  expect(String(event)).toBe(text);
  expect(inspect(event)).toBe(text);
});

test('the ident of a kevent is a number or has a descriptor', () => {
  expect(kevent(2 ** 40, -7, 1).ident).toBe(2 ** 40);
  expect(kevent({ fileno: () => 3 }, -1, 1).ident).toBe(3);
  expect(() => kevent(-1, -1, 1)).toThrow(RangeError);
  expect(() => kevent(1.5, -1, 1)).toThrow(TypeError);
  expect(() => kevent('1' as never, -1, 1)).toThrow(TypeError);
  expect(() => kevent({ fileno: () => -1 }, -1, 1)).toThrow(RangeError);
});

describe.skipIf(!isMac)('kqueue (macOS)', () => {
  test('a refused change is an event if there is room, else an error (H31)', () => {
    using queue = kqueue();
    const bad = kevent(10000, EVFILT_READ, EV_ADD);
    expect(queue.control([bad], 1, 0)[0].flags & EV_ERROR).toBe(EV_ERROR);
    expect(() => queue.control([bad], 0, 0)).toThrow(expect.objectContaining({ code: 'EBADF' }));
  });
});
