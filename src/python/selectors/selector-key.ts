// What the selectors know of a file: the key, the mapping of keys, and the selectors' own rule for files.
// Python's SelectorKey and _SelectorMapping. Above: base-selector.ts. Below: fileno.ts.

import { inspect } from 'node:util';
import { KeyError } from '../errors.ts';
import type { FileLike } from '../select/fileno.ts';

/** The repr of a file, for errors and keys. */
export const fileText = (fileobj: unknown): string => inspect(fileobj, { depth: 0, breakLength: Infinity });

/** The descriptor of a file. Throws RangeError (Python's ValueError) for everything wrong, unlike select's rule. */
export function fdOf(fileobj: FileLike): number {
  let fd: unknown = fileobj;
  if (typeof fileobj !== 'number') {
    try {
      fd = Number(fileobj.fileno());
    } catch (error) {
      // No fileno(), or one that refuses; what else it throws passes.
      if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
      throw new RangeError(`Invalid file object: ${fileText(fileobj)}`, { cause: error });
    }
  }
  if (!Number.isInteger(fd)) throw new RangeError(`Invalid file object: ${fileText(fileobj)}`);
  if ((fd as number) < 0) throw new RangeError(`Invalid file descriptor: ${fd}`);
  return fd as number;
}

/** A registered file: itself, its descriptor, the events waited for, and data of the caller's. modify() makes a new one. */
export class SelectorKey<Data = unknown> {
  readonly fileobj: FileLike;
  readonly fd: number;
  readonly events: number;
  readonly data: Data;

  constructor(fileobj: FileLike, fd: number, events: number, data: Data) {
    this.fileobj = fileobj;
    this.fd = fd;
    this.events = events;
    this.data = data;
    Object.freeze(this);
  }

  /** A copy with some fields changed. */
  _replace(
    fields: Partial<Pick<SelectorKey<Data>, 'fileobj' | 'fd' | 'events' | 'data'>>,
  ): SelectorKey<Data> {
    const { fileobj, fd, events, data } = { ...this, ...fields };
    return new SelectorKey(fileobj, fd, events, data as Data);
  }

  /** Python's ==, by value: the fields are the same. */
  equals(other: unknown): boolean {
    const names = ['fileobj', 'fd', 'events', 'data'] as const;
    return other instanceof SelectorKey && names.every((name) => Object.is(this[name], other[name]));
  }

  /** As the named tuple that it is in Python: [fileobj, fd, events, data]. */
  *[Symbol.iterator](): Generator<FileLike | number | Data> {
    yield* [this.fileobj, this.fd, this.events, this.data];
  }

  /** SelectorKey(fileobj=…, fd=…, events=…, data=…) */
  toString(): string {
    const { fileobj, fd, events, data } = this;
    return `SelectorKey(fileobj=${fileText(fileobj)}, fd=${fd}, events=${events}, data=${data === undefined ? 'None' : fileText(data)})`;
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/**
 * The keys of a selector as they are at any time, by file or descriptor; read-only. Python's words for
 * its protocol are beside JavaScript's: len is size, `in` is has(), map[file] is __getitem__().
 */
export class SelectorMapping<Data = unknown> {
  readonly #keys: ReadonlyMap<number, SelectorKey<Data>>;
  readonly #find: (fileobj: FileLike) => SelectorKey<Data> | undefined;

  constructor(
    keys: ReadonlyMap<number, SelectorKey<Data>>,
    find: (fileobj: FileLike) => SelectorKey<Data> | undefined,
  ) {
    this.#keys = keys;
    this.#find = find;
  }

  /** How many files are registered. */
  get size(): number {
    return this.#keys.size;
  }

  has(fileobj: FileLike): boolean {
    return this.#find(fileobj) !== undefined;
  }

  /** The key of a file, or what to return if it has none. */
  get(fileobj: FileLike): SelectorKey<Data> | undefined;
  get<Default>(fileobj: FileLike, otherwise: Default): SelectorKey<Data> | Default;
  get<Default>(fileobj: FileLike, otherwise?: Default): SelectorKey<Data> | Default | undefined {
    return this.#find(fileobj) ?? otherwise;
  }

  /** The key of a file. Throws KeyError if it is not registered. */
  __getitem__(fileobj: FileLike): SelectorKey<Data> {
    const key = this.#find(fileobj);
    if (key === undefined) throw new KeyError(`${fileText(fileobj)} is not registered`);
    return key;
  }

  /** Throws TypeError: the mapping is read-only. */
  __delitem__(_fileobj: FileLike): never {
    throw new TypeError("'SelectorMapping' object does not support item deletion");
  }

  /** The descriptors, in the order of registration. */
  keys(): IterableIterator<number> {
    return this.#keys.keys();
  }

  values(): IterableIterator<SelectorKey<Data>> {
    return this.#keys.values();
  }

  /** [descriptor, key] of each. Python's items(). */
  entries(): IterableIterator<[number, SelectorKey<Data>]> {
    return this.#keys.entries();
  }

  /** The descriptors, as Python iterates. */
  [Symbol.iterator](): IterableIterator<number> {
    return this.keys();
  }
}
