// Packets made by hand, for the tests of decoding: each layer around the next.

import { parseInet, parseInet6 } from '../../src/kernel/structs/sockaddr.ts';
import { fold, sum } from '../../src/tools/trace/run/wire/checksum.ts';

const bytesOf = (address: string) => Buffer.from((parseInet(address) ?? parseInet6(address))!);
const word = (value: number) => Buffer.from([value >> 8, value & 0xff]);
const long = (value: number) =>
  Buffer.from([value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]);

export function ethernet(payload: Buffer, { etherType = 0x0800, tags = [] as number[] } = {}): Buffer {
  const ends = Buffer.from('0200000000020200000000' + '01', 'hex');
  const tagged = tags.flatMap((tag, i) => [word(i < tags.length - 1 ? 0x88a8 : 0x8100), word(tag)]);
  return Buffer.concat([ends, ...tagged, word(etherType), payload]);
}

export interface Ip4 {
  source?: string;
  destination?: string;
  protocol?: number;
  ttl?: number;
  tos?: number;
  id?: number;
  /** The flags and the offset in words of eight bytes. */
  fragment?: number;
  options?: Buffer;
  totalLength?: number;
}

export function ip4(payload: Buffer, given: Ip4 = {}): Buffer {
  const { source = '10.0.0.2', destination = '10.0.0.1', options = Buffer.alloc(0) } = given;
  const { protocol = 6, ttl = 64, tos = 0, id = 7, fragment = 0x4000 } = given;
  const headerLength = 20 + options.length;
  const header = Buffer.concat([
    Buffer.from([0x40 | (headerLength / 4), tos]),
    word(given.totalLength ?? headerLength + payload.length),
    word(id),
    word(fragment),
    Buffer.from([ttl, protocol, 0, 0]),
    bytesOf(source),
    bytesOf(destination),
    options,
  ]);
  header.writeUInt16BE(0xffff - fold(sum(header)), 10);
  return Buffer.concat([header, payload]);
}

export interface Ip6 {
  source?: string;
  destination?: string;
  /** Of the first header behind the fixed one, which payload begins with. */
  nextHeader?: number;
  hopLimit?: number;
  trafficClass?: number;
  flowLabel?: number;
}

export function ip6(payload: Buffer, given: Ip6 = {}): Buffer {
  const { source = '2001:db8::2', destination = '2001:db8::1', nextHeader = 6, hopLimit = 64 } = given;
  const { trafficClass = 0, flowLabel = 0 } = given;
  const first = ((6 << 28) | (trafficClass << 20) | flowLabel) >>> 0;
  const rest = Buffer.concat([word(payload.length), Buffer.from([nextHeader, hopLimit])]);
  return Buffer.concat([long(first), rest, bytesOf(source), bytesOf(destination), payload]);
}

/** An IPv6 extension header that says its length in words of eight bytes, around what comes after it. */
export function extension(nextHeader: number, payload: Buffer, words = 1): Buffer {
  const header = Buffer.alloc(8 * words);
  header[0] = nextHeader;
  header[1] = words - 1;
  // Padding of that length (PadN), for those that have options.
  header[2] = 1;
  header[3] = 8 * words - 4;
  return Buffer.concat([header, payload]);
}

export interface Tcp {
  source?: string;
  destination?: string;
  sourcePort?: number;
  destinationPort?: number;
  seq?: number;
  ack?: number;
  /** FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128, AE 256. */
  flags?: number;
  window?: number;
  urgent?: number;
  options?: Buffer;
  checksum?: number | 'partial';
}

export function tcp(payload: Buffer, given: Tcp = {}): Buffer {
  const { source = '10.0.0.2', destination = '10.0.0.1', options = Buffer.alloc(0) } = given;
  const { sourcePort = 54321, destinationPort = 12345, seq = 1000, ack = 2000 } = given;
  const { flags = 0x18, window = 64, urgent = 0 } = given;
  const headerLength = 20 + options.length;
  const segment = Buffer.concat([
    word(sourcePort),
    word(destinationPort),
    long(seq),
    long(ack),
    word(((headerLength / 4) << 12) | flags),
    word(window),
    word(0),
    word(urgent),
    options,
    payload,
  ]);
  const addresses = Buffer.concat([bytesOf(source), bytesOf(destination)]);
  const pseudo = sum(addresses) + 6 + segment.length;
  const whole = 0xffff - fold(sum(segment, pseudo));
  const { checksum = whole } = given;
  segment.writeUInt16BE(checksum === 'partial' ? fold(pseudo) : checksum, 16);
  return segment;
}

export const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** NOP NOP TS, as every segment of Linux has it. */
export const timestamps = hex('0101 080a 00000001 00000002');
/** MSS 1460, SACK_PERM, TS, NOP, WS 7: as every SYN of Linux has it. */
export const handshake = hex('020405b4 0402 080a 00000001 00000000 01 030307');
