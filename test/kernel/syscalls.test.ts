// syscalls.ts: the choke point sees every call; and a kernel error is a negative errno.

import { closeSync, openSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { kernelName } from '../../src/kernel/calls.ts';
import * as fcntl from '../../src/kernel/constants/fcntl.ts';
import { NSIG, SIGKILL } from '../../src/kernel/constants/signal.ts';
import { EBADF, EFAULT, EINTR, EINVAL, ENOSYS, ENOTSOCK } from '../../src/kernel/errno.ts';
import { kernel } from '../../src/kernel/fast-calls.ts';
import { type Calls, native } from '../../src/kernel/native.ts';
import * as own from '../../src/kernel/own-calls.ts';
import * as sys from '../../src/kernel/syscalls.ts';
import { socketpair } from '../../src/socket.ts';
import * as door from '../../src/syscalls.ts';
import { pair } from '../support/descriptors.ts';
import { isLinux } from '../support/platform.ts';
import { forms, titled } from '../support/signatures.ts';

const names = Object.keys(native) as (keyof Calls)[];
const ownNames = [
  'catch_signal',
  'chain_signal',
  'save_signal',
  'pass_signal',
  'restore_signal',
  'set_wakeup_fd',
  'take_pending_signals',
  'own_fd',
] as const;
/** What stands at the choke point now. */
const live = new Proxy({} as Calls, {
  get: (_, name) => ({ ...sys, ...own })[name as keyof Calls],
});
const raw = (name: keyof Calls) => live[name] as (...args: unknown[]) => number;

describe('the choke point', () => {
  afterEach(() => sys.interpose(null));

  test('exports exactly the addon’s calls, a batch of them, and what attaches to them', () => {
    const systemCalls = names.filter((name) => !(ownNames as readonly string[]).includes(name));
    expect(Object.keys(sys).sort()).toEqual([...systemCalls, 'attach', 'interpose', 'observe'].sort());
    expect(Object.keys(own).sort()).toEqual([...ownNames, 'batch', 'rebindOwnCalls'].sort());
  });

  test('has what functions rfds/syscalls exports: all but the addon’s own calls and batches', () => {
    const exported = names.filter((name) => !(ownNames as readonly string[]).includes(name));
    const doors = Object.entries(door).filter(([, value]) => typeof value === 'function');
    expect(doors.map(([name]) => name).sort()).toEqual(
      [...exported, 'attach', 'errorcode', 'interpose', 'observe'].sort(),
    );
  });

  test('is the fast calls and the addon themselves while nothing is attached', () => {
    for (const name of names) expect([name, live[name]]).toEqual([name, kernel[name]]);
  });

  test('sends every call through the interposer, by name and with its arguments, until that goes', () => {
    const args = [1, new Uint8Array(2), null];
    const seen: unknown[] = [];
    sys.interpose((...what) => {
      seen.push(what);
      return -EINTR;
    });
    expect(names.map((name) => raw(name)(...args))).toEqual(names.map(() => -EINTR));
    expect(seen).toEqual(names.map((name) => [name, kernel[name], args]));
    sys.interpose(null);
    for (const name of names) expect([name, live[name]]).toEqual([name, kernel[name]]);
  });

  test('lets the interposer make the call', () => {
    const seen: string[] = [];
    sys.interpose((name, call, args) => {
      seen.push(name);
      return call(...args);
    });
    const [a, b] = socketpair();
    a.sendall(Buffer.from('x'));
    expect(b.recv(1)).toEqual(Buffer.from('x'));
    a.close();
    b.close();
    const others = ['fcntl', 'setsockopt', 'own_fd'];
    expect(seen.filter((name) => !others.includes(name))).toEqual([
      'socketpair',
      'send',
      'recv',
      'close',
      'close',
    ]);
  });

  test('takes a function between, and nothing else', () => {
    expect(() => sys.interpose(1 as never)).toThrow(
      new TypeError('interpose(): interposer must be a function or null, got number'),
    );
    expect(() => sys.observe(undefined as never)).toThrow(
      new TypeError('observe(): observer must be a function, got undefined'),
    );
    expect(sys.dup(-1)).toBeLessThan(0);
  });

  test('has one interposer at a time: the last', () => {
    sys.interpose(() => 1);
    sys.interpose(() => 2);
    expect(sys.dup(0)).toBe(2);
  });

  test('has layers in a defined order: the last attached is nearest the program, observers beneath all others', () => {
    const order: string[] = [];
    const layer =
      (label: string): sys.Layer =>
      (_, call) =>
      (...args) => {
        order.push(label);
        return call(...args);
      };
    const detach = [
      sys.attach(layer('first')),
      sys.attach(layer('second')),
      sys.attach(layer('observer'), { observes: true }),
      sys.attach(layer('second observer'), { observes: true }),
    ];
    sys.dup(-1);
    expect(order).toEqual(['second', 'first', 'second observer', 'observer']);
    order.length = 0;
    detach[1]();
    detach[1](); // Taken off once, whatever is attached the same way elsewhere.
    sys.dup(-1);
    expect(order).toEqual(['first', 'second observer', 'observer']);
    for (const off of detach) off();
    expect(live.dup).toBe(kernel.dup);
    const twice = layer('twice');
    const both = [sys.attach(twice), sys.attach(layer('between')), sys.attach(twice)];
    both[0]();
    order.length = 0;
    sys.dup(-1);
    expect(order).toEqual(['twice', 'between']);
    for (const off of both) off();
    expect(() => sys.attach(() => 1 as never)).toThrow(
      new TypeError('attach(): layer must return a function for socket, got number'),
    );
    const failing = new Error('of the layer');
    expect(() =>
      sys.attach(() => {
        throw failing;
      }),
    ).toThrow(failing);
    expect(live.dup).toBe(kernel.dup); // Neither stays.
    expect(() => sys.attach(null as never)).toThrow(
      new TypeError('attach(): layer must be a function, got object'),
    );
  });
});

describe('a kernel error is a negative errno', () => {
  const missing = names.filter((name) => kernelName(name, process.platform, process.arch) === null);
  // epoll_wait asks for room for an event before it looks at the descriptor; signalfd's -1 is a new one; dup3
  // at whether the two are the same.
  const adapted: Record<string, [index: number, value: number]> = {
    epoll_wait: [2, 1],
    epoll_pwait: [2, 1],
    epoll_pwait2: [2, 1],
    splice: [4, 1],
    fcntl: [2, 0],
    signalfd: [0, -2],
    dup3: [1, -2],
  };
  const onDescriptor = forms
    .filter(({ name, parameters }) => parameters[0]?.kind === 'fd' && !missing.includes(name))
    .map((form) => {
      const change = adapted[form.name];
      return change ? { ...form, valid: form.valid.with(...change) } : form;
    });

  test.each(titled(onDescriptor))('EBADF: %s on a descriptor that is not open', (_, { call, valid }) => {
    expect(call(...valid)).toBe(-EBADF);
  });

  const calls = [
    'bind',
    'listen',
    'accept',
    'connect',
    'getsockname',
    'getpeername',
    'getsockopt',
    'setsockopt',
  ];
  calls.push(
    'recv',
    'send',
    'recvfrom',
    'sendto',
    'recvmsg',
    'sendmsg',
    'shutdown',
    ...(isLinux ? ['accept4'] : []),
  );

  test.each(titled(onDescriptor.filter(({ name }) => calls.includes(name))))(
    'ENOTSOCK: %s on a file',
    (_, { call, valid }) => {
      const fd = openSync('/dev/null', 'r+');
      expect(call(...valid.with(0, fd))).toBe(-ENOTSOCK);
      closeSync(fd);
    },
  );

  test.each(titled(forms.filter(({ name }) => missing.includes(name))))(
    `ENOSYS: %s on ${process.platform}, which has no such call`,
    (_, { call, valid }) => {
      expect(call(...valid)).toBe(-ENOSYS);
    },
  );

  test('EFAULT or EINVAL: fcntl with a command that takes a pointer, or that there is not', () => {
    const [fd] = pair();
    for (const cmd of [fcntl.F_GETLK, fcntl.F_SETLK, fcntl.F_SETLKW])
      expect(sys.fcntl(fd, cmd, 1)).toBe(-EFAULT);
    expect(sys.fcntl(fd, 9999, 1)).toBe(-EINVAL);
  });

  test('EINVAL: a clock, a signal or a number of descriptors that there is not', () => {
    expect(sys.clock_gettime(9999, new BigInt64Array(2))).toBe(-EINVAL);
    for (const signum of [0, -1, NSIG, SIGKILL])
      expect([signum, sys.sigaction(signum, 0), own.catch_signal(signum, 0)]).toEqual([
        signum,
        -EINVAL,
        -EINVAL,
      ]);
    expect(sys.select(-1, null, null, null, new BigInt64Array(2))).toBe(-EINVAL);
  });
});
