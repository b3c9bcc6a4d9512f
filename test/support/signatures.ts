// The raw calls' parameters (src/kernel/calls.ts) with values for them, for the tests that pass every call
// something wrong.

import { callNames, calls, type Kind, parametersOf } from '../../src/kernel/calls.ts';
import { native } from '../../src/kernel/native.ts';

const integer = { expected: 'a 32-bit integer', valid: 0 as unknown };
const plain: Partial<Record<Kind, typeof integer>> = {
  fd: { ...integer, valid: -1 },
  integer: { expected: 'an integer', valid: 0 },
  'bytes or int': { expected: 'a 32-bit integer, a TypedArray or ArrayBuffer', valid: new Uint8Array(512) },
};

// Memory that is enough for any of its kind.
const memory: Record<string, unknown> = {
  bytes: new Uint8Array(512),
  iovec: [new Uint8Array(512), new ArrayBuffer(8)],
  iovecs: [new Uint8Array(512), new ArrayBuffer(8)],
  'in sockaddr': new Uint8Array(16),
  lengths: Int32Array.of(512, 512, 0),
  timeval: new BigInt64Array(2),
  'in timespec': new BigInt64Array(2),
  'in sigset': new BigUint64Array(1),
  'in itimerspec': new BigInt64Array(4),
  'in name': Buffer.from('nosuch0'),
  'in string': Buffer.from('127.0.0.1\0'),
  // Longer than any system takes.
  'in hostname': new Uint8Array(300),
};

function sampleOf(kind: Kind): typeof integer {
  const isMemory = /^(in|out|inout) (\w+)(\?)?$/.exec(kind);
  if (!isMemory) return plain[kind] ?? integer;
  const [, direction, what, nullable] = isMemory;
  const valid = memory[`${direction} ${what}`] ?? memory[what] ?? memory.bytes;
  if (what.startsWith('iovec'))
    return { expected: 'an array of at most 1024 TypedArrays or ArrayBuffers', valid };
  return { expected: `a TypedArray${nullable ? ', ArrayBuffer or null' : ' or ArrayBuffer'}`, valid };
}

/** Every form of every call, with arguments that it takes: a descriptor that is not open, room enough. */
export const forms = callNames.flatMap((name) =>
  parametersOf(calls[name]).map((list) => {
    const parameters = list.map((parameter) => ({ ...parameter, ...sampleOf(parameter.kind) }));
    return {
      name,
      form: `${name}(${parameters.map((parameter) => parameter.name).join(', ')})`,
      call: native[name] as (...args: unknown[]) => number,
      parameters: parameters.map(({ name: parameter, ...rest }) => ({ parameter, ...rest })),
      valid: parameters.map(({ valid }) => valid),
    };
  }),
);

export type Form = (typeof forms)[number];
/** For test.each, with the form as the title's %s. */
export const titled = (list: Form[]) => list.map((form): [string, Form] => [form.form, form]);

export const takesNull = (kind: string) => kind.endsWith('?');
