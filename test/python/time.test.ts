// time.ts and timeout.ts, on a clock that the test sets by answering clock_gettime itself.

import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { CLOCK_MONOTONIC, CLOCK_REALTIME } from '../../src/kernel/constants/clock.ts';
import { EINVAL } from '../../src/kernel/errno.ts';
import { MAX_TIMESTAMP_LENGTH, monotonic, time, writeTimestamp } from '../../src/python/builtins/time.ts';
import { checkTimeout, deadlineAfter, millisecondsUntil } from '../../src/python/waiting.ts';
import { interpose } from '../../src/syscalls.ts';
import { python } from '../support/python.ts';

/** From now on that clock shows that time, and every other is left to the kernel. */
function setClock(clock: number, seconds: number, nanoseconds = 0): void {
  interpose((name, call, args) => {
    if (name !== 'clock_gettime' || args[0] !== clock) return call(...args);
    new BigInt64Array(args[1] as ArrayBuffer).set([BigInt(seconds), BigInt(nanoseconds)]);
    return 0;
  });
}

afterEach(() => interpose(null));

test('a clock that cannot be read is an error, and not what another clock showed last', () => {
  monotonic();
  interpose((name, call, args) =>
    name === 'clock_gettime' && args[0] === CLOCK_REALTIME ? -EINVAL : call(...args),
  );
  expect(() => time()).toThrow('clock_gettime EINVAL');
  expect(() => writeTimestamp(new Uint8Array(100), 100)).toThrow('clock_gettime EINVAL');
  expect(monotonic()).toBeGreaterThan(0);
});

describe('timestamp', () => {
  test.each([
    [1700000000, 123456_000, '1700000000.123456'],
    [1700000000, 123456_999, '1700000000.123456'],
    [1700000000, 500000_000, '1700000000.5'],
    [1700000000, 100_000, '1700000000.0001'],
    [1700000000, 1_000, '1700000000.000001'],
    [1700000000, 999, '1700000000.0'],
    [1700000000, 0, '1700000000.0'],
    [1700000010, 100000_000, '1700000010.1'],
    [1700000000, 999999_999, '1700000000.999999'],
    [2 ** 32 + 1, 0, '4294967297.0'],
    [5, 0, '5.0'],
  ])('%d s and %d ns are %s', (seconds, nanoseconds, text) => {
    setClock(CLOCK_REALTIME, seconds, nanoseconds);
    expect(String(time())).toBe(text);
  });

  // A float holds every microsecond until 2242 (2^33 seconds).
  test('2000 random times print as Python prints the float', () => {
    const seconds = fc.integer({ min: 1e9, max: 2 ** 33 - 1 });
    const micros = fc.integer({ min: 0, max: 999_999 });
    const times = fc.sample(fc.tuple(seconds, micros), { numRuns: 2000, seed: 1700000000 });
    const printed = python<string[]>('answer = [repr(s + micros / 1e6) for s, micros in given]', times);
    const ours = times.map(([seconds, micros]) => {
      setClock(CLOCK_REALTIME, seconds, micros * 1000);
      return String(time());
    });
    expect(ours).toEqual(printed);
  });

  test('is also written into a buffer, up to an offset, and stays within its room', () => {
    const into = Buffer.alloc(MAX_TIMESTAMP_LENGTH + 2, '-');
    setClock(CLOCK_REALTIME, 1700000000, 120_000_000);
    expect(writeTimestamp(into, 20)).toBe(7);
    expect(into.toString()).toBe('-------1700000000.12------');
    setClock(CLOCK_REALTIME, 2 ** 53 - 1, 999_999_999);
    expect(writeTimestamp(into, MAX_TIMESTAMP_LENGTH)).toBe(1);
    expect(into.toString()).toBe('-9007199254740991.999999--');
  });

  test('a timestamp is the time of day', () => {
    const before = Date.now();
    const now = Number(String(time())) * 1000;
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThan(Date.now() + 1);
  });
});

describe('monotonic', () => {
  test('monotonic() is in seconds', () => {
    setClock(CLOCK_MONOTONIC, 2 ** 32 + 5, 250_000_000);
    expect(monotonic()).toBe(2 ** 32 + 5.25);
  });

  test('monotonic() never goes back', () => {
    const times = Array.from({ length: 1000 }, monotonic);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBeGreaterThan(0);
  });
});

describe('checkTimeout', () => {
  test.each([
    [null, null],
    [undefined, null],
    [0, 0],
    [1.5, 1.5],
    [-1, -1],
    [9_223_372_036, 9_223_372_036],
  ])('takes %o', (timeout, seconds) => {
    expect(checkTimeout(timeout)).toBe(seconds);
  });

  test.each(['1', true, 1n, {}, [1], () => 1])('refuses %o, which is no number', (timeout) => {
    expect(() => checkTimeout(timeout)).toThrow(new TypeError('timeout must be a float or None'));
    expect(() => checkTimeout(timeout, 'seconds, please')).toThrow(new TypeError('seconds, please'));
  });

  test.each([
    [Number.NaN, 'Invalid value NaN (not a number)'],
    [Number.POSITIVE_INFINITY, 'timeout is too large'],
    [Number.NEGATIVE_INFINITY, 'timeout is too large'],
    [9_223_372_037, 'timeout is too large'],
    [-9_223_372_037, 'timeout is too large'],
  ])('refuses %d, which no clock reaches', (timeout, text) => {
    expect(() => checkTimeout(timeout)).toThrow(new RangeError(text));
  });
});

describe('a deadline', () => {
  test('a deadline is on the monotonic clock', () => {
    setClock(CLOCK_MONOTONIC, 100);
    expect(deadlineAfter(2.5)).toBe(102.5);
    expect(deadlineAfter(0)).toBe(100);
  });

  test('without a timeout never comes, and is -1 milliseconds away', () => {
    expect(deadlineAfter(null)).toBe(Number.POSITIVE_INFINITY);
    expect(millisecondsUntil(deadlineAfter(null))).toBe(-1);
  });

  test.each([
    [100, 0],
    [99, 0],
    [100.25, 250],
    [100.0001, 1],
    [100.2501, 251],
    [2 ** 31, 2 ** 31 - 1],
  ])('of %d s is, at 100 s, %i ms away', (deadline, ms) => {
    setClock(CLOCK_MONOTONIC, 100);
    expect(millisecondsUntil(deadline)).toBe(ms);
  });

  test('is never too few milliseconds away, and less than one too many', () => {
    setClock(CLOCK_MONOTONIC, 0);
    const seconds = fc.double({ min: 1e-9, max: 2_147_483, noNaN: true });
    fc.assert(
      fc.property(seconds, (timeout) => {
        const ms = millisecondsUntil(deadlineAfter(timeout));
        expect(Number.isInteger(ms)).toBe(true);
        expect(ms).toBeGreaterThanOrEqual(timeout * 1000);
        expect(ms).toBeLessThan(timeout * 1000 + 1);
      }),
      { seed: 475 },
    );
  });
});
