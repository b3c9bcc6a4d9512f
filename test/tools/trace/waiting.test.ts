// Which calls are told as waits: never one that could not wait, however long it was off the processor.

import { describe, expect, test } from 'vitest';
import type { CallLine, Recording, SocketState } from '../../../src/interpose/recorder/recording.ts';
import { slept, waitingCalls } from '../../../src/tools/trace/analyse/waiting.ts';
import { pageData } from '../../../src/tools/trace/render/html/steps.ts';
import { renderStory } from '../../../src/tools/trace/render/terminal/story.ts';
import { duration } from '../../../src/tools/trace/words.ts';
import { callOf, changed, recordingOf } from '../../support/hello-recording.ts';

const fd = (fd: number) => ({ name: 'fd', text: String(fd), value: fd });
const flags = (...names: string[]) => ({ name: 'flags', text: names.join('|') || '0', value: names });
const len = (length: number) => ({ name: 'len', text: String(length), value: length });
const timeout = (value: number | null) => ({ name: 'timeout', text: String(value), value });
const set = (...fds: number[]) => ({ name: 'readfds', text: `[${fds.join(' ')}]`, value: fds });
const address = (host: string) => ({ name: 'addr', text: host, value: { family: 'AF_INET', host, port: 1 } });

const state = (fd: number, more: Partial<SocketState> = {}): SocketState => ({
  fd,
  family: 'AF_INET',
  kind: 'SOCK_STREAM',
  local: ['127.0.0.1', 1],
  remote: ['127.0.0.1', 2],
  receiveQueue: 0,
  sendQueue: 0,
  tcp: { state: 'ESTABLISHED' },
  descriptorFlags: [],
  statusFlags: ['O_RDWR'],
  ...more,
});

type Made = Partial<CallLine> & { name: string };

/** Of a call that was off the processor for nearly a second, and of one before it that looked at sockets. */
function isWait(call: Made, before: SocketState[] = [], platform = 'linux'): boolean {
  const recording = recordingOf([
    { name: 'getsockname', sockets: before },
    { result: 1, ...call, start: 10_000, end: 1e9, cpu: 1000 },
  ]);
  recording.processes[0].platform = platform;
  return slept(recording, recording.calls[1]);
}

describe('a call off the processor waits', () => {
  test.each<[string, Made, SocketState[]]>([
    ['a recv of a socket that had nothing', { name: 'recv', fd: 3, args: [fd(3), flags()] }, [state(3)]],
    ['a recv of a socket that is not known', { name: 'recv', fd: 3, args: [fd(3), flags()] }, []],
    [
      'a recv that is to fill its buffer',
      { name: 'recv', fd: 3, args: [fd(3), flags('MSG_WAITALL')] },
      [state(3, { receiveQueue: 1 })],
    ],
    ['a read of a terminal', { name: 'read', fd: 0, args: [fd(0)] }, []],
    ['a select of which nothing was ready', { name: 'select', args: [set(3)], ready: [3] }, [state(3)]],
    ['a poll with a timeout', { name: 'poll', args: [timeout(100)], ready: [] }, []],
    [
      'a send behind bytes that wait',
      { name: 'send', fd: 3, args: [len(1), flags()] },
      [state(3, { sendQueue: 9 })],
    ],
    ['a send of very much', { name: 'send', fd: 3, args: [len(1 << 20), flags()] }, [state(3)]],
    ['a connect to another machine', { name: 'connect', fd: 3, args: [fd(3), address('192.0.2.1')] }, []],
  ])('%s', (_, call, before) => {
    expect(isWait(call, before)).toBe(true);
  });

  test('not, if it asked not to: MSG_DONTWAIT, O_NONBLOCK, a timeout of zero', () => {
    const nonblocking = [state(3, { statusFlags: ['O_RDWR', 'O_NONBLOCK'] })];
    expect(isWait({ name: 'recv', fd: 3, args: [fd(3), flags('MSG_DONTWAIT')] })).toBe(false);
    expect(isWait({ name: 'send', fd: 3, args: [len(1 << 20), flags('MSG_DONTWAIT')] }, [state(3)])).toBe(
      false,
    );
    for (const name of ['recv', 'send', 'accept', 'recvmsg', 'read', 'write'])
      expect([name, isWait({ name, fd: 3, args: [fd(3), len(1 << 20)] }, nonblocking)]).toEqual([
        name,
        false,
      ]);
    expect(
      isWait({ name: 'connect', fd: 3, args: [fd(3), address('192.0.2.1')], sockets: nonblocking }),
    ).toBe(false);
    expect(isWait({ name: 'poll', args: [timeout(0)], ready: [] })).toBe(false);
    const zero = { name: 'timeout', text: '{0, 0}', value: { seconds: 0, nanoseconds: 0 } };
    expect(isWait({ name: 'select', args: [set(3), zero], ready: [] })).toBe(false);
  });

  test('not, if what it is for was there: bytes, a connection, the end of the stream, space', () => {
    const recv = { name: 'recv', fd: 3, args: [fd(3), flags()] };
    const waiting = state(3, { receiveQueue: 5 });
    expect(isWait(recv, [waiting])).toBe(false);
    expect(isWait(recv, [state(3, { tcp: { state: 'CLOSE_WAIT' } })])).toBe(false);
    const listener = state(3, { remote: null, acceptQueue: { length: 1, backlog: 5 } });
    expect(isWait({ name: 'accept4', fd: 3, args: [fd(3)] }, [listener])).toBe(false);
    expect(isWait({ name: 'select', args: [set(3)], ready: [3] }, [waiting])).toBe(false);
    expect(isWait({ name: 'send', fd: 3, args: [len(23), flags()] }, [state(3)])).toBe(false);
  });

  test.each(['close', 'socket', 'bind', 'listen', 'setsockopt', 'getpeername', 'epoll_ctl', 'fcntl'])(
    'never: %s',
    (name) => {
      expect(isWait({ name, fd: 3, args: [fd(3)] }, [state(3)])).toBe(false);
    },
  );

  test('not that it is known: a write to a pipe, a connect on loopback', () => {
    expect(isWait({ name: 'write', fd: 1, args: [fd(1), len(40)] })).toBe(false);
    expect(isWait({ name: 'connect', fd: 3, args: [fd(3), address('127.0.0.1')] })).toBe(false);
  });

  test('on macOS in send(), which does not know MSG_DONTWAIT', () => {
    const send = { name: 'send', fd: 3, args: [len(1 << 20), flags('MSG_DONTWAIT')] };
    expect(isWait(send, [state(3)], 'darwin')).toBe(true);
    expect(isWait({ ...send, name: 'recv' }, [state(3)], 'darwin')).toBe(false);
  });

  test('by what another thread saw before it, and not during it', () => {
    const recording = recordingOf([
      { name: 'recv', fd: 3, args: [fd(3), flags()], result: 1, start: 0, end: 1e9, cpu: 1000 },
      { name: 'getsockname', thread: 1, sockets: [state(3, { receiveQueue: 1 })], start: 5e8, end: 6e8 },
    ]);
    recording.calls.sort((a, b) => a.end - b.end);
    expect(slept(recording, recording.calls.find(({ name }) => name === 'recv')!)).toBe(true);
  });
});

/** The conversation on a machine so busy that every call of it was off the processor for 99 % of its time. */
function busy(): Recording {
  return changed(({ calls, packets }) => {
    const zero = Math.min(...calls.map(({ start }) => start));
    const later = (at: number) => zero + 100 * (at - zero);
    for (const call of calls) Object.assign(call, { start: later(call.start), end: later(call.end) });
    for (const packet of packets) packet.at = later(packet.at);
  });
}

describe('on a busy machine', () => {
  const recording = busy();
  const story = renderStory(recording, { color: false, width: 100 });
  const waits = waitingCalls(recording);

  test('the calls that wait are those that waited on an idle one', () => {
    const names = new Set([...waits].map(({ name }) => name));
    expect([...names].toSorted()).toEqual(['read', 'recv', 'select']);
  });

  test('no other call is told to sleep or to wake anything, in the story and on the page', () => {
    const [told] = story.split('━━ What the walkthrough says');
    const sleeping = told.split('\n').filter((line) => /\b(sleep|wake)s\b/.test(line));
    expect(sleeping.length).toBeGreaterThan(3);
    for (const line of sleeping) expect(line).toMatch(/select\(\)|read\(\)|recv\(\)|input|typed a line/);
    const { calls, steps } = pageData(recording);
    recording.calls.forEach((call, i) => {
      if (!waits.has(call)) expect([call.name, calls[i].slept]).toEqual([call.name, false]);
    });
    for (const step of steps)
      if ('call' in step && !waits.has(recording.calls[step.call]))
        expect(step.sentence).not.toMatch(/\b(sleep|wait|wake)s\b(?! for accept| in its)/);
  });

  test('that a call was off the processor is told as that, with how long it was', () => {
    const send = callOf(recording, 'client', 'send');
    const off = send.end - send.start - send.cpu;
    expect(story.replace(/\s+/g, ' ')).toContain(
      `, 23, MSG_DONTWAIT|MSG_NOSIGNAL) = 23 [took ${duration(send.end - send.start)}, ${duration(off)} of it off the CPU]`,
    );
    expect(pageData(recording).calls[recording.calls.indexOf(send)].off).toBe(off);
  });
});
