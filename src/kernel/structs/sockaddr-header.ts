// The beginning that every struct sockaddr has, and the words for what is no address.
// A leaf; address.ts and the families' own files are above.

import { layout } from '../native.ts';

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

export function familyOf(sockaddr: Uint8Array): number {
  return hasLengthByte ? sockaddr[1] : sockaddr[0] | (sockaddr[1] << 8);
}

/** The value, a number of 0 … largest. Throws TypeError or RangeError that names the method and the part. */
export function inRange(value: unknown, largest: number, name: string, caller: string): number {
  if (typeof value !== 'number')
    throw new TypeError(`${caller}(): ${name} must be a number, got ${describe(value)}`);
  if (!Number.isInteger(value) || value < 0 || value > largest) {
    throw new RangeError(`${caller}(): ${name} must be 0-${largest}, got ${value}`);
  }
  return value;
}

/** What kind of value it is, for the message of a TypeError. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
