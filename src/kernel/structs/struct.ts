// What the codecs share: a C struct as a table of its members, whose offsets the compiler gave
// (native/layout.cc), arrays of structs that are read and written in place, and the beginning of every sockaddr.

import { type Bytes, layout } from '../native.ts';

/** A C type: how large it is, how it is aligned, and how it is read from and written to memory. */
export interface Type<T> {
  readonly size: number;
  readonly align: number;
  get(view: DataView, at: number): T;
  /** Throws TypeError or RangeError that begins with what: 'linger.pack(): l_linger'. */
  set(view: DataView, at: number, value: T, what: string): void;
  /** How many bytes behind it the next member lies, if not its size: 0 in a union. */
  readonly advance?: number;
}

/** A member of a struct at its offset. Reading and writing one of a number allocates nothing. */
export interface Member<T> {
  readonly offset: number;
  readonly size: number;
  /** Reads the member of the struct that begins at base. */
  get(view: DataView, base?: number): T;
  /** Writes it. Throws TypeError or RangeError for a value that its C type cannot have. */
  set(view: DataView, value: T, base?: number): void;
}

/** Where a struct lies: what the kernel is given, or a view of it. */
export type Memory = Bytes | DataView;

type Types = Readonly<Record<string, Type<unknown>>>;
/** The members of a struct as JavaScript has them. */
export type Values<M extends Types> = { -readonly [K in keyof M]: M[K] extends Type<infer T> ? T : never };

/** A C struct. size and offsets are the compiler's; where its headers lack the struct, as C would lay it out. */
export interface Struct<M extends Types> {
  /** As in C: 'linger'. */
  readonly name: string;
  /** sizeof, in bytes. */
  readonly size: number;
  /** alignof. */
  readonly align: number;
  readonly members: { readonly [K in keyof M]: Member<Values<M>[K]> };
  /**
   * The bytes of a struct; members that are not given are 0.
   * Throws TypeError for a value of another type or a member that the struct lacks, RangeError for one out of
   * the range of its C type.
   */
  pack(values?: Partial<Values<M>>): Buffer;
  /** Writes the members that are given into the struct at offset of memory; the others stay. Throws as pack. */
  write(memory: Memory, values: Partial<Values<M>>, offset?: number): void;
  /** The struct at offset of memory. Throws RangeError where there are fewer bytes than a struct has. */
  unpack(memory: Memory, offset?: number): Values<M>;
}

/** A struct that newer kernels append members to: those behind the end of the bytes are undefined. */
export interface AppendedStruct<M extends Types> extends Omit<Struct<M>, 'unpack'> {
  unpack(memory: Memory, offset?: number): { [K in keyof M]: Values<M>[K] | undefined };
}

/** Memory as a DataView. */
export function viewOf(memory: Memory): DataView<ArrayBuffer> {
  return (
    memory instanceof ArrayBuffer
      ? new DataView(memory)
      : new DataView(memory.buffer, memory.byteOffset, memory.byteLength)
  ) as DataView<ArrayBuffer>;
}

const alignUp = (offset: number, align: number) => Math.ceil(offset / align) * align;

/** A struct of C's name with its members in C's order. */
export function struct<M extends Types>(name: string, types: M): Struct<M> {
  const members: Record<string, Member<unknown>> = {};
  let end = 0;
  let align = 1;
  for (const [member, type] of Object.entries(types)) {
    const offset = layout[`${name}.${member}`] ?? alignUp(end, type.align);
    members[member] = memberOf(type, offset, `${name}: ${member}`);
    end = offset + (type.advance ?? type.size);
    align = Math.max(align, type.align);
  }
  // The whole struct, and what of a union is longer than its last member.
  const used = Object.values(members).map(({ offset, size }) => offset + size);
  const size = layout[`sizeof ${name}`] ?? alignUp(Math.max(end, ...used), align);
  const list = Object.entries(members);

  const write = (memory: Memory, values: object, offset = 0) => {
    const view = sized(viewOf(memory), offset, size, `${name}.write`);
    for (const [member, value] of Object.entries(values)) {
      if (!Object.hasOwn(members, member))
        throw new TypeError(
          `${name}: there is no member ${member}: it has ${Object.keys(members).join(', ')}`,
        );
      if (value !== undefined) members[member].set(view, value, offset);
    }
  };
  return {
    name,
    size,
    align,
    members: members as Struct<M>['members'],
    write,
    pack(values = {}) {
      const memory = Buffer.alloc(size);
      write(memory, values);
      return memory;
    },
    unpack(memory, offset = 0) {
      const view = sized(viewOf(memory), offset, size, `${name}.unpack`);
      return Object.fromEntries(list.map(([member, { get }]) => [member, get(view, offset)])) as Values<M>;
    },
  };
}

/** The same of a struct that is appended to. */
export function appendedStruct<M extends Types>(name: string, types: M): AppendedStruct<M> {
  const whole = struct(name, types);
  const list = Object.entries<Member<unknown>>(whole.members);
  return {
    ...whole,
    unpack(memory, offset = 0) {
      const view = viewOf(memory);
      const values = list.map(([member, { get, offset: at, size }]) => {
        return [member, offset + at + size <= view.byteLength ? get(view, offset) : undefined];
      });
      return Object.fromEntries(values);
    },
  };
}

function memberOf<T>(type: Type<T>, offset: number, what: string): Member<T> {
  return {
    offset,
    size: type.size,
    get: (view, base = 0) => type.get(view, base + offset),
    set: (view, value, base = 0) => type.set(view, base + offset, value, what),
  };
}

function sized(view: DataView, offset: number, size: number, caller: string): DataView {
  if (!Number.isInteger(offset) || offset < 0 || offset + size > view.byteLength)
    throw new RangeError(`${caller}(): needs ${size} bytes at ${offset}, got ${view.byteLength} in all`);
  return view;
}

// ---- C's types

type Getter = (this: DataView, at: number, littleEndian?: boolean) => number;
type Setter = (this: DataView, at: number, value: number, littleEndian?: boolean) => void;

function integer(size: number, least: number, most: number, get: Getter, set: Setter) {
  const type: Type<number> = {
    size,
    align: size,
    get: (view, at) => get.call(view, at, true),
    set: (view, at, value, what) => set.call(view, at, checked(value, least, most, what), true),
  };
  return type;
}

const of = DataView.prototype;
export const u8 = integer(1, 0, 0xff, of.getUint8, of.setUint8);
export const i16 = integer(2, -0x8000, 0x7fff, of.getInt16, of.setInt16);
export const u16 = integer(2, 0, 0xffff, of.getUint16, of.setUint16);
export const i32 = integer(4, -0x80000000, 0x7fffffff, of.getInt32, of.setInt32);
export const u32 = integer(4, 0, 0xffffffff, of.getUint32, of.setUint32);

/** The 64 bits at an offset as a number, exact up to 2**53. Unlike getBigUint64 it allocates nothing. */
export function getUint64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

/** The same with a sign, exact within ±2**53. */
export function getInt64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getInt32(at + 4, true) * 2 ** 32;
}

/** Writes an integer within ±2**53 as 64 bits. Allocates nothing. */
export function setInt64(view: DataView, at: number, value: number): void {
  const high = Math.floor(value / 2 ** 32);
  view.setUint32(at, value - high * 2 ** 32, true);
  view.setInt32(at + 4, high, true);
}

/** 64 bits as a number: exact up to 2**53, which is also the most that can be written. */
export const u64: Type<number> = {
  size: 8,
  align: 8,
  get: getUint64,
  set: (view, at, value, what) => setInt64(view, at, checked(value, 0, Number.MAX_SAFE_INTEGER, what)),
};

/** 64 bits with a sign as a number: exact, and writable, within ±2**53. */
export const i64: Type<number> = {
  size: 8,
  align: 8,
  get: getInt64,
  set: (view, at, value, what) =>
    setInt64(view, at, checked(value, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, what)),
};

/** All 64 bits, as a bigint. */
export const bigU64: Type<bigint> = {
  size: 8,
  align: 8,
  get: (view, at) => view.getBigUint64(at, true),
  set(view, at, value, what) {
    if (typeof value !== 'bigint') throw new TypeError(`${what} must be a bigint, got ${describe(value)}`);
    if (value < 0n || value > 0xffffffffffffffffn)
      throw new RangeError(`${what} must be 0-${0xffffffffffffffffn}, got ${value}`);
    view.setBigUint64(at, value, true);
  },
};

/** An array of bytes: reading gives a part of the memory, not a copy; fewer bytes leave zeros behind them. */
export function bytes(size: number, align = 1): Type<Uint8Array> {
  return {
    size,
    align,
    get: (view, at) => Buffer.from(view.buffer as ArrayBuffer, view.byteOffset + at, size),
    set(view, at, value, what) {
      if (!(value instanceof Uint8Array))
        throw new TypeError(`${what} must be bytes, got ${describe(value)}`);
      if (value.length > size)
        throw new RangeError(`${what} must be ${size} bytes or less, got ${value.length}`);
      const target = new Uint8Array(view.buffer, view.byteOffset + at, size);
      target.fill(0).set(value);
    },
  };
}

/** A bit-field of a number of so many bytes: width bits from bit shift on, the lowest being bit 0. */
export function bits(shift: number, width: number, { size: ofBytes, align, get, set }: Type<number> = u8) {
  const most = 2 ** width - 1;
  const type: Type<number> = {
    size: ofBytes,
    align,
    get: (view, at) => (get(view, at) >>> shift) & most,
    set(view, at, value, what) {
      const field = checked(value, 0, most, what) << shift;
      set(view, at, ((get(view, at) & ~(most << shift)) | field) >>> 0, what);
    },
  };
  return type;
}

/** A member at whose place the next one begins too: of a union, or a bit-field but the last. */
export function overlaid<T>(type: Type<T>): Type<T> {
  return { ...type, advance: 0 };
}

/** A struct within a struct. */
export function nested<M extends Types>(inner: Struct<M>): Type<Values<M>> {
  return {
    size: inner.size,
    align: inner.align,
    get: (view, at) => inner.unpack(view, at),
    set(view, at, value, what) {
      if (typeof value !== 'object' || value === null)
        throw new TypeError(`${what} must be a struct ${inner.name}, got ${describe(value)}`);
      inner.write(view, value, at);
    },
  };
}

/** An array of numbers; fewer leave zeros behind them. */
export function array(type: Type<number>, length: number): Type<number[]> {
  return {
    size: length * type.size,
    align: type.align,
    get: (view, at) => Array.from({ length }, (_, i) => type.get(view, at + i * type.size)),
    set(view, at, value, what) {
      if (!Array.isArray(value)) throw new TypeError(`${what} must be an array, got ${describe(value)}`);
      if (value.length > length)
        throw new RangeError(`${what} must have ${length} elements or fewer, got ${value.length}`);
      for (let i = 0; i < length; i++) type.set(view, at + i * type.size, value[i] ?? 0, `${what}[${i}]`);
    },
  };
}

/** Text that ends at its NUL, for which there must be space. */
export function text(size: number): Type<string> {
  const { get, set } = bytes(size);
  return {
    size,
    align: 1,
    get(view, at) {
      const all = get(view, at);
      const end = all.indexOf(0);
      return Buffer.from(all.buffer, all.byteOffset, end < 0 ? size : end).toString();
    },
    set(view, at, value, what) {
      if (typeof value !== 'string') throw new TypeError(`${what} must be a string, got ${describe(value)}`);
      const given = Buffer.from(value);
      if (given.includes(0)) throw new RangeError(`${what} must be without a NUL`);
      if (given.length > size - 1)
        throw new RangeError(`${what} must be ${size - 1} bytes or less, got ${given.length}`);
      set(view, at, given, what);
    },
  };
}

// ---- Arrays

/** An array of structs in one block of memory: the caller's, or a new one. */
export abstract class StructArray {
  /** What the kernel is given. */
  readonly memory: Bytes;
  /** How many structs there are. */
  readonly length: number;
  protected readonly view: DataView;

  /** Of so many structs, all 0; or over memory, of as many as it holds. */
  constructor(lengthOrMemory: number | Bytes, size: number) {
    this.memory =
      typeof lengthOrMemory === 'number' ? new ArrayBuffer(lengthOrMemory * size) : lengthOrMemory;
    this.length = Math.floor(this.memory.byteLength / size);
    this.view = viewOf(this.memory);
  }
}

// ---- Argument errors

function checked(value: unknown, least: number, most: number, what: string): number {
  if (typeof value !== 'number') throw new TypeError(`${what} must be a number, got ${describe(value)}`);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new RangeError(`${what} must be ${least}${least < 0 ? ' to ' : '-'}${most}, got ${value}`);
  return value;
}

/** The value, a number of 0 … largest. Throws TypeError or RangeError that names the method and the part. */
export function inRange(value: unknown, largest: number, name: string, caller: string): number {
  return checked(value, 0, largest, `${caller}(): ${name}`);
}

/** What kind of value it is, for the message of a TypeError. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

// ---- The beginning that every struct sockaddr has

// The one difference between the platforms: the BSDs, and so macOS, begin with a byte for the
// length, and their family is a byte; Linux has no length, and a family of two bytes.
export const hasLengthByte = layout['sockaddr.sa_family'] === 1;

/** A sockaddr of that family and size, with zeros for the rest. */
export function newSockaddr(family: number, size: number): Buffer {
  const sockaddr = Buffer.alloc(size);
  if (hasLengthByte) {
    sockaddr[0] = size;
    sockaddr[1] = family;
  } else {
    sockaddr.writeUInt16LE(family);
  }
  return sockaddr;
}

/** sa_family. */
export function familyOf(sockaddr: Uint8Array): number {
  return hasLengthByte ? sockaddr[1] : sockaddr[0] | (sockaddr[1] << 8);
}
