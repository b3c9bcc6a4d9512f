// The script of the playground as text, and what is wrong with one.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wrongWith } from '../../../src/tools/playground/engine.ts';
import {
  type Action,
  bytesOf,
  formatScript,
  PROGRAMS,
  parseScript,
  type Script,
} from '../../../src/tools/playground/script.ts';

const client = fc.integer({ min: 1, max: 9 });
const action = fc
  .tuple(
    fc.oneof(
      fc.record({ do: fc.constantFrom('connect', 'shutdown', 'close', 'reset', 'stop', 'read'), client }),
      fc.record(
        {
          do: fc.constant('send'),
          client,
          text: fc.string({ unit: 'grapheme', maxLength: 20 }),
          cut: fc.constantFrom('byte', 'half'),
        },
        { requiredKeys: ['do', 'client', 'text'] },
      ),
      fc.record({ do: fc.constant('lose') }),
      fc.record({ do: fc.constant('descriptors'), left: fc.option(fc.nat(100)) }),
      fc.record({ do: fc.constant('signal'), name: fc.constantFrom('SIGINT', 'SIGTERM') }),
      fc.record({ do: fc.constant('wait'), seconds: fc.integer({ min: 1, max: 3600 }) }),
    ),
    fc.option(fc.integer({ min: 1, max: 500 }), { nil: undefined }),
  )
  .map(([one, early]) => (early === undefined ? one : { ...one, early }) as Action);
const script: fc.Arbitrary<Script> = fc.record({
  program: fc.constantFrom(...PROGRAMS),
  settings: fc.record({
    latency: fc.integer({ min: 0, max: 5000 }),
    buffer: fc.nat(1 << 20),
    somaxconn: fc.nat(65535),
  }),
  actions: fc.array(action, { maxLength: 30 }),
});

test('a script comes out of its text as it went in, whatever it sends', () => {
  fc.assert(
    fc.property(script, (one) => {
      expect(parseScript(formatScript(one))).toEqual(one);
    }),
  );
});

test.each([
  ['p=other', "there is no program 'other'"],
  ['p=select&a=y1', "'y1' is no action"],
  ['p=select&a=c', "a client: '' is no number from 1 to 64"],
  ['p=select&a=c99', "a client: '99' is no number from 1 to 64"],
  ['p=select&latency=9999', "latency: '9999' is no number from 0 to 5000"],
  ['p=select&a=w:-1', "a time: '-1' is no number from 0.001 to 3600"],
  ['p=select&a=k:SIGKILL', "'SIGKILL' is no signal"],
  [`p=select&a=${Array(401).fill('c1').join(',')}`, 'more than 400 actions'],
])('%s is refused: %s', (text, message) => {
  expect(() => parseScript(text)).toThrow(new RangeError(message));
});

test('text stands for its bytes, and escapes for bytes that are no text', () => {
  const bytes = (text: string) => [...bytesOf(text)];
  expect(bytes('Hé')).toEqual([0x48, 0xc3, 0xa9]);
  expect(bytes('\\xff\\x00a\\n\\t\\r\\\\')).toEqual([255, 0, 97, 10, 9, 13, 92]);
  expect(bytes('\\x4')).toEqual([...Buffer.from('\\x4')]);
});

test.each<[string, Action[], number, string]>([
  ['a client that is not there', [{ do: 'send', client: 1, text: '' }], 0, 'client 1 has not connected yet'],
  [
    'a second connection',
    [
      { do: 'connect', client: 1 },
      { do: 'connect', client: 1 },
    ],
    0,
    'client 1 has connected already',
  ],
  [
    'a closed client',
    [
      { do: 'connect', client: 2 },
      { do: 'reset', client: 2 },
      { do: 'close', client: 2 },
    ],
    0,
    'client 2 has closed',
  ],
  [
    'sending behind a half-close',
    [
      { do: 'connect', client: 1 },
      { do: 'shutdown', client: 1 },
      { do: 'send', client: 1, text: 'x' },
    ],
    0,
    'client 1 sends no more',
  ],
  [
    'a loss within a machine',
    [{ do: 'lose' }],
    0,
    'nothing is lost within a machine: give the network a latency',
  ],
  ['a loss on a network', [{ do: 'lose' }], 20, ''],
])('%s', (_, actions, latency, wrong) => {
  expect(wrongWith(actions, actions.length - 1, latency)).toBe(wrong);
});
