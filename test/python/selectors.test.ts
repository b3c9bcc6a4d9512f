// Each selector that exists here, beyond CPython's cases (../cpython/selectors.test.ts).

import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KeyError } from '../../src/python/errors.ts';
import { select } from '../../src/select.ts';
import {
  BaseSelector,
  DefaultSelector,
  EpollSelector,
  EVENT_READ,
  EVENT_WRITE,
  KqueueSelector,
  PollSelector,
  SelectorKey,
  SelectorMapping,
  SelectSelector,
} from '../../src/selectors.ts';
import { type Socket, socketpair } from '../../src/socket.ts';
import { isLinux, isMac } from '../support/platform.ts';

describe.each([
  ['SelectSelector', SelectSelector, true],
  ['PollSelector', PollSelector, true],
  ['EpollSelector', EpollSelector, isLinux],
  ['KqueueSelector', KqueueSelector, isMac],
  ['DefaultSelector', DefaultSelector, true],
] as const)('%s', (name, Selector, exists) => {
  if (!exists) {
    test(`throws ENOSYS where the kernel has none (and so is not run here)`, () => {
      expect(() => new Selector()).toThrow(expect.objectContaining({ code: 'ENOSYS' }));
    });
    return;
  }

  let selector: BaseSelector<unknown>;
  let [near, far]: Socket[] = [];
  beforeEach(() => {
    selector = new Selector();
    [near, far] = socketpair();
  });
  afterEach(() => {
    selector.close();
    near.close();
    far.close();
  });

  test.each([0, 4, 999999, 1.5, Number.NaN])('register refuses the events %d', (events) => {
    expect(() => selector.register(near, events)).toThrow(new RangeError(`Invalid events: ${events}`));
  });

  test.each([-10, Number.NaN, {}, null, 'x', { fileno: () => 'x' }])(
    'register refuses the file %o',
    (file) => {
      expect(() => selector.register(file as never, EVENT_READ)).toThrow(RangeError);
    },
  );

  test('select reports only what was asked for, also at the end of a stream', () => {
    const readKey = selector.register(near, EVENT_READ);
    const writeKey = selector.register(far, EVENT_WRITE);
    expect(selector.select(0)).toEqual([[writeKey, EVENT_WRITE]]);
    selector.unregister(far);
    far.close();
    expect(selector.select()).toEqual([[readKey, EVENT_READ]]);
    expect(near.recv(1)).toHaveLength(0);
  });

  if (name === 'SelectSelector') {
    test('a closed descriptor is EBADF', () => {
      selector.register(near, EVENT_READ);
      near.close();
      expect(() => selector.select(0)).toThrow(expect.objectContaining({ code: 'EBADF', syscall: 'select' }));
    });
  }
});

test('DefaultSelector is the best that the platform has', () => {
  const best = isMac ? KqueueSelector : isLinux ? EpollSelector : PollSelector;
  expect(new DefaultSelector()).toBeInstanceOf(best);
  expect(select([], [], [], 0)).toEqual([[], [], []]);
});

test("a key is Python's named tuple: it shows, unpacks, compares and does not change", () => {
  const key = new SelectorKey(7, 7, EVENT_READ, 'data');
  expect(String(key)).toBe("SelectorKey(fileobj=7, fd=7, events=1, data='data')");
  expect(inspect(new SelectorKey(7, 7, EVENT_READ, undefined))).toBe(
    'SelectorKey(fileobj=7, fd=7, events=1, data=None)',
  );
  const [fileobj, fd, events, data] = key;
  expect([fileobj, fd, events, data]).toEqual([7, 7, EVENT_READ, 'data']);
  expect(key.equals(new SelectorKey(7, 7, EVENT_READ, 'data'))).toBe(true);
  for (const other of [new SelectorKey(7, 7, EVENT_WRITE, 'data'), [7, 7, 1, 'data'], null]) {
    expect(key.equals(other)).toBe(false);
  }
  expect(key._replace({ events: EVENT_WRITE })).toEqual(new SelectorKey(7, 7, EVENT_WRITE, 'data'));
  expect(key.events).toBe(EVENT_READ);
  expect(() => Object.assign(key, { events: EVENT_WRITE })).toThrow(TypeError);
});

test('the files of errors are named as Python names them', () => {
  using selector = new SelectSelector();
  const [near, far] = socketpair();
  selector.register(near, EVENT_READ);
  expect(() => selector.register(near, EVENT_READ)).toThrow(
    new KeyError(`${near} (FD ${near.fileno()}) is already registered`),
  );
  expect(() => selector.unregister(far)).toThrow(new KeyError(`${far} is not registered`));
  expect(() => selector.register('x' as never, EVENT_READ)).toThrow(
    new RangeError("Invalid file object: 'x'"),
  );
  near.close();
  far.close();
});

test('what fileno() throws is an invalid file only where Python takes it for one', () => {
  using selector = new SelectSelector();
  const throwing = (error: Error) => ({
    fileno() {
      throw error;
    },
  });
  expect(() => selector.register(throwing(new TypeError('no')), EVENT_READ)).toThrow(/^Invalid file object/);
  expect(() => selector.register(throwing(new RangeError('no')), EVENT_READ)).toThrow(/^Invalid file object/);
  expect(() => selector.register(throwing(new Error('mine')), EVENT_READ)).toThrow('mine');
});

test('BaseSelector is for selectors of one’s own: not made itself, and modify and get_key come with it', () => {
  const Abstract = BaseSelector as unknown as new () => unknown;
  expect(() => new Abstract()).toThrow(new TypeError("Can't instantiate abstract class BaseSelector"));

  const calls: string[] = [];
  class Own extends BaseSelector<string> {
    readonly keys = new Map<number, SelectorKey<string>>();
    register(fileobj: number, events: number, data = '') {
      calls.push('register');
      const key = new SelectorKey(fileobj, fileobj, events, data);
      this.keys.set(fileobj, key);
      return key;
    }
    unregister(fileobj: number) {
      calls.push('unregister');
      const key = this.get_key(fileobj);
      this.keys.delete(fileobj);
      return key;
    }
    select() {
      return [...this.keys.values()].map((key): [SelectorKey<string>, number] => [key, key.events]);
    }
    get_map() {
      return new SelectorMapping(this.keys, (fileobj) => this.keys.get(fileobj as number));
    }
  }
  using own = new Own();
  own.register(3, EVENT_READ);
  const key = own.modify(3, EVENT_WRITE, 'data');
  expect(calls).toEqual(['register', 'unregister', 'register']);
  expect(own.get_key(3)).toBe(key);
  expect(() => own.get_key(4)).toThrow(KeyError);
});
