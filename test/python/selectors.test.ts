// One contract, run for each selector that exists here. Names in brackets are CPython's test_selectors.

import { closeSync, openSync } from 'node:fs';
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

const onLinux = process.platform === 'linux';
const onMac = process.platform === 'darwin';

describe.each([
  ['SelectSelector', SelectSelector, true],
  ['PollSelector', PollSelector, true],
  ['EpollSelector', EpollSelector, onLinux],
  ['KqueueSelector', KqueueSelector, onMac],
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

  test('register returns the key, and refuses a descriptor twice [test_register]', () => {
    const key = selector.register(near, EVENT_READ, 'data');
    expect(key).toEqual({ fileobj: near, fd: near.fileno(), events: EVENT_READ, data: 'data' });
    expect(() => selector.register(near, EVENT_READ)).toThrow(KeyError);
    expect(() => selector.register(near.fileno(), EVENT_READ)).toThrow(KeyError);
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

  test('a registered file is found by itself and by its descriptor [test_get_key, test_get_map]', () => {
    expect(selector.get_map()?.size).toBe(0);
    const key = selector.register(near, EVENT_READ);
    expect(selector.get_key(near)).toBe(key);
    expect(selector.get_key(near.fileno())).toBe(key);
    expect(selector.get_map()?.get(near.fileno())).toBe(key);
    expect(() => selector.get_key(far)).toThrow(KeyError);
  });

  test('select tells readable from writable [test_select, test_select_read_write]', () => {
    selector.register(near, EVENT_READ | EVENT_WRITE);
    far.send(Buffer.from('x'));
    let seen = 0;
    for (const [key, events] of selector.select()) {
      expect(key.fileobj).toBe(near);
      seen |= events;
    }
    expect(seen).toBe(EVENT_READ | EVENT_WRITE);
  });

  test('select reports only what was asked for, also at the end of a stream', () => {
    const readKey = selector.register(near, EVENT_READ);
    const writeKey = selector.register(far, EVENT_WRITE);
    expect(selector.select(0)).toEqual([[writeKey, EVENT_WRITE]]);
    selector.unregister(far);
    far.close();
    expect(selector.select()).toEqual([[readKey, EVENT_READ]]);
    expect(near.recv(1)).toHaveLength(0);
  });

  test('modify changes what is watched, and what is remembered [test_modify]', () => {
    selector.register(near, EVENT_READ, 1);
    expect(selector.select(0)).toEqual([]);
    const changed = selector.modify(near, EVENT_WRITE, 2);
    expect(changed).toEqual({ fileobj: near, fd: near.fileno(), events: EVENT_WRITE, data: 2 });
    expect(selector.select()).toEqual([[changed, EVENT_WRITE]]);
    expect(selector.get_key(near)).toBe(changed);
    expect(selector.modify(near, EVENT_WRITE, 3).data).toBe(3);
    expect(() => selector.modify(far, EVENT_READ)).toThrow(KeyError);
    expect(() => selector.modify(near, 0)).toThrow(RangeError);
  });

  test('unregister ends the watching; again is a KeyError [test_unregister]', () => {
    const key = selector.register(near, EVENT_WRITE);
    expect(selector.unregister(near)).toBe(key);
    expect(selector.select(0)).toEqual([]);
    expect(() => selector.unregister(near)).toThrow(KeyError);
  });

  test('unregister works after the file was closed [test_unregister_after_socket_close, …_fd_close]', () => {
    const fd = far.fileno();
    selector.register(near, EVENT_READ);
    selector.register(far, EVENT_READ);
    near.close();
    far.close();
    selector.unregister(near);
    selector.unregister(fd);
    expect(selector.get_map()?.size).toBe(0);
  });

  test('an empty selector waits for its timeout [test_empty_select_timeout]', () => {
    expect(selector.select(0.01)).toEqual([]);
    expect(selector.select(-1)).toEqual([]);
  });

  test('twelve pairs: who writes is who is read [test_selector]', () => {
    const pairs = Array.from({ length: 12 }, () => socketpair());
    for (const [writer, reader] of pairs) {
      selector.register(reader, EVENT_READ, writer);
      selector.register(writer, EVENT_WRITE);
    }
    for (const [writer, reader] of pairs.toReversed()) {
      writer.send(Buffer.from('This is a test.'));
      const readable = selector.select().filter(([, events]) => events & EVENT_READ);
      expect(readable.map(([key]) => key.fileobj)).toEqual([reader]);
      expect(readable[0][0].data).toBe(writer);
      expect(reader.recv(1024).toString()).toBe('This is a test.');
    }
    for (const sock of pairs.flat()) sock.close();
  });

  test('close forgets everything, and may be repeated [test_close]', () => {
    selector.register(near, EVENT_READ);
    const map = selector.get_map();
    selector.close();
    selector.close();
    expect(selector.get_map()).toBeNull();
    expect(map?.size).toBe(0);
    expect(() => selector.get_key(near)).toThrow('Selector is closed');
  });

  if (name === 'EpollSelector') {
    test('a regular file is EPERM, and leaves no key [test_register_file]', () => {
      const fd = openSync('/etc/hostname', 'r');
      expect(() => selector.register(fd, EVENT_READ)).toThrow(expect.objectContaining({ code: 'EPERM' }));
      expect(selector.get_map()?.size).toBe(0);
      closeSync(fd);
    });
  }

  if (name === 'SelectSelector') {
    test('a closed descriptor is EBADF', () => {
      selector.register(near, EVENT_READ);
      near.close();
      expect(() => selector.select(0)).toThrow(expect.objectContaining({ code: 'EBADF', syscall: 'select' }));
    });
  }
});

test('DefaultSelector is the best that the platform has', () => {
  const best = onMac ? KqueueSelector : onLinux ? EpollSelector : PollSelector;
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
