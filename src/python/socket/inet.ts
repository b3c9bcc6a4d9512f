// Python's inet_* and byte-order functions. inet(3), byteorder(3).

import { AF_INET, AF_INET6 } from '../../kernel/constants/socket.ts';
import { EAFNOSUPPORT } from '../../kernel/errno.ts';
import { formatInet, formatInet6, parseInet, parseInet6 } from '../../kernel/structs/inet-text.ts';
import { OSError, osError } from '../errors.ts';

// Every platform that Node runs on is little-endian: network order is the other one.
const swap16 = (x: number) => ((x & 0xff) << 8) | (x >> 8);
const swap32 = (x: number) => ((swap16(x & 0xffff) << 16) | swap16(x >>> 16)) >>> 0;

function unsigned(x: number, bits: number, caller: string): number {
  if (typeof x !== 'number') throw new TypeError(`${caller}(): expected int, ${typeof x} found`);
  if (!Number.isInteger(x)) throw new TypeError(`${caller}(): expected int, got ${x}`);
  if (x < 0)
    throw new RangeError(`${caller}: can't convert negative Python int to C ${bits}-bit unsigned integer`);
  if (x >= 2 ** bits)
    throw new RangeError(`${caller}: Python int too large to convert to C ${bits}-bit unsigned integer`);
  return x;
}

/** A 16-bit number, 0-65535, from the host's byte order to the network's. */
export const htons = (x: number): number => swap16(unsigned(x, 16, 'htons'));
/** A 16-bit number from the network's byte order to the host's. */
export const ntohs = (x: number): number => swap16(unsigned(x, 16, 'ntohs'));
/** A 32-bit number, 0-4294967295, from the host's byte order to the network's. */
export const htonl = (x: number): number => swap32(unsigned(x, 32, 'htonl'));
/** A 32-bit number from the network's byte order to the host's. */
export const ntohl = (x: number): number => swap32(unsigned(x, 32, 'ntohl'));

/** The bytes of an address in text. Throws OSError for what is none. inet_pton(3). */
export function inet_pton(address_family: number, ip_string: string): Buffer {
  if (typeof ip_string !== 'string') throw new TypeError('inet_pton() argument 2 must be str');
  const parse = { [AF_INET]: parseInet, [AF_INET6]: parseInet6 }[address_family];
  if (parse === undefined) throw osError(-EAFNOSUPPORT, 'inet_pton');
  const bytes = parse(ip_string);
  if (bytes === null) throw new OSError('illegal IP address string passed to inet_pton');
  return Buffer.from(bytes);
}

/** The text of an address in bytes: RangeError unless those are 4 or 16. inet_ntop(3). */
export function inet_ntop(address_family: number, packed_ip: Uint8Array): string {
  const bytes = byteArray(packed_ip, 'inet_ntop');
  if (address_family !== AF_INET && address_family !== AF_INET6)
    throw new RangeError(`unknown address family ${address_family}`);
  if (bytes.length !== (address_family === AF_INET ? 4 : 16))
    throw new RangeError('invalid length of packed IP address string');
  return address_family === AF_INET ? formatInet(bytes) : formatInet6(bytes);
}

/**
 * The bytes of an IPv4 address in any of the notations of inet(3): one to four numbers, decimal,
 * octal (0…) or hexadecimal (0x…), of which the last fills what is left ('127.1').
 */
export function inet_aton(ip_string: string): Buffer {
  if (typeof ip_string !== 'string') throw new TypeError('inet_aton() argument must be str');
  // C takes what follows a blank for no part of it.
  const parts = ip_string.split(/[ \t\n\v\f\r]/, 1)[0].split('.');
  const values = parts.map(numberOf);
  const last = values.pop()!;
  const isAddress =
    values.length <= 3 && values.every((value) => value <= 255) && last < 256 ** (4 - values.length);
  if (!isAddress) throw new OSError('illegal IP address string passed to inet_aton');
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(last);
  bytes.set(values);
  return bytes;
}

// As strtoul(3) with base 0: NaN for what is no number.
function numberOf(text: string): number {
  if (/^0x[0-9a-f]+$/i.test(text)) return Number.parseInt(text.slice(2), 16);
  if (/^0[0-7]*$/.test(text)) return Number.parseInt(text, 8);
  return /^[1-9]\d*$/.test(text) ? Number(text) : Number.NaN;
}

/** The text of four bytes. inet(3). */
export function inet_ntoa(packed_ip: Uint8Array): string {
  const bytes = byteArray(packed_ip, 'inet_ntoa');
  if (bytes.length !== 4) throw new OSError('packed IP wrong length');
  return formatInet(bytes);
}

function byteArray(packed_ip: unknown, caller: string): Uint8Array {
  if (packed_ip instanceof Uint8Array) return packed_ip;
  if (packed_ip instanceof ArrayBuffer) return new Uint8Array(packed_ip);
  throw new TypeError(`${caller}(): a bytes-like object is required, not '${typeof packed_ip}'`);
}
