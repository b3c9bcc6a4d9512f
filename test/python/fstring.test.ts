// f-strings and byte templates: the same text as Python's, wherever it is written.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytes, decode, f, type Value } from '../../src/python/builtins/fstring.ts';
import { Timestamp } from '../../src/python/builtins/time.ts';
import { python } from '../support/python.ts';

const time = new Timestamp(1700000000, 123456);
const data = Buffer.from("it's\n\xff", 'latin1');

test('an f-string has bytes as their repr, times as floats, and text and numbers as they are', () => {
  expect(String(f`[${'10.0.0.2'}:${54321}] ${time}:${data}`)).toBe(
    '[10.0.0.2:54321] 1700000000.123456:b"it\'s\\n\\xff"',
  );
  expect(String(f`nothing`)).toBe('nothing');
  expect(String(f`${'back\\slash'}\n`)).toBe('back\\slash\n');
});

test('a byte template has bytes as they are, and text as UTF-8', () => {
  expect(bytes`${time}:${data}`).toEqual(Buffer.concat([Buffer.from('1700000000.123456:'), data]));
  expect(bytes`ü${'€'}${7}`).toEqual(Buffer.from('ü€7'));
  expect(bytes``).toEqual(Buffer.alloc(0));
});

test.each([
  [1700000000, 123456, '1700000000.123456'],
  [1700000000, 500000, '1700000000.5'],
  [1700000000, 0, '1700000000.0'],
  [9999999999, 999999, '9999999999.999999'],
])('%d s and %d µs are %s', (seconds, microseconds, text) => {
  const timestamp = new Timestamp(seconds, microseconds);
  expect(String(timestamp)).toBe(text);
  expect(String(f`${timestamp}`)).toBe(text);
  expect(bytes`${timestamp}`.toString()).toBe(text);
});

test.each([0, -0, 1, 9, 10, 99_999, 100_000, -1, 0.5, 1e21, Number.NaN])(
  '%d stands as its text',
  (number) => {
    expect(bytes`<${number}>`.toString()).toBe(`<${number}>`);
  },
);

describe('whatever the values', () => {
  const value: fc.Arbitrary<Value> = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
    fc.integer(),
    fc.uint8Array({ maxLength: 300 }),
  );

  test('an f-string written is its text in UTF-8', () => {
    fc.assert(
      fc.property(value, value, (one, other) => {
        const text = f`a${one}é${other}`;
        const into = Buffer.alloc(4096);
        const end = text.write(into, 1);
        expect(into.subarray(1, end)).toEqual(Buffer.from(String(text)));
      }),
    );
  });

  test('a byte template is its parts, one behind the other', () => {
    const part = (one: Value) => Buffer.from(one instanceof Uint8Array ? one : String(one));
    fc.assert(
      fc.property(value, value, (one, other) => {
        expect(bytes`${one}, ${other}`).toEqual(Buffer.concat([part(one), Buffer.from(', '), part(other)]));
      }),
    );
  });
});

test('an f-string that might not fit is not written over the end', () => {
  const into = Buffer.alloc(40);
  expect(f`${'x'.repeat(13)}`.write(into, 0)).toBe(13);
  for (const text of [
    f`${'x'.repeat(14)}`,
    f`${Buffer.alloc(10)}`,
    f`${'0123456789'}01234567${time}`,
    f`0123${5}${'x'.repeat(14)}`,
  ])
    expect(text.write(into, 0)).toBe(-1);
});

test('a byte template may be longer than the pool', () => {
  const long = Buffer.alloc(100_000, 'x');
  expect(bytes`a${long}é${7}`).toEqual(Buffer.concat([Buffer.from('a'), long, Buffer.from('é7')]));
});

test('byte templates share no byte', () => {
  const all = Array.from({ length: 3000 }, (_, i) => bytes`${i}:${data}`);
  for (const [i, one] of all.entries()) expect(one).toEqual(Buffer.concat([Buffer.from(`${i}:`), data]));
});

test('Python has the same text', () => {
  const text = python<string>(`answer = f"[{given[0]}:{given[1]}] {1700000000.123456}:{bytes(given[2])}"`, [
    '10.0.0.2',
    54321,
    [...data],
  ]);
  expect(String(f`[${'10.0.0.2'}:${54321}] ${time}:${data}`)).toBe(text);
});

test('bytes are decoded as UTF-8, a byte order mark too, and nothing else is', () => {
  for (const text of ['', 'Hello', 'é ∂ 😀', '\ufeffmarked']) expect(decode(Buffer.from(text))).toBe(text);
  for (const wrong of [[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80]])
    expect(() => decode(Uint8Array.from(wrong))).toThrow(TypeError);
});
