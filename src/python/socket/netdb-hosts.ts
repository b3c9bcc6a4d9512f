// Python's older resolver functions, by way of getaddrinfo(3) and getnameinfo(3), which may be asked in
// many threads at once. Above: socket.ts. Below: names.ts.

import {
  AI_CANONNAME,
  AI_NUMERICHOST,
  NI_DGRAM,
  NI_MAXHOST,
  NI_MAXSERV,
  NI_NAMEREQD,
  NI_NUMERICHOST,
} from '../../kernel/constants/names.ts';
import * as numbers from '../../kernel/constants/socket.ts';
import {
  AF_INET,
  AF_INET6,
  IPPROTO_TCP,
  IPPROTO_UDP,
  SOCK_DGRAM,
  SOCK_STREAM,
} from '../../kernel/constants/socket.ts';
import { names } from '../../kernel/native.ts';
import { type InetAddress, packAddress, packInet } from '../../kernel/structs/sockaddr.ts';
import { inRange } from '../../kernel/structs/struct.ts';
import { check, OSError } from '../errors.ts';
import { checkLookup, cString, gaierror, getaddrinfo, herror } from './netdb.ts';

const text = (bytes: Buffer) => bytes.toString('utf8', 0, bytes.indexOf(0));

function namesOf(sockaddr: Uint8Array, flags: number): [host: string, service: string] {
  const host = Buffer.alloc(NI_MAXHOST ?? 1025);
  const service = Buffer.alloc(NI_MAXSERV ?? 32);
  checkLookup(names.getnameinfo(sockaddr, host, service, flags), 'getnameinfo');
  return [text(host), text(service)];
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
  return namesOf(packAddress(family, parts as unknown as InetAddress, 'getnameinfo'), flags);
}

/** The name of this host. gethostname(2). */
export function gethostname(): string {
  const name = Buffer.alloc(1025);
  check(names.gethostname(name.subarray(0, 1024)), 'gethostname');
  return text(name);
}

/** Renames this host, which takes privileges. sethostname(2). */
export function sethostname(name: string | Uint8Array): void {
  const bytes = cString(name, 'sethostname(): name');
  if (bytes === null) throw new TypeError('sethostname(): name must be a string or bytes');
  check(names.sethostname(bytes.subarray(0, -1)), 'sethostname');
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
    const [name] = namesOf(packAddress(family, address as InetAddress, 'gethostbyaddr'), NI_NAMEREQD);
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

// getservbyname(3) itself keeps its answer where another thread finds it.
const services = (protocolname?: string): [type: number, proto: number, flags: number][] => {
  const all = { tcp: [SOCK_STREAM, IPPROTO_TCP, 0], udp: [SOCK_DGRAM, IPPROTO_UDP, NI_DGRAM] } as const;
  if (protocolname === undefined) return [[...all.tcp], [...all.udp]];
  const one = all[protocolname as keyof typeof all];
  return one === undefined ? [] : [[...one]];
};

/** A service's port, for 'tcp', 'udp' or either. Throws OSError. */
export function getservbyname(servicename: string, protocolname?: string): number {
  const name = cString(servicename, 'getservbyname(): servicename');
  if (name === null) throw new TypeError('getservbyname(): servicename must be a string');
  for (const [type, proto] of services(protocolname)) {
    if (/^\s*[-+]?\d+/.test(servicename)) break; // A number is no name.
    try {
      return (getaddrinfo(null, servicename, AF_INET, type, proto)[0][4] as InetAddress)[1];
    } catch (error) {
      if (!(error instanceof gaierror)) throw error;
    }
  }
  throw new OSError('service/proto not found');
}

/** The service at a port, for 'tcp', 'udp' or either. Throws OSError, RangeError outside 0-65535. */
export function getservbyport(port: number, protocolname?: string): string {
  if (typeof port !== 'number') throw new TypeError('getservbyport(): port must be a number');
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new RangeError('getservbyport: port must be 0-65535.');
  const sockaddr = packInet(new Uint8Array(4), port);
  for (const [, , flags] of services(protocolname)) {
    const [, service] = namesOf(sockaddr, flags | NI_NUMERICHOST);
    if (service !== String(port)) return service;
  }
  throw new OSError('port/proto not found');
}

/** A protocol's number. Unlike Python, which reads /etc/protocols: of those that have an IPPROTO_*. */
export function getprotobyname(protocolname: string): number {
  const name = String(protocolname).toUpperCase().replaceAll('-', '');
  const number = (numbers as Record<string, unknown>)[`IPPROTO_${name}`];
  if (typeof number !== 'number') throw new OSError('protocol not found');
  return number;
}
