// The errno table's rows of select, poll, epoll, eventfd, signalfd and timerfd, at the raw layer and as nobody.

import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { CLOCK_MONOTONIC } from '../../src/kernel/constants/clock.ts';
import * as T from '../../src/kernel/constants/event.ts';
import * as F from '../../src/kernel/constants/fcntl.ts';
import * as S from '../../src/kernel/constants/select.ts';
import { NSIG, SIGUSR2 } from '../../src/kernel/constants/signal.ts';
import { SHUT_WR, SO_ERROR, SOCK_NONBLOCK, SOL_SOCKET } from '../../src/kernel/constants/socket.ts';
import * as E from '../../src/kernel/errno.ts';
import { layout } from '../../src/kernel/native.ts';
import * as own from '../../src/kernel/own-calls.ts';
import * as sys from '../../src/kernel/syscalls.ts';
import { closed, opened, pair } from '../support/descriptors.ts';
import { isLinux } from '../support/platform.ts';
import * as raw from '../support/raw-sockets.ts';
import { simulation } from '../support/simulated.ts';
import { atLimit, LIMIT, place, unprivileged } from '../support/unprivileged.ts';

const { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLERR, EPOLLET, EPOLLEXCLUSIVE } = S;
const { EPOLLHUP, EPOLLIN, EPOLLONESHOT, EPOLLOUT, EPOLLRDHUP } = S;
const { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT } = S;
const { bytes, none, pathOnly, pipe, polled, row, tcp } = raw;
const x = Buffer.from('x');
const now = () => new BigInt64Array(2);
const MINUTE = 60n;

function set(...fds: number[]): Uint8Array {
  const bits = bytes(128);
  for (const fd of fds) bits[fd >> 3] |= 1 << (fd & 7);
  return bits;
}
const has = (bits: Uint8Array, fd: number) => (bits[fd >> 3] & (1 << (fd & 7))) !== 0;
const readable = (bits: Uint8Array | null, nfds: number) => sys.select(nfds, bits, null, null, now());

const eventSize = layout['sizeof epoll_event'] ?? 12;
const dataAt = layout['epoll_event.data'] ?? 4;
function event(events: number, data = 0): Uint8Array {
  const memory = bytes(eventSize);
  new DataView(memory.buffer).setUint32(0, events, true);
  new DataView(memory.buffer).setUint32(dataAt, data, true);
  return memory;
}
const epoll = () => opened(sys.epoll_create1(0));
const add = (epfd: number, fd: number, events: number) =>
  sys.epoll_ctl(epfd, EPOLL_CTL_ADD, fd, event(events, fd));
/** The events that there are, by descriptor; at most so many at once. */
function waited(epfd: number, most = 8, timeoutMs = 0): [fd: number, events: number][] {
  const memory = bytes(most * eventSize);
  const n = sys.epoll_wait(epfd, memory, most, timeoutMs);
  expect(n).toBeGreaterThanOrEqual(0);
  const view = new DataView(memory.buffer);
  return Array.from({ length: n }, (_, i) => [
    view.getUint32(i * eventSize + dataAt, true),
    view.getUint32(i * eventSize, true),
  ]);
}

/**
 * What a call returns that a signal comes to. It comes at once and is pending; until it is taken, it is sent to
 * this thread again and again: so one comes during the call, without another process.
 */
function withSignal<R>(call: () => R): R {
  const signums = new Int32Array(NSIG);
  expect(own.catch_signal(SIGUSR2, 0)).toBe(0);
  try {
    const world = simulation();
    if (world === null) process.kill(process.pid, 'SIGUSR2');
    else world.addSignal(SIGUSR2, 0.001);
    const result = call();
    expect([own.take_pending_signals(signums), signums[0]]).toEqual([1, SIGUSR2]);
    return result;
  } finally {
    expect(sys.sigaction(SIGUSR2, 1)).toBe(0);
  }
}

/**
 * What a call returns that waits for a pipe. A child sends a signal first and then writes into the pipe: who
 * gets as far as that was not interrupted.
 */
function withChild(call: (fd: number) => number): number {
  const signums = new Int32Array(NSIG);
  const [read, write] = pipe();
  expect(own.catch_signal(SIGUSR2, 0)).toBe(0);
  try {
    const world = simulation();
    if (world === null) {
      const stdio = ['ignore', 'ignore', 'ignore', write] as const;
      spawn('/bin/sh', ['-c', 'kill -USR2 $PPID; echo >&3'], { stdio: [...stdio] });
    } else {
      world.addSignal(SIGUSR2, 0.001);
      world.after(2e6, 'a child writes', null, () => world.program.file(write)!.write(x));
    }
    const result = call(read);
    // Another thread took it, or this one now: it comes.
    while (own.take_pending_signals(signums) === 0) sys.poll(bytes(0), 0, 1);
    return result;
  } finally {
    expect(sys.sigaction(SIGUSR2, 1)).toBe(0);
  }
}
const mask = (...signals: number[]) =>
  BigUint64Array.of(signals.reduce((all, n) => all | (1n << BigInt(n - 1)), 0n));
/** With the signal that interrupts a wait for a pending one, native/pending_signals.h. */
const everySignal = BigUint64Array.of(2n ** 64n - 1n);
const value = (n: bigint) => BigUint64Array.of(n);

/** What a call returns that blocks every signal, and to whose thread a child sends one meanwhile. */
function withDirectedSignal(call: () => number): number {
  const signums = new Int32Array(NSIG);
  expect(own.catch_signal(SIGUSR2, 0)).toBe(0);
  try {
    spawn(
      'python3',
      [
        '-c',
        `
import ctypes, os, platform, re, time
pid, end = os.getppid(), time.monotonic() + 20
blocked = lambda: int(re.search(r'SigBlk:\\s*(\\w+)', open(f'/proc/{pid}/status').read())[1], 16)
while not blocked() >> ${SIGUSR2 - 1} & 1 and time.monotonic() < end: pass
tgkill = {'x86_64': 234, 'aarch64': 131}[platform.machine()]
ctypes.CDLL(None).syscall(tgkill, pid, pid, ${SIGUSR2})
`,
      ],
      { stdio: 'ignore' },
    );
    const result = call();
    while (own.take_pending_signals(signums) === 0) sys.poll(bytes(0), 0, 1);
    return result;
  } finally {
    expect(sys.sigaction(SIGUSR2, 1)).toBe(0);
  }
}

describe.skipIf(!isLinux)(isLinux ? 'as nobody' : 'these are the numbers of Linux:', () => {
  unprivileged();

  row('3.4.1 select: EINVAL for nfds', () => {
    expect(readable(null, -1)).toBe(-E.EINVAL);
  });
  row('3.4.2 select: EBADF', () => {
    const fd = closed(raw.devNull());
    const call = (...sets: (Uint8Array | null)[]) => sys.select(fd + 1, sets[0], sets[1], sets[2], now());
    for (const at of [0, 1, 2])
      expect(call(...[null, null, null].map((_, i) => (i === at ? set(fd) : null)))).toBe(-E.EBADF);
  });
  row('3.4.3 select: 0, and the bit of a closed high descriptor stays', () => {
    const bits = set(900);
    expect(readable(bits, 901)).toBe(0);
    expect(has(bits, 900)).toBe(true);
  });
  row('3.4.4 select: EFAULT', () => {
    expect(() => sys.select(1, 1 as never, null, null, now())).toThrow(TypeError);
    expect(() => sys.select(65, bytes(8), null, null, now())).toThrow(RangeError);
    expect(() => sys.select(0, null, null, null, bytes(8))).toThrow(RangeError);
  });
  row('3.4.5 select: EINVAL for its timeout', () => {
    for (const time of [BigInt64Array.of(-1n, 0n), BigInt64Array.of(0n, -1n)])
      expect(sys.select(0, null, null, null, time)).toBe(-E.EINVAL);
    const [, there] = pair();
    expect(sys.select(there + 1, null, set(there), null, BigInt64Array.of(0n, 1_500_000n))).toBe(1);
  });
  row('3.4.6 select: readiness, and bits cleared', () => {
    const file = raw.file(place('file'), 'w+');
    expect(sys.select(file + 1, set(file), set(file), null, now())).toBe(2);
    const pipes = [pipe()];
    if (simulation() === null) {
      const fifo = place('fifo');
      expect(spawnSync('mkfifo', [fifo]).status).toBe(0);
      const both = raw.file(fifo, 'r+');
      pipes.push([both, opened(sys.dup(both))]);
    }
    for (const [read, write] of pipes) {
      const nfds = Math.max(read, write) + 1;
      const [r, w] = [set(read), set(write)];
      expect(sys.select(nfds, r, w, null, now())).toBe(1);
      expect([has(r, read), has(w, write)]).toEqual([false, true]);
      expect(sys.write(write, bytes(65536))).toBe(65536); // It is full.
      const [r2, w2] = [set(read), set(write)];
      expect(sys.select(nfds, r2, w2, null, now())).toBe(1);
      expect([has(r2, read), has(w2, write)]).toEqual([true, false]);
    }
    const time = BigInt64Array.of(0n, 1000n);
    expect(sys.select(0, null, null, null, time)).toBe(0);
    expect([...time]).toEqual([0n, 0n]); // How long it took is not for a test to say.
  });
  row('3.4.7 pselect: EBADF, EINVAL', () => {
    const fd = closed(raw.devNull());
    const call = (nfds: number, bits: Uint8Array | null, time: BigInt64Array) =>
      sys.pselect(nfds, bits, null, null, time, null);
    expect(call(fd + 1, set(fd), now())).toBe(-E.EBADF);
    expect(call(-1, null, now())).toBe(-E.EINVAL);
    for (const time of [BigInt64Array.of(-1n, 0n), BigInt64Array.of(0n, 1_000_000_000n)])
      expect(call(0, null, time)).toBe(-E.EINVAL);
  });

  row('3.4.8 poll: EINVAL', () => {
    const entries = new Int32Array(2 * (LIMIT + 1)).fill(-1);
    expect(sys.poll(entries, LIMIT, 0)).toBe(0);
    expect(sys.poll(entries, LIMIT + 1, 0)).toBe(-E.EINVAL);
  });
  row('3.4.9 poll: EFAULT', () => {
    expect(() => sys.poll(null as never, 1, 0)).toThrow(TypeError);
    expect(() => sys.poll(bytes(8), 2, 0)).toThrow(RangeError);
  });
  row('3.4.10 poll: POLLNVAL', () => {
    for (const events of [0, POLLIN])
      for (const fd of [none(), pathOnly()]) expect(polled(fd, events)).toBe(POLLNVAL);
  });
  row('3.4.11 poll: POLLHUP alone', () => {
    const [read, write] = pipe();
    closed(write);
    expect(polled(read, POLLIN)).toBe(POLLHUP);
  });
  row('3.4.12 poll: POLLERR and POLLOUT', () => {
    const [read, write] = pipe();
    closed(read);
    expect(polled(write, POLLOUT)).toBe(POLLERR | POLLOUT);
  });
  row('3.4.13 poll: POLLIN, POLLOUT', () => {
    const [read, write] = pipe();
    expect([polled(read, POLLIN | POLLOUT, 0), polled(write, POLLIN | POLLOUT)]).toEqual([0, POLLOUT]);
    sys.write(write, x);
    expect(polled(read, POLLIN | POLLOUT)).toBe(POLLIN);
  });
  row('3.4.14 poll: a descriptor below zero is passed over', () => {
    expect(polled(-1, POLLIN, 0)).toBe(0);
  });
  row('3.4.15 poll: a fresh TCP socket', () => {
    expect(polled(tcp(), POLLIN | POLLOUT)).toBe(POLLOUT | POLLHUP);
  });
  row('3.4.16 poll: a refused connect', () => {
    const fd = tcp(SOCK_NONBLOCK);
    expect(sys.connect(fd, raw.addressOf(raw.bound(tcp())))).toBe(-E.EINPROGRESS);
    expect(polled(fd, POLLIN | POLLOUT)).toBe(POLLIN | POLLOUT | POLLERR | POLLHUP);
    const error = new Int32Array(1);
    expect(sys.getsockopt(fd, SOL_SOCKET, SO_ERROR, error, Int32Array.of(4))).toBe(0);
    expect(error[0]).toBe(E.ECONNREFUSED);
  });
  row('3.4.17 ppoll: EINTR, and a masked signal waits', () => {
    const wait = (sigmask: BigUint64Array | null) =>
      sys.ppoll(bytes(0), 0, BigInt64Array.of(MINUTE, 0n), sigmask);
    for (let storm = 0; storm < 5; storm++) expect(withSignal(() => wait(null))).toBe(-E.EINTR);
    expect(withSignal(() => wait(mask()))).toBe(-E.EINTR);
    const result = withChild((fd) => {
      const pollfd = Int32Array.of(fd, POLLIN);
      return sys.ppoll(pollfd, 1, BigInt64Array.of(MINUTE, 0n), everySignal);
    });
    expect(result).toBe(1);
  });

  row('3.4.18 epoll_create: EINVAL, EMFILE', () => {
    for (const size of [0, -1]) expect(sys.epoll_create(size)).toBe(-E.EINVAL);
    expect(atLimit(() => sys.epoll_create(1))).toBe(-E.EMFILE);
  });
  row('3.4.19 epoll_create1: EINVAL, CLOEXEC', () => {
    for (const flags of [-1, S.EPOLL_CLOEXEC + 1]) expect(sys.epoll_create1(flags)).toBe(-E.EINVAL);
    expect(sys.fcntl(opened(sys.epoll_create1(S.EPOLL_CLOEXEC)), F.F_GETFD, 0)).toBe(F.FD_CLOEXEC);
  });
  row('3.4.20 epoll_ctl: EBADF', () => {
    expect(add(-1, pair()[0], EPOLLIN)).toBe(-E.EBADF);
    for (const fd of [-1, pathOnly()]) expect(add(epoll(), fd, EPOLLIN)).toBe(-E.EBADF);
  });
  row('3.4.21 epoll_ctl: EPERM', () => {
    const file = place('file');
    writeFileSync(file, '');
    for (const path of ['/', file, '/dev/zero', '/proc', '/dev/null'])
      expect([path, add(epoll(), raw.file(path, 'r'), EPOLLIN)]).toEqual([path, -E.EPERM]);
  });
  row('3.4.22 epoll_ctl: EINVAL', () => {
    const [epfd, other] = [epoll(), epoll()];
    const [fd] = pair();
    expect(sys.epoll_ctl(epfd, 77, fd, event(0))).toBe(-E.EINVAL);
    expect(add(epfd, epfd, EPOLLIN)).toBe(-E.EINVAL);
    expect(add(pipe()[0], fd, EPOLLIN)).toBe(-E.EINVAL);
    expect(add(epfd, fd, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT)).toBe(-E.EINVAL);
    expect(add(epfd, other, EPOLLIN | EPOLLEXCLUSIVE)).toBe(-E.EINVAL);
    expect(add(epfd, fd, EPOLLIN)).toBe(0);
    const modify = (events: number) => sys.epoll_ctl(epfd, EPOLL_CTL_MOD, fd, event(events, fd));
    expect(modify(EPOLLIN | EPOLLEXCLUSIVE)).toBe(-E.EINVAL);
    expect(sys.epoll_ctl(epfd, EPOLL_CTL_DEL, fd, null)).toBe(0);
    expect(add(epfd, fd, EPOLLIN | EPOLLEXCLUSIVE)).toBe(0);
    expect(modify(EPOLLIN)).toBe(-E.EINVAL);
  });
  row('3.4.23 epoll_ctl: EFAULT', () => {
    expect(sys.epoll_ctl(epoll(), EPOLL_CTL_ADD, pair()[0], null)).toBe(-E.EFAULT);
  });
  row('3.4.24 epoll_ctl: ENOENT, EEXIST', () => {
    const epfd = epoll();
    const [fd] = pair();
    for (const op of [EPOLL_CTL_DEL, EPOLL_CTL_MOD])
      expect(sys.epoll_ctl(epfd, op, fd, event(EPOLLIN))).toBe(-E.ENOENT);
    expect([0, 0].map(() => add(epfd, fd, EPOLLIN))).toEqual([0, -E.EEXIST]);
    expect(add(epfd, opened(sys.dup(fd)), EPOLLIN)).toBe(0);
    expect(sys.epoll_ctl(epfd, EPOLL_CTL_DEL, fd, null)).toBe(0);
  });
  row('3.4.25 epoll_ctl: ELOOP', () => {
    const chain = Array.from({ length: 6 }, epoll);
    for (const [i, fd] of chain.slice(1).entries())
      expect(add(fd, chain[i], EPOLLIN)).toBe(i < 4 ? 0 : -E.ELOOP);
    for (const length of [2, 5]) {
      const ring = Array.from({ length }, epoll);
      for (const [i, fd] of ring.slice(1).entries()) expect(add(fd, ring[i], EPOLLIN)).toBe(0);
      expect(add(ring[0], ring[length - 1], EPOLLIN)).toBe(-E.ELOOP);
    }
  });
  row.skip('3.4.26 epoll_ctl: ENOSPC', 'max_user_watches is the whole machine’s, and a million');

  row('3.4.27 epoll_wait: EBADF, EINVAL, EFAULT', () => {
    const room = bytes(4 * eventSize);
    expect(sys.epoll_wait(none(), room, 4, 0)).toBe(-E.EBADF);
    expect(sys.epoll_wait(pair()[0], room, 4, 0)).toBe(-E.EINVAL);
    for (const max of [0, -1]) expect(sys.epoll_wait(epoll(), room, max, 0)).toBe(-E.EINVAL);
    raw.argumentErrors(() => {
      expect(() => sys.epoll_wait(epoll(), room, 2 ** 31 - 1, 0)).toThrow(RangeError);
      expect(() => sys.epoll_wait(epoll(), null as never, 1, 0)).toThrow(TypeError);
    });
  });
  row('3.4.28 epoll_wait: EINTR', () => {
    expect(withSignal(() => sys.epoll_wait(epoll(), bytes(eventSize), 1, 60_000))).toBe(-E.EINTR);
  });
  row('3.4.29 epoll_wait: behaviour', () => {
    const epfd = epoll();
    expect(waited(epfd)).toEqual([]);
    const [here, there] = pair();
    expect(add(epfd, here, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)).toBe(0);
    expect(waited(epfd)).toEqual([[here, EPOLLOUT]]);
    expect(waited(epfd)).toEqual([]); // The edge has passed.
    sys.send(there, x, 0);
    expect(waited(epfd)).toEqual([[here, EPOLLIN | EPOLLOUT]]);
    expect(sys.shutdown(there, SHUT_WR)).toBe(0);
    expect(waited(epfd)).toEqual([[here, EPOLLIN | EPOLLOUT | EPOLLRDHUP]]);
    closed(there);
    expect(waited(epfd)[0][1] & EPOLLHUP).toBe(EPOLLHUP);

    const once = epoll();
    const [read, write] = pipe();
    expect(add(once, read, EPOLLIN | EPOLLONESHOT)).toBe(0);
    sys.write(write, x);
    expect([waited(once), waited(once)]).toEqual([[[read, EPOLLIN]], []]);
    closed(write);
    expect(waited(once)).toEqual([]); // Not even the end.
    expect(sys.epoll_ctl(once, EPOLL_CTL_MOD, read, event(EPOLLIN, read))).toBe(0);
    expect(waited(once)).toEqual([[read, EPOLLIN | EPOLLHUP]]);

    const nested = [epoll(), epoll(), epoll(), epoll()];
    const [from, to] = pipe();
    for (const [i, fd] of nested.entries()) expect(add(fd, i === 0 ? from : nested[i - 1], EPOLLIN)).toBe(0);
    expect(waited(nested[3])).toEqual([]);
    sys.write(to, x);
    expect(waited(nested[3])).toEqual([[nested[2], EPOLLIN]]);

    const [gone, writer] = pipe();
    const broken = epoll();
    expect(add(broken, writer, 0)).toBe(0);
    closed(gone);
    expect(waited(broken)).toEqual([[writer, EPOLLERR]]); // Never asked for.

    const fair = epoll();
    const all = [0, 0, 0].map(() => pair()[0]);
    for (const fd of all) expect(add(fair, fd, EPOLLOUT)).toBe(0);
    expect(waited(fair, 2).length).toBe(2);
    const turns = [0, 0, 0].map(() => waited(fair, 1)[0][0]);
    expect(turns.toSorted()).toEqual(all.toSorted()); // In turn.
    // Not shown: who of many sleeping threads wakes, with EPOLLEXCLUSIVE and without.
  });
  row('3.4.30 epoll_pwait: EINTR, and a masked signal waits', () => {
    const epfd = epoll();
    const wait = (ms: number, sigmask: BigUint64Array | null) =>
      sys.epoll_pwait(epfd, bytes(eventSize), 1, ms, sigmask);
    for (const ms of [2 ** 31 - 1, -1]) expect(withSignal(() => wait(ms, null))).toBe(-E.EINTR);
    const result = withChild((fd) => {
      expect(add(epfd, fd, EPOLLIN)).toBe(0);
      return wait(60_000, everySignal);
    });
    expect(result).toBe(1);
    raw.argumentErrors(() =>
      expect(() => sys.epoll_pwait(epfd, bytes(eventSize), 1, 0, bytes(7))).toThrow(RangeError),
    ); // No EFAULT.
  });

  row('3.4.31 eventfd: EAGAIN, EINVAL', () => {
    const fd = opened(sys.eventfd(0, T.EFD_NONBLOCK));
    expect(sys.read(fd, value(0n))).toBe(-E.EAGAIN);
    expect(sys.write(fd, value(2n ** 64n - 2n))).toBe(8);
    expect(sys.write(fd, value(1n))).toBe(-E.EAGAIN);
    for (const call of [sys.read, sys.write]) expect(call(fd, bytes(7))).toBe(-E.EINVAL);
    expect(sys.write(fd, value(2n ** 64n - 1n))).toBe(-E.EINVAL);
    expect(sys.eventfd(0, 64)).toBe(-E.EINVAL);
  });
  row('3.4.32 eventfd: readiness, semaphore, flags, and a child has it too', () => {
    const fd = opened(sys.eventfd(0, T.EFD_CLOEXEC | T.EFD_NONBLOCK));
    expect(sys.fcntl(fd, F.F_GETFD, 0)).toBe(F.FD_CLOEXEC);
    expect(sys.fcntl(fd, F.F_GETFL, 0) & F.O_NONBLOCK).toBe(F.O_NONBLOCK);
    expect([readable(set(fd), fd + 1), sys.write(fd, value(5n)), readable(set(fd), fd + 1)]).toEqual([
      0, 8, 1,
    ]);
    const semaphore = opened(sys.eventfd(2, T.EFD_SEMAPHORE | T.EFD_NONBLOCK));
    const taken = value(0n);
    expect([sys.read(semaphore, taken), taken[0]]).toEqual([8, 1n]);
    expect([0, 0].map(() => sys.read(semaphore, taken))).toEqual([8, -E.EAGAIN]);
    if (simulation() === null) {
      const child = spawnSync('/bin/sh', ['-c', "printf '\\002\\0\\0\\0\\0\\0\\0\\0' >&3"], {
        stdio: ['ignore', 'ignore', 'inherit', fd],
      });
      expect(child.status).toBe(0);
    } else {
      sys.write(fd, value(2n));
    }
    expect([sys.read(fd, taken), taken[0]]).toEqual([8, 7n]);
  });
  row('3.4.33 signalfd: EBADF, EINVAL', () => {
    expect(sys.signalfd(none(), mask(), 0)).toBe(-E.EBADF);
    expect(sys.signalfd(pair()[0], mask(), 0)).toBe(-E.EINVAL);
    expect(sys.signalfd(-1, mask(), -1)).toBe(-E.EINVAL);
    const fd = opened(sys.signalfd(-1, mask(SIGUSR2), T.SFD_NONBLOCK));
    expect(sys.read(fd, bytes(127))).toBe(-E.EINVAL);
    expect(sys.read(fd, bytes(128))).toBe(-E.EAGAIN);
  });
  row('3.4.34 signalfd: a new mask for the same descriptor', () => {
    const fd = opened(sys.signalfd(-1, mask(), T.SFD_NONBLOCK));
    expect(sys.signalfd(fd, mask(SIGUSR2), 0)).toBe(fd);
    // Only a blocked signal stays to be read, and none of Node's threads blocks one for good: ppoll blocks
    // it for its own time, and meanwhile the descriptor says that it is there.
    const pollfd = new Int16Array(4);
    new Int32Array(pollfd.buffer)[0] = fd;
    pollfd[2] = POLLIN;
    const result = withDirectedSignal(() => sys.ppoll(pollfd, 1, BigInt64Array.of(MINUTE, 0n), everySignal));
    expect([result, pollfd[3]]).toEqual([1, POLLIN]);
  });
  row('3.4.35 timerfd: EINVAL, EBADF, EFAULT, EAGAIN', () => {
    for (const [clock, flags] of [
      [-1, 0],
      [CLOCK_MONOTONIC, -1],
    ])
      expect(sys.timerfd_create(clock, flags)).toBe(-E.EINVAL);
    const timer = opened(sys.timerfd_create(CLOCK_MONOTONIC, T.TFD_NONBLOCK));
    const never = () => new BigInt64Array(4);
    expect([none(), pair()[0]].map((fd) => sys.timerfd_gettime(fd, never()))).toEqual([-E.EBADF, -E.EINVAL]);
    const other = [none(), pair()[0]].map((fd) => sys.timerfd_settime(fd, 0, never(), null));
    expect(other).toEqual([-E.EBADF, -E.EINVAL]);
    expect(sys.timerfd_settime(timer, -1, never(), null)).toBe(-E.EINVAL);
    const bad = BigInt64Array.of(0n, 0n, 0n, 1_000_000_000n);
    expect(sys.timerfd_settime(timer, 0, bad, null)).toBe(-E.EINVAL);
    raw.argumentErrors(() => {
      expect(() => sys.timerfd_settime(timer, 0, null as never, null)).toThrow(TypeError);
      expect(() => sys.timerfd_gettime(timer, null as never)).toThrow(TypeError);
    });
    expect(sys.read(timer, bytes(7))).toBe(-E.EINVAL);
    expect(sys.read(timer, bytes(8))).toBe(-E.EAGAIN);
    const [slow, told] = [BigInt64Array.of(7n, 8n, 1000n, 0n), never()];
    expect(sys.timerfd_settime(timer, 0, slow, null)).toBe(0);
    expect(sys.timerfd_gettime(timer, told)).toBe(0);
    expect([told[0], told[1], told[2] > 900n]).toEqual([7n, 8n, true]);
    told.fill(0n);
    expect(sys.timerfd_settime(timer, 0, BigInt64Array.of(0n, 0n, 0n, 1n), told)).toBe(0);
    expect([told[0], told[1], told[2] > 900n]).toEqual([7n, 8n, true]);
    expect(polled(timer, POLLIN)).toBe(POLLIN);
    const expirations = value(0n);
    expect([sys.read(timer, expirations), expirations[0]]).toEqual([8, 1n]);
  });
});
