// OSError and its subclasses (PEP 3151), made from the negative errno of a raw call.

import * as numbers from '../kernel/errno.ts';
import { errorcode } from '../kernel/errno.ts';

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
export class BlockingIOError extends OSError {}
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

/** The error for a raw call's negative result. */
export function osError(errno: number, syscall: string, address?: ErrorAddress): OSError {
  return new (classOf.get(-errno) ?? OSError)(errno, syscall, address);
}

/** The result of a raw call, if it is not an error. */
export function check(result: number, syscall: string, address?: ErrorAddress): number {
  if (result < 0) throw osError(result, syscall, address);
  return result;
}
