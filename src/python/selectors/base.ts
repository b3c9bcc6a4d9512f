// What all selectors share: the key of a registered file, the mapping of keys, the interface, and Python's rules
// about them. Python's SelectorKey, _SelectorMapping, BaseSelector and _BaseSelectorImpl.

import { inspect } from 'node:util';
import { KeyError, OSError } from '../errors.ts';
import type { FileLike } from '../select/fileno.ts';
import { EVENT_READ, EVENT_WRITE } from './masks.ts';

/** The repr of a file, for errors and keys. */
const fileText = (fileobj: unknown): string => inspect(fileobj, { depth: 0, breakLength: Infinity });

/** The descriptor of a file. Throws RangeError (Python's ValueError) for everything wrong, unlike select's rule. */
function fdOf(fileobj: FileLike): number {
  let fd: unknown = fileobj;
  if (typeof fileobj !== 'number') {
    try {
      fd = Number(fileobj.fileno());
    } catch (error) {
      // No fileno(), or the fileno() of a closed object; what else it throws passes.
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

/** A key and the events that it is ready for. */
export type Ready<Data> = [key: SelectorKey<Data>, events: number];

/** What every selector does. For writing one's own: the first four are to be given. */
export abstract class BaseSelector<Data = unknown> {
  constructor() {
    if (new.target === BaseSelector) throw new TypeError("Can't instantiate abstract class BaseSelector");
  }

  /** Watches a file for EVENT_READ, EVENT_WRITE or both, with data of the caller's. */
  abstract register(fileobj: FileLike, events: number, data?: Data): SelectorKey<Data>;
  /** Watches a file no longer. */
  abstract unregister(fileobj: FileLike): SelectorKey<Data>;
  /** Waits until a file is ready, for at most timeout seconds. */
  abstract select(timeout?: number | null): Ready<Data>[];
  /** The keys by file; null once closed. */
  abstract get_map(): SelectorMapping<Data> | null;

  /** Changes the events or the data of a registered file. */
  modify(fileobj: FileLike, events: number, data?: Data): SelectorKey<Data> {
    this.unregister(fileobj);
    return this.register(fileobj, events, data);
  }

  close(): void {}

  /** The key of a registered file. Throws KeyError for another, Error (Python's RuntimeError) once closed. */
  get_key(fileobj: FileLike): SelectorKey<Data> {
    const mapping = this.get_map();
    if (mapping === null) throw new Error('Selector is closed');
    return mapping.__getitem__(fileobj);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function checkEvents(events: number): void {
  if (!Number.isInteger(events) || events < 1 || events > (EVENT_READ | EVENT_WRITE)) {
    throw new RangeError(`Invalid events: ${events}`);
  }
}

/** The selectors over a call of the kernel's. */
export abstract class KernelSelector<Data = unknown> extends BaseSelector<Data> {
  protected readonly keys = new Map<number, SelectorKey<Data>>();
  readonly #mapping = new SelectorMapping(this.keys, (fileobj) => this.#find(fileobj));
  #closed = false;

  // What a backend does: start, change and stop watching a descriptor, and wait.
  protected abstract watch(fd: number, events: number): void;
  protected abstract rewatch(fd: number, events: number, before: number): void;
  protected abstract unwatch(fd: number, events: number): void;
  /** Waits for at most timeout seconds (null: for ever, never below 0): [fd, events] pairs. */
  protected abstract wait(timeout: number | null): Iterable<readonly [fd: number, events: number]>;
  protected abstract closeBackend(): void;

  /**
   * Watches a file for EVENT_READ, EVENT_WRITE or both, with data of the caller's.
   * Throws RangeError for bad events or a bad file, KeyError if its descriptor is registered already,
   * OSError for an error of the kernel's (EPERM for a regular file with epoll); no key is left then.
   */
  register(fileobj: FileLike, events: number, data?: Data): SelectorKey<Data> {
    checkEvents(events);
    const key = new SelectorKey(fileobj, this.#fd(fileobj), events, data as Data);
    if (this.keys.has(key.fd))
      throw new KeyError(`${fileText(fileobj)} (FD ${key.fd}) is already registered`);
    this.watch(key.fd, events);
    this.keys.set(key.fd, key);
    return key;
  }

  /** Watches a file no longer; works for one that was closed, too. Throws KeyError if it is not registered. */
  unregister(fileobj: FileLike): SelectorKey<Data> {
    const key = this.#registered(fileobj);
    this.keys.delete(key.fd);
    try {
      this.unwatch(key.fd, key.events);
    } catch (error) {
      // The descriptor was closed, and with that the kernel forgot it.
      if (!(error instanceof OSError)) throw error;
    }
    return key;
  }

  /**
   * Changes the events or the data of a registered file. On an error of the kernel's the key is gone.
   *
   * Unlike Python, whose poll and epoll selectors take the events 0 and whose others forget the key with
   * the RangeError, every one throws for bad events and keeps the key. Unlike Python's SelectSelector and
   * KqueueSelector, which throw for a file that was closed, and forget it, a selector changes its key by the
   * descriptor that it had.
   */
  override modify(fileobj: FileLike, events: number, data?: Data): SelectorKey<Data> {
    const key = this.#registered(fileobj);
    checkEvents(events);
    if (events !== key.events) {
      try {
        this.rewatch(key.fd, events, key.events);
      } catch (error) {
        this.keys.delete(key.fd);
        throw error;
      }
    }
    if (events === key.events && Object.is(data, key.data)) return key;
    const changed = key._replace({ events, data: data as Data });
    this.keys.set(key.fd, changed);
    return changed;
  }

  /**
   * Waits until a file is ready: [key, events] of each. timeout is in seconds: null or none waits
   * for ever, 0 or less only looks. Empty when the time is over.
   *
   * Unlike Python, which would return an empty list then, throws InterruptedError when a signal came that
   * only Node's process.on() listens for: a loop around this call would never let its listener run.
   */
  select(timeout?: number | null): Ready<Data>[] {
    const ready: Ready<Data>[] = [];
    const seconds = typeof timeout === 'number' ? Math.max(timeout, 0) : (timeout ?? null);
    for (const [fd, events] of this.wait(seconds)) {
      const key = this.keys.get(fd);
      if (key !== undefined && (events & key.events) !== 0) ready.push([key, events & key.events]);
    }
    return ready;
  }

  /** The keys by file or descriptor, as they are at any time; null once closed. */
  get_map(): SelectorMapping<Data> | null {
    return this.#closed ? null : this.#mapping;
  }

  /** Forgets everything and closes what the backend has open. */
  override close(): void {
    this.#closed = true;
    this.keys.clear();
    this.closeBackend();
  }

  #registered(fileobj: FileLike): SelectorKey<Data> {
    const key = this.#find(fileobj);
    if (key === undefined) throw new KeyError(`${fileText(fileobj)} is not registered`);
    return key;
  }

  #find(fileobj: FileLike): SelectorKey<Data> | undefined {
    return this.keys.get(this.#fd(fileobj));
  }

  // A closed object has no descriptor any more, and is found by being the same as a key's.
  #fd(fileobj: FileLike): number {
    try {
      return fdOf(fileobj);
    } catch (error) {
      for (const key of this.keys.values()) if (key.fileobj === fileobj) return key.fd;
      throw error;
    }
  }
}
