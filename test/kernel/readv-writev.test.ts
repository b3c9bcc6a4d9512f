// readv(2) and writev(2): bytes in several pieces of memory at once.

import { closeSync, openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SOCK_DGRAM } from '../../src/kernel/constants/socket.ts';
import { EBADF, EINVAL, EISDIR, EPIPE } from '../../src/kernel/errno.ts';
import * as sys from '../../src/syscalls.ts';
import { afterTest } from '../support/cleanup.ts';
import { closed, opened, pair } from '../support/descriptors.ts';
import { isLinux } from '../support/platform.ts';

const text = (bytes: Uint8Array | ArrayBuffer) => Buffer.from(bytes as Uint8Array).toString('latin1');

describe('readv and writev', () => {
  test('take pieces of memory one after another', () => {
    const [here, there] = pair();
    const parts = [Buffer.from('Hel'), new ArrayBuffer(0), Uint16Array.of(0x6f6c)];
    expect(sys.writev(here, parts)).toBe(5);
    const [first, second] = [new Uint8Array(2), new ArrayBuffer(8)];
    expect(sys.readv(there, [first, second])).toBe(5);
    expect(text(first) + text(second)).toBe('Hello\0\0\0\0\0');
  });

  test('leave alone what is beyond the bytes that came, and beyond a piece', () => {
    const [here, there] = pair();
    sys.write(here, Buffer.from('abcdef'));
    const memory = new Uint8Array(16).fill(0x2e);
    expect(sys.readv(there, [memory.subarray(1, 3), memory.subarray(8, 10)])).toBe(4);
    expect(text(memory)).toBe('.ab.....cd......');
    expect(sys.readv(there, [memory.subarray(4, 7), memory.subarray(12, 14)])).toBe(2);
    expect(text(memory)).toBe('.ab.ef..cd......');
  });

  test('move a pipe’s bytes, as read and write do', () => {
    const fds = new Int32Array(2);
    expect(sys.pipe(fds)).toBe(0);
    const [read, write] = [...fds].map(opened);
    expect(sys.writev(write, [Buffer.from('a'), Buffer.from('b')])).toBe(2);
    closed(write);
    const bytes = new Uint8Array(3);
    expect(sys.readv(read, [bytes])).toBe(2);
    expect(sys.readv(read, [bytes])).toBe(0); // the end
  });

  test('make one datagram of the pieces', () => {
    const [here, there] = pair(SOCK_DGRAM);
    expect(sys.writev(here, [Buffer.from('ab'), Buffer.from('c')])).toBe(3);
    const bytes = new Uint8Array(2);
    expect(sys.readv(there, [bytes])).toBe(2);
    expect(text(bytes)).toBe('ab');
  });

  test('move nothing in no pieces (EINVAL on macOS)', () => {
    const [here] = pair();
    expect([sys.readv(here, []), sys.writev(here, [])]).toEqual(isLinux ? [0, 0] : [-EINVAL, -EINVAL]);
  });

  test('EBADF: no such descriptor; EISDIR: a folder; EPIPE: the other end is closed', () => {
    const bytes = new Uint8Array(1);
    expect([sys.readv(-1, [bytes]), sys.writev(-1, [bytes])]).toEqual([-EBADF, -EBADF]);
    const folder = openSync('/', 'r');
    afterTest(() => closeSync(folder));
    expect(sys.readv(folder, [bytes])).toBe(-EISDIR);
    const [here, there] = pair();
    closed(there);
    expect(sys.writev(here, [bytes])).toBe(-EPIPE); // Node ignores SIGPIPE.
  });

  test('take at most 1024 pieces, of TypedArrays and ArrayBuffers', () => {
    const [here, there] = pair();
    expect(sys.writev(here, Array(1024).fill(Buffer.from('x')))).toBe(1024);
    expect(sys.readv(there, Array(1024).fill(new Uint8Array(1)))).toBe(1024);
    expect(() => sys.readv(there, Array(1025).fill(new Uint8Array(1)))).toThrow(RangeError);
    expect(() => sys.writev(here, ['x'] as never)).toThrow(TypeError);
  });
});
