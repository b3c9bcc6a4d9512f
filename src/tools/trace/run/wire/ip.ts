// IPv4 (RFC 791) and IPv6 (RFC 8200) headers.

import type { IpHeader } from '../../../../interpose/recorder/recording.ts';
import { formatInet, formatInet6 } from '../../../../kernel/structs/sockaddr.ts';
import { sum, sumsUp } from './checksum.ts';

/** A header, and what TCP needs to know of it. */
export interface Ip {
  header: IpHeader;
  /** The bytes behind the headers that were captured; not the padding of a short frame. */
  payload: Buffer;
  /** How many they were on the wire. */
  payloadLength: number;
  /** A part of a packet: there may be no TCP header in it, and its checksum is that of the whole. */
  fragment: boolean;
  /** Where in that packet's payload this one's belongs. */
  fragmentOffset: number;
  /** The sum of the two addresses, for the checksum of what is inside. */
  addressSum: number;
}

/** The IP header that bytes begin with; null if it is cut off, or none. */
export function decodeIp(bytes: Buffer): Ip | null {
  switch (bytes.length > 0 ? bytes[0] >> 4 : 0) {
    case 4:
      return decodeIp4(bytes);
    case 6:
      return decodeIp6(bytes);
    default:
      return null;
  }
}

const flags: [mask: number, name: string][] = [
  [0x8000, 'RB'],
  [0x4000, 'DF'],
  [0x2000, 'MF'],
];

function decodeIp4(bytes: Buffer): Ip | null {
  const headerLength = (bytes[0] & 0xf) * 4;
  if (headerLength < 20 || bytes.length < headerLength) return null;
  // The kernel writes 0 for what is longer than 16 bits can say (BIG TCP).
  const totalLength = bytes.readUInt16BE(2) || bytes.length;
  if (totalLength < headerLength) return null;
  const fragment = bytes.readUInt16BE(6);
  const header: IpHeader = {
    version: 4,
    source: formatInet(bytes, 12),
    destination: formatInet(bytes, 16),
    headerLength,
    totalLength,
    ttl: bytes[8],
    protocol: bytes[9],
    trafficClass: bytes[1],
    id: bytes.readUInt16BE(4),
    flags: flags.filter(([mask]) => (fragment & mask) !== 0).map(([, name]) => name),
    fragmentOffset: (fragment & 0x1fff) * 8,
    checksum: bytes.readUInt16BE(10),
    checksumStatus: sumsUp(bytes.subarray(0, headerLength)) ? 'good' : 'bad',
  };
  return {
    header,
    payload: bytes.subarray(headerLength, totalLength),
    payloadLength: totalLength - headerLength,
    fragment: (fragment & 0x3fff) !== 0,
    fragmentOffset: header.fragmentOffset!,
    addressSum: sum(bytes.subarray(12, 20)),
  };
}

const IP6_HEADER = 40;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
// Extension headers that say their own length: hop-by-hop, routing, fragment, authentication,
// destination, mobility, HIP, shim6.
const extensions = new Set([0, 43, FRAGMENT, AUTHENTICATION, 60, 135, 139, 140]);

function decodeIp6(bytes: Buffer): Ip | null {
  if (bytes.length < IP6_HEADER) return null;
  const first = bytes.readUInt32BE(0);
  let protocol = bytes[6];
  let headerLength = IP6_HEADER;
  let fragment = 0;
  while (extensions.has(protocol)) {
    if (bytes.length < headerLength + 8) return null;
    if (protocol === FRAGMENT) fragment = bytes.readUInt16BE(headerLength + 2) & 0xfff9;
    const size =
      protocol === FRAGMENT
        ? 8
        : protocol === AUTHENTICATION
          ? (bytes[headerLength + 1] + 2) * 4
          : (bytes[headerLength + 1] + 1) * 8;
    protocol = bytes[headerLength];
    headerLength += size;
  }
  // 0 is a jumbogram, or BIG TCP.
  const totalLength = bytes.readUInt16BE(4) ? IP6_HEADER + bytes.readUInt16BE(4) : bytes.length;
  if (totalLength < headerLength || bytes.length < headerLength) return null;
  const header: IpHeader = {
    version: 6,
    source: formatInet6(bytes, 8),
    destination: formatInet6(bytes, 24),
    headerLength,
    totalLength,
    ttl: bytes[7],
    protocol,
    trafficClass: (first >>> 20) & 0xff,
    flowLabel: first & 0xfffff,
  };
  return {
    header,
    payload: bytes.subarray(headerLength, totalLength),
    payloadLength: totalLength - headerLength,
    fragment: fragment !== 0,
    fragmentOffset: fragment & 0xfff8,
    addressSum: sum(bytes.subarray(8, 40)),
  };
}
