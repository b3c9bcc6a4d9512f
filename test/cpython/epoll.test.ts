// CPython's test_epoll, its portable cases; each title bears the case's name.

import { describe, expect, test } from 'vitest';
import { F_GETFD, FD_CLOEXEC } from '../../src/kernel/constants/fcntl.ts';
import { OSError } from '../../src/python/errors.ts';
import { EPOLL_CLOEXEC, EPOLLET, EPOLLIN, EPOLLOUT, epoll } from '../../src/select.ts';
import * as sys from '../../src/syscalls.ts';
import { isLinux } from '../support/platform.ts';
import { tcpPair } from '../support/sockets.ts';

const wrong = (value: unknown) => value as never;
const closedError = new RangeError('I/O operation on closed epoll object');
const byFd = (events: [number, number][]) => events.toSorted(([a], [b]) => a - b);

describe.skipIf(!isLinux)('epoll (Linux has it, no other)', () => {
  test('TestEPoll.test_create: an epoll object is open until it is closed', () => {
    const poller = epoll(16);
    expect(poller.fileno()).toBeGreaterThan(0);
    expect(poller.closed).toBe(false);
    poller.close();
    expect(poller.closed).toBe(true);
    expect(() => poller.fileno()).toThrow(closedError);
    epoll(-1, EPOLL_CLOEXEC).close();
    epoll(undefined, EPOLL_CLOEXEC).close();
    epoll(undefined, 0).close();
  });

  test('TestEPoll.test_badcreate: wrong arguments are refused', () => {
    const create = epoll as (...args: unknown[]) => unknown;
    expect(() => create(1, 2, 3)).toThrow(TypeError);
    for (const value of ['foo', null, [], {}, Symbol('x'), true]) {
      expect(() => create(value)).toThrow(TypeError);
      expect(() => create(-1, value)).toThrow(TypeError);
    }
    expect(() => epoll(0)).toThrow(new RangeError('negative sizehint'));
    expect(() => epoll(-2)).toThrow(new RangeError('negative sizehint'));
    expect(() => epoll(undefined, 12356)).toThrow(new OSError('invalid flags'));
  });

  test('TestEPoll.test_context_manager: using closes it at the end of the block', () => {
    let kept: ReturnType<typeof epoll>;
    {
      using poller = epoll(16);
      kept = poller;
      expect(poller.fileno()).toBeGreaterThan(0);
      expect(poller.closed).toBe(false);
    }
    expect(kept.closed).toBe(true);
    expect(() => kept.fileno()).toThrow(closedError);
  });

  test('TestEPoll.test_add: by object and by descriptor; nothing else, and nothing twice', () => {
    const { client, conn: server } = tcpPair();
    {
      using poller = epoll(2);
      poller.register(server, EPOLLIN | EPOLLOUT);
      poller.register(client, EPOLLIN | EPOLLOUT);
    }
    {
      using poller = epoll(2);
      poller.register(server.fileno(), EPOLLIN | EPOLLOUT);
      poller.register(client.fileno(), EPOLLIN | EPOLLOUT);
    }
    using poller = epoll(2);
    expect(() => poller.register(wrong({}), EPOLLIN)).toThrow(TypeError);
    expect(() => poller.register(wrong(null), EPOLLIN)).toThrow(TypeError);
    expect(() => poller.register(-1, EPOLLIN)).toThrow(RangeError);
    expect(() => poller.register(10000, EPOLLIN)).toThrow(expect.objectContaining({ code: 'EBADF' }));
    poller.register(server, EPOLLIN);
    expect(() => poller.register(server, EPOLLIN)).toThrow(
      expect.objectContaining({ code: 'EEXIST', syscall: 'epoll_ctl' }),
    );
    client.close();
    server.close();
  });

  test('TestEPoll.test_fromfd: two objects on one descriptor see the same, until one closes it', () => {
    const { client, conn: server } = tcpPair();
    const one = epoll(2);
    const two = epoll.fromfd(one.fileno());
    two.register(server, EPOLLIN | EPOLLOUT);
    two.register(client, EPOLLIN | EPOLLOUT);
    const events = one.poll(1, 4);
    expect(events).toHaveLength(2);
    expect(byFd(two.poll(1, 4))).toEqual(byFd(events));
    one.close();
    expect(() => two.poll(1, 4)).toThrow(expect.objectContaining({ code: 'EBADF' }));
    expect(() => two.unregister(server)).toThrow(expect.objectContaining({ code: 'EBADF' }));
    client.close();
    server.close();
  });

  test('TestEPoll.test_control_and_wait: edges come once, and again with data', () => {
    const { client, conn: server } = tcpPair();
    using poller = epoll(16);
    poller.register(server.fileno(), EPOLLIN | EPOLLOUT | EPOLLET);
    poller.register(client.fileno(), EPOLLIN | EPOLLOUT | EPOLLET);
    const both = (mask: number) => byFd([client, server].map((sock) => [sock.fileno(), mask]));
    expect(byFd(poller.poll(1, 4))).toEqual(both(EPOLLOUT));
    expect(poller.poll(0.01, 4)).toEqual([]);

    client.sendall(Buffer.from('Hello!'));
    server.sendall(Buffer.from('world!!!'));
    // The two may come with one poll, or with one after another.
    const seen = new Map<number, number>();
    while (seen.size < 2) {
      for (const [fd, events] of poller.poll(5)) seen.set(fd, (seen.get(fd) ?? 0) | events);
    }
    expect(byFd([...seen])).toEqual(both(EPOLLIN | EPOLLOUT));
    expect(poller.poll(0)).toEqual([]);

    poller.unregister(client.fileno());
    poller.modify(server.fileno(), EPOLLOUT);
    expect(poller.poll(1, 4)).toEqual([[server.fileno(), EPOLLOUT]]);
    poller.unregister(server.fileno());
    expect(poller.poll(0)).toEqual([]);
    client.close();
    server.close();
  });

  test('TestEPoll.test_errors: a negative size, a negative descriptor', () => {
    expect(() => epoll(-2)).toThrow(RangeError);
    using poller = epoll();
    expect(() => poller.register(-1, EPOLLIN)).toThrow(RangeError);
  });

  test('TestEPoll.test_unregister_closed: a closed descriptor is EBADF', () => {
    const { client, conn: server } = tcpPair();
    const fd = server.fileno();
    using poller = epoll(16);
    poller.register(server);
    poller.poll(0.001, 4);
    server.close();
    expect(() => poller.unregister(fd)).toThrow(expect.objectContaining({ code: 'EBADF' }));
    client.close();
  });

  test('TestEPoll.test_close: again does nothing, and nothing else works any more', () => {
    const poller = epoll();
    const fd = poller.fileno();
    poller.close();
    poller.close();
    expect(sys.fcntl(fd, F_GETFD, 0)).toBeLessThan(0);
    expect(poller.closed).toBe(true);
    for (const call of [
      () => poller.modify(1, EPOLLIN),
      () => poller.poll(1),
      () => poller.register(1, EPOLLIN),
      () => poller.unregister(1),
      () => poller.fileno(),
    ]) {
      expect(call).toThrow(closedError);
    }
  });

  test('TestEPoll.test_fd_non_inheritable: its descriptor is close-on-exec', () => {
    using poller = epoll();
    expect(sys.fcntl(poller.fileno(), F_GETFD, 0)).toBe(FD_CLOEXEC);
  });
});
