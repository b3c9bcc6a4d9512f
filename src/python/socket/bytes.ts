// Python's bytes-like objects, as JavaScript has them.

import { type Caller, calledFrom } from '../errors.ts';

/** What send takes: any view of memory, or the memory. */
export type BytesLike = NodeJS.ArrayBufferView | ArrayBuffer | SharedArrayBuffer;

/**
 * The same memory as bytes. Throws TypeError, as Python does, for a string above all. caller is the public function
 * that was given the data, for the error's stack.
 */
export function bytesOf(data: BytesLike, caller?: Caller): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) return new Uint8Array(data);
  throw calledFrom(
    new TypeError(`a bytes-like object is required, not ${typeName(data)}${hintFor(data)}`),
    caller,
  );
}

// Python's names for the types that are given by mistake.
function typeName(value: unknown): string {
  if (value === null || value === undefined) return "'NoneType'";
  const type = typeof value;
  return type === 'string' ? "'str'" : `'${type}'`;
}

const hintFor = (value: unknown) => (typeof value === 'string' ? ': Buffer.from(string) makes one' : '');
