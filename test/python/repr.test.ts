// repr.ts against Python's own repr: a vector for each rule, then thousands of random values.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  maxReprLength,
  repr,
  reprBytes,
  reprString,
  writeReprBytes,
} from '../../src/python/builtins/repr.ts';
import { python } from '../support/python.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

describe('bytes', () => {
  test.each([
    [`b''`, ''],
    [`b'abc'`, 'abc'],
    [`b"it's"`, "it's"],
    [`b'say "hi"'`, 'say "hi"'],
    [`b'both \\' and "'`, `both ' and "`],
    [`b'\\\\'`, '\\'],
    [`b'\\t\\n\\r\\x00\\x1f\\x7f\\x80\\xff'`, '\t\n\r\x00\x1f\x7f\x80\xff'],
    [`b"'"`, "'"],
    [`b'"'`, '"'],
    [`b'\\xc3\\xa9'`, '\xc3\xa9'],
    [`b'\\x0b\\x0c\\x08\\x07\\x1b~ '`, '\x0b\x0c\x08\x07\x1b~ '],
  ])('print as %s', (printed, text) => {
    expect(reprBytes(latin1(text))).toBe(printed);
    expect(repr(latin1(text))).toBe(printed);
  });

  test('a view prints its own part of the memory', () => {
    expect(reprBytes(latin1('xHellox').subarray(1, 6))).toBe(`b'Hello'`);
  });
});

describe('strings', () => {
  test.each([
    [`''`, ''],
    [`"it's"`, "it's"],
    [`'both \\' and "'`, `both ' and "`],
    [`'back\\\\slash'`, 'back\\slash'],
    [`'\\t\\n\\r\\x00\\x7f'`, '\t\n\r\x00\x7f'],
    [`'café'`, 'café'],
    [`'\\xa0\\xad'`, '\xa0\xad'],
    [`'\\u200b\\u2028\\u3000'`, '\u200b\u2028\u3000'],
    [`'漢字 😀'`, '漢字 😀'],
    [`'\\ud83d'`, '\ud83d'],
    [`'\\ue000\\U0010ffff'`, '\ue000\u{10ffff}'],
  ])('print as %s', (printed, text) => {
    expect(reprString(text)).toBe(printed);
    expect(repr(text)).toBe(printed);
  });
});

describe('other values', () => {
  test.each([
    ['None', null],
    ['None', undefined],
    ['0', 0],
    ['-54321', -54321],
    ['()', []],
    ['(1,)', [1]],
    [`('10.0.0.2', 54321)`, ['10.0.0.2', 54321]],
    [`('::1', 80, 0, 0)`, ['::1', 80, 0, 0]],
    [`(b'\\x00abc', (None,))`, [latin1('\0abc'), [null]]],
  ])('print as %s', (printed, value) => {
    expect(repr(value)).toBe(printed);
  });
});

// Which code points are assigned, and so printable, depends on the version of Unicode, and V8's is
// newer than Python's: only blocks in which nothing has changed since Unicode 8.
const blocks: [first: number, last: number][] = [
  [0x00, 0xff], // ASCII and Latin-1, controls and NBSP among them
  [0x100, 0x24f],
  [0x300, 0x36f], // combining marks
  [0x370, 0x3ff], // Greek, with a few that nobody has assigned
  [0x400, 0x52f],
  [0x600, 0x61b], // Arabic, formats among them
  [0x2000, 0x206f], // spaces, separators, joiners, bidi controls
  [0x3000, 0x303f],
  [0x4e00, 0x9fcc],
  [0xac00, 0xd7a3],
  [0xd800, 0xdfff], // surrogates
  [0xe000, 0xf8ff], // private use
  [0xfe00, 0xfe0f],
  [0xfff0, 0xffff], // specials and two that are no characters
  [0x1d400, 0x1d454],
  [0x1f600, 0x1f64f],
  [0xe0001, 0xe007f], // tags
  [0xf0000, 0xf00ff],
  [0x10fff0, 0x10ffff],
];
const character = fc
  .oneof(...blocks.map(([min, max]) => fc.integer({ min, max })))
  .map((code) => String.fromCodePoint(code));
const quoted = fc.constantFrom(`'`, `"`, '\\', '\n', 'a');
const text = fc.string({ unit: fc.oneof(character, quoted), maxLength: 12 });
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 24 }),
  fc.array(quoted, { maxLength: 6 }).map((characters) => new Uint8Array(latin1(characters.join('')))),
);
const int = fc.maxSafeInteger();
const { tuple } = fc.letrec<{ tuple: unknown[] }>((tie) => ({
  tuple: fc.array(fc.oneof({ maxDepth: 2 }, text, bytes, int, fc.constant(null), tie('tuple')), {
    maxLength: 4,
  }),
}));

// JSON has neither bytes nor tuples: an object stands for the bytes, an array is a tuple.
const asJson = (value: unknown): unknown =>
  value instanceof Uint8Array
    ? { hex: Buffer.from(value).toString('hex') }
    : Array.isArray(value)
      ? value.map(asJson)
      : value;

const random = <T>(arbitrary: fc.Arbitrary<T>) => fc.sample(arbitrary, { numRuns: 2000, seed: 16 });
const every = blocks.flatMap(([first, last]) =>
  Array.from({ length: last - first + 1 }, (_, i) => String.fromCodePoint(first + i)),
);

test.each<[string, unknown[]]>([
  ['the characters of those blocks', every],
  ['2000 random strings', random(text)],
  ['2000 random bytes', random(bytes)],
  ['2000 random tuples of them, of ints and None', random(tuple)],
])('%s print as in Python', (_, values) => {
  const printed = python<string[]>(
    `
def value(v):
    if isinstance(v, dict): return bytes.fromhex(v['hex'])
    if isinstance(v, list): return tuple(map(value, v))
    return v
answer = [repr(value(v)) for v in given]`,
    values.map(asJson),
  );
  expect(new Set(printed).size).toBeGreaterThan(values.length / 2);
  const differing = values.flatMap((value, i) =>
    repr(value) === printed[i] ? [] : [[repr(value), printed[i]]],
  );
  expect(differing).toEqual([]);
});

test('the repr of a part of some bytes can be written into a buffer, and stays within its room', () => {
  expect(reprBytes(new Uint8Array(9))).toHaveLength(maxReprLength(9));
  fc.assert(
    fc.property(bytes, fc.nat(9), fc.nat(24), fc.nat(24), (data, offset, from, to) => {
      const [start, end] = [Math.min(from, to, data.length), Math.min(Math.max(from, to), data.length)];
      const printed = reprBytes(data.subarray(start, end));
      const into = Buffer.alloc(offset + maxReprLength(end - start) + 1, '-');
      expect(writeReprBytes(into, offset, data, start, end)).toBe(offset + printed.length);
      expect(into.toString('latin1', 0, offset + printed.length)).toBe('-'.repeat(offset) + printed);
      expect(into.at(-1)).toBe('-'.charCodeAt(0));
    }),
    { seed: 16 },
  );
});
