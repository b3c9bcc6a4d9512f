// What went over the wire, byte by byte: a message or response, the packet that brought it, and what
// the client's line says of the time.

import type { TcpOption } from '../../../../interpose/recorder/recording.ts';
import { reprBytes } from '../../../../python/builtins/repr.ts';
import { type Delays, delaysByCalls, delaysByTimestamps, timestamps } from '../../analyse/delays.ts';
import type { Exchange } from '../../analyse/dialogue.ts';
import type { TcpPacket } from '../../analyse/packets.ts';
import { count, duration, flagsOf } from '../../words.ts';
import { columns, hanging, hexDump, type Look, paint, visible } from './style.ts';

const INDENT = '    ';

/** What: 'The message'. Its bytes and text; its packets, header by header. */
export function bytesLines(
  look: Look,
  what: string,
  bytes: Buffer,
  length: number,
  packets: TcpPacket[],
): string[] {
  if (length === 0) return [];
  const kept = bytes.length < length ? `, of which the recording keeps ${bytes.length}` : '';
  return [
    paint(look, 'title', `${INDENT}${what}: ${count(length, 'byte')}${kept}`),
    ...dumpLines(look, bytes),
    '',
    ...packets.flatMap((packet) => packetParts(look, what, packet)),
  ];
}

/** So many bytes are shown whole; of more, the first and the last. */
const WHOLE = 512;
const FIRST = 256;
const LAST = 64;

function dumpLines(look: Look, bytes: Buffer): string[] {
  if (bytes.length <= WHOLE)
    return [...hanging(look, INDENT, reprBytes(bytes)), ...hexDump(look, bytes, INDENT)];
  const left = bytes.length - FIRST - LAST;
  const end = bytes.length - LAST;
  return [
    ...hanging(look, INDENT, abridged(bytes)),
    ...hexDump(look, bytes.subarray(0, FIRST), INDENT),
    paint(look, 'faint', `${INDENT}… ${count(left, 'byte')} more …`),
    ...hexDump(look, bytes.subarray(end), INDENT, end),
  ];
}

/** Bytes as Python's repr; of many, the first and the last, and how many there are. */
export function abridged(bytes: Buffer): string {
  if (bytes.length <= WHOLE) return reprBytes(bytes);
  return `${reprBytes(bytes.subarray(0, LAST))} … ${reprBytes(bytes.subarray(-LAST))}, ${count(bytes.length, 'byte')} in all`;
}

const hex = (value: number | undefined) => `0x${(value ?? 0).toString(16).padStart(4, '0')}`;

function packetParts(look: Look, what: string, packet: TcpPacket): string[] {
  const { link, ip, tcp, length, inferred } = packet;
  const part = (name: string, size: number | undefined, text: string) =>
    hanging(look, `${INDENT}${name.padEnd(9)}${String(size ?? '?').padStart(5)}  `, text);
  const where = inferred ? 'at least, inferred, not captured' : `on ${packet.interface}`;
  const window = [tcp.window, tcp.scaledWindow === tcp.window ? undefined : tcp.scaledWindow]
    .filter((value) => value !== undefined)
    .join(', scaled ');
  return [
    paint(look, 'title', `${INDENT}${what} on the wire: ${count(length, 'byte')} ${where}`),
    ...(link === null
      ? []
      : part('Ethernet', 14, `${link.source} → ${link.destination}, type ${hex(link.etherType)}`)),
    ...(ip === null
      ? []
      : part(
          `IPv${ip.version}`,
          inferred ? undefined : ip.headerLength,
          `${ip.source} → ${ip.destination}` +
            (inferred ? '' : `, TTL ${ip.ttl}`) +
            `, protocol ${ip.protocol}` +
            (inferred ? '' : `, total length ${ip.totalLength}`) +
            (ip.checksum === undefined ? '' : `, checksum ${hex(ip.checksum)} (${ip.checksumStatus})`),
        )),
    ...part(
      'TCP',
      inferred ? undefined : tcp.headerLength,
      `${tcp.sourcePort} → ${tcp.destinationPort}, ${flagsOf(tcp)}, seq ${number(tcp.relativeSeq, tcp.seq)}, ` +
        `ack ${number(tcp.relativeAck, tcp.ack)}${window && `, window ${window}`}` +
        (tcp.checksum === undefined ? '' : `, checksum ${hex(tcp.checksum)} (${tcp.checksumStatus})`) +
        (tcp.options.length === 0 ? '' : `, options ${tcp.options.map(optionText).join(', ')}`),
    ),
    ...part('Data', tcp.payloadLength, /\d$/.test(what) ? what.toLowerCase() : `the ${what.toLowerCase()}`),
    '',
  ];
}

const number = (relative: number, absolute: number | undefined) =>
  absolute === undefined ? String(relative) : `${relative} (${absolute})`;
const optionText = ({ name, values }: TcpOption) => [name, ...values].join(' ');

/** The line that the client printed, taken apart, and the three delays. */
export function delayLines(look: Look, exchange: Exchange): string[] {
  const { received, server, sent } = timestamps(exchange);
  if (received === undefined || server === undefined || sent === undefined) return [];
  const text = exchange.message
    .toString('utf8')
    .slice(sent.length + 1)
    .trimEnd();
  const starts = [0, received.length + 1, received.length + server.length + 2];
  const bar = (n: number) => starts.slice(0, n).reduce((line, at) => `${line.padEnd(at)}│`, '');
  const corner = (n: number, what: string) => `${bar(n).padEnd(starts[n])}└─ ${what}`;
  const delays = (name: string, { toServer, back, roundTrip }: Delays) => {
    const shown = [toServer, back, roundTrip].map((nanos) => (nanos === undefined ? '-' : duration(nanos)));
    return row(look, [name, ...shown]);
  };
  return [
    paint(look, 'title', `${INDENT}The output`),
    ...[
      `${received}:${server}:${sent}:${visible(text)}`,
      bar(3),
      corner(2, 'when the client sent, and its message'),
      corner(1, 'when the server had received it'),
      corner(0, 'when the client had the response'),
    ].map((line) => `${INDENT}${line}`.slice(0, Math.max(look.width, 40))),
    '',
    paint(look, 'title', `${INDENT}The delays`),
    ...row(look, ['', 'client → server', 'server → client', 'round trip']),
    ...delays('by the timestamps', delaysByTimestamps(exchange)),
    ...delays('by the calls', delaysByCalls(exchange)),
    ...hanging(
      look,
      INDENT,
      'By the timestamps each way begins when a program has read its clock; by the calls it begins with send() and ends when recv() has returned.',
      'faint',
    ),
    '',
  ];
}

const row = (look: Look, cells: string[]) =>
  columns(look, [
    { text: '', width: 2 },
    ...cells.map((text) => ({ text, width: Math.min(17, Math.floor((look.width - 10) / 4)) })),
  ]);
