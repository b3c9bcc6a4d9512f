// struct sockaddr_un ⇄ a path, or the bytes of an abstract name. unix(7).

import { isUtf8 } from 'node:buffer';
import { AF_UNIX } from '../constants/socket.ts';
import { layout } from '../native.ts';
import { describe, hasLengthByte, newSockaddr } from './struct.ts';

const sizeofUnix = layout['sizeof sockaddr_un']!;
const pathOffset = layout['sockaddr_un.sun_path']!;

/**
 * A path as a string, an abstract name (Linux; it begins with NUL) as bytes.
 * Unlike Python, which has surrogate escapes for that, a path that is not UTF-8 comes as bytes too.
 */
export function unpackUnix(sockaddr: Buffer, length: number): string | Buffer {
  // Linux: an unnamed socket has no path bytes, an abstract name begins with NUL and is as long as
  // it is. A path ends at its NUL, if the kernel counted one.
  const name = sockaddr.subarray(pathOffset, Math.min(length, sizeofUnix));
  if (!hasLengthByte && name.length > 0 && name[0] === 0) return Buffer.from(name);
  const end = name.indexOf(0);
  const path = end < 0 ? name : name.subarray(0, end);
  return isUtf8(path) ? path.toString() : Buffer.from(path);
}

/** Of a path (string or bytes), or of an abstract name. Throws TypeError or RangeError. */
export function packUnix(address: unknown, caller: string): Buffer {
  if (typeof address !== 'string' && !(address instanceof Uint8Array)) {
    throw new TypeError(`${caller}(): AF_UNIX address must be a path or bytes, got ${describe(address)}`);
  }
  if (typeof address === 'string' && !isWellFormed(address)) {
    // Unlike Python, where a surrogate may stand for a byte: bytes are given as bytes.
    throw new RangeError(`${caller}(): AF_UNIX path has a lone surrogate: give it as bytes`);
  }
  const path = Buffer.from(address as string);
  // An abstract name (Linux) may fill sun_path; a path needs its NUL; no name at all lets Linux
  // choose one.
  const capacity = sizeofUnix - pathOffset - (path[0] === 0 ? 0 : 1);
  if (path.length > capacity)
    throw new RangeError(`${caller}(): AF_UNIX path too long: ${path.length} bytes, at most ${capacity}`);
  const nul = path.length > 0 && path[0] !== 0 ? 1 : 0;
  const sockaddr = newSockaddr(AF_UNIX, pathOffset + path.length + nul);
  sockaddr.set(path, pathOffset);
  return sockaddr;
}

// String.prototype.isWellFormed, which ES2022 lacks: a surrogate in it is a lone one.
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
