// What the signal module has besides signal(): the wakeup descriptor, timers, names, sleeping.

import { spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { afterEach, expect, test } from 'vitest';
import { EINTR, EINVAL } from '../../src/kernel/errno.ts';
import { monotonic } from '../../src/python/builtins/time.ts';
import { OSError } from '../../src/python/errors.ts';
import { POLLIN, poll, select } from '../../src/select.ts';
import { type BaseSelector, DefaultSelector, EVENT_READ, PollSelector } from '../../src/selectors.ts';
import {
  alarm,
  getitimer,
  getsignal,
  ITIMER_PROF,
  ITIMER_REAL,
  ITIMER_VIRTUAL,
  ItimerError,
  NSIG,
  pause,
  raise_signal,
  SIG_DFL,
  SIG_IGN,
  SIGALRM,
  SIGHUP,
  SIGINT,
  SIGKILL,
  SIGPIPE,
  SIGUSR1,
  SIGUSR2,
  SIGVTALRM,
  Signals,
  set_wakeup_fd,
  setitimer,
  siginterrupt,
  signal,
  strsignal,
  valid_signals,
} from '../../src/signal.ts';
import type { Socket } from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';
import { isLinux } from '../support/platform.ts';
import { module, run } from '../support/signalled.ts';
import { kept, pair } from '../support/sockets.ts';

const wrong = (value: unknown) => value as never;

afterEach(() => {
  set_wakeup_fd(-1);
  for (const which of [ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF]) setitimer(which, 0);
  for (const signum of [SIGALRM, SIGUSR1, SIGUSR2, SIGVTALRM]) signal(signum, SIG_DFL);
});

test("the C handler writes each signal's number to the wakeup descriptor", () => {
  const [near, far] = pair();
  far.setblocking(false);
  expect(set_wakeup_fd(far.fileno())).toBe(-1);
  signal(SIGUSR1, () => {});
  signal(SIGUSR2, () => {});
  process.kill(process.pid, 'SIGUSR1');
  process.kill(process.pid, 'SIGUSR2');
  // Before any handler ran, then: these bytes are C's.
  expect([...near.recv(10)]).toEqual([SIGUSR1, SIGUSR2]);
  expect(set_wakeup_fd(-1)).toBe(far.fileno());
  raise_signal(SIGUSR1);
  expect(select([near], [], [], 0)[0]).toEqual([]);
});

test('a select on the wakeup descriptor ends with the signal', () => {
  const [near, far] = pair();
  far.setblocking(false);
  set_wakeup_fd(far.fileno());
  let handled = 0;
  signal(SIGALRM, () => handled++);
  setitimer(ITIMER_REAL, 0.01);
  expect(select([near], [], [])[0]).toEqual([near]);
  expect(handled).toBe(1);
  expect([...near.recv(10)]).toEqual([SIGALRM]);
});

test('a signal that is ignored or left to its default writes nothing to the wakeup descriptor', () => {
  const [near, far] = pair();
  far.setblocking(false);
  set_wakeup_fd(far.fileno());
  signal(SIGUSR1, SIG_IGN);
  raise_signal(SIGUSR1);
  expect(select([near], [], [], 0)[0]).toEqual([]);
});

test('set_wakeup_fd throws for a descriptor that is closed, blocking or no number', () => {
  const [near, far] = pair();
  expect(() => set_wakeup_fd(near.fileno())).toThrow(
    new RangeError(`the fd ${near.fileno()} must be in non-blocking mode`),
  );
  const fd = far.fileno();
  far.close();
  expect(() => set_wakeup_fd(fd)).toThrow(expect.objectContaining({ code: 'EBADF' }));
  expect(() => set_wakeup_fd(wrong('1'))).toThrow(TypeError);
  expect(() => set_wakeup_fd(1.5)).toThrow(TypeError);
  expect(set_wakeup_fd(-1)).toBe(-1);
});

test.each([
  ['true', 'wakeup fd: EAGAIN\n'],
  ['false', ''],
])('a full wakeup descriptor, with warn_on_full_buffer %s: stderr has %j', async (flag, wanted) => {
  const { stderr, stdout } = await run(
    `const [near, far] = socketpair();
     far.setblocking(false);
     try { for (;;) far.send(Buffer.alloc(65536)); } catch {}
     signals.set_wakeup_fd(far.fileno(), { warn_on_full_buffer: ${flag} });
     signal(SIGUSR1, () => print('handled'));
     signals.raise_signal(SIGUSR1);`,
  );
  expect(stdout).toBe('handled\n');
  expect(stderr).toBe(wanted && `Exception ignored when trying to write to the signal ${wanted}`);
});

test('a worker may not set the wakeup descriptor', async () => {
  const { stdout } = await run(
    `import { Worker } from 'node:worker_threads';
     const code = "import(" + JSON.stringify(${module('signal')}) + ").then(({ set_wakeup_fd }) => set_wakeup_fd(-1))";
     new Worker(code, { eval: true }).on('error', (error) => print(error.name + ': ' + error.message));`,
  );
  expect(stdout).toBe('RangeError: set_wakeup_fd only works in main thread of the main interpreter\n');
});

test('setitimer says what was left, and repeats', () => {
  expect(setitimer(ITIMER_VIRTUAL, 1000, 0.25)).toEqual([0, 0]);
  const [left, interval] = getitimer(ITIMER_VIRTUAL);
  expect(left).toBeGreaterThan(900);
  expect(left).toBeLessThanOrEqual(1001);
  expect(interval).toBe(0.25);
  expect(setitimer(ITIMER_VIRTUAL, 0)[1]).toBe(0.25);
  expect(getitimer(ITIMER_VIRTUAL)).toEqual([0, 0]);

  let count = 0;
  signal(SIGALRM, () => count++);
  setitimer(ITIMER_REAL, 0.001, 0.001);
  while (count < 3) pause();
  expect(count).toBeGreaterThanOrEqual(3);
});

test.each<[string, () => unknown, object]>([
  ['another timer', () => setitimer(99, 1), { code: 'EINVAL', errno: -EINVAL, syscall: 'setitimer' }],
  ['another timer to look at', () => getitimer(-1), { code: 'EINVAL', syscall: 'getitimer' }],
  ['a negative time', () => setitimer(ITIMER_REAL, -1), { code: 'EINVAL' }],
  ['a string', () => setitimer(ITIMER_REAL, wrong('1')), { name: 'TypeError' }],
  ['NaN', () => setitimer(ITIMER_REAL, Number.NaN), { name: 'RangeError' }],
  ['null', () => setitimer(ITIMER_REAL, wrong(null)), { name: 'TypeError' }],
  ['a part of a second', () => alarm(0.5), { name: 'TypeError' }],
])('a timer refuses %s', (_, call, error) => {
  expect(call).toThrow(expect.objectContaining(error));
  expect(ItimerError).toBe(OSError);
});

test('alarm says how many seconds were left', () => {
  expect(alarm(1000)).toBe(0);
  expect(alarm(0)).toBeGreaterThan(900);
  expect(alarm(0)).toBe(0);
});

test('pause sleeps until a handler ran', () => {
  let handled = 0;
  signal(SIGALRM, () => handled++);
  const start = monotonic();
  setitimer(ITIMER_REAL, 0.02);
  pause();
  expect(handled).toBe(1);
  expect(monotonic() - start).toBeGreaterThanOrEqual(0.02);
});

test('raise_signal returns when the handler has run; its error is the caller’s', () => {
  const seen: number[] = [];
  signal(SIGUSR1, (signum) => seen.push(signum));
  raise_signal(SIGUSR1);
  expect(seen).toEqual([SIGUSR1]);
  signal(SIGUSR1, () => {
    throw new Error('from the handler');
  });
  expect(() => raise_signal(SIGUSR1)).toThrow('from the handler');
});

test('siginterrupt(false) lets the kernel restart a call; its handler runs later', () => {
  const [near, far] = pair();
  let alarms = 0;
  signal(SIGALRM, () => alarms++);
  const room = new Uint8Array(1);
  setitimer(ITIMER_REAL, 0.005);
  expect(sys.recv(near.fileno(), room, 0)).toBe(-EINTR);

  siginterrupt(SIGALRM, false);
  spawn('sh', ['-c', 'sleep 0.1; printf x >&3'], { stdio: ['ignore', 'ignore', 'inherit', far.fileno()] });
  setitimer(ITIMER_REAL, 0.005);
  expect(sys.recv(near.fileno(), room, 0)).toBe(1);

  siginterrupt(SIGALRM, true);
  setitimer(ITIMER_REAL, 0.005);
  expect(sys.recv(near.fileno(), room, 0)).toBe(-EINTR);
  raise_signal(SIGALRM);
  expect(alarms).toBeGreaterThan(0);
});

test('getsignal tells Node’s own: null where it listens, SIG_IGN where it ignores', () => {
  expect(getsignal(SIGPIPE)).toBe(SIG_IGN);
  expect(getsignal(SIGUSR2)).toBe(SIG_DFL);
  const listener = () => {};
  process.on('SIGUSR2', listener);
  expect(getsignal(SIGUSR2)).toBeNull();
  process.off('SIGUSR2', listener);
  expect(getsignal(SIGUSR2)).toBe(SIG_DFL);
  for (const call of [getsignal, strsignal, raise_signal, (n: number) => siginterrupt(n, true)]) {
    for (const signum of [0, -1, NSIG, 1.5]) expect(() => call(signum)).toThrow(RangeError);
  }
});

test("names and numbers are the platform's", () => {
  for (const [name, number] of Object.entries(constants.signals)) {
    if (name in Signals) expect([name, Signals[name]]).toEqual([name, number]);
  }
  expect(Signals[SIGINT]).toBe('SIGINT');
  expect(Signals.SIGHUP).toBe(SIGHUP);
  expect(strsignal(SIGINT)).toBe('Interrupt');
  expect(strsignal(SIGKILL)).toBe('Killed');
});

test.skipIf(!isLinux)("strsignal and valid_signals agree with Python's (Linux: its words)", () => {
  const script =
    'import signal, json; print(json.dumps([[n, signal.strsignal(n)] for n in range(1, signal.NSIG)])); print(json.dumps(sorted(signal.valid_signals())))';
  const { stdout, status } = spawnSync('python3', ['-c', script], { encoding: 'utf8' });
  expect(status).toBe(0);
  const [texts, valid] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect([...valid_signals()]).toEqual(valid);
  expect(texts.filter(([n]: [number]) => valid.includes(n))).toEqual(
    valid.map((n: number) => [n, strsignal(n)]),
  );
});

/** What can be waited for with, prepared for a socket: seconds in, what is ready out. */
type Wait = (near: Socket) => (seconds: number) => unknown[];
const waitsOf =
  (Selector: new () => BaseSelector): Wait =>
  (near) => {
    const selector = kept(new Selector());
    selector.register(near, EVENT_READ);
    return (seconds) => selector.select(seconds);
  };

test.each<[string, Wait]>([
  ['select', (near) => (seconds) => select([near], [], [], seconds).flat()],
  [
    'poll',
    (near) => {
      const poller = poll();
      poller.register(near, POLLIN);
      return (seconds) => poller.poll(seconds * 1000);
    },
  ],
  ['PollSelector.select', waitsOf(PollSelector)],
  ['DefaultSelector.select', waitsOf(DefaultSelector)],
])('%s whose time ran out in a handler is empty, whatever came meanwhile (bpo-35310)', (_, prepare) => {
  const [near, far] = pair();
  const wait = prepare(near);
  let deadline = 0;
  let isWaiting = false;
  let cameWhileWaiting = false;
  signal(SIGALRM, () => {
    cameWhileWaiting = isWaiting;
    far.send(Buffer.from('x'));
    while (monotonic() < deadline + 0.01);
  });
  const end = sys.observe((name, call, args) => {
    if (/poll|select|wait|kevent/.test(name)) isWaiting = true;
    return call(...args);
  });
  // On a busy machine the alarm may come before the wait: that would show nothing, and is made again.
  for (;;) {
    isWaiting = false;
    setitimer(ITIMER_REAL, 0.03);
    deadline = monotonic() + 0.05;
    const found = wait(deadline - monotonic());
    if (cameWhileWaiting) expect(found).toEqual([]);
    if (cameWhileWaiting) break;
    setitimer(ITIMER_REAL, 0);
    if (wait(0).length > 0) near.recv(1);
  }
  end();
  expect(wait(0)).toHaveLength(1);
});

test('a handler may not poll the object that it interrupted, but another', () => {
  const [near, far] = pair();
  const poller = poll();
  poller.register(near, POLLIN);
  const other = poll();
  other.register(near, POLLIN);
  const seen: unknown[] = [];
  signal(SIGALRM, () => {
    seen.push(other.poll(0));
    expect(() => poller.poll(0)).toThrow(new Error('concurrent poll() invocation'));
    far.send(Buffer.from('x'));
  });
  setitimer(ITIMER_REAL, 0.005);
  expect(poller.poll()).toEqual([[near.fileno(), POLLIN]]);
  expect(seen).toEqual([[]]);
  expect(poller.poll(0)).toHaveLength(1);
});
