// Calls of a part of a buffer, and batches of them in one crossing: the same results and the same errors.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Batch } from '../../src/kernel/batch.ts';
import { EAGAIN, EBADF } from '../../src/kernel/errno.ts';
import { SEND, WORDS_PER_CALL } from '../../src/kernel/fast-calls.ts';
import { maybePending } from '../../src/kernel/native.ts';
import * as own from '../../src/kernel/own-calls.ts';
import { AF_UNIX, MSG_DONTWAIT, SOCK_STREAM } from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';

const memory = new ArrayBuffer(64);
const bytes = new Uint8Array(memory);
const sv = new Int32Array(2);

beforeEach(() => {
  bytes.set(Buffer.from('0123456789abcdef'));
  sys.socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
});
afterEach(() => {
  sys.interpose(null);
  for (const fd of sv) sys.close(fd);
});

/** What can be received from a descriptor. */
function received(fd: number): string {
  const into = Buffer.alloc(64);
  return into.toString('latin1', 0, Math.max(sys.recv(fd, into, MSG_DONTWAIT), 0));
}

describe('a call of a part of a buffer', () => {
  test.each([
    ['an ArrayBuffer', memory],
    ['a TypedArray', bytes],
    ['a TypedArray of wider elements', new Uint16Array(memory)],
  ])('sends, writes and receives a part of %s', (_, buf) => {
    expect(sys.send(sv[0], buf, 10, 3, 0)).toBe(3);
    expect(sys.write(sv[0], buf, 2, 4)).toBe(4);
    expect(received(sv[1])).toBe('abc2345');
    sys.send(sv[1], Buffer.from('xyz'), 0);
    expect(sys.recv(sv[0], buf, 1, 2, 0)).toBe(2);
    expect(Buffer.from(memory, 0, 5).toString()).toBe('0xy34');
  });

  test('takes a view from where it begins', () => {
    expect(sys.send(sv[0], bytes.subarray(4, 8), 1, 2, 0)).toBe(2);
    expect(received(sv[1])).toBe('56');
  });

  test('returns the negative errno', () => {
    expect(sys.recv(sv[0], memory, 0, 1, MSG_DONTWAIT)).toBe(-EAGAIN);
    expect(sys.send(-1, memory, 0, 1, 0)).toBe(-EBADF);
    expect(sys.write(-1, memory, 0, 1)).toBe(-EBADF);
  });

  const detached = new Uint8Array(8);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });

  // The other arguments are good: it is this one that counts.
  const wrong: [string, unknown[]][] = [
    ['an offset below 0', [-1, memory, -1, 1]],
    ['a length below 0', [-1, memory, 0, -1]],
    ['a part that ends outside', [-1, memory, 60, 5]],
    ['an offset beyond 32 bits', [-1, memory, 2 ** 32, 0]],
    ['a descriptor beyond 32 bits', [2 ** 31, memory, 0, 1]],
    ['a fraction', [-1, memory, 0.5, 1]],
    ['a string for a number', [-1, memory, '0', 1]],
    ['an object for a number', [-1, memory, { valueOf: () => 0 }, 1]],
    ['a string for the buffer', [-1, '0123', 0, 1]],
    ['null for the buffer', [-1, null, 0, 1]],
    ['a detached buffer', [-1, detached, 0, 1]],
  ];
  test.each(wrong)('throws for %s', (_, args) => {
    for (const name of ['recv', 'send', 'write'] as const) {
      const given = name === 'write' ? args : [...args, 0];
      expect(() => (sys[name] as (...args: unknown[]) => number)(...given)).toThrow(
        /^(recv|send|write)\(.*: |^(recv|send|write): /,
      );
    }
  });
});

test('whether a signal is pending is a word that nothing can detach or transfer', () => {
  const { buffer } = maybePending;
  expect(buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(() => structuredClone(buffer, { transfer: [buffer as never] })).toThrow();
  expect(buffer).not.toHaveProperty('transfer');
});

describe('a batch', () => {
  /** Sends '0', 'ab' and nothing (to no descriptor), then receives twice. */
  function run(): number[] {
    const batch = new Batch(memory, 5);
    batch.send(0, sv[0], 0, 1, 0);
    batch.send(1, sv[0], 10, 2, 0);
    batch.send(2, -1, 0, 1, 0);
    batch.recv(3, sv[1], 32, 3, 0);
    batch.recv(4, sv[1], 40, 3, MSG_DONTWAIT);
    batch.run(5);
    return [0, 1, 2, 3, 4].map((i) => batch.result(i));
  }

  test('makes its calls in order, and has the result of each', () => {
    expect(run()).toEqual([1, 2, -EBADF, 3, -EAGAIN]);
    expect(Buffer.from(memory, 32, 3).toString()).toBe('0ab');
  });

  test('makes no more calls than run() was asked for', () => {
    const batch = new Batch(memory, 3);
    for (const i of [0, 1, 2]) batch.send(i, sv[0], i, 1, 0);
    batch.run(2);
    expect(received(sv[1])).toBe('01');
    for (const i of [0, 1, 2]) batch.send(i, sv[0], i, 1, 0);
    batch.run(0);
    expect(received(sv[1])).toBe('');
  });

  test('can be run again, with its offsets and lengths as they were given', () => {
    const batch = new Batch(memory, 1);
    batch.send(0, sv[0], 3, 2, 0);
    batch.run(1);
    expect([batch.offset(0), batch.length(0)]).toEqual([3, 2]);
    batch.send(0, sv[0], 5, 1, 0);
    batch.run(1);
    expect(received(sv[1])).toBe('345');
  });

  test('throws for a call that reaches outside its memory, after those before it were made', () => {
    const batch = new Batch(memory, 3);
    batch.send(0, sv[0], 0, 1, 0);
    batch.send(1, sv[0], 60, 5, 0);
    batch.send(2, sv[0], 1, 1, 0);
    expect(() => batch.run(3)).toThrow(new RangeError('batch: entry 1 reaches outside the buffer'));
    expect(received(sv[1])).toBe('0');
  });

  describe.each([
    ['at once', () => {}],
    ['one by one, where something is attached', () => sys.interpose((_, call, args) => call(...args))],
  ])('made %s', (_, attach) => {
    const send = (length: number, number = SEND) => [number, sv[0], 0, length, 0];

    test.each([-1, 0.5, Number.NaN, 3, 2 ** 32, '1', undefined])('has no %s entries of two', (n) => {
      attach();
      const entries = Int32Array.from([...send(1), ...send(2)]);
      const given = [...entries];
      expect(() => own.batch(memory, entries, n as number)).toThrow(
        new RangeError(`batch: there are no ${n} entries`),
      );
      expect([[...entries], received(sv[1])]).toEqual([given, '']);
    });

    test('takes an Int32Array, and memory', () => {
      attach();
      const entries = Int32Array.from(send(1));
      expect(() => own.batch(memory, new Uint8Array(entries.buffer) as never, 1)).toThrow(TypeError);
      expect(() => own.batch(memory, [...entries] as never, 1)).toThrow(TypeError);
      expect(() => own.batch('0123' as never, entries, 1)).toThrow(TypeError);
      expect(received(sv[1])).toBe('');
    });

    test.each([7, -1, 3])(
      'throws for the number %i, which no call has, after those before it were made',
      (number) => {
        attach();
        const entries = Int32Array.from([...send(1), ...send(2, number), ...send(3)]);
        expect(() => own.batch(memory, entries, 3)).toThrow(
          new RangeError(`batch: entry 1 has the number ${number}, which is no call's`),
        );
        expect([entries[0], entries[2 * WORDS_PER_CALL], received(sv[1])]).toEqual([1, SEND, '0']);
      },
    );

    test('throws for an entry that reaches outside its memory, after those before it were made', () => {
      attach();
      const entries = Int32Array.from([...send(1), ...send(65), ...send(3)]);
      expect(() => own.batch(memory, entries, 3)).toThrow(
        new RangeError('batch: entry 1 reaches outside the buffer'),
      );
      expect(received(sv[1])).toBe('0');
    });
  });

  test('shows an interposer each of its calls', () => {
    const seen: unknown[] = [];
    sys.interpose((name, call, args) => {
      seen.push([name, ...args]);
      return call(...args);
    });
    expect(run()).toEqual([1, 2, -EBADF, 3, -EAGAIN]);
    expect(seen).toEqual([
      ['send', sv[0], memory, 0, 1, 0],
      ['send', sv[0], memory, 10, 2, 0],
      ['send', -1, memory, 0, 1, 0],
      ['recv', sv[1], memory, 32, 3, 0],
      ['recv', sv[1], memory, 40, 3, MSG_DONTWAIT],
    ]);
  });
});
