// CPython's test_kqueue, its portable cases; each title bears the case's name. They need a kernel with
// kqueue; what needs none is in ../python/kqueue.test.ts. Not run on a Mac yet.

import { describe, expect, test } from 'vitest';
import { F_GETFD, FD_CLOEXEC } from '../../src/kernel/constants/fcntl.ts';
import {
  KQ_EV_ADD,
  KQ_EV_DELETE,
  KQ_EV_ENABLE,
  KQ_EV_ERROR,
  KQ_EV_ONESHOT,
  KQ_FILTER_READ,
  KQ_FILTER_WRITE,
  kevent,
  kqueue,
} from '../../src/select.ts';
import { socketpair } from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';
import { isMac } from '../support/platform.ts';
import { tcpPair } from '../support/sockets.ts';

const wrong = (value: unknown) => value as never;
const closedError = new RangeError('I/O operation on closed kqueue object');
const ADD = KQ_EV_ADD | KQ_EV_ENABLE;

describe.skipIf(!isMac)('kqueue (macOS has it, no other)', () => {
  test('TestKQueue.test_create_queue: a queue is open until it is closed', () => {
    const queue = kqueue();
    expect(queue.fileno()).toBeGreaterThan(0);
    expect(queue.closed).toBe(false);
    queue.close();
    expect(queue.closed).toBe(true);
    expect(() => queue.fileno()).toThrow(closedError);
  });

  test('TestKQueue.test_create_event: a kevent has its fields, and an order', () => {
    const { fileno } = { fileno: () => 2 };
    const event = kevent({ fileno });
    expect({ ...event }).toEqual({
      ident: 2,
      filter: KQ_FILTER_READ,
      flags: KQ_EV_ADD,
      fflags: 0,
      data: 0,
      udata: 0,
    });
    expect(event.equals(event)).toBe(true);
    expect(event.compare(event)).toBe(0);
    for (const other of [null, 1, 'ev']) {
      expect(() => event.compare(wrong(other))).toThrow(TypeError);
      expect(event.equals(other)).toBe(false);
    }
    expect({ ...kevent(2, KQ_FILTER_WRITE) }).toMatchObject({ filter: KQ_FILTER_WRITE, flags: KQ_EV_ADD });
    expect({ ...kevent(2, KQ_FILTER_WRITE, KQ_EV_ONESHOT) }).toMatchObject({ flags: KQ_EV_ONESHOT });
    const all = kevent(1, 2, 3, 4, 5, 6);
    expect({ ...all }).toEqual({ ident: 1, filter: 2, flags: 3, fflags: 4, data: 5, udata: 6 });
    const large = kevent(Number.MAX_SAFE_INTEGER, 0x7fff, 0xffff, 0xffffffff, 2 ** 52, 2 ** 52);
    expect([large.filter, large.flags, large.fflags]).toEqual([0x7fff, 0xffff, 0xffffffff]);
    expect(event.equals(all)).toBe(false);
    expect(all.compare(event)).toBeLessThan(0);
    expect(event.compare(all)).toBeGreaterThan(0);
  });

  test('TestKQueue.test_queue_event: both ends are writable first, all of both with data, then what is left', () => {
    const { client, conn: server } = tcpPair();
    using queue = kqueue();
    for (const sock of [client, server]) {
      queue.control([kevent(sock, KQ_FILTER_WRITE, ADD), kevent(sock, KQ_FILTER_READ, ADD)], 0);
    }
    const sorted = (pairs: [number, number][]) => pairs.toSorted(([a, b], [c, d]) => a - c || b - d);
    const seen = (max: number) =>
      sorted(queue.control(null, max, 1).map(({ ident, filter }) => [ident, filter]));
    const [c, s] = [client.fileno(), server.fileno()];
    const writable: [number, number][] = [
      [c, KQ_FILTER_WRITE],
      [s, KQ_FILTER_WRITE],
    ];
    expect(seen(4)).toEqual(sorted(writable));

    client.send(Buffer.from('Hello!'));
    server.send(Buffer.from('world!!!'));
    const all: [number, number][] = [...writable, [c, KQ_FILTER_READ], [s, KQ_FILTER_READ]];
    let events: [number, number][] = [];
    while (events.length < 4) events = seen(4);
    expect(events).toEqual(sorted(all));

    queue.control([kevent(client, KQ_FILTER_WRITE, KQ_EV_DELETE)], 0);
    queue.control([kevent(client, KQ_FILTER_READ, KQ_EV_DELETE)], 0);
    queue.control([kevent(server, KQ_FILTER_READ, KQ_EV_DELETE)], 0, 0);
    expect(seen(4)).toEqual([[s, KQ_FILTER_WRITE]]);
    client.close();
    server.close();
  });

  test('TestKQueue.testPair: data says how many bytes there are to read', () => {
    using queue = kqueue();
    const [a, b] = socketpair();
    a.send(Buffer.from('foo'));
    const [event] = queue.control([kevent(a, KQ_FILTER_READ), kevent(b, KQ_FILTER_READ)], 1, 5);
    expect([event.ident, event.filter, event.data]).toEqual([b.fileno(), KQ_FILTER_READ, 3]);
    expect(event.flags & KQ_EV_ERROR).toBe(0);
    expect(b.recv(3).toString()).toBe('foo');
    a.close();
    b.close();
  });

  test('TestKQueue.test_issue30058: the changes may be any iterable, whatever it says of its length', () => {
    using queue = kqueue();
    const [a, b] = socketpair();
    const events = [kevent(a, KQ_FILTER_READ, ADD), kevent(a, KQ_FILTER_WRITE, ADD)];
    queue.control(Object.freeze([...events]), 0);
    queue.control(events.values(), 0);
    queue.control(new Set(events), 0);
    const shortly = { length: 1, [Symbol.iterator]: () => events.values() };
    queue.control(shortly, 0);
    const longly = { length: 3, [Symbol.iterator]: () => events.values() };
    queue.control(longly, 0);
    expect(queue.control(null, 4, 1).map(({ filter }) => filter)).toEqual([KQ_FILTER_WRITE]);
    a.close();
    b.close();
  });

  test('TestKQueue.test_close: again does nothing, and nothing else works any more', () => {
    const queue = kqueue();
    const fd = queue.fileno();
    queue.close();
    queue.close();
    expect(sys.fcntl(fd, F_GETFD, 0)).toBeLessThan(0);
    expect(queue.closed).toBe(true);
    expect(() => queue.control(null, 4)).toThrow(closedError);
    expect(() => queue.fileno()).toThrow(closedError);
  });

  test('TestKQueue.test_fd_non_inheritable: its descriptor is close-on-exec', () => {
    using queue = kqueue();
    expect(sys.fcntl(queue.fileno(), F_GETFD, 0) & FD_CLOEXEC).toBe(FD_CLOEXEC);
  });
});
