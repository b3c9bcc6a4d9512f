// splice(2) and epoll_pwait2(2), Linux: bytes from a file to a socket through a pipe, and waits of nanoseconds.

import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { EAGAIN, EBADF, EINVAL, ESPIPE } from '../../src/kernel/errno.ts';
import { EpollEvents } from '../../src/structs.ts';
import * as sys from '../../src/syscalls.ts';
import { afterTest } from '../support/cleanup.ts';
import { closed, opened, pair } from '../support/descriptors.ts';
import { isLinux } from '../support/platform.ts';

function pipe(): [read: number, write: number] {
  const ends = new Int32Array(2);
  expect(sys.pipe(ends)).toBe(0);
  return [opened(ends[0]), opened(ends[1])];
}

function file(text: string): number {
  const folder = mkdtempSync(path.join(tmpdir(), 'rfds-splice-'));
  writeFileSync(path.join(folder, 'file'), text);
  const fd = openSync(path.join(folder, 'file'), 'r+');
  afterTest(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });
  return fd;
}

describe.skipIf(!isLinux)('splice', () => {
  const NONBLOCK = sys.SPLICE_F_NONBLOCK!;

  test('moves bytes of a file, from a place in it, through a pipe to a socket', () => {
    const [read, write] = pipe();
    const [here, there] = pair();
    const place = BigInt64Array.of(5n);
    expect(sys.splice(file('some bytes of a file'), place, write, null, 100, 0)).toBe(15);
    expect(place[0]).toBe(20n);
    expect(sys.splice(read, null, here, null, 9, sys.SPLICE_F_MORE!)).toBe(9);
    const bytes = new Uint8Array(64);
    expect(sys.recv(there, bytes, 0)).toBe(9);
    expect(Buffer.from(bytes.subarray(0, 9)).toString()).toBe('bytes of ');
  });

  test('ends with 0 where the bytes do, and with EAGAIN where it would wait', () => {
    const [read, write] = pipe();
    const [here] = pair();
    expect(sys.splice(read, null, here, null, 1, NONBLOCK)).toBe(-EAGAIN);
    closed(write);
    expect(sys.splice(read, null, here, null, 1, 0)).toBe(0);
  });

  test('says what is wrong with its descriptors and places', () => {
    const [read, write] = pipe();
    const [here, there] = pair();
    expect(sys.splice(-1, null, write, null, 1, 0)).toBe(-EBADF);
    expect(sys.splice(here, null, there, null, 1, 0)).toBe(-EINVAL); // Neither is a pipe.
    expect(sys.splice(read, new BigInt64Array(1), here, null, 1, 0)).toBe(-ESPIPE);
    expect(sys.splice(file('x'), BigInt64Array.of(-1n), write, null, 1, 0)).toBe(-EINVAL);
    for (const args of [
      [read, new Uint8Array(7), here, null, 1, 0],
      [read, null, here, new Uint8Array(7), 1, 0],
      [read, null, here, null, -1, 0],
    ] as Parameters<typeof sys.splice>[])
      expect(() => sys.splice(...args)).toThrow(RangeError);
  });
});

describe.skipIf(!isLinux)('epoll_pwait2', () => {
  test('waits as epoll_pwait does, with a time in nanoseconds, or without an end', () => {
    const [here, there] = pair();
    const epfd = opened(sys.epoll_create1(0));
    const event = new EpollEvents(1);
    event.set(0, here, sys.EPOLLIN!);
    expect(sys.epoll_ctl(epfd, sys.EPOLL_CTL_ADD!, here, event.memory)).toBe(0);
    const found = new EpollEvents(4);
    expect(sys.epoll_pwait2(epfd, found.memory, 4, BigInt64Array.of(0n, 1n), null)).toBe(0);
    sys.write(there, Buffer.from('x'));
    expect(sys.epoll_pwait2(epfd, found.memory, 4, null, new BigUint64Array(1))).toBe(1);
    expect([found.fd(0), found.events(0)]).toEqual([here, sys.EPOLLIN]);
    for (const time of [
      [0n, -1n],
      [0n, 1_000_000_000n],
      [-1n, 0n],
    ])
      expect(sys.epoll_pwait2(epfd, found.memory, 4, BigInt64Array.from(time), null)).toBe(-EINVAL);
  });
});
