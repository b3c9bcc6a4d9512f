// bind.h: whatever JavaScript passes, the addon answers with an int, a TypeError or a RangeError.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { argumentOf, type Call, type CallName, calls, type Kind } from '../../src/kernel/calls.ts';
import { NI_NUMERICHOST, NI_NUMERICSERV } from '../../src/kernel/constants/names.ts';
import { EBADF } from '../../src/kernel/errno.ts';
import { native } from '../../src/kernel/native.ts';
import { forms, takesNull, titled } from '../support/signatures.ts';

const formsWithParameters = titled(forms.filter(({ parameters }) => parameters.length > 0));

/** An object that throws if any of its traps runs. */
function untouchable<T extends object>(target: T): T {
  const notice = (_: object, trap: string | symbol) => {
    throw new Error(`trapped: ${String(trap)}`);
  };
  return new Proxy(target, new Proxy({}, { get: notice }));
}
const others: [value: unknown, kind: string][] = [
  ['5', 'a string'],
  [true, 'a boolean'],
  [5n, 'a bigint'],
  [Symbol('5'), 'a symbol'],
  [() => 5, 'a function'],
  [untouchable(() => 5), 'a function'],
  [untouchable(new Uint8Array(64)), 'an object'],
  [[5], 'an object'],
  [new Number(5), 'an object'],
  [new DataView(new ArrayBuffer(64)), 'an object'],
];

describe('the arguments', () => {
  test.each(formsWithParameters)(
    'of %s are refused if of another type',
    (_, { name, call, parameters, valid }) => {
      for (const [i, { parameter, kind, expected }] of parameters.entries()) {
        const wrong: typeof others = [];
        if (typeof valid[i] === 'number') wrong.push([new Uint8Array(64), 'an object']);
        else if (kind !== 'bytes or int') wrong.push([5, '5']);
        if (!takesNull(kind)) wrong.push([null, 'null'], [undefined, 'undefined']);
        for (const [value, got] of [...others, ...wrong]) {
          const text = `${name}: argument ${i + 1} (${parameter}) must be ${expected}, got ${got}`;
          expect(() => call(...valid.with(i, value)), text).toThrow(new TypeError(text));
        }
      }
    },
  );

  const noInts = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1.5, -0.5, 2 ** 31 - 0.5];
  const beyond32 = [2 ** 31, -(2 ** 31) - 1, 2 ** 53];
  const beyond64 = [2 ** 63, -(2 ** 63) - 2048];

  test.each(formsWithParameters)(
    'of %s are refused if their C type has no such number',
    (_, { name, call, parameters, valid }) => {
      for (const [i, { parameter, kind, expected }] of parameters.entries()) {
        if (typeof valid[i] !== 'number') continue;
        for (const value of [...noInts, ...(kind === 'integer' ? beyond64 : beyond32)]) {
          const text = `${name}: argument ${i + 1} (${parameter}) must be ${expected}, got ${value}`;
          expect(() => call(...valid.with(i, value)), text).toThrow(new RangeError(text));
        }
      }
    },
  );

  test.each(titled(forms))('of %s are no more and no fewer', (_, { name, call, parameters, valid }) => {
    const known = forms
      .filter((form) => form.name === name)
      .map(({ form }) => form.slice(name.length + 1, -1));
    const text = `${name}: takes (${known.join(' | ')}), arguments given: 12`;
    expect(() => call(...Array(12).fill(0))).toThrow(new TypeError(text));
    const last = parameters.at(-1);
    if (last && !takesNull(last.kind)) expect(() => call(...valid.slice(0, -1))).toThrow(TypeError);
  });

  test.each([2 ** 31 - 1, -(2 ** 31), -0])('may be the int %d', (backlog) => {
    expect(native.listen(-1, backlog)).toBe(-EBADF);
  });
});

// Nothing here may touch a descriptor that is in use, change a signal, or wait.
// A deadline for a busy machine.
test('random arguments never do more than throw TypeError or RangeError', { timeout: 180_000 }, () => {
  const junk = fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true });
  const unlikeAnInt = junk.filter((value) => !Number.isInteger(value));
  const unlikeNull = junk.filter((value) => value !== null && value !== undefined);
  const numbers = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, -1, 2 ** 31 - 1, 2 ** 31));
  const arrays = fc.oneof(
    fc.nat(300).map((size) => new Uint8Array(size)),
    fc.tuple(fc.uint8Array({ maxLength: 300 }), fc.nat(3)).map(([array, start]) => array.subarray(start)),
    fc.int32Array({ maxLength: 80 }),
  );
  const timeout = fc.oneof(
    fc.nat(2).map((more) => new BigInt64Array(1 + more)),
    unlikeNull,
  );
  const arbitraries: Partial<Record<Kind, fc.Arbitrary<unknown>>> = {
    fd: fc.oneof(fc.integer({ max: -1 }), fc.integer({ min: 1e6 }), unlikeAnInt),
    milliseconds: fc.oneof(fc.constant(0), unlikeAnInt),
    signal: unlikeAnInt,
    'one of ITIMER_': unlikeAnInt,
    integer: fc.oneof(numbers, fc.maxSafeInteger(), junk),
    'in itimerspec': fc.oneof(fc.bigInt64Array({ maxLength: 6 }), arrays, junk),
    'inout lengths': fc.oneof(fc.int32Array({ maxLength: 4 }), junk),
    'bytes or int': fc.oneof(arrays, numbers, junk),
    'inout timeval?': timeout,
    'in timespec?': timeout,
    // Names are not looked up, and the host is not renamed.
    'in string?': fc.oneof(
      fc.constant(null),
      fc.nat(300).map((size) => new Uint8Array(size).fill(1)),
      junk,
    ),
    'flags NI_': fc.oneof(fc.constant(NI_NUMERICHOST | NI_NUMERICSERV), unlikeAnInt),
    'in hostname': fc.oneof(
      fc.nat(300).map((more) => new Uint8Array(300 + more)),
      junk,
    ),
  };
  const arbitraryOf = (kind: Kind) => {
    if (arbitraries[kind]) return arbitraries[kind];
    if (/ iovecs?$/.test(kind)) return fc.oneof(fc.array(arrays), fc.array(fc.oneof(arrays, junk)), junk);
    if (!/^(in|out|inout) /.test(kind)) return fc.oneof(numbers, junk);
    return takesNull(kind) ? fc.oneof(arrays, fc.constant(null), junk) : fc.oneof(arrays, junk);
  };
  const anyCall = fc
    .constantFrom(...forms)
    .chain((form) =>
      fc.tuple(fc.constant(form), fc.tuple(...form.parameters.map(({ kind }) => arbitraryOf(kind)))),
    );
  const outcomes = { thrown: 0, returned: 0 };
  fc.assert(
    fc.property(anyCall, ([{ name, call }, args]) => {
      let result: number;
      try {
        result = call(...args);
        outcomes.returned++;
      } catch (error) {
        outcomes.thrown++;
        expect((error as Error).constructor).toBeOneOf([TypeError, RangeError]);
        return;
      }
      expect(result).toSatisfy(Number.isInteger);
      closeOpened(name, result, args);
    }),
    { seed: 475, numRuns: 20_000 },
  );
  expect(Math.min(outcomes.thrown, outcomes.returned)).toBeGreaterThan(1000);
});

/** Closes the descriptors that a call opened. */
function closeOpened(name: CallName, result: number, args: unknown[]): void {
  const call: Call = calls[name];
  if (result < 0 || call.makes === undefined) return;
  if (call.makes.where === 'result') native.close(result);
  else if (call.args[call.makes.where] === 'out pair') {
    const { buffer, byteOffset } = argumentOf(call, call.makes.where, args) as Uint8Array;
    for (const at of [0, 4]) native.close(new DataView(buffer, byteOffset).getInt32(at, true));
  }
}
