// What Python's modules do where the kernel is XNU, on any platform: as if xnu.ts had found it, with the kernel's part
// answered in its place where Linux has no such call.

import { afterEach, expect, test, vi } from 'vitest';
import { Kevents } from '../../src/kernel/structs/kevent.ts';
import { harmless } from '../../src/python/signal/pending.ts';
import { kqueue, select } from '../../src/select.ts';
import { EVENT_READ, EVENT_WRITE, KqueueSelector } from '../../src/selectors.ts';
import { SIG_IGN, SIGUSR1, signal } from '../../src/signal.ts';
import * as S from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';
import { isLinux } from '../support/platform.ts';
import { kept, pair } from '../support/sockets.ts';

vi.mock('../../src/python/xnu.ts', () => ({
  dontwaitNeverWaits: false,
  MAX_SELECT_SECONDS: 100_000_000,
  MAX_KEVENT_SECONDS: 0x7fffffff,
  MAX_RIGHTS: 253,
  takesNoBuffers: false,
  MORE_IGNORED: [29],
}));

// Those of <sys/event.h>, which Linux lacks.
vi.mock('../../src/kernel/constants/select.ts', async (original) => ({
  ...(await original<object>()),
  ...{ EVFILT_READ: -1, EVFILT_WRITE: -2, EV_ADD: 1, EV_DELETE: 2 },
}));

afterEach(() => sys.interpose(null));

test('recv_fds closes the descriptors beyond maxfds, which XNU makes all the same, and says that there were more', () => {
  const [near, far] = pair();
  const passed = [near.fileno(), far.fileno(), near.fileno()];
  S.send_fds(far, [Buffer.from('x')], passed);
  const made: number[] = [];
  sys.interpose((name, call, args) => {
    const result = call(...args);
    if (name === 'close' && result === 0) made.push(args[0] as number);
    return result;
  });
  const [data, fds, flags] = S.recv_fds(near, 10, 1);
  expect([String(data), fds]).toEqual(['x', [expect.any(Number)]]);
  expect(flags & S.MSG_CTRUNC).toBe(S.MSG_CTRUNC);
  expect(made).toHaveLength(2);
  for (const fd of made) expect(sys.fcntl(fd, sys.F_GETFD, 0)).toBe(-sys.EBADF);
  expect(sys.close(fds[0])).toBe(0);
});

test('a message without buffers is one with an empty buffer, for XNU takes no msg_iovlen of 0', () => {
  const [near, far] = pair(S.SOCK_DGRAM);
  const seen: number[] = [];
  sys.interpose((name, call, args) => {
    if (name === 'sendmsg' || name === 'recvmsg') seen.push((args[1] as unknown[]).length);
    return call(...args);
  });
  expect(far.sendmsg([])).toBe(0);
  expect(near.recvmsg_into([])[0]).toBe(0);
  expect(seen).toEqual([1, 1]);
});

test('send with MSG_DONTWAIT may wait, so that the handlers of pending signals run before', () => {
  const [near] = pair();
  const order: string[] = [];
  signal(SIGUSR1, () => order.push('handler'));
  try {
    sys.interpose((name, call, args) => {
      if (name === 'send') order.push('send');
      return call(...args);
    });
    process.kill(process.pid, 'SIGUSR1');
    near.send(Buffer.from('x'), S.MSG_DONTWAIT);
    expect(order).toEqual(['handler', 'send']);
  } finally {
    signal(SIGUSR1, SIG_IGN);
  }
});

test('a listener for SIGIO ends no call, for it is ignored by default there', () => {
  expect([harmless.has(29), harmless.has(SIGUSR1)]).toEqual([true, false]);
});

test('select waits for at most 100,000,000 s at once', () => {
  const [near] = pair();
  const asked: bigint[] = [];
  sys.interpose((name, call, args) => {
    if (name !== 'select') return call(...args);
    asked.push((args[4] as BigInt64Array)[0]);
    return 0;
  });
  select([near], [], [], 1e9);
  select([near], [], [], 5);
  expect(Number(asked[0])).toBe(100_000_000);
  expect(Number(asked[1])).toBeLessThanOrEqual(5);
});

// Elsewhere the calls are there.
test.skipIf(!isLinux)('kevent waits for at most 2147483647 s at once', () => {
  const asked: bigint[] = [];
  sys.interpose((name, call, args) => {
    if (name === 'kqueue') return sys.eventfd(0, 0);
    if (name !== 'kevent') return call(...args);
    asked.push((args[5] as BigInt64Array)[0]);
    return 0;
  });
  const queue = kept(kqueue());
  queue.control(null, 1, 9e9);
  queue.control(null, 1, 5);
  expect(Number(asked[0])).toBe(0x7fffffff);
  expect(Number(asked[1])).toBeLessThanOrEqual(5);
});

test.skipIf(!isLinux)(
  'a KqueueSelector that cannot watch for writing does not stay watching for reading',
  () => {
    const [near] = pair();
    const EV_DELETE = 2;
    const made = new Set<number>();
    let fails = false;
    sys.interpose((name, call, args) => {
      if (name === 'kqueue') return sys.eventfd(0, 0);
      if (name !== 'kevent') return call(...args);
      const changes = new Kevents(args[1] as ArrayBuffer);
      // As XNU with nevents 0: in turn, up to the first that fails.
      for (let i = 0; i < (args[2] as number); i++) {
        const { filter, flags } = changes.get(i);
        if (flags & EV_DELETE) {
          if (!made.delete(filter)) return -sys.ENOENT;
        } else if (fails && made.size > 0) return -sys.EINVAL;
        else made.add(filter);
      }
      return 0;
    });
    const selector = kept(new KqueueSelector());
    selector.register(near, EVENT_READ | EVENT_WRITE);
    expect(made.size).toBe(2);
    selector.unregister(near);
    expect(made.size).toBe(0);
    fails = true;
    expect(() => selector.register(near, EVENT_READ | EVENT_WRITE)).toThrow(
      expect.objectContaining({ code: 'EINVAL' }),
    );
    expect([made.size, selector.get_map()!.size]).toEqual([0, 0]);
    selector.register(near, EVENT_READ);
    expect(() => selector.modify(near, EVENT_READ | EVENT_WRITE)).toThrow(
      expect.objectContaining({ code: 'EINVAL' }),
    );
    expect([made.size, selector.get_map()!.size]).toEqual([0, 0]);
  },
);
