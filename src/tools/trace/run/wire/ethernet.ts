// An Ethernet header, with or without VLAN tags.

import type { EthernetHeader } from '../../../../interpose/recorder/recording.ts';

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

/** A frame with the VLAN tag that it had on the wire, before the kernel took it out. */
export function withTag(bytes: Buffer, protocol: number, control: number): Buffer {
  const tag = Buffer.alloc(TAG);
  tag.writeUInt16BE(protocol, 0);
  tag.writeUInt16BE(control, 2);
  return Buffer.concat([bytes.subarray(0, 12), tag, bytes.subarray(12)]);
}

function address(bytes: Buffer, offset: number): string {
  return bytes.toString('hex', offset, offset + 6).replace(/..(?!$)/g, '$&:');
}
