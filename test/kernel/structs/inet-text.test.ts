// inet-text.ts: the texts of IP addresses, against Python's inet_pton and inet_ntop.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatInet, formatInet6, parseInet, parseInet6 } from '../../../src/kernel/structs/sockaddr.ts';
import { isLinux } from '../../support/platform.ts';
import { python } from '../../support/python.ts';

// Valid ones, and the same with a character or two taken out, put in or replaced.
const mangled = (valid: fc.Arbitrary<string>) => {
  const pieces = fc.constantFrom(...'0123456789afFgx.:% -+\n', '00', '::', '١');
  const edit = fc.tuple(fc.nat(40), fc.nat(2), pieces);
  return fc.tuple(valid, fc.array(edit, { maxLength: 2 })).map(([text, edits]) =>
    edits.reduce((text, [at, removed, added]) => {
      const start = at % (text.length + 1);
      return text.slice(0, start) + (removed === 2 ? '' : added) + text.slice(start + Math.min(removed, 1));
    }, text),
  );
};
const edges = [...':|::|:::|0|1.2.3.4|::1.2.3.4|1:2:3:4:5:6:7:8|1::2::3|1:2:3:4:5:6:7::'.split('|'), ''];
const hex = (bytes: Uint8Array | null) => bytes && Buffer.from(bytes).toString('hex');
const sample = (arbitrary: fc.Arbitrary<string>) =>
  edges.concat(fc.sample(arbitrary, { numRuns: 5000, seed: 4291 }));

test.each([
  ['AF_INET', parseInet, sample(mangled(fc.ipV4()))],
  ['AF_INET6', parseInet6, sample(mangled(fc.oneof(fc.ipV6(), fc.ipV6(), fc.ipV4())))],
])('5000 valid and mangled texts of %s mean what they mean to inet_pton', (family, parse, list) => {
  const theirs = python<(string | null)[]>(
    `
import socket
def parsed(text):
  try: return socket.inet_pton(socket.${family}, text).hex()
  except OSError: return None
answer = [parsed(text) for text in given]`,
    list,
  );
  expect(list.map((text) => [text, hex(parse(text))])).toEqual(list.map((text, i) => [text, theirs[i]]));
  expect(theirs.filter((parsed) => parsed === null).length).toBeGreaterThan(1000);
  expect(theirs.filter((parsed) => parsed !== null).length).toBeGreaterThan(1000);
});

test.skipIf(!isLinux)('5000 IPv6 addresses are written as inet_ntop does it (glibc, our model)', () => {
  const word = fc.oneof(fc.constant(0), fc.constant(0), fc.constantFrom(1, 0xffff), fc.nat(0xffff));
  const words = fc.sample(fc.array(word, { minLength: 8, maxLength: 8 }), { numRuns: 5000, seed: 5952 });
  const list = words.map((words) => Buffer.from(words.flatMap((word) => [word >> 8, word & 0xff])));
  const theirs = python<string[]>(
    'import socket\nanswer = [socket.inet_ntop(socket.AF_INET6, bytes.fromhex(address)) for address in given]',
    list.map(hex),
  );
  expect(list.map((bytes) => formatInet6(bytes))).toEqual(theirs);
  expect(list.map((bytes) => hex(parseInet6(formatInet6(bytes))))).toEqual(list.map(hex));
});

test('IPv4 addresses are written as their bytes, one after another and again', () => {
  const address = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.constant(Uint8Array.of(255, 255, 255, 255)),
  );
  fc.assert(
    fc.property(fc.array(address, { minLength: 1 }), (list) => {
      const twice = list.flatMap((bytes) => [bytes, bytes]);
      expect(twice.map((bytes) => formatInet(bytes))).toEqual(twice.map((bytes) => bytes.join('.')));
    }),
    { seed: 4 },
  );
});

test('addresses are written from any offset', () => {
  expect(formatInet(Uint8Array.of(9, 1, 20, 255))).toBe('9.1.20.255');
  expect(formatInet(Uint8Array.of(9, 1, 20, 255, 0), 1)).toBe('1.20.255.0');
  expect(formatInet6(Uint8Array.of(9, ...Array(15).fill(0), 1), 1)).toBe('::1');
});
