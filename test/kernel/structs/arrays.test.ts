// The arrays of structs that the readiness calls read and write: in place, and as the kernel has them.

import { describe, expect, test } from 'vitest';
import { CLOCK_MONOTONIC } from '../../../src/kernel/constants/clock.ts';
import { EPOLL_CTL_ADD, EPOLLIN, FD_SETSIZE, POLLIN, POLLOUT } from '../../../src/kernel/constants/select.ts';
import { EpollEvents, epoll_event } from '../../../src/kernel/structs/epoll-event.ts';
import { FdSet } from '../../../src/kernel/structs/fd-set.ts';
import { Kevents, kevent } from '../../../src/kernel/structs/kevent.ts';
import { PollFds, pollfd } from '../../../src/kernel/structs/pollfd.ts';
import { Timespecs, Timevals } from '../../../src/kernel/structs/timespec.ts';
import * as sys from '../../../src/kernel/syscalls.ts';
import { pair } from '../../support/descriptors.ts';
import { isLinux } from '../../support/platform.ts';

describe('FdSet', () => {
  test('is what select takes, and what it leaves', () => {
    const [near, far] = pair();
    const [rfds, wfds] = [new FdSet(), new FdSet()];
    for (const fd of [near, far]) {
      rfds.add(fd);
      wfds.add(fd);
    }
    wfds.delete(far);
    sys.send(far, new Uint8Array(1), 0);
    const nfds = Math.max(near, far) + 1;
    expect(sys.select(nfds, rfds.memory, wfds.memory, null, new Timevals().memory)).toBe(2);
    expect([rfds.fds(), wfds.fds(nfds)]).toEqual([[near], [near]]);
    expect([rfds.has(near), rfds.has(far)]).toEqual([true, false]);
    rfds.clear();
    expect(rfds.fds()).toEqual([]);
  });

  test('has whole words of 64 bits, and no descriptor beyond them', () => {
    const set = new FdSet(65);
    expect(set.memory.byteLength).toBe(16);
    expect(new FdSet().memory.byteLength).toBe(FD_SETSIZE / 8);
    for (const fd of [0, 127, 128]) set.add(fd);
    expect(set.fds()).toEqual([0, 127]);
    expect(set.has(128)).toBe(false);
  });

  test('is the part of a memory that it was made over', () => {
    const memory = Buffer.alloc(24);
    new FdSet(memory.subarray(8, 16)).add(9);
    expect(memory.indexOf(2)).toBe(9);
  });
});

describe('PollFds', () => {
  test('is what poll takes, and what it leaves', () => {
    const [near, far] = pair();
    const fds = new PollFds(3);
    fds.set(0, near, POLLIN);
    fds.set(1, -1, POLLIN | POLLOUT);
    fds.set(2, far, POLLIN | POLLOUT);
    sys.send(far, new Uint8Array(1), 0);
    expect(sys.poll(fds.memory, fds.length, 0)).toBe(2);
    expect([0, 1, 2].map((i) => [fds.fd(i), fds.events(i), fds.revents(i)])).toEqual([
      [near, POLLIN, POLLIN],
      [-1, POLLIN | POLLOUT, 0],
      [far, POLLIN | POLLOUT, POLLOUT],
    ]);
  });

  test('can lie anywhere in a memory, and has as many entries as fit', () => {
    const memory = Buffer.alloc(2 * pollfd.size + 4);
    const fds = new PollFds(memory.subarray(1));
    expect(fds.length).toBe(2);
    fds.set(1, 0x01020304, 0x8005);
    expect(pollfd.unpack(memory, 1 + pollfd.size)).toEqual({ fd: 0x01020304, events: 0x8005, revents: 0 });
  });

  test('entries keep the whole unsigned short of events', () => {
    const fds = new PollFds(pollfd.pack({ fd: 1, events: 0xffff, revents: 0x8000 }));
    expect([fds.events(0), fds.revents(0)]).toEqual([0xffff, 0x8000]);
  });
});

describe('EpollEvents', () => {
  test.skipIf(!isLinux)('is what epoll_ctl takes and epoll_wait gives (Linux)', () => {
    const [near, far] = pair();
    const epfd = sys.epoll_create1(0);
    const events = new EpollEvents(2);
    events.set(0, near, EPOLLIN);
    expect(sys.epoll_ctl(epfd, EPOLL_CTL_ADD, near, events.memory)).toBe(0);
    sys.send(far, new Uint8Array(1), 0);
    const given = new EpollEvents(2);
    expect(sys.epoll_wait(epfd, given.memory, 2, 0)).toBe(1);
    expect([given.fd(0), given.events(0), given.data(0)]).toEqual([near, EPOLLIN, BigInt(near)]);
    sys.close(epfd);
  });

  test('data is 64 bits, of which the descriptor is the first 32', () => {
    const events = new EpollEvents(epoll_event.pack({ events: 0x80000001, data: 0x1_0000_0007n }));
    expect([events.events(0), events.fd(0), events.data(0)]).toEqual([0x80000001, 7, 0x1_0000_0007n]);
    events.set(0, 9, EPOLLIN);
    expect(events.data(0)).toBe(9n);
  });
});

describe('Kevents', () => {
  test("a kevent goes into the kernel's memory and comes back the same", () => {
    const events = new Kevents(3);
    const given = [
      { ident: 7, filter: -1, flags: 0x8001, fflags: 0, data: 0, udata: 0 },
      { ident: 2 ** 31, filter: 0x7fff, flags: 0xffff, fflags: 0xffffffff, data: -5, udata: 2 ** 40 },
      { ident: 0, filter: -32768, flags: 0, fflags: 1, data: 2 ** 40, udata: 3 },
    ];
    for (const [i, event] of given.entries()) events.set(i, event);
    expect(given.map((_, i) => events.get(i))).toEqual(given);
    expect(given.map((_, i) => kevent.unpack(events.memory, i * kevent.size))).toEqual(given);
  });

  test('a kevent lies in memory as macOS has struct kevent', () => {
    const events = new Kevents(2);
    events.set(1, { ident: 0x0102, filter: -2, flags: 0x0304, fflags: 0x05060708, data: 9, udata: 10 });
    const bytes = Buffer.from(events.memory as ArrayBuffer).toString('hex', 32);
    expect(bytes).toBe(
      ['0201000000000000', 'feff', '0403', '08070605', '0900000000000000', '0a00000000000000'].join(''),
    );
  });

  test('an ident, data or udata that is no integer is a RangeError', () => {
    const event = { ident: 1, filter: -1, flags: 1, fflags: 0, data: 0, udata: 0 };
    for (const wrong of [{ ident: 1.5 }, { data: Number.NaN }, { udata: Number.POSITIVE_INFINITY }])
      expect(() => new Kevents(1).set(0, { ...event, ...wrong })).toThrow(RangeError);
  });
});

describe('Timespecs and Timevals', () => {
  test('clock_gettime writes a timespec, whose parts and sum are one time', () => {
    const time = new Timespecs();
    expect(sys.clock_gettime(CLOCK_MONOTONIC, time.memory)).toBe(0);
    expect(time.nanoseconds()).toBeLessThan(1e9);
    expect(time.inBigNanoseconds()).toBe(BigInt(time.seconds()) * 10n ** 9n + BigInt(time.nanoseconds()));
    expect(time.inNanoseconds()).toBe(Number(time.inBigNanoseconds()));
    expect(time.inSeconds()).toBeCloseTo(time.inNanoseconds() / 1e9, 6);
  });

  test.each([
    [0, 0, 0],
    [1.5, 1, 500_000_000],
    [0.1, 0, 100_000_000],
    [1e-10, 0, 1],
    [0.9999999999, 1, 0],
    [3e9, 3e9, 0],
  ])('%d seconds are %d seconds and %d nanoseconds, rounded up', (seconds, whole, nanoseconds) => {
    const times = new Timespecs(2);
    times.setSeconds(1, seconds);
    expect([times.seconds(1), times.nanoseconds(1)]).toEqual([whole, nanoseconds]);
    expect([...new BigInt64Array(times.memory as ArrayBuffer)]).toEqual([
      0n,
      0n,
      BigInt(whole),
      BigInt(nanoseconds),
    ]);
  });

  test('a timeval counts microseconds, rounded up', () => {
    const time = new Timevals();
    time.setSeconds(0, 2.0000001);
    expect([time.seconds(), time.microseconds()]).toEqual([2, 1]);
    expect(time.inSeconds()).toBe(2.000001);
  });

  test('seconds before 1970 are negative', () => {
    const time = new Timespecs();
    time.set(0, -3, 500_000_000);
    expect([time.seconds(), time.inSeconds()]).toEqual([-3, -2.5]);
  });
});
