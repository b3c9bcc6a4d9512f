// The constants: all of them are exports of rfds/syscalls, with the values that Python has for them.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import * as errnos from '../../src/kernel/constants/errno.ts';
import { errorcode } from '../../src/kernel/errorcode.ts';
import { constants, native } from '../../src/kernel/native.ts';
import * as raw from '../../src/syscalls.ts';
import { python } from '../support/python.ts';

const exports: Readonly<Record<string, unknown>> = raw;
const list = readFileSync(fileURLToPath(new URL('../../native/constants.inc', import.meta.url)), 'utf8');
const names = [...list.matchAll(/^\{"(\w+)",/gm)].map(([, name]) => name);

test('rfds/syscalls exports each constant of the list, undefined where the headers lack it', () => {
  expect(names.length).toBeGreaterThan(1300);
  expect(names.filter((name) => !(name in exports))).toEqual([]);
  expect(names.filter((name) => exports[name] !== constants[name])).toEqual([]);
});

test('no constant is listed twice, and none has the name of a call', () => {
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  expect(names.filter((name) => name in native)).toEqual([]);
});

test('errorcode() has a name for each errno, and for no other number', () => {
  const byNumber = new Map<number, string>();
  // Of two names of a number the one that man pages and Linux's sources have: EOPNOTSUPP.
  for (const [name, number] of Object.entries(errnos).sort()) {
    if (name === 'ENOTSUP' && number === errnos.EOPNOTSUPP) continue;
    if (typeof number === 'number' && !byNumber.has(number)) byNumber.set(number, name);
  }
  expect(byNumber.size).toBeGreaterThan(80);
  for (let number = 1; number < 5000; number++) {
    expect(errorcode(number)).toBe(byNumber.get(number) ?? `E${number}`);
  }
});

test('all are whole numbers that a C int or unsigned int can have', () => {
  const odd = Object.entries(constants).filter(
    ([, value]) => !Number.isInteger(value) || value! < -(2 ** 31) || value! >= 2 ** 32,
  );
  expect(odd).toEqual([]);
});

test("Python's modules have the same value for each name that they have", () => {
  const theirs = python<Record<string, number>>(
    `
import errno, fcntl, os, select, signal, socket, termios, time
answer = {}
for name in given:
  for module in (socket, select, signal, fcntl, termios, time, errno, os):
    value = getattr(module, name, None)
    if isinstance(value, int):
      answer[name] = int(value)
      break`,
    Object.keys(constants),
  );
  expect(Object.keys(theirs).length).toBeGreaterThan(400);
  // A request is an unsigned long in C, and an int to Python's older modules; SIG_ERR is no handler there.
  const differ = Object.entries(theirs).filter(([name, value]) => constants[name]! >>> 0 !== value >>> 0);
  // Python gives these another value than the headers: INADDR_* are the same, as a signed int.
  expect(differ).toEqual([]);
});

test.each([
  ['F_SETPIPE_SZ', 1031],
  ['F_ADD_SEALS', 1033],
  ['SIOCGIFMTU', 0x8921],
  ['SO_EE_ORIGIN_ICMP', 2],
  ['SA_RESTART', 0x10000000],
  ['SIG_IGN', 1],
  ['UDP_SEGMENT', 103],
  ['IFLA_IFNAME', 3],
  ['RTM_GETLINK', 18],
  ['NLM_F_DUMP', 0x300],
  ['BPF_JEQ', 0x10],
])('%s is %i on Linux', (name, value) => {
  if (process.platform === 'linux' && process.arch === 'x64') expect(exports[name]).toBe(value);
});
