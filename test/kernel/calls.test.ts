// The table of calls against the addon, the choke point and itself.

import { describe, expect, test } from 'vitest';
import {
  argumentOf,
  type Call,
  callNames,
  calls,
  cNamesOf,
  entryOf,
  errnosOf,
  kernelName,
  parametersOf,
} from '../../src/kernel/calls.ts';
import * as fcntl from '../../src/kernel/constants/fcntl.ts';
import { constants, native } from '../../src/kernel/native.ts';
import * as own from '../../src/kernel/own-calls.ts';
import * as sys from '../../src/kernel/syscalls.ts';

const rows = callNames.map((name): [string, Call] => [name, calls[name]]);

describe('the table of calls', () => {
  test('has a row for every call of the addon, in its order, and no other', () => {
    expect(callNames).toEqual(Object.keys(native));
  });

  test('has a row for every call that the choke point exports', () => {
    const others = ['attach', 'batch', 'interpose', 'observe', 'rebindOwnCalls'];
    const exported = Object.keys({ ...sys, ...own }).filter((name) => !others.includes(name));
    expect([...callNames].sort()).toEqual(exported.sort());
  });

  test.each(rows)('has the parameters of %s that the addon names', (name, call) => {
    const addon = native[name as keyof typeof native] as (...args: unknown[]) => number;
    const lists = parametersOf(call).map((list) => list.map((parameter) => parameter.name).join(', '));
    expect(() => addon(...Array(12).fill(0))).toThrow(
      new TypeError(`${name}: takes (${lists.join(' | ')}), arguments given: 12`),
    );
  });

  test.each(rows)('names parameters that %s has', (_, call) => {
    const { args, fd, blocks, sends, receives, makes, closes } = call;
    const named = [blocks?.timeout, sends, receives, closes].filter((name) => name !== undefined);
    if (fd !== undefined && fd !== 'result') named.push(fd);
    if (makes !== undefined && makes.where !== 'result') named.push(makes.where);
    if (blocks?.unless) named.push('flags');
    if (makes?.commands) named.push('cmd');
    expect(Object.keys(args)).toEqual(expect.arrayContaining(named));
    expect(new Set(cNamesOf(call)).size).toBe(cNamesOf(call).length);
    for (const command of makes?.commands ?? []) expect(fcntl).toHaveProperty(command);
  });

  test.each(rows)(
    'has a timeout for %s if that waits for events, and a descriptor if it makes one',
    (_, call) => {
      if (call.blocks?.until === 'event') expect(call.blocks.timeout).toMatch(/^timeout/);
      if (call.makes?.where === 'result')
        expect(call.fd === 'result' || 'fd' in call.args || 'oldfd' in call.args).toBe(true);
    },
  );

  test.each(rows)('knows the errnos of %s by names of this system, each once', (_, call) => {
    const errnos = errnosOf(call);
    expect(errnos.filter((name) => constants[name] === undefined)).toEqual([]);
    expect(new Set(errnos).size).toBe(errnos.length);
    if (call.blocks) expect(errnos).toContain('EINTR');
    if (call.blocks?.until.endsWith('able')) expect(errnos).toContain('EAGAIN');
    if (call.args.fd === 'fd') expect(errnos).toContain('EBADF');
  });
});

test('an argument is found by its name, whether a part of the buffer was asked for or all of it', () => {
  expect(argumentOf(calls.recv, 'flags', [3, 'buf', 64])).toBe(64);
  expect(argumentOf(calls.recv, 'flags', [3, 'buf', 0, 8, 64])).toBe(64);
  expect(argumentOf(calls.recvfrom, 'addrlen', [3, 'buf', 64, 'addr', 'len'])).toBe('len');
  expect(argumentOf(calls.recvfrom, 'addrlen', [3, 'buf', 0, 8, 64, 'addr', 'len'])).toBe('len');
  expect(argumentOf(calls.close, 'flags', [3])).toBeUndefined();
});

test('a call enters the kernel by the name that the platform has for it', () => {
  expect(entryOf('recv', 'linux', 'x64')).toEqual(['recvfrom', 'NULL', 'NULL']);
  expect(kernelName('poll', 'linux', 'x64')).toBe('poll');
  expect(entryOf('poll', 'linux', 'arm64')).toEqual(['ppoll', 'NULL', '8']);
  expect(kernelName('pipe', 'linux', 'arm64')).toBe('pipe2');
  expect(kernelName('pipe', 'darwin', 'arm64')).toBe('pipe');
  expect(kernelName('epoll_wait', 'darwin', 'arm64')).toBeNull();
  expect(kernelName('kqueue', 'linux', 'x64')).toBeNull();
  expect(kernelName('not_ours', 'linux', 'x64')).toBe('not_ours');
});
