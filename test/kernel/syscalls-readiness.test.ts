// The raw calls on descriptors, their readiness, clocks and signals, each in a tiny case, as its man page says.

import { describe, expect, test } from 'vitest';
import { CLOCK_MONOTONIC, CLOCK_REALTIME } from '../../src/kernel/constants/clock.ts';
import * as fcntl from '../../src/kernel/constants/fcntl.ts';
import * as consts from '../../src/kernel/constants/select.ts';
import { NSIG, SIGUSR2 } from '../../src/kernel/constants/signal.ts';
import { EAGAIN, EBADF, EEXIST, EFAULT, EINVAL, ENOENT } from '../../src/kernel/errno.ts';
import { layout } from '../../src/kernel/native.ts';
import * as own from '../../src/kernel/own-calls.ts';
import * as sys from '../../src/kernel/syscalls.ts';
import { closed, opened, pair } from '../support/descriptors.ts';
import { isLinux } from '../support/platform.ts';

const { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLIN, EPOLLOUT } = consts;
const { POLLHUP, POLLIN, POLLNVAL, POLLOUT } = consts;

describe('descriptors', () => {
  test('close frees one, so that it is EBADF', () => {
    const [a, b] = pair();
    closed(a);
    expect(sys.fcntl(a, fcntl.F_GETFD, 0)).toBe(-EBADF);
    expect(sys.read(b, Buffer.alloc(1))).toBe(0);
  });

  test('dup makes a second one for the same socket', () => {
    const [a, b] = pair();
    const again = opened(sys.dup(a));
    expect(again).not.toBe(a);
    closed(a);
    expect(sys.write(again, Buffer.from('x'))).toBe(1);
    expect(sys.read(b, Buffer.alloc(1))).toBe(1);
  });

  test('fcntl gets and sets the flags, and duplicates from a number on', () => {
    const [fd] = pair();
    const flags = sys.fcntl(fd, fcntl.F_GETFL, 0);
    expect(sys.fcntl(fd, fcntl.F_SETFL, flags | fcntl.O_NONBLOCK)).toBe(0);
    expect(sys.fcntl(fd, fcntl.F_GETFL, 0)).toBe(flags | fcntl.O_NONBLOCK);
    expect(sys.read(fd, Buffer.alloc(1))).toBe(-EAGAIN);
    const copy = opened(sys.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 500));
    expect(copy).toBeGreaterThanOrEqual(500);
    expect(sys.fcntl(copy, fcntl.F_GETFD, 0)).toBe(fcntl.FD_CLOEXEC);
    expect(sys.fcntl(fd, fcntl.F_GETFD, 0)).toBe(0);
    expect(sys.fcntl(fd, fcntl.F_SETFD, fcntl.FD_CLOEXEC)).toBe(0);
    expect(sys.fcntl(fd, fcntl.F_GETFD, 0)).toBe(fcntl.FD_CLOEXEC);
  });
});

describe('readiness', () => {
  const set = (...fds: number[]) => {
    const bits = new Uint8Array(128);
    for (const fd of fds) bits[fd >> 3] |= 1 << (fd & 7);
    return bits;
  };

  test('select leaves the ready ones in their sets, and counts them', () => {
    const [a, b] = pair();
    sys.send(a, Buffer.from('x'), 0);
    const [rfds, wfds, xfds] = [set(a, b), set(b), set(a, b)];
    expect(sys.select(Math.max(a, b) + 1, rfds, wfds, xfds, null)).toBe(2);
    expect([rfds, wfds, xfds]).toEqual([set(b), set(b), set()]);
  });

  test.skipIf(!isLinux)('select leaves in timeout what is left of it (Linux does)', () => {
    const [a] = pair();
    const timeout = BigInt64Array.of(5n, 0n);
    expect(sys.select(a + 1, null, set(a), null, timeout)).toBe(1);
    expect(timeout[0]).toBe(4n);
    expect(timeout[1]).toBeGreaterThan(0n);
    const over = BigInt64Array.of(0n, 1000n);
    expect(sys.select(a + 1, set(a), null, null, over)).toBe(0);
    expect([...over]).toEqual([0n, 0n]);
  });

  test('poll tells of each what is ready', () => {
    const [a, b] = pair();
    const gone = closed(opened(sys.dup(a)));
    closed(a);
    const fds = new Int32Array([b, 0, gone, 0, -1, 0]);
    for (const i of [0, 1, 2]) new DataView(fds.buffer).setInt16(8 * i + 4, POLLIN | POLLOUT, true);
    expect(sys.poll(fds, 3, 0)).toBe(2);
    const revents = [0, 1, 2].map((i) => fds[2 * i + 1] >>> 16);
    expect(revents[0] & (POLLIN | POLLHUP)).toBe(POLLIN | POLLHUP);
    expect(revents.slice(1)).toEqual([POLLNVAL, 0]);
  });

  test.skipIf(!isLinux)('epoll tells of what was added, with the data given for it (Linux has it)', () => {
    const [a, b] = pair();
    const epfd = opened(sys.epoll_create1(0));
    const size = layout['sizeof epoll_event']!;
    const data = layout['epoll_event.data']!;
    const event = (events: number, token: bigint) => {
      const bytes = Buffer.alloc(size);
      bytes.writeUInt32LE(events);
      bytes.writeBigUInt64LE(token, data);
      return bytes;
    };
    expect(sys.epoll_ctl(epfd, EPOLL_CTL_MOD, b, event(EPOLLIN, 7n))).toBe(-ENOENT);
    expect(sys.epoll_ctl(epfd, EPOLL_CTL_ADD, b, null)).toBe(-EFAULT);
    expect(sys.epoll_ctl(epfd, EPOLL_CTL_ADD, b, event(EPOLLIN, 7n))).toBe(0);
    expect(sys.epoll_ctl(epfd, EPOLL_CTL_ADD, b, event(EPOLLIN, 7n))).toBe(-EEXIST);
    const events = Buffer.alloc(4 * size);
    expect(sys.epoll_wait(epfd, events, 4, 0)).toBe(0);
    sys.send(a, Buffer.from('x'), 0);
    expect(sys.epoll_wait(epfd, events, 4, 0)).toBe(1);
    expect(events.subarray(0, size)).toEqual(event(EPOLLIN, 7n));
    expect(sys.epoll_ctl(epfd, EPOLL_CTL_MOD, b, event(EPOLLOUT, 8n))).toBe(0);
    expect(sys.epoll_wait(epfd, events, 4, 0)).toBe(1);
    expect(events.subarray(0, size)).toEqual(event(EPOLLOUT, 8n));
    expect(sys.epoll_ctl(epfd, EPOLL_CTL_DEL, b, null)).toBe(0);
    expect(sys.epoll_wait(epfd, events, 4, 0)).toBe(0);
    for (const maxevents of [0, -1]) expect(sys.epoll_wait(epfd, events, maxevents, 0)).toBe(-EINVAL);
    expect(sys.epoll_create1(-1)).toBe(-EINVAL);
  });
});

test('clock_gettime gives seconds and nanoseconds', () => {
  const time = new BigInt64Array(2);
  const before = Date.now();
  expect(sys.clock_gettime(CLOCK_REALTIME, time)).toBe(0);
  const ms = Number(time[0]) * 1000 + Number(time[1]) / 1e6;
  expect(ms).toBeGreaterThanOrEqual(before);
  expect(ms).toBeLessThan(Date.now() + 1);
  expect(sys.clock_gettime(CLOCK_MONOTONIC, time)).toBe(0);
  expect(time[1]).toBeLessThan(1_000_000_000n);
});

test('a caught signal is pending once, and none that is ignored from then on', () => {
  const signums = new Int32Array(NSIG);
  expect(own.catch_signal(SIGUSR2, 0)).toBe(0);
  process.kill(process.pid, 'SIGUSR2');
  let n = 0;
  for (let i = 0; i < 1e6 && n === 0; i++) n = own.take_pending_signals(signums);
  expect([n, signums[0]]).toEqual([1, SIGUSR2]);
  expect(own.take_pending_signals(signums)).toBe(0);
  expect(sys.sigaction(SIGUSR2, 1)).toBe(0);
  process.kill(process.pid, 'SIGUSR2');
  expect(own.take_pending_signals(signums)).toBe(0);
  expect(sys.sigaction(SIGUSR2, 0)).toBe(0);
});
