// struct sockaddr ⇄ JavaScript, by family: [host, port] for AF_INET, [host, port, flowinfo, scope_id]
// for AF_INET6, and the families of sockaddr-un.ts and sockaddr-link.ts. ip(7), ipv6(7). Ports and addresses
// are big-endian.

import { AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_UNIX, AF_VSOCK } from '../constants/socket.ts';
import { layout } from '../native.ts';
import { formatInet, formatInet6, parseInet, parseInet6 } from './inet-text.ts';
import {
  packNetlink,
  packPacket,
  packVsock,
  unpackNetlink,
  unpackPacket,
  unpackVsock,
} from './sockaddr-link.ts';
import { packUnix, unpackUnix } from './sockaddr-un.ts';
import { describe, familyOf, inRange, newSockaddr } from './struct.ts';

export { formatInet, formatInet6, parseInet, parseInet6 } from './inet-text.ts';
export {
  type LinkLayerAddress,
  linkPacketType,
  type NetlinkAddress,
  packLinkAddress,
  type VsockAddress,
} from './sockaddr-link.ts';

/** An IPv4 address: dotted decimal ('' is every interface, '<broadcast>' the broadcast address), port 0-65535. */
export type InetAddress = [host: string, port: number];
/** An IPv6 address in text, port 0-65535, flowinfo 0-0xfffff, scope id (an interface index, 0 for none). */
export type Inet6Address = [host: string, port: number, flowinfo: number, scope_id: number];
/**
 * What accept, getsockname and recvfrom give: null where the kernel gave no address. AF_NETLINK,
 * AF_PACKET and AF_VSOCK have NetlinkAddress, LinkLayerAddress and VsockAddress; a family that is not known
 * has the bytes of its sockaddr.
 */
export type Address = InetAddress | Inet6Address | string | Buffer | null;
/** What packSockaddr takes. An AF_PACKET address begins with an interface: its index, or in Python its name. */
export type SockaddrLike<Interface = number> =
  | readonly [host: string, port: number]
  | readonly [host: string, port: number, flowinfo: number, scope_id?: number]
  | readonly [iface: Interface, proto: number, pkttype: number, hatype?: number, addr?: Uint8Array]
  | readonly [pid_or_cid: number, groups_or_port: number]
  | string
  | Uint8Array;

const sizeofInet = layout['sizeof sockaddr_in']!;
const sizeofInet6 = layout['sizeof sockaddr_in6']!;
/** The size of an address of any family. */
export const sizeofStorage = layout['sizeof sockaddr_storage']!;

/** The address in the first length bytes of a sockaddr that the kernel wrote. */
export function unpackSockaddr(sockaddr: Buffer, length: number = sockaddr.length): Address {
  if (length === 0) return null;
  switch (familyOf(sockaddr)) {
    case AF_INET:
      checkSize(sockaddr, 8);
      return [formatInet(sockaddr, 4), (sockaddr[2] << 8) | sockaddr[3]];
    case AF_INET6:
      checkSize(sockaddr, 28);
      return [
        formatInet6(sockaddr, 8),
        sockaddr.readUInt16BE(2),
        sockaddr.readUInt32BE(4) & 0xfffff,
        sockaddr.readUInt32LE(24),
      ];
    case AF_UNIX:
      return unpackUnix(sockaddr, length);
    // Not in the type: callers that have such a socket know, and the others need not tell them apart.
    case AF_NETLINK ?? -1:
      return unpackNetlink(sockaddr) as unknown as Address;
    case AF_PACKET ?? -1:
      return unpackPacket(sockaddr) as unknown as Address;
    case AF_VSOCK ?? -1:
      return unpackVsock(sockaddr) as unknown as Address;
    default:
      return Buffer.from(sockaddr.subarray(0, Math.min(length, sockaddr.length)));
  }
}

// sin_port and sin_addr, or a whole sockaddr_in6: fewer bytes are no address.
function checkSize(sockaddr: Buffer, least: number): void {
  if (sockaddr.length < least)
    throw new RangeError(`unpackSockaddr(): needs ${least} bytes for this family, got ${sockaddr.length}`);
}

/**
 * The sockaddr for an address of that family; caller ('bind') names the method in errors.
 * Throws TypeError for another shape of address, RangeError for a host, a port or a path that is none:
 * here a host is a numeric address.
 */
export function packSockaddr(family: number, address: SockaddrLike, caller = 'packSockaddr'): Buffer {
  switch (family) {
    case AF_INET: {
      const [host, port] = inetAddress('AF_INET', '[host, port]', address, 2, caller);
      return packInet(hostBytes(host, inetHost, 'IPv4', caller), port);
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
    case AF_UNIX:
      return packUnix(address, caller);
    case AF_NETLINK ?? -1:
      return packNetlink(address, caller);
    case AF_PACKET ?? -1:
      return packPacket(address, caller);
    case AF_VSOCK ?? -1:
      return packVsock(address, caller);
    default:
      throw new RangeError(`${caller}(): addresses of family ${family} are not supported`);
  }
}

/** A struct sockaddr_in of four bytes and a port. */
export function packInet(host: Uint8Array, port: number): Buffer {
  const sockaddr = newSockaddr(AF_INET, sizeofInet);
  sockaddr.writeUInt16BE(port, 2);
  sockaddr.set(host, 4);
  return sockaddr;
}

function inetAddress(name: string, shape: string, address: SockaddrLike, most: number, caller: string) {
  if (!Array.isArray(address) || address.length < 2 || address.length > most) {
    throw new TypeError(`${caller}(): ${name} address must be ${shape}, got ${describe(address)}`);
  }
  const [host, port, ...rest]: unknown[] = address;
  if (typeof host !== 'string')
    throw new TypeError(`${caller}(): host must be a string, got ${describe(host)}`);
  return [host, inRange(port, 65535, 'port', caller), ...rest] as [string, number, number?, number?];
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

/** The four bytes of a host that needs no resolving, or null. */
export function inetHost(host: string): Uint8Array | null {
  if (host === '') return Uint8Array.of(0, 0, 0, 0);
  if (host === '<broadcast>') return Uint8Array.of(255, 255, 255, 255);
  return parseInet(host);
}

/** The sixteen bytes of a host that needs no resolving, or null. */
export function inet6Host(host: string): Uint8Array | null {
  return host === '' ? new Uint8Array(16) : parseInet6(host);
}
