// Runs of the playground: what each action of the reader brings about, told by the steps.

import { describe, expect, test } from 'vitest';
import { serve as edge } from '../../../src/programs/epoll-edge-server.ts';
import { serve as epoll } from '../../../src/programs/epoll-server.ts';
import { serve as poll } from '../../../src/programs/poll-server.ts';
import { serve as select } from '../../../src/programs/select-server.ts';
import { serve as selectors } from '../../../src/programs/selectors-server.ts';
import { type Program, type Run, type RunOptions, run } from '../../../src/tools/playground/engine.ts';
import { parseScript } from '../../../src/tools/playground/script.ts';

const programs: Record<string, Program> = { select, poll, epoll, 'epoll-edge': edge, selectors };

function played(text: string, options: RunOptions = {}): Run {
  const script = parseScript(text);
  return run(script, programs[script.program], options);
}

const told = ({ steps }: Run) => steps.map(({ who, text }) => `${who}: ${text}`);
const last = ({ steps }: Run) => steps.at(-1)!.state!;
const received = (one: Run, client: number) =>
  last(one)
    .clients.get(client)!
    .received.replace(/\d{10}\.\d+/g, 'TIME');

describe.each(Object.keys(programs))('%s', (name) => {
  test('the conversation: a connection, an answer, the end', () => {
    const one = played(`p=${name}&a=c1,s1:Hello,x1`);
    expect(received(one, 1)).toBe('TIME:Hello');
    expect(one.stdout.replace(/\d{10}\.\d+/g, 'TIME')).toBe(
      "Accepted connection from ('127.0.0.1', 32768)\n[127.0.0.1:32768] TIME:b'Hello'\n",
    );
    expect(one.isOver).toBe(false);
    expect(one.problem).toBe('');
    // It waits for the reader in the end, and has closed what was the client's.
    expect(one.steps.at(-1)!.text).toMatch(/ waits$/);
    expect(last(one).server.filter(({ socket }) => socket?.remote != null)).toEqual([]);
  });

  test('a message that is cut is two', () => {
    const one = played(`p=${name}&a=c1,s1~half:Hello`);
    expect(received(one, 1)).toBe('TIME:HeTIME:llo');
    expect(received(played(`p=${name}&a=c1,s1~byte:Hello`), 1)).toBe('TIME:HTIME:ello');
  });

  test('a reset, and no descriptors left, are survived', () => {
    const one = played(`p=${name}&a=c1,c2,r1,s2:on,d:0,c3,d:,c4,s4:again`);
    expect(one.isOver).toBe(false);
    expect(received(one, 2)).toBe('TIME:on');
    expect(received(one, 3)).toBe('');
    expect(received(one, 4)).toBe('TIME:again');
    expect(told(one).some((text) => /accept4.* = -1 EMFILE/.test(text))).toBe(true);
  });

  test('a signal without a handler ends it', () => {
    const one = played(`p=${name}&a=c1,k:SIGINT,s1:late`);
    expect(one.isOver).toBe(true);
    expect(one.steps.at(-1)!.text).toBe('signal 2 ended the program');
  });
});

test('an action before a call of the server comes before it, and after the calls before', () => {
  const script = 'p=select&a=c1,s1:one,s1:two';
  const apart = played(script);
  expect(received(apart, 1)).toBe('TIME:oneTIME:two');
  const recv = apart.steps.find(({ text }) => /^recv\(5, "one"/.test(text))!;
  const together = played(`p=select&a=c1,s1:one,s1@${recv.calls}:two`);
  expect(received(together, 1)).toBe('TIME:onetwo');
  // Everything up to there is the same.
  const i = told(together).findIndex((text) => /send\(3, "two"/.test(text));
  expect(told(together).slice(0, i)).toEqual(told(apart).slice(0, i));
  expect(together.steps[i].calls).toBe(recv.calls - 1);
});

test('an early action whose call never comes takes its turn', () => {
  const one = played('p=select&a=c1,s1@900:late,s1:later');
  expect(received(one, 1)).toBe('TIME:lateTIME:later');
});

test('two clients whose actions are early come in their order', () => {
  const one = played('p=select&a=c1,s1:Hello,c2@14,s2@14:World');
  const order = told(one).filter((text) => /^client . ?: (connect|send)/.test(text));
  expect(order).toEqual([
    'client 1: connect(3, 127.0.0.1:12345) = 0',
    expect.stringContaining('client 1: send'),
    'client 2: connect(3, 127.0.0.1:12345) = 0',
    expect.stringContaining('client 2: send'),
  ]);
  // Client 2 is in the kernel's queue, and what it sent with it, before the server accepts it.
  const sent = one.steps.find(({ text }) => /"World"/.test(text))!;
  expect(sent.state!.server.find(({ what }) => what === 'listening')!.socket!.acceptQueue!.length).toBe(1);
  expect(received(one, 2)).toBe('TIME:World');
});

test('the lists of the wait are those of select(): what it was asked, and what it answered', () => {
  const one = played('p=select&a=c1,s1:Hello');
  const waits = one.steps.filter(({ text }) => text.startsWith('select('));
  expect(waits.map(({ state }) => state!.waited)).toEqual([
    { call: 'select', asked: [4], ready: null },
    { call: 'select', asked: [4], ready: [4] },
    { call: 'select', asked: [4, 5], ready: null },
    { call: 'select', asked: [4, 5], ready: [5] },
    { call: 'select', asked: [4, 5], ready: null },
  ]);
});

test('a network with a latency takes its time, and sends again what is lost', () => {
  const near = played('p=select&latency=50&a=c1,s1:Hello');
  const far = played('p=select&latency=50&a=c1,l,s1:Hello');
  expect(far.packets.filter(({ isLost }) => isLost)).toMatchObject([{ client: 1, flags: 'PSH', length: 5 }]);
  expect(near.packets.some(({ isLost }) => isLost)).toBe(false);
  const between = (one: Run) => {
    const at = (pattern: RegExp) => one.steps.find(({ text }) => pattern.test(text))!.state!.seconds;
    return at(/^recv\(5, "Hello"/) - at(/^send\(3, "Hello"/);
  };
  expect(between(near)).toBeCloseTo(0.05);
  expect(between(far)).toBeCloseTo(0.05 + 0.3);
  expect(received(far, 1)).toBe('TIME:Hello');
});

test('a client that does not read fills the buffers, and gets everything when it reads again', () => {
  const text = 'A'.repeat(40);
  const stopped = `p=poll&buffer=100&a=c1,q1,s1:${text},s1:${text},s1:${text},s1:${text}`;
  const one = played(stopped);
  expect(received(one, 1)).toBe('');
  const own = last(one).clients.get(1)!;
  expect(own.isReading).toBe(false);
  expect(own.descriptors[0].socket!.receiveQueue).toBeGreaterThan(0);
  expect(received(played(`${stopped},g1,w:1,w:1`), 1)).toBe(`TIME:${text}`.repeat(4));
});

test('a blocking send to it holds up the others, in the select loop alone', () => {
  const text = 'A'.repeat(60);
  const actions = `buffer=64&a=c1,c2,q1,s1:${text},s1:${text},s1:${text},s2:Hello`;
  expect(received(played(`p=select&${actions}`), 2)).toBe('');
  expect(received(played(`p=epoll&${actions}`), 2)).toBe('TIME:Hello');
});

test('what the states are kept of does not change the run', () => {
  const text = 'p=epoll&a=c1,c2,s1:Hello,s2~half:World,r1';
  const whole = played(text);
  const part = played(text, { states: [5, 9] });
  expect(told(part)).toEqual(told(whole));
  expect(part.steps.map(({ state }) => state !== null)).toEqual(whole.steps.map((_, i) => i >= 5 && i < 9));
  expect(part.steps[7].state).toEqual(whole.steps[7].state);
});

test('a run is a recording, too', async () => {
  const { recording } = played('p=select&a=c1,s1:Hello,x1', { records: true });
  const lines = recording!
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.filter(({ type }) => type === 'process').every(({ simulated }) => simulated === true)).toBe(
    true,
  );
  expect(lines.some(({ type, name }) => type === 'call' && name === 'select')).toBe(true);
  expect(lines.some(({ type }) => type === 'packet')).toBe(true);
});

test('a script that cannot be is refused before it runs', () => {
  expect(() => played('p=select&a=c1,s2:x')).toThrow(
    new RangeError('action 2: client 2 has not connected yet'),
  );
});
