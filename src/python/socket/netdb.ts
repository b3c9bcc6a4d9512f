// Names of hosts and services, as Python's socket module resolves them: at once, and blocking, as
// getaddrinfo(3) does. Above: the Socket (bind, connect, sendto) and socket.ts. Below: address.ts,
// native/names.cc.

import * as numbers from '../../kernel/constants/names.ts';
import { AI_NUMERICSERV } from '../../kernel/constants/names.ts';
import { AF_INET, AF_INET6 } from '../../kernel/constants/socket.ts';
import { names } from '../../kernel/native.ts';
import {
  type Address,
  type AddressLike,
  inet6Host,
  inetHost,
  packAddress,
  unpackAddress,
} from '../../kernel/structs/sockaddr.ts';
import { OSError, osError } from '../errors.ts';

/** A name that could not be resolved: code 'EAI_NONAME', errno its number, negative everywhere. */
export class gaierror extends OSError {
  constructor(number: number, syscall: string, what?: string) {
    const code = codeOf(number);
    super(`${syscall} ${code}${what === undefined ? '' : ` ${what}`}: ${gai_strerror(number)}`);
    Object.assign(this, { code, errno: number, syscall });
  }
}

/** What gethostbyaddr throws for an address that has no name: code 'HOST_NOT_FOUND'. */
export class herror extends OSError {
  constructor(code: string, syscall: string, what: string) {
    super(`${syscall} ${code} ${what}: Unknown host`);
    Object.assign(this, { code, errno: -((numbers as Record<string, unknown>)[code] as number), syscall });
  }
}

const codes = new Map(
  Object.entries(numbers)
    .filter(([name, number]) => name.startsWith('EAI_') && number !== undefined)
    .map(([name, number]) => [-Math.abs(number), name]),
);

function codeOf(number: number): string {
  return codes.get(number) ?? `EAI_${-number}`;
}

function gai_strerror(number: number): string {
  const text = Buffer.alloc(256);
  return text.toString('utf8', 0, names.gai_strerror(number, text));
}

/** The result of a lookup, if it is no failure: 0 - EAI_*, or -1000 - errno for EAI_SYSTEM. */
export function checkLookup(result: number, syscall: string, what?: string): number {
  if (result >= 0) return result;
  throw result <= -1000 ? osError(result + 1000, syscall) : new gaierror(result, syscall, what);
}

/** A string or bytes as a C string; null stays null. Throws TypeError, or RangeError for a NUL inside. */
export function cString(value: unknown, what: string): Buffer | null {
  if (value === null || value === undefined) return null;
  if (typeof value !== 'string' && !(value instanceof Uint8Array)) {
    throw new TypeError(`${what} must be a string, bytes or null, got ${typeof value}`);
  }
  if (typeof value === 'string' && /\p{Surrogate}/u.test(value)) {
    throw new RangeError(`${what} cannot be encoded: it has a lone surrogate`);
  }
  const text = Buffer.from(value as string);
  if (text.includes(0)) throw new RangeError(`${what}: embedded null byte`);
  return Buffer.concat([text, Buffer.alloc(1)]);
}

/** One way to reach a host: for socket(family, type, proto) and connect(sockaddr). */
export type AddressInfo = [family: number, type: number, proto: number, canonname: string, sockaddr: Address];

/** Python's keyword arguments of getaddrinfo. */
export interface Hints {
  family?: number;
  type?: number;
  proto?: number;
  flags?: number;
}

/**
 * The ways to reach a host (null: this one) and a service (a name, a number in a string, or a
 * number; null: port 0). The hints are numbers, or one object. getaddrinfo(3).
 * Throws gaierror. Blocks, as Python's does, while a server is asked.
 */
export function getaddrinfo(
  host: string | Uint8Array | null,
  port: string | Uint8Array | number | bigint | null,
  family: number | Hints = 0,
  type = 0,
  proto = 0,
  flags = 0,
): AddressInfo[] {
  if (typeof family === 'object') {
    const hints = family;
    return getaddrinfo(host, port, hints.family ?? 0, hints.type ?? 0, hints.proto ?? 0, hints.flags ?? 0);
  }
  const name = cString(host, 'getaddrinfo(): host');
  const service = cString(serviceText(port, flags), 'getaddrinfo(): port');
  const what = host === null || host === undefined ? undefined : Buffer.from(host as string).toString();
  let out = Buffer.alloc(8192);
  for (;;) {
    const result = names.getaddrinfo(name, service, family, type, proto, flags, out);
    const length = checkLookup(result, 'getaddrinfo', what);
    if (length <= out.length) return unpackInfos(out, length);
    out = Buffer.alloc(2 * length); // The next answer may be longer.
  }
}

function serviceText(port: unknown, flags: number): string | Uint8Array | null {
  // An older macOS crashes on NULL or '0' there; '00' is the same to it.
  const isNull = port === null || port === undefined;
  if (process.platform === 'darwin' && flags & AI_NUMERICSERV && (isNull || Number(port) === 0)) return '00';
  if (isNull) return null;
  if (typeof port === 'string' || port instanceof Uint8Array) return port;
  // As Python writes an int: a C library refuses, or cuts, what is beyond a port.
  if (typeof port === 'bigint' || (typeof port === 'number' && Number.isInteger(port)))
    return BigInt(port).toString();
  throw new OSError('Int or String expected');
}

function unpackInfos(out: Buffer, end: number): AddressInfo[] {
  const list: AddressInfo[] = [];
  for (let at = 0; at < end; ) {
    const [family, type, proto, addrlen, namelen] = [0, 4, 8, 12, 16].map((field) =>
      out.readInt32LE(at + field),
    );
    const sockaddr = at + 20;
    const canonname = sockaddr + addrlen;
    const address = unpackAddress(out.subarray(sockaddr, canonname), addrlen);
    at = canonname + namelen;
    list.push([family, type, proto, out.toString('utf8', canonname, at), address]);
  }
  return list;
}

/**
 * The sockaddr for an address whose host may be a name, which is resolved then: what bind, connect
 * and sendto take. Throws gaierror, and what packAddress throws.
 */
export function packResolved(family: number, address: AddressLike, caller: string): Buffer {
  if ((family !== AF_INET && family !== AF_INET6) || !Array.isArray(address)) {
    return packAddress(family, address, caller);
  }
  const [host, ...rest] = address as unknown as [unknown, ...number[]];
  const isNumeric =
    typeof host !== 'string' || (family === AF_INET ? inetHost(host) : inet6Host(host)) !== null;
  if (isNumeric) return packAddress(family, address, caller);
  // What else is wrong with it comes first, as in Python.
  packAddress(family, ['', ...rest] as unknown as AddressLike, caller);
  const [found, , , scope] = getaddrinfo(host, null, family)[0][4] as [string, number, number, number];
  // Unlike Python, the scope of 'fe80::1%eth0' stays, where none is given in its place.
  if (scope && !rest[2]) return packAddress(family, [found, rest[0], rest[1] ?? 0, scope], caller);
  return packAddress(family, [found, ...rest] as unknown as AddressLike, caller);
}
