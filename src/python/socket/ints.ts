// Ints as Python's modules take them: no fractions, no strings, no booleans, and a C int's range.

import { type Caller, calledFrom } from '../errors.ts';

/** What a wrong argument is, for errors: a number itself, else its type. */
function shown(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'number' ? String(value) : typeof value;
}

/**
 * A C int. Throws TypeError for what is no integer, RangeError (Python's OverflowError) beyond 32 bits. caller is the
 * public function that was given it, for the error's stack.
 */
export function checkInt(value: number, name: string, caller?: Caller): number {
  if ((value | 0) === value) return value;
  const error = Number.isInteger(value)
    ? new RangeError(`${name} must be a C int, -2147483648-2147483647, got ${value}`)
    : new TypeError(`${name} must be an integer, got ${shown(value)}`);
  throw calledFrom(error, caller);
}

/** A whole number that is not negative. Throws TypeError, or RangeError with Python's words. */
export function checkSize(size: unknown, name: string, negative: string, caller?: Caller): number {
  if (typeof size !== 'number' || !Number.isInteger(size))
    throw calledFrom(new TypeError(`${name} must be an integer, got ${shown(size)}`), caller);
  if (size < 0) throw calledFrom(new RangeError(negative), caller);
  return size;
}
