// The bytes of a simulated segment: an Ethernet frame with its IP and TCP headers, as a capture would have it.

import type { Packet } from '../../sim/network.ts';
import { fold, sum } from '../trace/run/wire/checksum.ts';
import { TCP } from '../trace/run/wire/tcp.ts';

const ETHERTYPE_IP = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const HEADER = 20;
const IP6_HEADER = 40;
const TTL = 64;
const DONT_FRAGMENT = 0x4000;

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const PSH = 0x08;
const ACK = 0x10;

const bits: Record<Packet['flags'], number> = {
  SYN,
  'SYN-ACK': SYN | ACK,
  ACK,
  PSH: PSH | ACK,
  FIN: FIN | ACK,
  RST: RST | ACK,
};

/** The frame; id: of its IP header; mss: what a SYN says. */
export function frameOf(packet: Packet, id: number, mss: number): Buffer {
  const { from } = packet;
  const source = Buffer.from(from.localAddress!);
  const destination = Buffer.from(from.remoteAddress!);
  const segment = tcpOf(packet, mss);
  const pseudo = sum(source) + sum(destination) + TCP + segment.length;
  segment.writeUInt16BE(~fold(sum(segment, pseudo)) & 0xffff, 16);
  const isIp6 = source.length === 16;
  const ip = isIp6 ? ip6(source, destination, segment.length) : ip4(source, destination, segment.length, id);
  const link = Buffer.alloc(14); // No card has an address here, as on loopback.
  link.writeUInt16BE(isIp6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP, 12);
  return Buffer.concat([link, ip, segment]);
}

function tcpOf({ from, flags, data, sequence, acknowledged, window }: Packet, mss: number): Buffer {
  const options = bits[flags] & SYN ? Buffer.from([2, 4, mss >> 8, mss & 0xff]) : Buffer.alloc(0);
  const header = Buffer.alloc(HEADER);
  header.writeUInt16BE(from.localPort, 0);
  header.writeUInt16BE(from.remotePort, 2);
  header.writeUInt32BE(sequence >>> 0, 4);
  header.writeUInt32BE(flags === 'SYN' ? 0 : acknowledged >>> 0, 8);
  header[12] = ((HEADER + options.length) / 4) << 4;
  header[13] = bits[flags];
  header.writeUInt16BE(Math.min(window, 0xffff), 14); // Without the option that scales it.
  return Buffer.concat([header, options, data ?? Buffer.alloc(0)]);
}

function ip4(source: Buffer, destination: Buffer, length: number, id: number): Buffer {
  const header = Buffer.alloc(HEADER);
  header[0] = 0x45;
  header.writeUInt16BE(HEADER + length, 2);
  header.writeUInt16BE(id & 0xffff, 4);
  header.writeUInt16BE(DONT_FRAGMENT, 6);
  header[8] = TTL;
  header[9] = TCP;
  header.set(source, 12);
  header.set(destination, 16);
  header.writeUInt16BE(~fold(sum(header)) & 0xffff, 10);
  return header;
}

function ip6(source: Buffer, destination: Buffer, length: number): Buffer {
  const header = Buffer.alloc(IP6_HEADER);
  header[0] = 0x60;
  header.writeUInt16BE(length, 4);
  header[6] = TCP;
  header[7] = TTL;
  header.set(source, 8);
  header.set(destination, 24);
  return header;
}
