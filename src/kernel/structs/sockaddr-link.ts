// Addresses of the families that are no internet: struct sockaddr_ll ⇄ [interface index, protocol, packet
// type, hardware type, address], sockaddr_nl ⇄ [pid, groups], sockaddr_vm ⇄ [cid, port]. packet(7),
// netlink(7), vsock(7).

import { AF_NETLINK, AF_PACKET, AF_VSOCK } from '../constants/socket.ts';
import { layout } from '../native.ts';
import { describe, inRange, newSockaddr } from './struct.ts';

/** Packets of one interface (its index; 0: of any), of one protocol (ETH_P_*, host byte order; 0: of none yet). */
export type LinkLayerAddress<Interface = number> = [
  iface: Interface,
  proto: number,
  pkttype: number,
  hatype: number,
  addr: Buffer,
];
/** A netlink port (0: the kernel, or one to be chosen) and a mask of multicast groups. */
export type NetlinkAddress = [pid: number, groups: number];
/** A virtual machine (VMADDR_CID_*) and a port in it. */
export type VsockAddress = [cid: number, port: number];

const protocolOffset = layout['sockaddr_ll.sll_protocol']!;
const indexOffset = layout['sockaddr_ll.sll_ifindex']!;
const hatypeOffset = layout['sockaddr_ll.sll_hatype']!;
const pkttypeOffset = layout['sockaddr_ll.sll_pkttype']!;
const halenOffset = layout['sockaddr_ll.sll_halen']!;
const addrOffset = layout['sockaddr_ll.sll_addr']!;
/** sll_addr's size. */
const LINK_ADDRESS_SIZE = 8;

/** A struct sockaddr_ll by the interface's index, for bind(2): ETH_P_ALL is every protocol. */
export function packLinkAddress(protocol: number, interfaceIndex: number): Buffer {
  const sockaddr = newSockaddr(AF_PACKET, layout['sizeof sockaddr_ll']!);
  sockaddr.writeUInt16BE(protocol, protocolOffset);
  sockaddr.writeInt32LE(interfaceIndex, indexOffset);
  return sockaddr;
}

/** Which way a packet went: PACKET_HOST, PACKET_OUTGOING, …, by the sockaddr_ll that came with it. */
export function linkPacketType(sockaddr: Buffer): number {
  return sockaddr[pkttypeOffset];
}

/** Of [ifindex, proto, pkttype?, hatype?, addr?]. */
export function packPacket(address: unknown, caller: string): Buffer {
  const [ifindex, proto, pkttype = 0, hatype = 0, addr] = parts(
    'AF_PACKET address must be [ifindex, proto, pkttype?, hatype?, addr?]',
    address,
    [2, 5],
    caller,
  );
  if (addr !== undefined && !(addr instanceof Uint8Array))
    throw new TypeError(`${caller}(): hardware address must be bytes, got ${describe(addr)}`);
  if (addr !== undefined && addr.length > LINK_ADDRESS_SIZE)
    throw new RangeError(`${caller}(): Hardware address must be 8 bytes or less, got ${addr.length}`);
  const sockaddr = packLinkAddress(
    inRange(proto, 0xffff, 'proto', caller),
    inRange(ifindex, 0x7fffffff, 'ifindex', caller),
  );
  sockaddr.writeUInt16LE(inRange(hatype, 0xffff, 'hatype', caller), hatypeOffset);
  sockaddr[pkttypeOffset] = inRange(pkttype, 0xff, 'pkttype', caller);
  sockaddr[halenOffset] = addr?.length ?? 0;
  if (addr !== undefined) sockaddr.set(addr, addrOffset);
  return sockaddr;
}

export function unpackPacket(sockaddr: Buffer): LinkLayerAddress {
  const length = Math.min(sockaddr[halenOffset], LINK_ADDRESS_SIZE);
  return [
    sockaddr.readInt32LE(indexOffset),
    sockaddr.readUInt16BE(protocolOffset),
    sockaddr[pkttypeOffset],
    sockaddr.readUInt16LE(hatypeOffset),
    Buffer.from(sockaddr.subarray(addrOffset, addrOffset + length)),
  ];
}

const pidOffset = layout['sockaddr_nl.nl_pid']!;
const groupsOffset = layout['sockaddr_nl.nl_groups']!;

/** Of [pid, groups]. */
export function packNetlink(address: unknown, caller: string): Buffer {
  const [pid, groups] = parts('AF_NETLINK address must be [pid, groups]', address, [2, 2], caller);
  const sockaddr = newSockaddr(AF_NETLINK, layout['sizeof sockaddr_nl']!);
  sockaddr.writeUInt32LE(inRange(pid, 0xffffffff, 'pid', caller), pidOffset);
  sockaddr.writeUInt32LE(inRange(groups, 0xffffffff, 'groups', caller), groupsOffset);
  return sockaddr;
}

export function unpackNetlink(sockaddr: Buffer): NetlinkAddress {
  return [sockaddr.readUInt32LE(pidOffset), sockaddr.readUInt32LE(groupsOffset)];
}

// Where the headers lack it (zig's for macOS), by XNU's bsd/sys/vsock.h.
const sizeofVsock = layout['sizeof sockaddr_vm'] ?? 12;
const portOffset = layout['sockaddr_vm.svm_port'] ?? 4;
const cidOffset = layout['sockaddr_vm.svm_cid'] ?? 8;

/** Of [cid, port]. */
export function packVsock(address: unknown, caller: string): Buffer {
  const [cid, port] = parts('AF_VSOCK address must be [cid, port]', address, [2, 2], caller);
  const sockaddr = newSockaddr(AF_VSOCK, sizeofVsock);
  sockaddr.writeUInt32LE(inRange(cid, 0xffffffff, 'cid', caller), cidOffset);
  sockaddr.writeUInt32LE(inRange(port, 0xffffffff, 'port', caller), portOffset);
  return sockaddr;
}

export function unpackVsock(sockaddr: Buffer): VsockAddress {
  return [sockaddr.readUInt32LE(cidOffset), sockaddr.readUInt32LE(portOffset)];
}

/** The parts of an address of so many. */
export function parts(
  what: string,
  address: unknown,
  [least, most]: [number, number],
  caller: string,
): unknown[] {
  if (Array.isArray(address) && address.length >= least && address.length <= most) return address;
  throw new TypeError(`${caller}(): ${what}, got ${describe(address)}`);
}
