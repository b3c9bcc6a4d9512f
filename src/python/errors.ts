// OSError and its subclasses (PEP 3151), made from the negative errno of a raw call.

import { type InspectOptions, inspect } from 'node:util';
import * as numbers from '../kernel/errno.ts';
import { errorcode } from '../kernel/errno.ts';
import { strerror } from './strerror.ts';

/** Where a call was going, for its error: [host, port, …], a path, or the bytes of an abstract name. */
export type ErrorAddress =
  | readonly [host: string, port: number, ...rest: (number | undefined)[]]
  | string
  | Uint8Array
  | null;

/**
 * A failed system call, shaped as Node's own system errors: code 'ECONNREFUSED', errno -111
 * (negative), syscall 'connect', message 'connect ECONNREFUSED 127.0.0.1:9'.
 */
export class OSError extends Error {
  /** The errno's name. Absent for failures that have no errno, as a socket timeout. */
  declare readonly code?: string;
  /** The negative errno, as the raw layer and Node have it. */
  declare readonly errno?: number;
  /** The POSIX name of the call that failed. */
  declare readonly syscall?: string;
  declare readonly address?: string;
  declare readonly port?: number;

  /** Takes the raw layer's negative errno with the call's name, or just a text. */
  constructor(message: string);
  constructor(errno: number, syscall: string, address?: ErrorAddress);
  constructor(errno: number | string, syscall = '', address?: ErrorAddress) {
    if (typeof errno === 'string') {
      super(errno);
    } else {
      const where = address == null ? '' : addressText(address);
      super(`${syscall} ${errorcode(errno)}${where && ` ${where}`}`);
      Object.assign(this, { code: errorcode(errno), errno, syscall });
      if (typeof address === 'string') Object.assign(this, { address });
      else if (Array.isArray(address)) Object.assign(this, { address: address[0], port: address[1] });
    }
    Object.defineProperty(this, 'name', { value: new.target.name, configurable: true, writable: true });
  }

  /** What the errno means, in words: 'Connection refused'. null for failures that have no errno. */
  get strerror(): string | null {
    return this.errno === undefined ? null : strerror(this.errno);
  }

  /** As Node prints an error (not one that is never caught), with the words of strerror behind the message. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    const text = inspect(this, { ...options, customInspect: false });
    const words = this.strerror;
    // What is a failed lookup has the words in its message.
    if (words === null || this.message === '' || this.message.endsWith(words)) return text;
    return text.replace(this.message, () => `${this.message} (${words})`);
  }
}

function addressText(address: NonNullable<ErrorAddress>): string {
  if (typeof address === 'string') return address;
  if (address instanceof Uint8Array) {
    const isAbstract = address[0] === 0;
    return isAbstract
      ? `@${Buffer.from(address.subarray(1)).toString('latin1')}`
      : Buffer.from(address).toString();
  }
  const [host, port] = address;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** EAGAIN, EWOULDBLOCK, EALREADY, EINPROGRESS: the call would have to wait. */
export class BlockingIOError extends OSError {
  /** Of a file's write(): how many bytes of it were sent or kept before the call would have had to wait. */
  declare readonly characters_written?: number;
}
/** EINTR that was not retried, since only a listener of Node's own waits for the signal. */
export class InterruptedError extends OSError {}
export class ConnectionError extends OSError {}
/** EPIPE, ESHUTDOWN: writing to a peer that no longer reads. */
export class BrokenPipeError extends ConnectionError {}
export class ConnectionAbortedError extends ConnectionError {}
export class ConnectionRefusedError extends ConnectionError {}
export class ConnectionResetError extends ConnectionError {}
export class FileExistsError extends OSError {}
export class FileNotFoundError extends OSError {}
export class IsADirectoryError extends OSError {}
export class NotADirectoryError extends OSError {}
/** EACCES, EPERM. */
export class PermissionError extends OSError {}
export class ChildProcessError extends OSError {}
export class ProcessLookupError extends OSError {}
/** ETIMEDOUT, or, with no errno, the end of a socket's own timeout. */
export class TimeoutError extends OSError {}

/** Python's LookupError, of codecs: an encoding or an error handler that there is not. */
export class LookupError extends RangeError {
  override readonly name: string = 'LookupError';
}

// The characters or bytes from start up to end, for Python's messages.
function position(what: string, start: number, end: number): string {
  return end - start === 1 ? `${what} in position ${start}` : `${what}s in position ${start}-${end - 1}`;
}

/** Bytes that are no text in an encoding. Unlike Python's, which is a ValueError, a TypeError, as TextDecoder's. */
export class UnicodeDecodeError extends TypeError {
  override readonly name = 'UnicodeDecodeError';
  readonly encoding: string;
  readonly object: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly reason: string;

  constructor(encoding: string, object: Uint8Array, start: number, end: number, reason: string) {
    const byte = `byte 0x${(object[start] ?? 0).toString(16).padStart(2, '0')}`;
    const what = end - start === 1 ? byte : 'byte';
    super(`'${encoding}' codec can't decode ${position(what, start, end)}: ${reason}`);
    this.encoding = encoding;
    this.object = object;
    this.start = start;
    this.end = end;
    this.reason = reason;
  }
}

/** Text that has no bytes in an encoding. Unlike Python's, start and end count UTF-16 units. */
export class UnicodeEncodeError extends RangeError {
  override readonly name = 'UnicodeEncodeError';
  readonly encoding: string;
  readonly object: string;
  readonly start: number;
  readonly end: number;
  readonly reason: string;

  constructor(encoding: string, object: string, start: number, end: number, reason: string) {
    const code = object.codePointAt(start) ?? 0;
    const character = `character U+${code.toString(16).toUpperCase().padStart(4, '0')} in position ${start}`;
    super(`'${encoding}' codec can't encode ${character}: ${reason}`);
    this.encoding = encoding;
    this.object = object;
    this.start = start;
    this.end = end;
    this.reason = reason;
  }
}

/** Python's KeyError: a mapping or a poll object does not have the key. */
export class KeyError extends Error {
  override readonly name = 'KeyError';
}

const classes: ReadonlyArray<[typeof OSError, ...number[]]> = [
  [BlockingIOError, numbers.EAGAIN, numbers.EWOULDBLOCK, numbers.EALREADY, numbers.EINPROGRESS],
  [InterruptedError, numbers.EINTR],
  [BrokenPipeError, numbers.EPIPE, numbers.ESHUTDOWN],
  [ConnectionAbortedError, numbers.ECONNABORTED],
  [ConnectionRefusedError, numbers.ECONNREFUSED],
  [ConnectionResetError, numbers.ECONNRESET],
  [FileExistsError, numbers.EEXIST],
  [FileNotFoundError, numbers.ENOENT],
  [IsADirectoryError, numbers.EISDIR],
  [NotADirectoryError, numbers.ENOTDIR],
  [PermissionError, numbers.EACCES, numbers.EPERM],
  [ChildProcessError, numbers.ECHILD],
  [ProcessLookupError, numbers.ESRCH],
  [TimeoutError, numbers.ETIMEDOUT],
];
const classOf = new Map(
  classes.flatMap(([type, ...errnos]) => errnos.map((errno) => [errno, type] as const)),
);

/** A public function that is being called, for the stack of the error that it throws. */
export type Caller = (...args: never[]) => unknown;

/**
 * The same error, whose stack begins with the line that called a public function: what of ours stands above it is cut.
 * The function must be among those that are being called.
 */
export function calledFrom<E extends Error>(error: E, caller: Caller | undefined): E {
  if (caller !== undefined) Error.captureStackTrace(error, caller);
  return error;
}

/** The error for a raw call's negative result. caller: see calledFrom. */
export function osError(errno: number, syscall: string, address?: ErrorAddress, caller?: Caller): OSError {
  return calledFrom(new (classOf.get(-errno) ?? OSError)(errno, syscall, address), caller);
}

/** The result of a raw call, if it is not an error. caller: see calledFrom. */
export function check(result: number, syscall: string, address?: ErrorAddress, caller?: Caller): number {
  if (result < 0) throw osError(result, syscall, address, caller);
  return result;
}
