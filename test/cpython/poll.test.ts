// CPython's test_poll, its portable cases; each title bears the case's name.

import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { KeyError } from '../../src/python/errors.ts';
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, poll } from '../../src/select.ts';
import { socketpair } from '../../src/socket.ts';
import { withAlarms } from '../support/alarms.ts';
import { isSimulated } from '../support/platform.ts';

const wrong = (value: unknown) => value as never;
const MESSAGE = ' This is a test.';

test('PollTests.test_poll1: of twelve pairs, whoever is written to is readable, and nothing is lost', () => {
  const poller = poll();
  const pairs = Array.from({ length: 12 }, () => socketpair());
  const writerOf = new Map(pairs.map(([reader, writer]) => [reader.fileno(), writer]));
  const readerOf = new Map(pairs.map(([reader, writer]) => [writer.fileno(), reader]));
  for (const [reader, writer] of pairs) {
    poller.register(reader);
    poller.modify(reader, POLLIN);
    poller.register(writer, POLLOUT);
  }
  let writers = [...readerOf.keys()];
  let messages = 0;
  while (writers.length > 0) {
    const writable = poller
      .poll()
      .filter(([, events]) => events & POLLOUT)
      .map(([fd]) => fd);
    expect(writable.toSorted()).toEqual(writers.toSorted());
    const fd = writable[(messages * 7) % writable.length]; // any of them: every message another
    const reader = readerOf.get(fd)!;
    writerOf.get(reader.fileno())!.send(Buffer.from(MESSAGE));

    const readable = poller
      .poll()
      .filter(([, events]) => events & POLLIN)
      .map(([one]) => one);
    expect(readable).toEqual([reader.fileno()]);
    expect(reader.recv(MESSAGE.length).toString()).toBe(MESSAGE);
    messages++;
    poller.unregister(reader);
    poller.unregister(fd);
    writers = writers.filter((one) => one !== fd);
  }
  for (const sock of pairs.flat()) sock.close();
  expect(messages).toBe(12);
});

test('PollTests.test_poll_unit_tests: a closed descriptor is POLLNVAL, and strangers are refused', () => {
  const fd = openSync('/dev/null', 'r');
  closeSync(fd);
  const poller = poll();
  poller.register(fd);
  expect(poller.poll()).toEqual([[fd, POLLNVAL]]);

  const [near, far] = socketpair();
  const number = near.fileno();
  const file = { fileno: () => number };
  const other = poll();
  other.register(file);
  other.register(file); // again changes nothing
  expect(other.poll()).toEqual([[number, POLLOUT]]);
  near.close();
  expect(other.poll()).toEqual([[number, POLLNVAL]]);
  far.close();

  const strange = poll();
  expect(() => strange.register(wrong({}), POLLIN)).toThrow(TypeError);
  expect(() => strange.register(wrong({ fileno: () => 'nope' }), POLLIN)).toThrow(TypeError);
  expect(() => strange.register(wrong(null), POLLIN)).toThrow(TypeError);
  expect(() => strange.unregister(3)).toThrow(KeyError);
});

test.skipIf(isSimulated)(
  'PollTests.test_poll2: lines of a slow child, then its hang-up without any data',
  () => {
    const [near, far] = socketpair();
    const script = 'i=0; while [ $i -lt 10 ]; do echo testing...; sleep 0.02; i=$((i+1)); done';
    spawn('sh', ['-c', script], { stdio: ['ignore', far.fileno(), 'inherit'] });
    far.close();
    const poller = poll();
    poller.register(near, POLLIN);
    const timeouts = [0, 1000, 2000, 4000, 8000, 16000];
    let text = '';
    for (;;) {
      const timeout = timeouts.shift() ?? -1;
      const ready = poller.poll(timeout);
      if (ready.length === 0) {
        expect(timeout).toBeGreaterThanOrEqual(0);
        continue;
      }
      const [[fd, events]] = ready;
      expect([ready.length, fd]).toEqual([1, near.fileno()]);
      expect(events & POLLERR).toBe(0);
      const data = near.recv(1024);
      if (data.length === 0) {
        expect(events & (POLLHUP | POLLIN)).not.toBe(0);
        break;
      }
      expect(events & POLLIN).toBe(POLLIN);
      text += data.toString();
    }
    near.close();
    expect(text).toBe('testing...\n'.repeat(10));
  },
);

test('PollTests.test_poll3: numbers beyond their C types are refused', () => {
  const poller = poll();
  poller.register(1);
  expect(() => poller.poll(2 ** 64)).toThrow(RangeError);
  for (const mask of [-1, 2 ** 64, 2 ** 64 - 1]) {
    expect(() => poller.register(0, mask)).toThrow(RangeError);
    expect(() => poller.modify(1, mask)).toThrow(RangeError);
  }
  expect(() => poller.register(0, -1)).toThrow(new RangeError('value must be positive'));
  expect(() => poller.modify(1, -1)).toThrow(new RangeError('value must be positive'));
});

test("PollTests.test_poll_c_limits: a mask beyond an unsigned short, a timeout beyond an int's", () => {
  const poller = poll();
  poller.register(1);
  expect(() => poller.register(0, 0xffff + 1)).toThrow(RangeError);
  expect(() => poller.register(0, 0xffff + 1)).toThrow(/^eventmask must be 0-65535/);
  expect(() => poller.modify(1, 0xffff + 1)).toThrow(RangeError);
  expect(() => poller.poll(2 ** 31)).toThrow(new RangeError('timeout is too large'));
  expect(() => poller.poll(2 ** 32)).toThrow(new RangeError('timeout is too large'));
});

test.each([null, -1000, -1, -1.0, -0.1, -1e-100])(
  'PollTests.test_poll_blocks_with_negative_ms: %s ms waits until there is something',
  (timeout) => {
    const [near, far] = socketpair();
    const poller = poll();
    poller.register(near, POLLIN);
    // Had it not waited for the second alarm, there would be nothing.
    const write = (count: number) => count === 2 && far.send(Buffer.from('something'));
    const ready = withAlarms(write, () => poller.poll(timeout));
    expect(ready).toEqual([[near.fileno(), POLLIN]]);
    near.close();
    far.close();
  },
);
