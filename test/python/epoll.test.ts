// epoll objects as Python's, Linux. Names in brackets are CPython's test_epoll.

import { describe, expect, test } from 'vitest';
import { F_GETFD, FD_CLOEXEC } from '../../src/kernel/constants/fcntl.ts';
import { EpollEvents } from '../../src/python/select/epoll.ts';
import { EPOLL_CLOEXEC, EPOLLET, EPOLLIN, EPOLLOUT, epoll } from '../../src/select.ts';
import { socketpair } from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';

test.skipIf(process.platform === 'linux')('epoll() throws ENOSYS where there is none (not on Linux)', () => {
  expect(() => epoll()).toThrow(expect.objectContaining({ code: 'ENOSYS', syscall: 'epoll_create1' }));
});

describe.skipIf(process.platform !== 'linux')('epoll (Linux)', () => {
  test('is close-on-exec, and closes once [test_create, test_close, test_fd_non_inheritable]', () => {
    const poller = epoll(16, EPOLL_CLOEXEC);
    expect(sys.fcntl(poller.fileno(), F_GETFD, 0)).toBe(FD_CLOEXEC);
    expect(poller.closed).toBe(false);
    poller.close();
    poller.close();
    expect(poller.closed).toBe(true);
    for (const call of [
      () => poller.fileno(),
      () => poller.poll(0),
      () => poller.register(1),
      () => poller.modify(1, 0),
      () => poller.unregister(1),
    ]) {
      expect(call).toThrow(new RangeError('I/O operation on closed epoll object'));
    }
  });

  test('edge-triggered: each change is told once [test_control_and_wait]', () => {
    const [near, far] = socketpair();
    using poller = epoll();
    poller.register(near, EPOLLIN | EPOLLOUT | EPOLLET);
    expect(poller.poll()).toEqual([[near.fileno(), EPOLLOUT]]);
    expect(poller.poll(0)).toEqual([]);
    far.send(Buffer.from('Hello!'));
    expect(poller.poll()).toEqual([[near.fileno(), EPOLLIN | EPOLLOUT]]);
    expect(poller.poll(0)).toEqual([]);
    poller.modify(near, EPOLLOUT);
    expect(poller.poll()).toEqual([[near.fileno(), EPOLLOUT]]);
    poller.unregister(near);
    expect(poller.poll(0)).toEqual([]);
    near.close();
    far.close();
  });

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
    ['twice', () => [one.register(1), one.register(1)], { code: 'EEXIST', syscall: 'epoll_ctl' }],
    ['closed', () => one.register(10000), { code: 'EBADF' }],
    ['not registered: modify', () => one.modify(0, EPOLLIN), { code: 'ENOENT' }],
    ['not registered: unregister', () => one.unregister(0), { code: 'ENOENT' }],
    ['negative', () => one.register(-1), { name: 'RangeError' }],
    ['an object', () => one.register({} as never), { name: 'TypeError' }],
    ['sizehint 0', () => epoll(0), { name: 'RangeError', message: 'negative sizehint' }],
    ['sizehint -2', () => epoll(-2), { name: 'RangeError' }],
    ['flags 12', () => epoll(-1, 12), { name: 'OSError', message: 'invalid flags' }],
    ['maxevents 0', () => one.poll(0, 0), { message: 'maxevents must be greater than 0, got 0' }],
    ['maxevents -2', () => one.poll(0, -2), { name: 'RangeError' }],
    ['a huge timeout', () => one.poll(2 ** 31), { message: 'timeout is too large' }],
  ])('errors: %s [test_add, test_errors, test_badcreate]', (_, call, error) => {
    const [near, far] = socketpair();
    one = epoll();
    const register = one.register.bind(one);
    one.register = (file, mask) => register(file === 1 ? near : file, mask);
    expect(call).toThrow(expect.objectContaining(error));
    one.close();
    near.close();
    far.close();
  });
});

let one: ReturnType<typeof epoll>;
