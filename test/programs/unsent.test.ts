// The queue of what a client has not taken: its bytes, and since when they have to be sent.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Unsent } from '../../src/programs/serving/unsent.ts';

describe('unsent bytes', () => {
  test('are those that were added and not sent, in their order, whatever the sizes', () => {
    const step = fc.record({ add: fc.nat(300), send: fc.nat(400) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const unsent = new Unsent();
        let expected: number[] = [];
        let next = 0;
        for (const { add, send } of steps) {
          const bytes = Uint8Array.from({ length: add }, () => next++ & 0xff);
          unsent.append(bytes, 0);
          expected.push(...bytes);
          const n = Math.min(send, expected.length);
          unsent.shift(n, 0);
          expected = expected.slice(n);
          expect(unsent.length).toBe(expected.length);
          expect([...unsent.bytes]).toEqual(expected);
        }
      }),
      { numRuns: 200, seed: 12 },
    );
  });

  test('have to be sent since the first of them was added; when they are, the same begins with those that came after', () => {
    const unsent = new Unsent();
    expect(unsent.since).toBeNaN();
    unsent.append(new Uint8Array(10), 1);
    unsent.append(new Uint8Array(10), 2);
    expect(unsent.since).toBe(1);
    unsent.shift(9, 3);
    unsent.append(new Uint8Array(10), 4);
    expect(unsent.since).toBe(1);
    unsent.shift(1, 5);
    expect(unsent.since).toBe(5);
    // What came meanwhile is not among those that began at 5.
    unsent.append(new Uint8Array(10), 6);
    unsent.shift(19, 7);
    expect(unsent.since).toBe(5);
    unsent.shift(1, 8);
    expect(unsent.since).toBe(8);
    unsent.shift(10, 9);
    expect(unsent.since).toBeNaN();
    unsent.append(new Uint8Array(1), 10);
    expect(unsent.since).toBe(10);
  });

  test('are none once they are given up, nor is their memory kept', () => {
    const unsent = new Unsent();
    unsent.append(new Uint8Array(100_000), 1);
    unsent.clear();
    expect([unsent.length, unsent.bytes.buffer.byteLength]).toEqual([0, 0]);
    unsent.append(new Uint8Array(3), 2);
    expect([unsent.length, unsent.since]).toEqual([3, 2]);
  });
});
