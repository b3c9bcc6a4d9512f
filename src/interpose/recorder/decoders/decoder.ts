// How a call's arguments are kept and decoded: parameter by parameter, by the kinds that the table of calls
// (kernel/calls.ts) has. What is kept is copied on the recorder's hot path, and only that; the text and the
// value are made when it is written.

import { type Call, cNamesOf, type Kind, parametersOf } from '../../../kernel/calls.ts';
import type { Bytes } from '../../../kernel/native.ts';
import type { Argument, Value } from '../recording.ts';

/** What is kept of each argument: a number, or a copy of as much memory as was of use. */
export type Kept = unknown[];

/** An argument of C's, without its name. */
export type Shown = Omit<Argument, 'name'>;

/** How one parameter is kept and shown. */
export interface ParameterDecoder {
  /** What the kernel writes over, copied before the call. i: where in args it is. */
  before?(args: readonly unknown[], i: number): unknown;
  /** What is kept after the call. Absent: what before() gave, or the argument itself, which is a number. */
  keep?(args: readonly unknown[], i: number, result: number, before: unknown): unknown;
  /** As arguments in C: one, or two where C has a length beside it; none where it has no such argument. */
  show(kept: unknown, result: number, all: Kept): Shown[];
  /** As CallDecoder's, of a kind that has it whatever the call. */
  data?(kept: unknown): Uint8Array | undefined;
  detail?(kept: unknown, result: number): string;
}

/** What a call has beside its parameters. */
export interface CallDecoder {
  /** For parameters that their kind alone does not decode. */
  parameters?: Record<string, ParameterDecoder>;
  /** The bytes that it moved, at most DATA_LIMIT. */
  data?(kept: Kept): Uint8Array | undefined;
  /** The descriptors that it reported. */
  ready?(kept: Kept, result: number): number[];
  /** What strace writes in brackets behind the result. */
  detail?(kept: Kept, result: number): string;
}

/** How the parameters of a kind are decoded; isPart: of the form with an offset and a length behind buf. */
export type KindDecoder = (kind: Kind, isPart: boolean) => ParameterDecoder;

/** Keeps and decodes the arguments of one call. */
export class Decoder {
  readonly call: Call;
  readonly own: CallDecoder;
  readonly #names: string[];
  /** By the form of the call: all of buf, or a part of it. */
  readonly #lists: ParameterDecoder[][];
  readonly #looksBefore: boolean;
  /** Where the descriptor is that the call is about: -1 the result, -2 nowhere. */
  readonly #fdAt: number;

  constructor(call: Call, own: CallDecoder, decoderOf: KindDecoder) {
    this.call = call;
    this.own = own;
    this.#names = cNamesOf(call);
    this.#lists = parametersOf(call).map((list, form) =>
      list.map(({ name, kind }) => {
        if (form === 1 && (name === 'offset' || name === 'length')) return notInC;
        return own.parameters?.[name] ?? decoderOf(kind, form === 1);
      }),
    );
    this.#looksBefore = this.#lists[0].some(({ before }) => before !== undefined);
    const parameters = Object.keys(call.args);
    const fd = call.fd ?? 'fd';
    this.#fdAt = fd === 'result' ? -1 : parameters.includes(fd) ? parameters.indexOf(fd) : -2;
  }

  #list(count: number): ParameterDecoder[] {
    const [whole, part = whole] = this.#lists;
    return count > whole.length ? part : whole;
  }

  /** What must be copied before the call. */
  before(args: readonly unknown[]): unknown[] | undefined {
    if (!this.#looksBefore) return undefined;
    return this.#list(args.length).map((parameter, i) => parameter.before?.(args, i));
  }

  /** What is kept after it. */
  keep(args: readonly unknown[], result: number, before: unknown[] | undefined): Kept {
    const list = this.#list(args.length);
    const kept: Kept = [];
    for (let i = 0; i < list.length; i++) {
      const { keep, before: looksBefore } = list[i];
      if (keep) kept.push(keep(args, i, result, before?.[i]));
      else kept.push(looksBefore ? before?.[i] : args[i]);
    }
    return kept;
  }

  /** The descriptor that the call is about. */
  fd(args: readonly unknown[], result: number): number | undefined {
    if (this.#fdAt === -2) return undefined;
    if (this.#fdAt === -1) return result;
    const argument = args[this.#fdAt];
    if (typeof argument === 'number') return argument;
    return result === 0 ? int(argument) : -1;
  }

  /** The bytes that it moved, at most DATA_LIMIT. */
  data(kept: Kept): Uint8Array | undefined {
    if (this.own.data) return this.own.data(kept);
    const list = this.#list(kept.length);
    const i = list.findIndex(({ data }) => data !== undefined);
    return list[i]?.data?.(kept[i]);
  }

  /** What strace writes in brackets behind the result. */
  detail(kept: Kept, result: number): string | undefined {
    if (this.own.detail) return this.own.detail(kept, result);
    const list = this.#list(kept.length);
    const i = list.findIndex(({ detail }) => detail !== undefined);
    return list[i]?.detail?.(kept[i], result);
  }

  /** The arguments as they are in C. */
  arguments(kept: Kept, result: number): Argument[] {
    const shown = this.#list(kept.length).flatMap((parameter, i) => parameter.show(kept[i], result, kept));
    return shown.map((argument, i) => ({ name: this.#names[i], ...argument }));
  }
}

const notInC: ParameterDecoder = { show: () => [] };

/** An argument that another parameter shows. */
export const shownElsewhere: ParameterDecoder = { keep: () => null, show: () => [] };

/** An argument without a value: its text says it all, or nothing is known of it. */
export const text = (text: string): Shown => ({ text });
export const number = (value: number): Shown => ({ text: String(value), value });
export const withValue = (text: string, value: Value): Shown => ({ text, value });

/** A copy of the bytes [offset, offset + length) of an argument, cut at its end. */
export function copy(bytes: unknown, offset = 0, length = Number.POSITIVE_INFINITY): Uint8Array {
  const { buffer, byteOffset, byteLength } = ArrayBuffer.isView(bytes)
    ? bytes
    : { buffer: bytes as ArrayBuffer, byteOffset: 0, byteLength: (bytes as ArrayBuffer).byteLength };
  if (byteLength === 0) return new Uint8Array(); // What was transferred away cannot even be looked at.
  const end = Math.min(byteLength, offset + length);
  return new Uint8Array(buffer, byteOffset + offset, Math.max(end - offset, 0)).slice();
}
export const copyOrNull = (bytes: unknown, length?: number) =>
  bytes == null ? null : copy(bytes, 0, length);
export const size = (bytes: unknown) => (bytes as Bytes).byteLength;
/** The i-th int32 in memory; every platform that Node runs on is little-endian. */
export const int = (bytes: unknown, i = 0): number => {
  if (bytes instanceof Int32Array) return bytes[i] ?? 0;
  if (bytes instanceof ArrayBuffer && bytes.byteLength >= 4 * i + 4)
    return new Int32Array(bytes, 4 * i, 1)[0];
  const [a = 0, b = 0, c = 0, d = 0] = copy(bytes, 4 * i, 4);
  return a | (b << 8) | (c << 16) | (d << 24);
};

/** How many ints recvmmsg and sendmmsg have of a message: iovlen, namelen, controllen, flags, len. */
export const MMSGHDR_INTS = 5;
/** Which of them is controllen. */
export const CONTROLLEN = 2;

/** An address in memory, which JavaScript does not know. */
export const SOMEWHERE = '0x?';
