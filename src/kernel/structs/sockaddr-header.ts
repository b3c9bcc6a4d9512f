// The beginning that every struct sockaddr has.

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

/** sa_family. */
export function familyOf(sockaddr: Uint8Array): number {
  return hasLengthByte ? sockaddr[1] : sockaddr[0] | (sockaddr[1] << 8);
}
