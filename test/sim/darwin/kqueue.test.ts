// kqueue and kevent of the simulated XNU: its filters and flags, as bsd/kern/kern_event.c has them. The cases are those
// that libkqueue's and XNU's own tests ask.

import { describe, expect, test } from 'vitest';
import { monotonic } from '../../../src/builtins.ts';
import { FIONREAD } from '../../../src/kernel/constants/ioctl.ts';
import * as C from '../../../src/kernel/constants/select.ts';
import { Kevents } from '../../../src/kernel/structs/kevent.ts';
import { type Kevent, kevent, kqueue, poll, select } from '../../../src/select.ts';
import { SIG_IGN, SIGUSR1, signal } from '../../../src/signal.ts';
import * as S from '../../../src/socket.ts';
import * as sys from '../../../src/syscalls.ts';
import { kept, pair, tcpPair } from '../../support/sockets.ts';
import { world } from './kernel.ts';

const { EV_ADD, EV_CLEAR, EV_DELETE, EV_DISABLE, EV_DISPATCH, EV_ENABLE, EV_EOF, EV_ERROR } = C;
const { EV_ONESHOT, EV_RECEIPT, EVFILT_READ, EVFILT_SIGNAL, EVFILT_TIMER, EVFILT_USER, EVFILT_WRITE } = C;

type Options = { flags?: number; fflags?: number; data?: number; udata?: number };

const change = (
  ident: number | S.Socket,
  filter: number,
  { flags = EV_ADD, fflags, data, udata }: Options = {},
) => kevent(ident, filter, flags, fflags, data, udata);

/** A queue, and what it reports at once. */
function newQueue() {
  const queue = kept(kqueue());
  const make = (...changes: Kevent[]) => queue.control(changes, 0);
  const events = () => queue.control(null, 32, 0);
  return { queue, make, events };
}

const errnoOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code!;
  }
  return 'none';
};

describe('EVFILT_READ', () => {
  test('is level-triggered, and data is how many bytes there are', () => {
    const [near, far] = pair();
    const { make, events } = newQueue();
    make(change(near, EVFILT_READ!, { udata: 7 }));
    expect(events()).toEqual([]);
    far.send(Buffer.from('abc'));
    const report = { ident: near.fileno(), filter: EVFILT_READ, flags: EV_ADD, fflags: 0, data: 3, udata: 7 };
    expect(events()).toEqual([expect.objectContaining(report)]);
    near.recv(1);
    expect(events()).toEqual([expect.objectContaining({ ...report, data: 2 })]);
    near.recv(2);
    expect(events()).toEqual([]);
  });

  test('EV_CLEAR reports what came once, until more comes', () => {
    const [near, far] = pair();
    const { make, events } = newQueue();
    far.send(Buffer.from('a'));
    make(change(near, EVFILT_READ!, { flags: EV_ADD! | EV_CLEAR! }));
    expect(events().map(({ data }) => data)).toEqual([1]);
    expect(events()).toEqual([]);
    far.send(Buffer.from('b'));
    expect(events().map(({ data }) => data)).toEqual([2]);
  });

  test('EV_ONESHOT reports once, and is deleted then', () => {
    const [near, far] = pair();
    const { make, events } = newQueue();
    make(change(near, EVFILT_READ!, { flags: EV_ADD! | EV_ONESHOT! }));
    far.send(Buffer.from('a'));
    expect(events()).toHaveLength(1);
    expect(events()).toEqual([]);
    expect(errnoOf(() => make(change(near, EVFILT_READ!, { flags: EV_DELETE! })))).toBe('ENOENT');
  });

  test('EV_DISPATCH reports once, and is disabled then; EV_DISABLE and EV_ENABLE do so by hand', () => {
    const [near, far] = pair();
    const { make, events } = newQueue();
    make(change(near, EVFILT_READ!, { flags: EV_ADD! | EV_DISPATCH! }));
    far.send(Buffer.from('a'));
    expect(events()).toHaveLength(1);
    far.send(Buffer.from('b'));
    expect(events()).toEqual([]);
    make(change(near, EVFILT_READ!, { flags: EV_ENABLE! }));
    expect(events()).toHaveLength(1);
    expect(events()).toEqual([]);
    make(
      change(near, EVFILT_READ!, { flags: EV_ENABLE! }),
      change(near, EVFILT_READ!, { flags: EV_DISABLE! }),
    );
    expect(events()).toEqual([]);
  });

  test('to add what there is changes its udata and marks, and not its flags', () => {
    const [near, far] = pair();
    const { make, events } = newQueue();
    make(change(near, EVFILT_READ!, { udata: 1 }));
    make(change(near, EVFILT_READ!, { flags: EV_ADD! | EV_CLEAR!, udata: 2 }));
    far.send(Buffer.from('a'));
    expect(events()).toEqual([expect.objectContaining({ udata: 2, flags: EV_ADD })]);
    expect(events()).toHaveLength(1);
  });

  test('NOTE_LOWAT waits for so many bytes', () => {
    const [near, far] = pair();
    const { make, events } = newQueue();
    make(change(near, EVFILT_READ!, { fflags: C.NOTE_LOWAT, data: 3 }));
    far.send(Buffer.from('ab'));
    expect(events()).toEqual([]);
    far.send(Buffer.from('c'));
    expect(events().map(({ data }) => data)).toEqual([3]);
  });

  test('EV_EOF comes with what is left to read', () => {
    const { client, conn } = tcpPair();
    const { make, events } = newQueue();
    make(change(conn, EVFILT_READ!));
    client.send(Buffer.from('abc'));
    client.shutdown(S.SHUT_WR);
    const [event] = events();
    expect([event.flags & EV_EOF!, event.fflags, event.data]).toEqual([EV_EOF, 0, 3]);
    conn.recv(3);
    expect(events().map(({ flags, data }) => [flags & EV_EOF!, data])).toEqual([[EV_EOF, 0]]);
  });

  test('after a reset EV_EOF has the error in fflags, for reading and for writing', () => {
    const { client, conn } = tcpPair();
    const { make, events } = newQueue();
    make(change(conn, EVFILT_READ!), change(conn, EVFILT_WRITE!));
    client.setsockopt(S.SOL_SOCKET, S.SO_LINGER, Buffer.from(Int32Array.of(1, 0).buffer));
    client.close();
    const seen = events().map(({ filter, flags, fflags }) => [filter, flags & EV_EOF!, fflags]);
    expect(seen.sort()).toEqual([
      [EVFILT_READ, EV_EOF, sys.ECONNRESET],
      [EVFILT_WRITE, EV_EOF, sys.ECONNRESET],
    ]);
    expect(errnoOf(() => conn.recv(1))).toBe('ECONNRESET');
    expect(conn.recv(1)).toHaveLength(0);
  });

  test('of a listener data is how many connections wait', () => {
    const listener = kept(S.create_server(['127.0.0.1', 0]));
    const { make, events } = newQueue();
    make(change(listener, EVFILT_READ!));
    expect(events()).toEqual([]);
    for (let i = 0; i < 3; i++) kept(S.socket()).connect(listener.getsockname());
    expect(events().map(({ data }) => data)).toEqual([3]);
    kept(listener.accept()[0]);
    expect(events().map(({ data }) => data)).toEqual([2]);
  });

  test('data is what FIONREAD says', () => {
    const { client, conn } = tcpPair();
    const { make, events } = newQueue();
    make(change(conn, EVFILT_READ!));
    client.send(Buffer.alloc(1234));
    const count = new Int32Array(1);
    expect(sys.ioctl(conn.fileno(), FIONREAD, count)).toBe(0);
    expect(events().map(({ data }) => data)).toEqual([count[0]]);
  });
});

describe('EVFILT_WRITE', () => {
  test('data is the space, and it is reported while there is as much as is worth a send (2048 bytes)', () => {
    const [near, far] = pair();
    near.setblocking(false);
    const { make, events } = newQueue();
    make(change(near, EVFILT_WRITE!));
    expect(events().map(({ data }) => data)).toEqual([8192]);
    near.send(Buffer.alloc(6144));
    expect(events().map(({ data }) => data)).toEqual([2048]);
    near.send(Buffer.alloc(1));
    expect(events()).toEqual([]);
    expect(errnoOf(() => near.send(Buffer.alloc(4096)))).toBe('EAGAIN');
    far.recv(1);
    expect(events().map(({ data }) => data)).toEqual([2048]);
  });

  test('says that the peer is gone, and of a socket that is not connected nothing', () => {
    const [near, far] = pair();
    const { make, events } = newQueue();
    make(change(near, EVFILT_WRITE!), change(kept(S.socket()), EVFILT_WRITE!));
    far.close();
    expect(events().map(({ ident, flags }) => [ident, flags & EV_EOF!])).toEqual([[near.fileno(), EV_EOF]]);
    expect(errnoOf(() => near.send(Buffer.from('x')))).toBe('EPIPE');
  });
});

describe('pipes', () => {
  const newPipe = () => {
    const fds = new Int32Array(2);
    expect(sys.pipe(fds)).toBe(0);
    return [...fds];
  };

  test('data is what is in it, and the space', () => {
    const [reader, writer] = newPipe();
    const { make, events } = newQueue();
    make(change(reader, EVFILT_READ!), change(writer, EVFILT_WRITE!));
    expect(events().map(({ ident, data }) => [ident, data])).toEqual([[writer, 16384]]);
    sys.write(writer, Buffer.alloc(100));
    expect(events().map(({ ident, data }) => [ident, data])).toEqual([
      [writer, 16284],
      [reader, 100],
    ]);
  });

  test('EV_EOF says that the other end is gone, also of the end that its filter does not fit', () => {
    const [reader, writer] = newPipe();
    const { make, events } = newQueue();
    make(change(reader, EVFILT_WRITE!), change(reader, EVFILT_READ!));
    expect(events()).toEqual([]);
    sys.close(writer);
    expect(events().map(({ filter, flags }) => [filter, flags & EV_EOF!])).toEqual([
      [EVFILT_WRITE, EV_EOF],
      [EVFILT_READ, EV_EOF],
    ]);
  });
});

describe('EVFILT_TIMER', () => {
  test.each([
    ['milliseconds', 0, 250, 0.25],
    ['NOTE_SECONDS', C.NOTE_SECONDS!, 2, 2],
    ['NOTE_USECONDS', C.NOTE_USECONDS!, 1500, 0.0015],
    ['NOTE_NSECONDS', C.NOTE_NSECONDS!, 1_000_000, 0.001],
  ])('counts in %s', (_, fflags, data, seconds) => {
    const { queue, make } = newQueue();
    make(change(1, EVFILT_TIMER!, { fflags, data }));
    const start = monotonic();
    expect(queue.control(null, 8).map(({ ident, data: times }) => [ident, times])).toEqual([[1, 1]]);
    expect(monotonic() - start).toBeCloseTo(seconds, 9);
  });

  test('repeats, and says how often it has expired', () => {
    const { queue, make, events } = newQueue();
    make(change(1, EVFILT_TIMER!, { data: 10 }));
    select([], [], [], 0.035);
    expect(events().map(({ data, flags }) => [data, flags & EV_CLEAR!])).toEqual([[3, EV_CLEAR]]);
    expect(events()).toEqual([]);
    const start = monotonic();
    expect(queue.control(null, 8).map(({ data }) => data)).toEqual([1]);
    expect(monotonic() - start).toBeCloseTo(0.005, 9);
  });

  test('once with EV_ONESHOT, at a time with NOTE_ABSOLUTE, at once where that is over', () => {
    const { queue, make, events } = newQueue();
    make(change(1, EVFILT_TIMER!, { flags: EV_ADD! | EV_ONESHOT!, data: 10 }));
    expect(queue.control(null, 8)).toHaveLength(1);
    expect(queue.control(null, 8, 1)).toEqual([]);
    const date = world.epochSeconds + world.nanoseconds / 1e9;
    const fflags = C.NOTE_SECONDS! | C.NOTE_ABSOLUTE!;
    make(change(2, EVFILT_TIMER!, { fflags, data: Math.ceil(date) + 5 }));
    const start = monotonic();
    expect(queue.control(null, 8)[0].flags & EV_ONESHOT!).toBe(EV_ONESHOT);
    expect(monotonic() - start).toBeGreaterThan(4.9);
    make(change(3, EVFILT_TIMER!, { fflags, data: 1 }), change(4, EVFILT_TIMER!, { data: -1 }));
    expect(events().map(({ ident }) => ident)).toEqual([3, 4]);
  });

  test('a change starts it anew; two units are EINVAL, and a time beyond 2**64 ns is ERANGE', () => {
    const { queue, make } = newQueue();
    make(change(1, EVFILT_TIMER!, { data: 10 }));
    make(change(1, EVFILT_TIMER!, { data: 500 }));
    const start = monotonic();
    queue.control(null, 8);
    expect(monotonic() - start).toBeCloseTo(0.5, 9);
    const bad = { fflags: C.NOTE_SECONDS! | C.NOTE_USECONDS!, data: 1 };
    expect(errnoOf(() => make(change(2, EVFILT_TIMER!, bad)))).toBe('EINVAL');
    const long = { fflags: C.NOTE_SECONDS!, data: 2 ** 40 };
    expect(errnoOf(() => make(change(2, EVFILT_TIMER!, long)))).toBe('ERANGE');
  });
});

describe('EVFILT_USER', () => {
  const trigger = (fflags = 0, data = 0) =>
    change(1, EVFILT_USER!, { flags: 0, fflags: (C.NOTE_TRIGGER! | fflags) >>> 0, data });

  test('is triggered by NOTE_TRIGGER, stays so without EV_CLEAR, and changes its flags by NOTE_FF*', () => {
    const { make, events } = newQueue();
    make(change(1, EVFILT_USER!, { fflags: 0b0110 }));
    expect(events()).toEqual([]);
    make(trigger(0, 9));
    expect(events()).toEqual([expect.objectContaining({ fflags: 0b0110, data: 9 })]);
    expect(events()).toHaveLength(1);
    make(trigger(C.NOTE_FFAND! | 0b0010));
    expect(events()[0].fflags).toBe(0b0010);
    make(trigger(C.NOTE_FFOR! | 0b1000));
    expect(events()[0].fflags).toBe(0b1010);
    make(trigger((C.NOTE_FFCOPY! | 0b0001) >>> 0));
    expect(events()[0].fflags).toBe(0b0001);
  });

  test('with EV_CLEAR is over when it was reported', () => {
    const { make, events } = newQueue();
    make(change(1, EVFILT_USER!, { flags: EV_ADD! | EV_CLEAR! }), trigger());
    expect(events()).toHaveLength(1);
    expect(events()).toEqual([]);
  });
});

test('EVFILT_SIGNAL counts signals, also those that are ignored', () => {
  const { queue, make, events } = newQueue();
  signal(SIGUSR1, SIG_IGN);
  make(change(SIGUSR1, EVFILT_SIGNAL!));
  for (let i = 0; i < 3; i++) world.sendSignal(world.program, SIGUSR1);
  expect(events().map(({ ident, data }) => [ident, data])).toEqual([[SIGUSR1, 3]]);
  expect(events()).toEqual([]);
  world.addSignal(SIGUSR1, 1);
  expect(queue.control(null, 8).map(({ data }) => data)).toEqual([1]);
});

describe('kevent', () => {
  test('answers a change that fails with an event, or with the error where there is no space', () => {
    const { queue } = newQueue();
    const bad = change(9999, EVFILT_READ!);
    expect(queue.control([bad], 4, 0)).toEqual([
      expect.objectContaining({ ident: 9999, flags: EV_ADD! | EV_ERROR!, data: sys.EBADF }),
    ]);
    expect(errnoOf(() => queue.control([bad], 0))).toBe('EBADF');
    expect(errnoOf(() => queue.control([change(9999, EVFILT_READ!, { flags: EV_DELETE })], 0))).toBe(
      'ENOENT',
    );
    expect(errnoOf(() => queue.control([change(1, 5)], 0))).toBe('EINVAL');
    expect(errnoOf(() => queue.control([change(1, C.EVFILT_AIO!)], 0))).toBe('ENOTSUP');
  });

  test('answers each change with EV_RECEIPT, and does not wait then', () => {
    const [near, far] = pair();
    far.send(Buffer.from('x'));
    const { queue } = newQueue();
    const flags = EV_ADD! | EV_RECEIPT!;
    const answers = queue.control([change(near, EVFILT_READ!, { flags })], 4);
    expect(answers).toEqual([expect.objectContaining({ flags: flags | EV_ERROR!, data: 0 })]);
    expect(queue.control(null, 4, 0)).toHaveLength(1);
  });

  test('makes the changes in turn, up to the first that fails', () => {
    const [near, far] = pair();
    const { queue, events } = newQueue();
    far.send(Buffer.from('x'));
    const changes = [change(near, EVFILT_READ!), change(9999, EVFILT_READ!), change(near, EVFILT_WRITE!)];
    expect(errnoOf(() => queue.control(changes, 0))).toBe('EBADF');
    expect(events().map(({ filter }) => filter)).toEqual([EVFILT_READ]);
  });

  test('reports so many as fit, and the others first the next time', () => {
    const pairs = Array.from({ length: 4 }, () => pair());
    const { queue, make } = newQueue();
    for (const [near] of pairs) make(change(near, EVFILT_WRITE!));
    const fds = pairs.map(([near]) => near.fileno());
    expect(queue.control(null, 3, 0).map(({ ident }) => ident)).toEqual(fds.slice(0, 3));
    expect(queue.control(null, 3, 0).map(({ ident }) => ident)).toEqual([fds[3], fds[0], fds[1]]);
  });

  test('refuses a time that is none, a longer one than 2**31 - 1 s, and what is no queue', () => {
    const { queue } = newQueue();
    const events = new Kevents(1);
    const wait = (kq: number, seconds: bigint, nanoseconds: bigint) =>
      sys.kevent(kq, null, 0, events.memory, 1, BigInt64Array.of(seconds, nanoseconds));
    expect(wait(queue.fileno(), -1n, 0n)).toBe(-sys.EINVAL);
    expect(wait(queue.fileno(), 0n, 2_000_000_000n)).toBe(-sys.EINVAL);
    expect(wait(queue.fileno(), 0x80000000n, 0n)).toBe(-sys.EINVAL);
    expect(wait(queue.fileno(), 0n, 0n)).toBe(0);
    expect(wait(1, 0n, 0n)).toBe(-sys.EBADF);
  });
});

describe('a queue', () => {
  test('forgets a descriptor that is closed, though a duplicate keeps its file open', () => {
    const [near, far] = pair();
    const { queue, make, events } = newQueue();
    const copy = near.dup();
    make(change(near, EVFILT_READ!));
    near.close();
    far.send(Buffer.from('x'));
    expect(events()).toEqual([]);
    // The next owner of the number has no knote.
    const [next, other] = pair();
    other.send(Buffer.from('y'));
    expect(events()).toEqual([]);
    expect(errnoOf(() => queue.control([change(next, EVFILT_READ!, { flags: EV_DELETE })], 0))).toBe(
      'ENOENT',
    );
    kept(copy);
  });

  test('is a descriptor that select, poll and another queue can watch', () => {
    const [near, far] = pair();
    const inner = newQueue();
    const outer = newQueue();
    inner.make(change(near, EVFILT_READ!));
    outer.make(change(inner.queue.fileno(), EVFILT_READ!));
    const poller = poll();
    poller.register(inner.queue.fileno(), C.POLLIN);
    expect([outer.events(), select([inner.queue], [], [], 0)[0], poller.poll(0)]).toEqual([[], [], []]);
    far.send(Buffer.from('x'));
    expect(outer.events().map(({ ident, data }) => [ident, data])).toEqual([[inner.queue.fileno(), 1]]);
    expect(select([inner.queue], [], [], 0)[0]).toEqual([inner.queue]);
    expect(poller.poll(0)).toEqual([[inner.queue.fileno(), C.POLLIN]]);
  });

  test('watches neither itself nor one that watches it, nor a queue for writing', () => {
    const [one, other] = [newQueue(), newQueue()];
    const watch = (queue: typeof one, what: typeof one, filter = EVFILT_READ!) =>
      errnoOf(() => queue.make(change(what.queue.fileno(), filter)));
    expect(watch(one, one)).toBe('EINVAL');
    expect(watch(one, other, EVFILT_WRITE!)).toBe('EINVAL');
    expect([watch(one, other), watch(other, one)]).toEqual(['none', 'EINVAL']);
    // At most ten in each other.
    let inner = newQueue();
    const results: string[] = [];
    for (let i = 0; i < 11; i++) {
      const outer = newQueue();
      results.push(watch(outer, inner));
      inner = outer;
    }
    expect(results.indexOf('EINVAL')).toBe(9);
  });
});
