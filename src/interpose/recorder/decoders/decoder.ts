// How a call is kept and told: the shape of an entry in call-args.ts, and how memory is copied. What is
// kept is copied on the recorder's hot path, and only that; the text is made when it is written.
// Above: call-args.ts and the forms beside it. A leaf.

import type { Bytes } from '../../../kernel/native.ts';

/** A call's arguments in C's order, memory being copies of as much of it as was of use. */
export type Kept = unknown[];

export interface Form {
  /** The names of the arguments in C. */
  names: string[];
  /** The descriptor that the call is about. */
  fd?: (kept: Kept, result: number) => number;
  /** What the kernel writes over, copied before the call. */
  before?: (args: unknown[]) => unknown;
  /** Copies memory. Absent: all arguments are numbers. */
  keep?: (args: unknown[], result: number, before: unknown) => Kept;
  /** The texts of what was kept; a number not spoken of is decimal. */
  texts: (kept: Kept, result: number) => unknown[];
  /** The bytes that it moved, at most DATA_LIMIT. */
  data?: (kept: Kept) => Uint8Array | undefined;
  /** The descriptors that it reported. */
  ready?: (kept: Kept, result: number) => number[];
  /** What strace writes in brackets behind the result. */
  detail?: (kept: Kept, result: number) => string;
}

/** A copy of the bytes [offset, offset + length) of an argument, cut at its end. */
export function copy(bytes: unknown, offset = 0, length = Number.POSITIVE_INFINITY): Uint8Array {
  const { buffer, byteOffset, byteLength } = ArrayBuffer.isView(bytes)
    ? bytes
    : { buffer: bytes as ArrayBuffer, byteOffset: 0, byteLength: (bytes as ArrayBuffer).byteLength };
  if (byteLength === 0) return new Uint8Array(); // What was transferred away cannot even be looked at.
  const end = Math.min(byteLength, offset + length);
  return new Uint8Array(buffer, byteOffset + offset, Math.max(end - offset, 0)).slice();
}
export const copyOrNull = (bytes: unknown) => (bytes == null ? null : copy(bytes));
export const size = (bytes: unknown) => (bytes as Bytes).byteLength;
/** The i-th int32 in memory; every platform that Node runs on is little-endian. */
export const int = (bytes: unknown, i = 0): number => {
  if (bytes instanceof Int32Array) return bytes[i] ?? 0;
  if (bytes instanceof ArrayBuffer && bytes.byteLength >= 4 * i + 4)
    return new Int32Array(bytes, 4 * i, 1)[0];
  const [a = 0, b = 0, c = 0, d = 0] = copy(bytes, 4 * i, 4);
  return a | (b << 8) | (c << 16) | (d << 24);
};

// An address in memory, which JavaScript does not know.
export const SOMEWHERE = '0x?';
export const first = (kept: Kept) => kept[0] as number;
export const made = (_: Kept, result: number) => result;
