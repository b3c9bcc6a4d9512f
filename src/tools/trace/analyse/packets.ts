// The packets of one connection: its handshake, what carried which bytes, who acknowledged them when.

import type { AddressText, PacketLine, TcpHeader } from '../../../interpose/recorder/recording.ts';
import { portOf } from './sockets.ts';

export type TcpPacket = PacketLine & { tcp: TcpHeader };

export interface Handshake {
  syn?: TcpPacket;
  synAck?: TcpPacket;
  ack?: TcpPacket;
}

/** One connection's packets, each once, as the client's and the server's. */
export interface Wire {
  packets: TcpPacket[];
  handshake: Handshake;
  /** Whether any was captured: else they were only inferred, or there are none. */
  captured: boolean;
}

const has = ({ tcp }: TcpPacket, ...flags: string[]) => flags.every((flag) => tcp.flags.includes(flag));

/** The packets between two addresses. */
export function wireOf(packets: PacketLine[], client: AddressText | null, server: AddressText | null): Wire {
  const [clientPort, serverPort] = [portOf(client), portOf(server)];
  const ofBoth = packets.filter((packet): packet is TcpPacket => {
    const ports = [packet.tcp?.sourcePort, packet.tcp?.destinationPort];
    return ports.includes(clientPort) && ports.includes(serverPort);
  });
  // On two hosts a packet may be seen leaving one and arriving at the other: one place is enough.
  const place = ofBoth.find(({ inferred }) => !inferred)?.interface;
  const here = ofBoth.filter((packet) => packet.inferred || packet.interface === place);
  return {
    packets: here,
    handshake: handshakeOf(here, clientPort),
    captured: here.some(({ inferred }) => !inferred),
  };
}

function handshakeOf(packets: TcpPacket[], clientPort: number): Handshake {
  const from = (packet: TcpPacket) => packet.tcp.sourcePort === clientPort;
  const syn = packets.find((packet) => has(packet, 'SYN') && !has(packet, 'ACK'));
  const synAck = packets.find((packet) => has(packet, 'SYN', 'ACK'));
  const ack =
    synAck && packets.find((packet) => from(packet) && !has(packet, 'SYN') && packet.tcp.relativeAck === 1);
  return { ...(syn && { syn }), ...(synAck && { synAck }), ...(ack && { ack }) };
}

/** The packets from a port that carry bytes [start, end) of that side's stream. */
export function carriers(wire: Wire, port: number, start: number, end: number): TcpPacket[] {
  return wire.packets.filter(({ tcp }) => {
    const first = tcp.relativeSeq - 1; // The SYN took the number 0.
    return (
      tcp.sourcePort === port && tcp.payloadLength > 0 && first < end && first + tcp.payloadLength > start
    );
  });
}

/** The first packet to a port that acknowledges the bytes before end of its stream. */
export function acknowledgement(wire: Wire, port: number, end: number): TcpPacket | undefined {
  return wire.packets.find(
    (packet) =>
      packet.tcp.destinationPort === port && has(packet, 'ACK') && packet.tcp.relativeAck >= end + 1,
  );
}

/** What a side's next byte is numbered, and which it awaits, after the packets up to a time. Relative. */
export function numbersAt(wire: Wire, port: number, at: number): { seq: number; ack: number } | null {
  const sent = wire.packets.filter((packet) => packet.at <= at && packet.tcp.sourcePort === port);
  if (sent.length === 0) return null;
  const after = ({ tcp }: TcpPacket) =>
    tcp.relativeSeq +
    tcp.payloadLength +
    (tcp.flags.includes('SYN') ? 1 : 0) +
    (tcp.flags.includes('FIN') ? 1 : 0);
  return {
    seq: Math.max(...sent.map(after)),
    ack: Math.max(...sent.map(({ tcp }) => tcp.relativeAck)),
  };
}
