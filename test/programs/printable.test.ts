// What the client prints of a server's answer does nothing to a terminal.

import { describe, expect, test } from 'vitest';
import { printable } from '../../src/programs/serving/printable.ts';

describe.each([
  ['a terminal', true],
  ['a pipe', false],
])('for %s', (_, isTerminal) => {
  const printed = (text: string) => printable(Buffer.from(text), isTerminal).toString();

  test('ordinary text, tabs, line ends and UTF-8 stay as they are', () => {
    const text = "1700000001.5:it's\tünïcode €\u{1f600}\r\nand\n\na second line\r";
    expect(printed(text)).toBe(text);
  });

  test.each([
    ['\x1b[2J\x1b]0;title\x07', '\\x1b[2J\\x1b]0;title\\x07'],
    ['\0\b\x7f\x9b31m', '\\x00\\x08\\x7f\\x9b31m'],
    ['hidden\rshown', 'hidden\\x0dshown'],
  ])('control characters stand as escapes: %j', (text, escaped) => {
    expect(printed(text)).toBe(escaped);
  });

  test('so do those among bytes that are not UTF-8', () => {
    const bytes = printable(Buffer.from([0xff, 0x1b, 0x5b, 0x6d]), isTerminal);
    expect(bytes.toString('latin1')).toMatch(/\\x1b\[m$/);
    expect(printable(Buffer.from([0xff, 0xc2, 0x9b]), isTerminal).toString('latin1')).toMatch(/\\x9b$/);
  });
});

test('bytes that are not UTF-8 come through a pipe as they are, and stand as escapes on a terminal', () => {
  const bytes = Buffer.from([0x61, 0x80, 0x9b, 0xff, 0xc3, 0x7a]);
  expect(printable(bytes, false)).toEqual(bytes);
  expect(printable(bytes, true).toString()).toBe('a\\x80\\x9b\\xff\\xc3z');
});
