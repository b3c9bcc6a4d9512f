// Infers the segments of a conversation where packets may not be captured: the calls give the data and its
// times, and TCP_INFO's segment counters give the number of acknowledgements. correlate.ts adds the causes.

import type { CallLine, PacketLine, Recording } from '../../../interpose/recorder/recording.ts';
import { isSend, peerOf, type SocketLife, socketLives } from './sockets.ts';

/** The segments of every connection whose two ends were recorded, all marked as inferred. */
export function inferred(recording: Recording): PacketLine[] {
  const lives = socketLives(recording);
  const packets = lives.flatMap((client) => {
    const connect = client.calls.find(({ name }) => name === 'connect');
    const server = peerOf(client, lives);
    if (connect === undefined || server === undefined) return [];
    const segments = [handshake(connect), stream(client, server, true), stream(server, client, false)].flat();
    return numbered([...segments, ...lastAcknowledgement(segments)], client);
  });
  return packets.sort((a, b) => a.at - b.at).map((packet, n) => ({ ...packet, n }));
}

/**
 * The packets that were captured and, marked as inferred, what must have been there beside them: the kernel has
 * dropped some before the capture had them.
 */
export function withMissing(recording: Recording, captured: PacketLine[]): PacketLine[] {
  const missing = inferred(recording).filter((packet) => !isIn(captured.filter(sameWay(packet)), packet));
  return [...captured, ...missing].sort((a, b) => a.at - b.at).map((packet, n) => ({ ...packet, n }));
}

const sameWay =
  ({ tcp: one }: PacketLine) =>
  ({ tcp: other }: PacketLine) =>
    one?.sourcePort === other?.sourcePort && one?.destinationPort === other?.destinationPort;

// Whether what a segment does was done by those that one end sent: its flag, its bytes, its acknowledgement.
function isIn(sent: PacketLine[], { tcp }: PacketLine): boolean {
  if (tcp === null) return false;
  const headers = sent.flatMap((packet) => packet.tcp ?? []);
  const flag = ['SYN', 'FIN'].find((name) => tcp.flags.includes(name));
  if (flag !== undefined) return headers.some(({ flags }) => flags.includes(flag));
  if (tcp.payloadLength === 0) return headers.some(({ relativeAck }) => relativeAck >= tcp.relativeAck);
  // In the order of their numbers, for a hole to show.
  let next = tcp.relativeSeq;
  for (const { relativeSeq, payloadLength } of headers.toSorted((a, b) => a.relativeSeq - b.relativeSeq))
    if (relativeSeq <= next) next = Math.max(next, relativeSeq + payloadLength);
  return next >= tcp.relativeSeq + tcp.payloadLength;
}

interface Segment {
  at: number;
  byClient: boolean;
  flags: string[];
  payloadLength: number;
}

function handshake({ start, end }: CallLine): Segment[] {
  return [
    { at: start, byClient: true, flags: ['SYN'], payloadLength: 0 },
    { at: start + (end - start) / 2, byClient: false, flags: ['SYN', 'ACK'], payloadLength: 0 },
    { at: end, byClient: true, flags: ['ACK'], payloadLength: 0 },
  ];
}

/** What one end sent after the handshake. */
function stream(own: SocketLife, peer: SocketLife, byClient: boolean): Segment[] {
  const segments: Segment[] = [];
  for (const call of own.calls) {
    const { name, result, start: at } = call;
    if (isSend(call)) {
      const mss = call.sockets?.find(({ fd }) => fd === own.fd)?.tcp?.mss ?? result;
      for (let sent = 0; sent < result; sent += mss) {
        const payloadLength = Math.min(mss, result - sent);
        segments.push({ at, byClient, flags: ['PSH', 'ACK'], payloadLength });
      }
    } else if ((name === 'close' || name === 'shutdown') && !segments.some(hasFin)) {
      segments.push({ at, byClient, flags: ['FIN', 'ACK'], payloadLength: 0 });
    }
  }
  return [...segments, ...acknowledgements(own, peer, segments, byClient)];
}

// The ACK of the second FIN: the socket that sends that FIN is closed, so no TCP_INFO counts it.
function lastAcknowledgement(segments: Segment[]): Segment[] {
  const [first, last] = segments.filter(hasFin).sort((a, b) => a.at - b.at);
  if (last === undefined) return [];
  return [{ at: last.at, byClient: first.byClient, flags: ['ACK'], payloadLength: 0 }];
}

const hasFin = ({ flags }: Segment) => flags.includes('FIN');

// Of the handshake's segments Linux counts the client's two, and not the SYN-ACK, which was sent before
// there was a socket. What it counts beyond those and the segments that calls made are acknowledgements,
// each sent when what it acknowledges had come.
function acknowledgements(own: SocketLife, peer: SocketLife, made: Segment[], byClient: boolean): Segment[] {
  const found: Segment[] = [];
  const handshakes = byClient ? 2 : 0;
  for (const { end: at, sockets } of own.calls) {
    const tcp = sockets?.find(({ fd }) => fd === own.fd)?.tcp;
    if (tcp?.segmentsOut === undefined || tcp.state === 'CLOSE') continue;
    const bySends = made.filter((segment) => segment.at <= at).length;
    const came = peer.calls.findLast((call) => isSend(call) && call.start <= at);
    for (let missing = tcp.segmentsOut - handshakes - bySends - found.length; missing > 0; missing--)
      found.push({ at: Math.min(came?.end ?? at, at), byClient, flags: ['ACK'], payloadLength: 0 });
  }
  return found;
}

function numbered(segments: Segment[], { local, remote }: SocketLife): PacketLine[] {
  const ends = [local, remote] as [string, number][];
  const next = [0, 0];
  return segments
    .sort((a, b) => a.at - b.at)
    .map(({ at, byClient, flags, payloadLength }) => {
      const [own, peer] = byClient ? [0, 1] : [1, 0];
      const relativeSeq = next[own];
      const relativeAck = flags.includes('ACK') ? next[peer] : 0;
      next[own] += payloadLength + (flags.includes('SYN') || flags.includes('FIN') ? 1 : 0);
      return packet(at, ends[own], ends[peer], { flags, payloadLength, relativeSeq, relativeAck });
    });
}

const HEADER = 20;

function packet(
  at: number,
  [source, sourcePort]: [string, number],
  [destination, destinationPort]: [string, number],
  tcp: Pick<NonNullable<PacketLine['tcp']>, 'flags' | 'payloadLength' | 'relativeSeq' | 'relativeAck'>,
): PacketLine {
  const version = source.includes(':') ? 6 : 4;
  const ipHeader = version === 6 ? 40 : HEADER;
  const totalLength = ipHeader + HEADER + tcp.payloadLength;
  return {
    type: 'packet',
    n: 0,
    at,
    interface: '',
    direction: 'in',
    length: totalLength,
    bytes: '',
    link: null,
    ip: {
      version,
      source,
      destination,
      headerLength: ipHeader,
      totalLength,
      ttl: 64,
      protocol: 6,
      trafficClass: 0,
    },
    tcp: { sourcePort, destinationPort, headerLength: HEADER, options: [], ...tcp },
    inferred: true,
  };
}
