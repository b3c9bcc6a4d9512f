// ioctl at the raw layer: an int or memory, and no request writes behind its argument's end.

import { describe, expect, test } from 'vitest';
import * as fcntl from '../../src/kernel/constants/fcntl.ts';
import { FIOCLEX, FIONBIO, FIONREAD, SIOCOUTQ } from '../../src/kernel/constants/ioctl.ts';
import { EBADF, EFAULT } from '../../src/kernel/errno.ts';
import * as sys from '../../src/syscalls.ts';
import { pair } from '../support/descriptors.ts';

describe('ioctl', () => {
  test('FIONREAD says how many bytes wait to be received', () => {
    const [a, b] = pair();
    sys.send(a, Buffer.from('Hello'), 0);
    const count = new Int32Array(1);
    expect(sys.ioctl(b, FIONREAD, count)).toBe(0);
    expect(count[0]).toBe(5);
    expect(sys.ioctl(a, FIONREAD, count)).toBe(0);
    expect(count[0]).toBe(0);
  });

  test.skipIf(SIOCOUTQ === undefined)('SIOCOUTQ says that bytes sent were not received yet', () => {
    const [a, b] = pair();
    const count = new Int32Array(1);
    sys.send(a, Buffer.from('Hello'), 0);
    expect(sys.ioctl(a, SIOCOUTQ, count)).toBe(0);
    expect(count[0]).toBeGreaterThan(0);
    sys.recv(b, new Uint8Array(5), 0);
    expect(sys.ioctl(a, SIOCOUTQ, count)).toBe(0);
    expect(count[0]).toBe(0);
  });

  test('reads its memory: FIONBIO sets and clears O_NONBLOCK', () => {
    const [a] = pair();
    const nonblocking = () => (sys.fcntl(a, fcntl.F_GETFL, 0) & fcntl.O_NONBLOCK) !== 0;
    expect(sys.ioctl(a, FIONBIO, Int32Array.of(1))).toBe(0);
    expect(nonblocking()).toBe(true);
    expect(sys.ioctl(a, FIONBIO, Int32Array.of(0))).toBe(0);
    expect(nonblocking()).toBe(false);
  });

  test('takes an int where the request does: FIOCLEX', () => {
    const [a] = pair();
    expect(sys.ioctl(a, FIOCLEX, 0)).toBe(0);
    expect(sys.fcntl(a, fcntl.F_GETFD, 0)).toBe(fcntl.FD_CLOEXEC);
  });

  test('EFAULT: an int where the request wants memory is no address', () => {
    const [a] = pair();
    expect(sys.ioctl(a, FIONREAD, 0x10000)).toBe(-EFAULT);
  });

  test('memory too small for the request is filled and not overrun', () => {
    const [a, b] = pair();
    sys.send(a, Buffer.alloc(0x0201), 0);
    const around = new Uint8Array(8).fill(0xee);
    expect(sys.ioctl(b, FIONREAD, around.subarray(2, 4))).toBe(0);
    expect([...around]).toEqual([0xee, 0xee, 0x01, 0x02, 0xee, 0xee, 0xee, 0xee]);
  });

  test('EBADF: no such descriptor', () => {
    expect(sys.ioctl(-1, FIONREAD, new Int32Array(1))).toBe(-EBADF);
  });
});
