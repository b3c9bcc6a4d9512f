// struct sockaddr ⇄ JavaScript: [host, port] for AF_INET, [host, port, flowinfo, scope_id] for
// AF_INET6, a path (or the bytes of an abstract name) for AF_UNIX. A leaf; socket.ts is above.
// Layouts: ip(7), ipv6(7), unix(7), packet(7). Ports and addresses are big-endian, the rest the host's order.

import { AF_INET, AF_INET6, AF_PACKET, AF_UNIX } from './constants/socket.ts';
import { layout } from './native.ts';

/** An IPv4 address: dotted decimal ('' is every interface, '<broadcast>' the broadcast address), port 0-65535. */
export type InetAddress = [host: string, port: number];
/** An IPv6 address in text, port 0-65535, flowinfo 0-0xfffff, scope id (an interface index, 0 for none). */
export type Inet6Address = [host: string, port: number, flowinfo: number, scope_id: number];
/** What accept, getsockname and recvfrom give: null where the kernel named nobody. */
export type Address = InetAddress | Inet6Address | string | Buffer | null;
/** What bind and connect take. */
export type AddressLike =
  | readonly [host: string, port: number]
  | readonly [host: string, port: number, flowinfo: number, scope_id?: number]
  | string
  | Uint8Array;

const sizeofInet = layout['sizeof sockaddr_in']!;
const sizeofInet6 = layout['sizeof sockaddr_in6']!;
const sizeofUnix = layout['sizeof sockaddr_un']!;
const pathOffset = layout['sockaddr_un.sun_path']!;
/** Room for an address of any family. */
export const sizeofStorage = layout['sizeof sockaddr_storage']!;

// The one difference between the platforms: the BSDs, and so macOS, begin with a byte for the
// length, and their family is a byte; Linux has no length, and a family of two bytes.
const hasLengthByte = layout['sockaddr.sa_family'] === 1;

function newSockaddr(family: number, size: number): Buffer {
  const sockaddr = Buffer.alloc(size);
  if (hasLengthByte) {
    sockaddr[0] = size;
    sockaddr[1] = family;
  } else {
    sockaddr.writeUInt16LE(family);
  }
  return sockaddr;
}

/** The address in the first length bytes of a sockaddr that the kernel wrote. */
export function unpackAddress(sockaddr: Buffer, length: number): Address {
  if (length === 0) return null;
  switch (hasLengthByte ? sockaddr[1] : sockaddr[0] | (sockaddr[1] << 8)) {
    case AF_INET:
      return [formatInet(sockaddr, 4), (sockaddr[2] << 8) | sockaddr[3]];
    case AF_INET6:
      return [
        formatInet6(sockaddr, 8),
        sockaddr.readUInt16BE(2),
        sockaddr.readUInt32BE(4) & 0xfffff,
        sockaddr.readUInt32LE(24),
      ];
    case AF_UNIX: {
      // Linux: an unnamed socket has no path bytes, an abstract name begins with NUL and is
      // as long as it is. A path ends at its NUL, if the kernel counted one.
      const path = sockaddr.subarray(pathOffset, Math.min(length, sizeofUnix));
      if (!hasLengthByte && path.length > 0 && path[0] === 0) return Buffer.from(path);
      const end = path.indexOf(0);
      return path.toString('utf8', 0, end < 0 ? path.length : end);
    }
    default:
      return Buffer.from(sockaddr.subarray(0, Math.min(length, sockaddr.length)));
  }
}

/**
 * The sockaddr for an address of that family; caller ('bind') names the method in errors.
 * Throws TypeError for another shape of address, RangeError for a host, a port or a path that is none.
 * Unlike Python, names are not resolved: a host is a numeric address.
 */
export function packAddress(family: number, address: AddressLike, caller: string): Buffer {
  switch (family) {
    case AF_INET: {
      const [host, port] = inetAddress('AF_INET', '[host, port]', address, 2, caller);
      const sockaddr = newSockaddr(AF_INET, sizeofInet);
      sockaddr.writeUInt16BE(port, 2);
      sockaddr.set(hostBytes(host, inetHost, 'IPv4', caller), 4);
      return sockaddr;
    }
    case AF_INET6: {
      const shape = '[host, port, flowinfo?, scope_id?]';
      const [host, port, flowinfo, scope] = inetAddress('AF_INET6', shape, address, 4, caller);
      const sockaddr = newSockaddr(AF_INET6, sizeofInet6);
      sockaddr.writeUInt16BE(port, 2);
      sockaddr.writeUInt32BE(inRange(flowinfo ?? 0, 0xfffff, 'flowinfo', caller), 4);
      sockaddr.set(hostBytes(host, inet6Host, 'IPv6', caller), 8);
      sockaddr.writeUInt32LE(inRange(scope ?? 0, 0xffffffff, 'scope_id', caller), 24);
      return sockaddr;
    }
    case AF_UNIX: {
      if (typeof address !== 'string' && !(address instanceof Uint8Array)) {
        throw new TypeError(`${caller}(): AF_UNIX address must be a path or bytes, got ${describe(address)}`);
      }
      const path = Buffer.from(address as string);
      // An abstract name (Linux) may fill sun_path; a path needs its NUL; no name at all lets
      // Linux choose one.
      const room = sizeofUnix - pathOffset - (path[0] === 0 ? 0 : 1);
      if (path.length > room)
        throw new RangeError(`${caller}(): AF_UNIX path too long: ${path.length} bytes, at most ${room}`);
      const nul = path.length > 0 && path[0] !== 0 ? 1 : 0;
      const sockaddr = newSockaddr(AF_UNIX, pathOffset + path.length + nul);
      sockaddr.set(path, pathOffset);
      return sockaddr;
    }
    default:
      throw new RangeError(`${caller}(): addresses of family ${family} are not supported`);
  }
}

/**
 * A struct sockaddr_ll for bind(2): the packets of one interface, by its index, of one protocol
 * (ETH_P_ALL: of all). packet(7), Linux.
 */
export function packLinkAddress(protocol: number, interfaceIndex: number): Buffer {
  const sockaddr = newSockaddr(AF_PACKET, layout['sizeof sockaddr_ll']!);
  sockaddr.writeUInt16BE(protocol, layout['sockaddr_ll.sll_protocol']!);
  sockaddr.writeInt32LE(interfaceIndex, layout['sockaddr_ll.sll_ifindex']!);
  return sockaddr;
}

/** Which way a packet went: PACKET_HOST, PACKET_OUTGOING, …, by the sockaddr_ll that came with it. */
export function linkPacketType(sockaddr: Buffer): number {
  return sockaddr[layout['sockaddr_ll.sll_pkttype']!];
}

function inetAddress(name: string, shape: string, address: AddressLike, most: number, caller: string) {
  if (!Array.isArray(address) || address.length < 2 || address.length > most) {
    throw new TypeError(`${caller}(): ${name} address must be ${shape}, got ${describe(address)}`);
  }
  const [host, port, ...rest]: unknown[] = address;
  if (typeof host !== 'string')
    throw new TypeError(`${caller}(): host must be a string, got ${describe(host)}`);
  return [host, inRange(port, 65535, 'port', caller), ...rest] as [string, number, number?, number?];
}

function inRange(value: unknown, largest: number, name: string, caller: string): number {
  if (typeof value !== 'number')
    throw new TypeError(`${caller}(): ${name} must be a number, got ${describe(value)}`);
  if (!Number.isInteger(value) || value < 0 || value > largest) {
    throw new RangeError(`${caller}(): ${name} must be 0-${largest}, got ${value}`);
  }
  return value;
}

function hostBytes(
  host: string,
  parse: (text: string) => Uint8Array | null,
  kind: string,
  caller: string,
): Uint8Array {
  const bytes = parse(host);
  if (bytes === null)
    throw new RangeError(`${caller}(): host must be a numeric ${kind} address, got '${host}'`);
  return bytes;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function inetHost(host: string): Uint8Array | null {
  if (host === '') return Uint8Array.of(0, 0, 0, 0);
  if (host === '<broadcast>') return Uint8Array.of(255, 255, 255, 255);
  return parseInet(host);
}

function inet6Host(host: string): Uint8Array | null {
  return host === '' ? new Uint8Array(16) : parseInet6(host);
}

/** inet_pton(AF_INET): exactly four decimal bytes without leading zeros, or null. */
export function parseInet(text: string): Uint8Array | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255))
    return null;
  return Uint8Array.from(parts, Number);
}

/** inet_pton(AF_INET6) of RFC 4291's text forms, without a scope, or null. */
export function parseInet6(text: string): Uint8Array | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [head, tail] = halves.map((half, i) => inet6Words(half, i === halves.length - 1));
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const words = [...head, ...new Array<number>(missing).fill(0), ...(tail ?? [])];
  return Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff]));
}

// The 16-bit words of 'a:b:c', or of 'a:1.2.3.4' where that may stand; null if it is neither.
function inet6Words(text: string, isLast: boolean): number[] | null {
  if (text === '') return [];
  const groups = text.split(':');
  const inet = isLast && groups.at(-1)!.includes('.') ? parseInet(groups.pop()!) : undefined;
  if (inet === null || !groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  const words = groups.map((group) => Number.parseInt(group, 16));
  return inet === undefined ? words : [...words, (inet[0] << 8) | inet[1], (inet[2] << 8) | inet[3]];
}

// The last address formatted: a server's clients share few, and ask for them with every message.
let lastInet = -1;
let lastInetText = '';

/** inet_ntop(AF_INET) of the four bytes at offset. */
export function formatInet(bytes: Uint8Array, offset = 0): string {
  const inet =
    (bytes[offset] << 24) | (bytes[offset + 1] << 16) | (bytes[offset + 2] << 8) | bytes[offset + 3];
  if (inet !== lastInet || lastInetText === '') {
    lastInet = inet;
    lastInetText = `${bytes[offset]}.${bytes[offset + 1]}.${bytes[offset + 2]}.${bytes[offset + 3]}`;
  }
  return lastInetText;
}

/** inet_ntop(AF_INET6) of the sixteen bytes at offset, as glibc writes it (RFC 5952). */
export function formatInet6(bytes: Uint8Array, offset = 0): string {
  const words = Array.from({ length: 8 }, (_, i) => (bytes[offset + 2 * i] << 8) | bytes[offset + 2 * i + 1]);
  const [start, length] = longestZeros(words);
  // ::ffff:1.2.3.4 (mapped) and ::1.2.3.4 (compatible) keep their last words in IPv4's notation.
  const isInet = start === 0 && (length === 6 || (length === 5 && words[5] === 0xffff));
  const texts = words.map((word) => word.toString(16));
  if (isInet) texts.splice(6, 2, formatInet(bytes, offset + 12));
  if (length < 2) return texts.join(':');
  return `${texts.slice(0, start).join(':')}::${texts.slice(start + length).join(':')}`;
}

// The first longest run of zero words: [start, length].
function longestZeros(words: number[]): [number, number] {
  let best: [number, number] = [0, 0];
  for (let start = 0; start < words.length; start++) {
    let length = 0;
    while (words[start + length] === 0) length++;
    if (length > best[1]) best = [start, length];
  }
  return best;
}
