// An Ethernet header, with or without VLAN tags. Above: decode.ts.

import type { EthernetHeader } from '../recording.ts';

const HEADER = 14;
const TAG = 4;
// 802.1Q and 802.1ad.
const tags = new Set([0x8100, 0x88a8]);

/** The header, the protocol that comes after its VLAN tags, and where that begins; null if cut off. */
export function decodeEthernet(
  bytes: Buffer,
): { header: EthernetHeader; protocol: number; payload: number } | null {
  if (bytes.length < HEADER) return null;
  const etherType = bytes.readUInt16BE(12);
  const header = { source: address(bytes, 6), destination: address(bytes, 0), etherType };
  let protocol = etherType;
  let payload = HEADER;
  while (tags.has(protocol)) {
    if (bytes.length < payload + TAG) return null;
    protocol = bytes.readUInt16BE(payload + 2);
    payload += TAG;
  }
  return { header, protocol, payload };
}

function address(bytes: Buffer, offset: number): string {
  return bytes.toString('hex', offset, offset + 6).replace(/..(?!$)/g, '$&:');
}
