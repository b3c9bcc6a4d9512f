// epoll objects beyond CPython's cases: wait(), maxevents, fromfd. Linux.

import { describe, expect, test } from 'vitest';
import { EPOLLET, EPOLLIN, EPOLLOUT, epoll } from '../../src/select.ts';
import { close, socketpair } from '../../src/socket.ts';
import { EpollEvents } from '../../src/structs.ts';
import { isLinux } from '../support/platform.ts';

test.skipIf(isLinux)('epoll() throws ENOSYS where there is none (not on Linux)', () => {
  expect(() => epoll()).toThrow(expect.objectContaining({ code: 'ENOSYS', syscall: 'epoll_create1' }));
});

describe.skipIf(!isLinux)('epoll (Linux)', () => {
  test("wait() fills an array of the caller's", () => {
    const [near, far] = socketpair();
    using poller = epoll();
    const events = new EpollEvents(4);
    poller.register(near, EPOLLIN | EPOLLET);
    expect(poller.wait(events, 0)).toBe(0);
    far.send(Buffer.from('x'));
    expect([poller.wait(events), events.fd(0), events.events(0)]).toEqual([1, near.fileno(), EPOLLIN]);
    expect(() => poller.wait(events, 0, 5)).toThrow(RangeError);
    near.close();
    far.close();
  });

  test("close() throws nothing for a descriptor that was closed already, as Python's", () => {
    const poller = epoll();
    close(poller.fileno());
    expect(poller.close()).toBeUndefined();
    expect(poller.closed).toBe(true);
  });

  test('maxevents bounds what one call returns; the rest comes with the next (H9)', () => {
    const pairs = Array.from({ length: 3 }, () => socketpair());
    using poller = epoll();
    for (const [near] of pairs) poller.register(near, EPOLLOUT);
    const seen = new Set<number>();
    for (let i = 0; i < 3; i++) {
      const events = poller.poll(0, 1);
      expect(events).toHaveLength(1);
      seen.add(events[0][0]);
    }
    expect(seen.size).toBe(3);
    for (const sock of pairs.flat()) sock.close();
  });

  test('fromfd(-1) makes a new one, as in Python; nothing else is checked', () => {
    using made = epoll.fromfd(-1);
    expect(made.fileno()).toBeGreaterThanOrEqual(0);
    expect(() => epoll.fromfd('1' as never)).toThrow(TypeError);
  });

  test.each<[string, () => unknown, object]>([
    ['to modify what is not registered', () => one.modify(0, EPOLLIN), { code: 'ENOENT' }],
    ['to unregister what is not registered', () => one.unregister(0), { code: 'ENOENT' }],
    ['to poll for 0 events', () => one.poll(0, 0), { message: 'maxevents must be greater than 0, got 0' }],
    ['to poll for -2 events', () => one.poll(0, -2), { name: 'RangeError' }],
    ['a timeout of 2^31 s', () => one.poll(2 ** 31), { message: 'timeout is too large' }],
  ])('%s is an error', (_, call, error) => {
    one = epoll();
    expect(call).toThrow(expect.objectContaining(error));
    one.close();
  });
});

let one: ReturnType<typeof epoll>;
