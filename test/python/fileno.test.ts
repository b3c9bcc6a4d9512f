// fileno.ts: a descriptor, or an object with fileno(), by the rule of CPython's PyObject_AsFileDescriptor.

import { describe, expect, test } from 'vitest';
import { filenoOf } from '../../src/python/select/fileno.ts';

const having = (fd: unknown) => ({ fileno: () => fd });

describe('filenoOf', () => {
  test.each([0, 5, 1023, 100_000, 2 ** 31 - 1])(
    'gives the descriptor %i, by itself and in an object',
    (fd) => {
      expect([filenoOf(fd), filenoOf(having(fd))]).toEqual([fd, fd]);
    },
  );

  test('asks the object itself, and once', () => {
    let asked = 0;
    class File {
      #fd = 7;
      fileno() {
        asked++;
        return this.#fd;
      }
    }
    expect(filenoOf(new File())).toBe(7);
    expect(asked).toBe(1);
  });

  test('takes a function that has fileno()', () => {
    expect(filenoOf(Object.assign(() => {}, having(3)))).toBe(3);
  });

  test.each([null, undefined, 'fd', true, {}, [], { fileno: 5 }, 5n, Symbol('fd')])(
    'refuses %o, which has no fileno()',
    (file) => {
      expect(() => filenoOf(file)).toThrow(
        new TypeError('argument must be an int, or have a fileno() method.'),
      );
    },
  );

  test.each([null, undefined, '5', 5n, true, having(5)])('refuses fileno() returning %o', (fd) => {
    expect(() => filenoOf(having(fd))).toThrow(new TypeError('fileno() returned a non-integer'));
  });

  test.each([1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d, which is no integer', (fd) => {
    const error = new TypeError(`file descriptor must be an integer, got ${fd}`);
    expect(() => filenoOf(fd)).toThrow(error);
    expect(() => filenoOf(having(fd))).toThrow(error);
  });

  test.each([
    [-1, 'file descriptor cannot be a negative integer (-1)'],
    [-(2 ** 31), 'file descriptor cannot be a negative integer (-2147483648)'],
    [2 ** 31, 'file descriptor is too large (2147483648)'],
    [2 ** 53, 'file descriptor is too large (9007199254740992)'],
  ])('refuses %d, which is no descriptor', (fd, text) => {
    expect(() => filenoOf(fd)).toThrow(new RangeError(text));
    expect(() => filenoOf(having(fd))).toThrow(new RangeError(text));
  });

  test('what fileno() throws goes through', () => {
    const fileno = () => {
      throw new Error('closed');
    };
    expect(() => filenoOf({ fileno })).toThrow('closed');
  });
});
