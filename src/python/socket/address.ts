// Python's addresses: those of kernel/structs/sockaddr.ts, but an AF_PACKET socket's has the interface's name.

import * as families from '../../kernel/constants/socket.ts';
import { AF_PACKET } from '../../kernel/constants/socket.ts';
import {
  type Address,
  type Inet6Address,
  type InetAddress,
  type LinkLayerAddress,
  type NetlinkAddress,
  packSockaddr,
  type SockaddrLike,
  unpackSockaddr,
  type VsockAddress,
} from '../../kernel/structs/sockaddr.ts';
import { parts } from '../../kernel/structs/sockaddr-link.ts';
import { describe, familyOf } from '../../kernel/structs/struct.ts';
import { if_nametoindex, interfaceName } from './interfaces.ts';

export type { Address, Inet6Address, InetAddress } from '../../kernel/structs/sockaddr.ts';

/** Packets of one interface ('' and protocol 0: of none yet), of one protocol (ETH_P_*, host byte order). */
export type PacketAddress = LinkLayerAddress<string>;
/** The addresses of AF_NETLINK, AF_PACKET and AF_VSOCK sockets. */
export type LinkAddress = NetlinkAddress | PacketAddress | VsockAddress;
/** A path, or the bytes of an abstract name. */
export type UnixAddress = string | Buffer;

declare const addressType: unique symbol;
/** An address family that says, for TypeScript, which addresses its sockets have; a plain number's have Address. */
export type Family<A> = number & { readonly [addressType]?: A };

export const AF_INET = families.AF_INET as Family<InetAddress>;
export const AF_INET6 = families.AF_INET6 as Family<Inet6Address>;
export const AF_UNIX = families.AF_UNIX as Family<UnixAddress>;

/** What bind and connect take. */
export type AddressLike = SockaddrLike<string>;

/**
 * The sockaddr for an address of that family; caller ('bind') names the method in errors. Throws what
 * packSockaddr throws, and OSError ENODEV for an interface that is not there.
 */
export function packAddress(family: number, address: AddressLike, caller: string): Buffer {
  if (family !== AF_PACKET) return packSockaddr(family, address as SockaddrLike, caller);
  const shape = 'AF_PACKET address must be [ifname, proto, pkttype?, hatype?, addr?]';
  const [ifname, ...rest] = parts(shape, address, [2, 5], caller);
  if (typeof ifname !== 'string')
    throw new TypeError(`${caller}(): interface name must be a string, got ${describe(ifname)}`);
  const ifindex = ifname === '' ? 0 : if_nametoindex(ifname);
  return packSockaddr(family, [ifindex, ...rest] as unknown as SockaddrLike, caller);
}

/** The address in the first length bytes of a sockaddr that the kernel wrote. */
export function unpackAddress(sockaddr: Buffer, length: number): Address {
  const address = unpackSockaddr(sockaddr, length);
  if (address === null || familyOf(sockaddr) !== AF_PACKET) return address;
  const [ifindex, ...rest] = address as unknown as LinkLayerAddress;
  return [interfaceName(ifindex), ...rest] as unknown as Address;
}
