// kqueue objects as Python's. The kernel's part runs on macOS alone; the rest everywhere.

import { describe, expect, test } from 'vitest';
import { Kevent, Kevents } from '../src/kevent.ts';
import { EV_ADD, EV_DELETE, EV_ERROR, EVFILT_READ, EVFILT_WRITE, kevent, kqueue } from '../src/select.ts';
import { socketpair } from '../src/socket.ts';

const onMac = process.platform === 'darwin';

test("a kevent goes into the kernel's memory and comes back the same", () => {
  const events = new Kevents(3);
  const given = [
    new Kevent(7, -1, 0x8001, 0, 0, 0),
    new Kevent(2 ** 31, 0x7fff, 0xffff, 0xffffffff, -5, 2 ** 40),
    new Kevent(0, -32768, 0, 1, 2 ** 40, 3),
  ];
  for (const [i, event] of given.entries()) events.set(i, event);
  expect(given.map((_, i) => events.get(i))).toEqual(given);
});

test('a kevent lies in memory as macOS has struct kevent', () => {
  const events = new Kevents(2);
  events.set(1, new Kevent(0x0102, -2, 0x0304, 0x05060708, 9, 10));
  const bytes = Buffer.from(events.memory).toString('hex', 32);
  expect(bytes).toBe(
    ['0201000000000000', 'feff', '0403', '08070605', '0900000000000000', '0a00000000000000'].join(''),
  );
});

test.skipIf(onMac)('kqueue() throws ENOSYS where there is none (not on macOS)', () => {
  expect(() => kqueue()).toThrow(expect.objectContaining({ code: 'ENOSYS', syscall: 'kqueue' }));
});

describe.skipIf(!onMac)('kqueue (macOS)', () => {
  test('tells of both filters, and of bytes to read [test_queue_event, testPair]', () => {
    const [near, far] = socketpair();
    using queue = kqueue();
    queue.control([kevent(near, EVFILT_WRITE, EV_ADD), kevent(near, EVFILT_READ, EV_ADD)], 0, 0);
    expect(queue.control(null, 2, 1).map(({ filter }) => filter)).toEqual([EVFILT_WRITE]);
    far.send(Buffer.from('abc'));
    queue.control([kevent(near, EVFILT_WRITE, EV_DELETE)], 0, 0);
    const [event] = queue.control(null, 2, 1);
    expect([event.ident, event.filter, event.data]).toEqual([near.fileno(), EVFILT_READ, 3]);
    near.close();
    far.close();
  });

  test('a refused change is an event if there is room, else an error (H31)', () => {
    using queue = kqueue();
    const bad = kevent(10000, EVFILT_READ, EV_ADD);
    expect(queue.control([bad], 1, 0)[0].flags & EV_ERROR).toBe(EV_ERROR);
    expect(() => queue.control([bad], 0, 0)).toThrow(expect.objectContaining({ code: 'EBADF' }));
  });
});
