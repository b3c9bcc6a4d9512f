// poll objects beyond CPython's cases: order, wait(), what reaches the kernel.

import { expect, test, vi } from 'vitest';
import { EINTR } from '../../src/kernel/errno.ts';
import { PollFds } from '../../src/kernel/structs/pollfd.ts';
import { FileNotFoundError, KeyError } from '../../src/python/errors.ts';
import { POLLHUP, POLLIN, POLLOUT, poll } from '../../src/select.ts';
import { socketpair } from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';

test('events come as [fd, revents], in the order of registration', () => {
  const [near, far] = socketpair();
  const poller = poll();
  poller.register(far);
  poller.register(near, POLLIN);
  expect(poller.poll()).toEqual([[far.fileno(), POLLOUT]]);
  far.send(Buffer.from('x'));
  expect(poller.poll(0)).toEqual([
    [far.fileno(), POLLOUT],
    [near.fileno(), POLLIN],
  ]);
  poller.modify(far, POLLIN);
  expect(poller.poll(0)).toEqual([[near.fileno(), POLLIN]]);
  poller.unregister(near);
  expect(poller.poll(0)).toEqual([]);
  near.close();
  expect(poller.poll()[0][1] & POLLHUP).toBe(POLLHUP);
  far.close();
});

test("wait() gives the kernel's own array, the same one as long as the set is the same", () => {
  const [near, far] = socketpair();
  const poller = poll();
  poller.register(near, POLLIN);
  poller.register(far, POLLOUT);
  const pollfds = poller.wait(0);
  expect([pollfds.length, pollfds.ready, pollfds.revents(0), pollfds.fd(1)]).toEqual([2, 1, 0, far.fileno()]);
  expect(poller.wait(0)).toBe(pollfds);
  poller.unregister(far);
  expect(poller.wait(0).length).toBe(1);
  near.close();
  far.close();
});

test('registering again overwrites, and keeps the place', () => {
  const [near, far] = socketpair();
  const poller = poll();
  poller.register(near, POLLIN);
  poller.register(far, POLLOUT);
  poller.register(near, POLLOUT);
  expect(poller.poll()).toEqual([
    [near.fileno(), POLLOUT],
    [far.fileno(), POLLOUT],
  ]);
  near.close();
  far.close();
});

test('a file that leaves keeps the order of the others, and one that comes back is the last', () => {
  const files = Array.from({ length: 6 }, () => socketpair()).flat();
  const poller = poll();
  for (const file of files) poller.register(file, POLLOUT);
  const order = () => poller.poll().map(([fd]) => files.findIndex((file) => file.fileno() === fd));
  expect(order()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  for (const i of [3, 0, 11]) poller.unregister(files[i]);
  poller.register(files[0], POLLOUT);
  expect(order()).toEqual([1, 2, 4, 5, 6, 7, 8, 9, 10, 0]);
  poller.modify(files[5], POLLIN);
  poller.unregister(files[4]);
  poller.register(files[4], POLLOUT);
  poller.unregister(files[4]);
  expect(order()).toEqual([1, 2, 6, 7, 8, 9, 10, 0]);
  for (const i of [0, 1, 2, 5, 6, 7, 8, 9, 10]) poller.unregister(files[i]);
  expect(poller.poll(0)).toEqual([]);
  poller.register(files[3], POLLOUT);
  expect(order()).toEqual([3]);
  for (const file of files) file.close();
});

test('the array of a wait() stays as it is while its events are looked at', () => {
  const [near, far] = socketpair();
  const poller = poll();
  poller.register(near, POLLOUT);
  poller.register(far, POLLOUT);
  const pollfds = poller.wait();
  poller.modify(near, POLLIN);
  poller.unregister(far);
  for (let i = 0; i < 20; i++) poller.register(100 + i, POLLIN);
  expect([0, 1].map((i) => [pollfds.fd(i), pollfds.revents(i)])).toEqual([
    [near.fileno(), POLLOUT],
    [far.fileno(), POLLOUT],
  ]);
  near.close();
  far.close();
});

test('n registrations with a wait() after each cost n entries of the array, and its growth', () => {
  const set = vi.spyOn(PollFds.prototype, 'set');
  const poller = poll();
  // Descriptors that are not open: poll answers POLLNVAL.
  for (let fd = 5000; fd < 5500; fd++) {
    poller.register(fd, POLLIN);
    poller.wait(0);
  }
  const entries = set.mock.calls.length;
  set.mockRestore();
  expect(entries).toBeLessThan(4 * 500);
});

test('what is not registered is KeyError to unregister and ENOENT to modify', () => {
  const poller = poll();
  expect(() => poller.unregister(3)).toThrow(new KeyError('3'));
  expect(() => poller.modify(3, POLLIN)).toThrow(FileNotFoundError);
});

test.each([2 ** 31, 2 ** 64, Number.POSITIVE_INFINITY])('a timeout of %d ms is too large', (timeout) => {
  expect(() => poll().poll(timeout)).toThrow(new RangeError('timeout is too large'));
});

test.each([
  [undefined, -1],
  [null, -1],
  [-1000, -1],
  [-0.1, -1],
  [-1e-100, -1],
  [0, 0],
])('a timeout of %s reaches the kernel as %i', (given, expected) => {
  let seen: unknown;
  sys.interpose((name, call, args) => {
    if (name !== 'poll') return call(...args);
    seen = args[2];
    return 0;
  });
  try {
    poll().poll(given);
  } finally {
    sys.interpose(null);
  }
  expect(seen).toBe(expected);
});

test('EINTR is retried until the timeout is over (PEP 475)', () => {
  const timeouts: number[] = [];
  sys.interpose((name, call, args) => {
    if (name !== 'poll') return call(...args);
    timeouts.push(args[2] as number);
    return timeouts.length < 3 ? -EINTR : call(args[0], args[1], 0);
  });
  try {
    expect(poll().poll(1000)).toEqual([]);
  } finally {
    sys.interpose(null);
  }
  expect(timeouts).toHaveLength(3);
  for (const timeout of timeouts) expect(timeout).toBeLessThanOrEqual(1000);
});
