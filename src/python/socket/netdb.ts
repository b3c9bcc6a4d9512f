// Python's functions of <netdb.h>: getaddrinfo, getnameinfo and the older gethostbyname and its kin, which are
// made of those two because C's own keep their answers where other threads overwrite them; and addresses whose host is a name. All of them block while a server is asked. getaddrinfo(3).

import * as netdb from '../../kernel/constants/names.ts';
import {
  AI_CANONNAME,
  AI_NUMERICHOST,
  AI_NUMERICSERV,
  NI_MAXHOST,
  NI_MAXSERV,
  NI_NAMEREQD,
} from '../../kernel/constants/names.ts';
import { AF_INET, AF_INET6, SOCK_DGRAM, SOCK_STREAM } from '../../kernel/constants/socket.ts';
import { platform } from '../../kernel/platform.ts';
import { type InetAddress, inet6Host, inetHost, packSockaddr } from '../../kernel/structs/sockaddr.ts';
import { inRange } from '../../kernel/structs/struct.ts';
import * as sys from '../../kernel/syscalls.ts';
import { type Caller, calledFrom, check, OSError, osError } from '../errors.ts';
import { type Address, type AddressLike, packAddress, unpackAddress } from './address.ts';

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
    Object.assign(this, { code, errno: -((netdb as Record<string, unknown>)[code] as number), syscall });
  }
}

const codes = new Map(
  Object.entries(netdb)
    .filter(([name, number]) => name.startsWith('EAI_') && number !== undefined)
    .map(([name, number]) => [-Math.abs(number), name]),
);

function codeOf(number: number): string {
  return codes.get(number) ?? `EAI_${-number}`;
}

function gai_strerror(number: number): string {
  const text = Buffer.alloc(256);
  return text.toString('utf8', 0, sys.gai_strerror(number, text));
}

/** native/args.h: LookupResult::eai_system. What is below is the errno of EAI_SYSTEM. */
const EAI_SYSTEM_ERRNO = -1000;

/** The result of a lookup, if it is no failure: 0 - EAI_*, or EAI_SYSTEM_ERRNO - errno. */
function checkLookup(result: number, syscall: string, what?: string): number {
  if (result >= 0) return result;
  throw result <= EAI_SYSTEM_ERRNO
    ? osError(result - EAI_SYSTEM_ERRNO, syscall)
    : new gaierror(result, syscall, what);
}

/** A string or bytes as a C string; null stays null. Throws TypeError, or RangeError for a NUL inside. */
function cString(value: unknown, what: string): Buffer | null {
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
    const result = sys.getaddrinfo(name, service, family, type, proto, flags, out);
    const length = checkLookup(result, 'getaddrinfo', what);
    if (length <= out.length) return unpackInfos(out, length);
    out = Buffer.alloc(2 * length); // The next answer may be longer.
  }
}

function serviceText(port: unknown, flags: number): string | Uint8Array | null {
  // An older macOS crashes on NULL or '0' there; '00' is the same to it.
  const isNull = port === null || port === undefined;
  if (platform === 'darwin' && flags & AI_NUMERICSERV && (isNull || Number(port) === 0)) return '00';
  if (isNull) return null;
  if (typeof port === 'string' || port instanceof Uint8Array) return port;
  // As Python writes an int: a C library rejects, or cuts, what is beyond a port.
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
 * and sendto take. Throws gaierror, and what packAddress throws. name is the method's, for the message, and caller the
 * method itself, for the stack.
 */
export function packResolved(
  family: number,
  address: AddressLike | null,
  name: string,
  caller?: Caller,
): Buffer {
  try {
    return resolved(family, address as AddressLike, name);
  } catch (error) {
    throw calledFrom(error as Error, caller);
  }
}

function resolved(family: number, address: AddressLike, caller: string): Buffer {
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

const textOf = (bytes: Buffer) => bytes.toString('utf8', 0, bytes.indexOf(0));

function namesOf(sockaddr: Uint8Array, flags: number): [host: string, service: string] {
  const host = Buffer.alloc(NI_MAXHOST ?? 1025);
  const service = Buffer.alloc(NI_MAXSERV ?? 32);
  checkLookup(sys.getnameinfo(sockaddr, host, service, flags), 'getnameinfo');
  return [textOf(host), textOf(service)];
}

/**
 * The names of a numeric host and port. Throws gaierror for a name in place of a host, OSError where
 * that stands for several addresses or an IPv4 address has more than two parts. getnameinfo(3).
 */
export function getnameinfo(
  sockaddr: readonly [host: string, port: number, flowinfo?: number, scope_id?: number],
  flags: number,
): [host: string, port: string] {
  if (!Array.isArray(sockaddr) || sockaddr.length < 2 || sockaddr.length > 4)
    throw new TypeError('getnameinfo() argument 1 must be a tuple');
  const [host, port, flowinfo = 0, scope = 0] = sockaddr as readonly [string, number, number?, number?];
  inRange(flowinfo, 0xfffff, 'flowinfo', 'getnameinfo');
  inRange(port, 0xffffffff, 'port', 'getnameinfo');
  const found = getaddrinfo(host, port, 0, SOCK_DGRAM, 0, AI_NUMERICHOST);
  if (found.length > 1) throw new OSError('sockaddr resolved to multiple addresses');
  const [family, , , , address] = found[0];
  if (family === AF_INET && sockaddr.length !== 2) throw new OSError('IPv4 sockaddr must be 2 tuple');
  const [numeric, number, , own = 0] = address as [string, number, number?, number?];
  const parts = family === AF_INET6 ? [numeric, number, flowinfo, scope || own] : [numeric, number];
  return namesOf(packSockaddr(family, parts as unknown as InetAddress, 'getnameinfo'), flags);
}

/** The name of this host. gethostname(2). */
export function gethostname(): string {
  const name = Buffer.alloc(1025);
  check(sys.gethostname(name.subarray(0, 1024)), 'gethostname');
  return textOf(name);
}

/** Renames this host, which takes privileges. sethostname(2). */
export function sethostname(name: string | Uint8Array): void {
  const bytes = cString(name, 'sethostname(): name');
  if (bytes === null) throw new TypeError('sethostname(): name must be a string or bytes');
  check(sys.sethostname(bytes.subarray(0, -1)), 'sethostname');
}

/** A host's IPv4 address. Throws gaierror. */
export function gethostbyname(hostname: string): string {
  if (typeof hostname !== 'string') throw new TypeError('gethostbyname(): hostname must be a string');
  if (hostname === '') return '0.0.0.0';
  if (hostname === '<broadcast>') return '255.255.255.255';
  return (getaddrinfo(hostname, null, AF_INET)[0][4] as InetAddress)[0];
}

/**
 * A host's name, its other names and its IPv4 addresses.
 * Unlike Python's, the list of other names is empty: getaddrinfo(3) does not tell them.
 */
export function gethostbyname_ex(
  hostname: string,
): [hostname: string, aliases: string[], addresses: string[]] {
  gethostbyname(hostname);
  const found = getaddrinfo(hostname, null, AF_INET, SOCK_STREAM, 0, AI_CANONNAME);
  return [found[0][3] || hostname, [], found.map(([, , , , address]) => (address as InetAddress)[0])];
}

/** The name of an address (or of a name's address), as gethostbyname_ex has it. Throws herror. */
export function gethostbyaddr(
  ip_address: string,
): [hostname: string, aliases: string[], addresses: string[]] {
  if (typeof ip_address !== 'string') throw new TypeError('gethostbyaddr(): ip_address must be a string');
  const [family, , , , address] = getaddrinfo(
    ip_address === '' ? '0.0.0.0' : ip_address,
    null,
    0,
    SOCK_STREAM,
  )[0];
  const numeric = (address as InetAddress)[0];
  try {
    const [name] = namesOf(packSockaddr(family, address as InetAddress, 'gethostbyaddr'), NI_NAMEREQD);
    return [name, [], [numeric]];
  } catch (error) {
    if (error instanceof gaierror) throw new herror('HOST_NOT_FOUND', 'gethostbyaddr', numeric);
    throw error;
  }
}

/** A host's full name: its first name with a dot in it, or else the name itself; '' is this host. */
export function getfqdn(name = ''): string {
  const trimmed = name.trim();
  const given = trimmed === '' || trimmed === '0.0.0.0' || trimmed === '::' ? gethostname() : trimmed;
  try {
    const [hostname, aliases] = gethostbyaddr(given);
    return [hostname, ...aliases].find((each) => each.includes('.')) ?? hostname;
  } catch (error) {
    if (error instanceof OSError) return given;
    throw error;
  }
}
