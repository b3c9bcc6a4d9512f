// A TCP header and its options (RFC 9293, 7323, 2018). streams.ts makes the numbers relative.

import type { ChecksumStatus, TcpHeader, TcpOption } from '../../../../interpose/recorder/recording.ts';
import { fold, sumsUp } from './checksum.ts';
import type { Ip } from './ip.ts';

export const TCP = 6;

const HEADER = 20;

const flags: [mask: number, name: string][] = [
  [0x002, 'SYN'],
  [0x010, 'ACK'],
  [0x008, 'PSH'],
  [0x001, 'FIN'],
  [0x004, 'RST'],
  [0x020, 'URG'],
  [0x040, 'ECE'],
  [0x080, 'CWR'],
  [0x100, 'AE'],
];

/** A header as it is on the wire: what needs the packets before it is still missing. */
export type RawTcpHeader = Omit<TcpHeader, 'relativeSeq' | 'relativeAck'> & { seq: number; ack: number };

/**
 * The TCP header in an IP packet; null if it is cut off, or none. Offloading says that the kernel
 * left the checksum for the network card.
 */
export function decodeTcp(ip: Ip, offloading: boolean): RawTcpHeader | null {
  const bytes = ip.payload;
  if (ip.header.protocol !== TCP || ip.fragmentOffset > 0 || bytes.length < HEADER) return null;
  const headerLength = (bytes[12] >> 4) * 4;
  if (headerLength < HEADER || bytes.length < headerLength) return null;
  const bits = ((bytes[12] & 1) << 8) | bytes[13];
  return {
    sourcePort: bytes.readUInt16BE(0),
    destinationPort: bytes.readUInt16BE(2),
    seq: bytes.readUInt32BE(4),
    ack: bytes.readUInt32BE(8),
    headerLength,
    flags: flags.filter(([mask]) => (bits & mask) !== 0).map(([, name]) => name),
    window: bytes.readUInt16BE(14),
    checksum: bytes.readUInt16BE(16),
    checksumStatus: checksumStatus(ip, offloading),
    urgent: bytes.readUInt16BE(18),
    options: decodeOptions(bytes.subarray(HEADER, headerLength)),
    payloadLength: ip.payloadLength - headerLength,
  };
}

// The sum covers a pseudo header too: the addresses, the protocol and the length. A kernel that
// leaves the rest to the card puts the sum of that alone into the field, for the card to add to.
function checksumStatus(ip: Ip, offloading: boolean): ChecksumStatus {
  const { payload, payloadLength } = ip;
  if (ip.fragment || payload.length < payloadLength) return 'unknown';
  const pseudo = ip.addressSum + TCP + (payloadLength >>> 16) + (payloadLength & 0xffff);
  if (offloading && payload.readUInt16BE(16) === fold(pseudo)) return 'offloaded';
  return sumsUp(payload, pseudo) ? 'good' : 'bad';
}

const END = 0;
const NOP = 1;

// kind → its name, its length if it has but one, and how many bytes each of its values has.
const options = new Map<number, { name: string; length?: number; width: 1 | 2 | 4 }>([
  [2, { name: 'MSS', length: 4, width: 2 }],
  [3, { name: 'WS', length: 3, width: 1 }],
  [4, { name: 'SACK_PERM', length: 2, width: 1 }],
  [5, { name: 'SACK', width: 4 }],
  [8, { name: 'TS', length: 10, width: 4 }],
  [19, { name: 'MD5SIG', length: 18, width: 1 }],
  [28, { name: 'USER_TIMEOUT', length: 4, width: 2 }],
  [29, { name: 'TCP_AO', width: 1 }],
  [30, { name: 'MPTCP', width: 1 }],
  [34, { name: 'FAST_OPEN', width: 1 }],
]);

// Up to the end of the list, which padding may follow. An option with an impossible length is the last, as the
// next one's offset is unknown.
function decodeOptions(bytes: Buffer): TcpOption[] {
  const list: TcpOption[] = [];
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes[at];
    if (kind === END || kind === NOP) {
      list.push({ kind, length: 1, name: kind === END ? 'EOL' : 'NOP', values: [] });
      if (kind === END) break;
      at++;
      continue;
    }
    const known = options.get(kind) ?? { name: `KIND_${kind}`, width: 1 as const };
    const length = bytes[at + 1] ?? 0;
    const data = bytes.subarray(at + 2, at + length);
    const fits = length >= 2 && at + length <= bytes.length && data.length % known.width === 0;
    if (!fits || (known.length ?? length) !== length) {
      const rest = bytes.subarray(at);
      list.push({ kind, length: rest.length, name: 'MALFORMED', values: [...rest.subarray(1)] });
      break;
    }
    const { width } = known;
    const values = Array.from({ length: data.length / width }, (_, i) => data.readUIntBE(i * width, width));
    list.push({ kind, length, name: known.name, values });
    at += length;
  }
  return list;
}
