// CPython's test_selectors: the contract of every selector, run once for each backend that exists here;
// each title bears the case's name. What is ours alone is in ../python/selectors.test.ts.

import { execFileSync } from 'node:child_process';
import { openSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { F_GETFD } from '../../src/kernel/constants/fcntl.ts';
import { monotonic } from '../../src/python/builtins/time.ts';
import { KeyError, OSError } from '../../src/python/errors.ts';
import {
  type BaseSelector,
  DefaultSelector,
  EpollSelector,
  EVENT_READ,
  EVENT_WRITE,
  KqueueSelector,
  PollSelector,
  SelectorKey,
  SelectSelector,
} from '../../src/selectors.ts';
import type { Socket } from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';
import { withAlarms } from '../support/alarms.ts';
import { isLinux, isMac } from '../support/platform.ts';
import { pair } from '../support/sockets.ts';

const backends = [
  ['SelectSelector', SelectSelector, ''],
  ['PollSelector', PollSelector, ''],
  ['EpollSelector', EpollSelector, isLinux ? '' : 'epoll is Linux’s'],
  ['KqueueSelector', KqueueSelector, isMac ? '' : 'kqueue is macOS’s'],
  ['DefaultSelector', DefaultSelector, ''],
] as const;

let selector: BaseSelector;
let descriptors: number[];
beforeEach(() => {
  descriptors = [];
});
afterEach(() => {
  selector?.close();
  for (const fd of descriptors) sys.close(fd);
});

describe.each(backends)('%s', (name, Selector, missing) => {
  beforeEach(() => {
    if (!missing) selector = new Selector();
  });
  const contract = test.skipIf(missing !== '');
  const suffix = missing && ` (not run: ${missing})`;

  contract(`BaseSelectorTestCase.test_register: gives the key, and refuses what is no file${suffix}`, () => {
    const [rd] = pair();
    const key = selector.register(rd, EVENT_READ, 'data');
    expect(key).toBeInstanceOf(SelectorKey);
    expect({ ...key }).toEqual({ fileobj: rd, fd: rd.fileno(), events: EVENT_READ, data: 'data' });
    expect(() => selector.register(0, 999999)).toThrow(new RangeError('Invalid events: 999999'));
    expect(() => selector.register(-10, EVENT_READ)).toThrow(new RangeError('Invalid file descriptor: -10'));
    expect(() => selector.register(rd, EVENT_READ)).toThrow(KeyError);
    expect(() => selector.register(rd.fileno(), EVENT_READ)).toThrow(
      new KeyError(`${rd.fileno()} (FD ${rd.fileno()}) is already registered`),
    );
  });

  contract(`BaseSelectorTestCase.test_unregister: works once, for what is registered${suffix}`, () => {
    const [rd] = pair();
    const key = selector.register(rd, EVENT_READ | EVENT_WRITE);
    expect(selector.unregister(rd)).toBe(key);
    expect(selector.select(0)).toEqual([]);
    expect(() => selector.unregister(999999)).toThrow(new KeyError('999999 is not registered'));
    expect(() => selector.unregister(rd)).toThrow(KeyError);
  });

  contract(
    `BaseSelectorTestCase.test_unregister_after_fd_close: works by number after the close${suffix}`,
    () => {
      const [rd, wr] = pair();
      const [r, w] = [rd.fileno(), wr.fileno()];
      selector.register(r, EVENT_READ);
      selector.register(w, EVENT_WRITE);
      rd.close();
      wr.close();
      selector.unregister(r);
      selector.unregister(w);
      expect(selector.get_map()?.size).toBe(0);
    },
  );

  contract(
    `BaseSelectorTestCase.test_unregister_after_fd_close_and_reuse: and after another file has the number${suffix}`,
    () => {
      const [rd, wr] = pair();
      const [rd2, wr2] = pair();
      const [r, w] = [rd.fileno(), wr.fileno()];
      selector.register(r, EVENT_READ);
      selector.register(w, EVENT_WRITE);
      rd.detach();
      wr.detach();
      // The old files go, and others are there by their numbers, in one step.
      expect(sys.dup2(rd2.fileno(), r)).toBe(r);
      expect(sys.dup2(wr2.fileno(), w)).toBe(w);
      descriptors.push(r, w);
      selector.unregister(r);
      selector.unregister(w);
      expect(selector.get_map()?.size).toBe(0);
    },
  );

  contract(
    `BaseSelectorTestCase.test_unregister_after_socket_close: works by the closed object${suffix}`,
    () => {
      const [rd, wr] = pair();
      selector.register(rd, EVENT_READ);
      selector.register(wr, EVENT_WRITE);
      rd.close();
      wr.close();
      selector.unregister(rd);
      selector.unregister(wr);
      expect(selector.get_map()?.size).toBe(0);

      // By its number too, though it was registered as an object.
      const [other] = pair();
      const fd = other.fileno();
      selector.register(other, EVENT_READ);
      other.close();
      selector.unregister(fd);
      expect(selector.get_map()?.size).toBe(0);
    },
  );

  contract(`BaseSelectorTestCase.test_modify: changes events and data, each alone too${suffix}`, () => {
    const [rd, wr] = pair();
    const key = selector.register(rd, EVENT_READ, 1);
    expect(selector.select(0)).toEqual([]);
    const both = selector.modify(rd, EVENT_WRITE, 2);
    expect({ ...both }).toEqual({ fileobj: rd, fd: rd.fileno(), events: EVENT_WRITE, data: 2 });
    expect(selector.select()).toEqual([[both, EVENT_WRITE]]);
    expect(selector.modify(rd, EVENT_READ, 1).equals(key)).toBe(true);
    expect(() => selector.modify(wr, EVENT_READ)).toThrow(KeyError);
    expect(() => selector.modify(rd, 0)).toThrow(RangeError);
    const changed = selector.modify(rd, EVENT_WRITE);
    expect(changed.equals(key)).toBe(false);
    expect(changed.events).toBe(EVENT_WRITE);
    expect(selector.get_key(rd)).toBe(changed);

    // Data alone is no business of the backend's.
    const calls: string[] = [];
    const backend = selector as unknown as Record<string, (...args: never[]) => void>;
    for (const method of ['watch', 'rewatch', 'unwatch']) {
      const original = backend[method].bind(selector);
      backend[method] = (...args) => {
        calls.push(method);
        original(...args);
      };
    }
    const withData = selector.modify(rd, EVENT_WRITE, 'data');
    expect([withData.data, withData.events]).toEqual(['data', EVENT_WRITE]);
    expect(selector.get_key(rd)).toBe(withData);
    expect(calls).toEqual([]);
    expect(() => selector.modify(999999, EVENT_READ)).toThrow(new KeyError('999999 is not registered'));
  });

  contract(`BaseSelectorTestCase.test_modify_unregister: a backend that fails loses the key${suffix}`, () => {
    const [rd] = pair();
    selector.register(rd, EVENT_READ);
    const failing = selector as unknown as { rewatch(): void };
    failing.rewatch = () => {
      throw new OSError('refused by the test');
    };
    expect(() => selector.modify(rd, EVENT_WRITE)).toThrow('refused by the test');
    expect(selector.get_map()?.size).toBe(0);
    expect(() => selector.get_key(rd)).toThrow(KeyError);
  });

  contract(`BaseSelectorTestCase.test_close: nothing is registered any more${suffix}`, () => {
    const [rd, wr] = pair();
    selector.register(rd, EVENT_READ);
    selector.register(wr, EVENT_WRITE);
    const mapping = selector.get_map()!;
    selector.close();
    selector.close();
    expect(() => selector.get_key(rd)).toThrow(new Error('Selector is closed'));
    expect(() => selector.get_key(wr)).toThrow(new Error('Selector is closed'));
    expect(selector.get_map()).toBeNull();
    expect(mapping.size).toBe(0);
    expect(() => mapping.__getitem__(rd)).toThrow(KeyError);
    expect(mapping.get(rd)).toBeUndefined();
    expect(mapping.get(wr, null)).toBeNull();
  });

  contract(`BaseSelectorTestCase.test_get_key: is the key that was registered${suffix}`, () => {
    const [rd, wr] = pair();
    const key = selector.register(rd, EVENT_READ, 'data');
    expect(selector.get_key(rd)).toBe(key);
    expect(selector.get_key(rd.fileno())).toBe(key);
    expect(() => selector.get_key(wr)).toThrow(KeyError);
    expect(() => selector.get_key(999999)).toThrow(KeyError);
  });

  contract(`BaseSelectorTestCase.test_get_map: is live, by file, and cannot be changed${suffix}`, () => {
    const [rd] = pair();
    const mapping = selector.get_map()!;
    expect([...mapping]).toEqual([]);
    expect(mapping.size).toBe(0);
    const key = selector.register(rd, EVENT_READ, 'data');
    expect(mapping.size).toBe(1);
    expect(mapping.has(rd)).toBe(true);
    expect(mapping.get(rd)).toBe(key);
    expect(mapping.get(rd.fileno())).toBe(key);
    expect(mapping.__getitem__(rd)).toBe(key);
    expect([...mapping]).toEqual([rd.fileno()]);
    expect([...mapping.keys()]).toEqual([rd.fileno()]);
    expect([...mapping.values()]).toEqual([key]);
    expect([...mapping.entries()]).toEqual([[rd.fileno(), key]]);
    expect(() => mapping.__getitem__(999999)).toThrow(new KeyError('999999 is not registered'));
    expect(mapping.has(999999)).toBe(false);
    expect(() => mapping.__delitem__(rd)).toThrow(TypeError);
    expect(mapping).not.toHaveProperty('delete');
    expect(mapping).not.toHaveProperty('set');
  });

  contract(`BaseSelectorTestCase.test_select: tells who is ready, and for what${suffix}`, () => {
    const [rd, wr] = pair();
    selector.register(rd, EVENT_READ);
    const writeKey = selector.register(wr, EVENT_WRITE);
    const result = selector.select();
    for (const [key, events] of result) {
      expect(key).toBeInstanceOf(SelectorKey);
      expect(events & ~(EVENT_READ | EVENT_WRITE)).toBe(0);
    }
    expect(result).toEqual([[writeKey, EVENT_WRITE]]);
  });

  contract(
    `BaseSelectorTestCase.test_select_read_write: both events of one file come with one select${suffix}`,
    () => {
      const [near, far] = pair();
      const key = selector.register(near, EVENT_READ | EVENT_WRITE);
      far.send(Buffer.from('msg'));
      let seen = 0;
      for (const [one, events] of selector.select()) {
        expect(one).toBe(key);
        expect(seen & events).toBe(0); // in one entry or in two, but none twice
        seen |= events;
      }
      expect(seen).toBe(EVENT_READ | EVENT_WRITE);
    },
  );

  contract(
    `BaseSelectorTestCase.test_context_manager: using closes it at the end of the block${suffix}`,
    () => {
      const [rd, wr] = pair();
      {
        using within = selector;
        within.register(rd, EVENT_READ);
        within.register(wr, EVENT_WRITE);
      }
      expect(() => selector.get_key(rd)).toThrow('Selector is closed');
      expect(() => selector.get_key(wr)).toThrow('Selector is closed');
    },
  );

  contract(`BaseSelectorTestCase.test_fileno: is a descriptor, where the backend has one${suffix}`, () => {
    const isThere = name === 'EpollSelector' || name === 'KqueueSelector';
    if (isThere) expect('fileno' in selector).toBe(true);
    if ('fileno' in selector) expect((selector as EpollSelector).fileno()).toBeGreaterThanOrEqual(0);
  });

  contract(
    `BaseSelectorTestCase.test_selector: of twelve pairs, who is written to is who is read${suffix}`,
    () => {
      const message = ' This is a test.';
      const readerOf = new Map<Socket, Socket>();
      const writerOf = new Map<Socket, Socket>();
      for (let i = 0; i < 12; i++) {
        const [rd, wr] = pair();
        selector.register(rd, EVENT_READ, wr);
        selector.register(wr, EVENT_WRITE);
        readerOf.set(wr, rd);
        writerOf.set(rd, wr);
      }
      const ready = (event: number) =>
        selector
          .select()
          .filter(([, events]) => events & event)
          .map(([key]) => key.fileobj as Socket);
      let messages = 0;
      while (writerOf.size > 0) {
        const writers = ready(EVENT_WRITE);
        expect(writers).toHaveLength(writerOf.size);
        const wr = writers[(messages * 7) % writers.length];
        wr.send(Buffer.from(message));
        const readers = ready(EVENT_READ);
        expect(readers).toEqual([readerOf.get(wr)]);
        const [rd] = readers;
        expect(selector.get_key(rd).data).toBe(wr);
        expect(rd.recv(message.length).toString()).toBe(message);
        messages++;
        selector.unregister(rd);
        selector.unregister(wr);
        writerOf.delete(rd);
      }
      expect(messages).toBe(12);
    },
  );

  contract(`BaseSelectorTestCase.test_empty_select: nothing registered, nothing ready${suffix}`, () => {
    expect(selector.select(0)).toEqual([]);
    expect(selector.select(-1)).toEqual([]);
  });

  contract(`BaseSelectorTestCase.test_timeout: none below 1, and all of a longer one${suffix}`, () => {
    const [rd, wr] = pair();
    selector.register(wr, EVENT_WRITE);
    expect(selector.select(0)).toHaveLength(1);
    expect(selector.select(-1)).toHaveLength(1);
    selector.unregister(wr);
    selector.register(rd, EVENT_READ);
    expect(selector.select(0)).toEqual([]);
    expect(selector.select(-1)).toEqual([]);
    const start = monotonic();
    expect(selector.select(0.2)).toEqual([]);
    expect(monotonic() - start).toBeGreaterThanOrEqual(0.2);
  });

  contract(
    `BaseSelectorTestCase.test_select_interrupt_noraise: a handler that returns does not cut it short${suffix}`,
    () => {
      const [rd] = pair();
      selector.register(rd, EVENT_READ);
      let alarms = 0;
      const start = monotonic();
      const result = withAlarms(
        (count) => {
          alarms = count;
        },
        () => selector.select(0.2),
      );
      expect(result).toEqual([]);
      expect(monotonic() - start).toBeGreaterThanOrEqual(0.2);
      expect(alarms).toBeGreaterThan(0);
    },
  );

  test.skipIf(
    missing !== '' || name === 'SelectSelector' || (name === 'DefaultSelector' && !isLinux && !isMac),
  )(
    `ScalableSelectorMixIn.test_above_fd_setsize: as many files as the process may have, in one select${suffix || (name === 'SelectSelector' ? ' (not run: select stops at FD_SETSIZE)' : '')}`,
    (context) => {
      const limit = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' })) || 1024;
      const { length: open } = descriptorsInUse();
      // macOS: no process has more, and poll(2) takes no more. OPEN_MAX.
      const count = Math.min(limit - open - 64, isMac ? 10_000 : 20_000) & ~1;
      expect(count).toBeGreaterThan(64);
      for (let i = 0; i < count / 2; i++) {
        const [rd, wr] = pair();
        try {
          selector.register(rd, EVENT_READ);
          selector.register(wr, EVENT_WRITE);
        } catch (error) {
          // max_user_watches of epoll(7)
          if ((error as OSError).code === 'ENOSPC') context.skip('the kernel allows fewer epoll entries');
          throw error;
        }
      }
      const ready = selector.select();
      expect(ready).toHaveLength(count / 2);
      expect(ready.every(([, events]) => events === EVENT_WRITE)).toBe(true);
    },
  );

  if (name === 'EpollSelector' || name === 'DefaultSelector') {
    test.skipIf(!isLinux)(
      'EpollSelectorTestCase.test_register_file: a regular file is EPERM, and leaves no key',
      () => {
        const fd = openSync('/etc/hostname', 'r');
        descriptors.push(fd);
        expect(() => selector.register(fd, EVENT_READ)).toThrow(
          expect.objectContaining({ code: 'EPERM', name: 'PermissionError' }),
        );
        expect(() => selector.get_key(fd)).toThrow(KeyError);
        expect(selector.get_map()?.size).toBe(0);
      },
    );
  }

  if (name === 'KqueueSelector' || name === 'DefaultSelector') {
    const kqueueCase = test.skipIf(!isMac);
    const why = isMac ? '' : ' (not run: kqueue is macOS’s)';
    kqueueCase(
      `KqueueSelectorTestCase.test_register_bad_fd: a closed descriptor is EBADF, and leaves no key${why}`,
      () => {
        const [rd] = pair();
        const fd = rd.fileno();
        rd.close();
        expect(() => selector.register(fd, EVENT_READ)).toThrow(expect.objectContaining({ code: 'EBADF' }));
        expect(() => selector.get_key(fd)).toThrow(KeyError);
      },
    );

    kqueueCase(
      `KqueueSelectorTestCase.test_empty_select_timeout: an empty selector waits all of its timeout${why}`,
      () => {
        const start = monotonic();
        expect(selector.select(0.2)).toEqual([]);
        expect(monotonic() - start).toBeGreaterThanOrEqual(0.2);
      },
    );
  }

  contract(`BaseSelectorTestCase.test_select_interrupt_exc: a handler that throws ends it${suffix}`, () => {
    const [rd] = pair();
    selector.register(rd, EVENT_READ);
    const throwing = () => {
      throw new Error('from the handler');
    };
    expect(() => withAlarms(throwing, () => selector.select(30))).toThrow('from the handler');
  });

  contract(`ours: an empty selector waits all of its timeout, whatever the backend${suffix}`, () => {
    const start = monotonic();
    expect(selector.select(0.05)).toEqual([]);
    expect(monotonic() - start).toBeGreaterThanOrEqual(0.05);
  });
});

function descriptorsInUse(): number[] {
  const used: number[] = [];
  for (let fd = 0; fd < 1024; fd++) if (sys.fcntl(fd, F_GETFD, 0) >= 0) used.push(fd);
  return used;
}
