// Packets of the sample's one connection, 10.0.0.2:54321 ⇄ 10.0.0.1:12345, with bytes that agree with
// their decoded headers.

import type { PacketLine } from '../../src/interpose/recorder/recording.ts';

type From = 'client' | 'server';

const ends = {
  client: { host: '10.0.0.2', port: 54321, mac: '02:00:00:00:00:02', first: 1000 },
  server: { host: '10.0.0.1', port: 12345, mac: '02:00:00:00:00:01', first: 2000 },
};
const bits = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16 };
export type Flag = keyof typeof bits;

/** Makes packets with the right numbers, in the order in which it is asked for them. */
export class SampleWire {
  readonly packets: PacketLine[] = [];
  readonly #sent = { client: 0, server: 0 };

  packet(
    from: From,
    flags: Flag[],
    at: number,
    why: string,
    payload = Buffer.alloc(0),
    cause?: PacketLine['cause'],
  ): void {
    const [source, destination] = from === 'client' ? [ends.client, ends.server] : [ends.server, ends.client];
    const isSyn = flags.includes('SYN');
    const relativeSeq = this.#sent[from];
    const relativeAck = flags.includes('ACK') ? this.#sent[from === 'client' ? 'server' : 'client'] : 0;
    this.#sent[from] += payload.length + Number(isSyn || flags.includes('FIN'));
    const timestamp = Math.floor(at / 1e6);
    const options = isSyn
      ? [
          { kind: 2, length: 4, name: 'MSS', values: [1460] },
          { kind: 4, length: 2, name: 'SACK_PERM', values: [] },
          { kind: 8, length: 10, name: 'TS', values: [timestamp, 0] },
          { kind: 1, length: 1, name: 'NOP', values: [] },
          { kind: 3, length: 3, name: 'WS', values: [7] },
        ]
      : [
          { kind: 1, length: 1, name: 'NOP', values: [] },
          { kind: 1, length: 1, name: 'NOP', values: [] },
          { kind: 8, length: 10, name: 'TS', values: [timestamp, timestamp - 1] },
        ];
    const headerLength = 20 + options.reduce((sum, { length }) => sum + length, 0);
    const totalLength = 20 + headerLength + payload.length;
    const n = this.packets.length;
    const line: PacketLine = {
      type: 'packet',
      n,
      at,
      interface: 'rfds0',
      direction: from === 'server' ? 'out' : 'in',
      length: 14 + totalLength,
      bytes: '',
      link: { source: source.mac, destination: destination.mac, etherType: 0x0800 },
      ip: {
        version: 4,
        source: source.host,
        destination: destination.host,
        headerLength: 20,
        totalLength,
        ttl: 64,
        protocol: 6,
        trafficClass: 0,
        id: 0x4a00 + n,
        flags: ['DF'],
        fragmentOffset: 0,
        checksum: 0x1c4c,
        checksumStatus: 'good',
      },
      tcp: {
        sourcePort: source.port,
        destinationPort: destination.port,
        seq: source.first + relativeSeq,
        ack: flags.includes('ACK') ? destination.first + relativeAck : 0,
        relativeSeq,
        relativeAck,
        headerLength,
        flags,
        window: isSyn ? 64240 : 502,
        scaledWindow: isSyn ? 64240 : 64256,
        checksum: 0x1435,
        checksumStatus: 'offloaded',
        urgent: 0,
        options,
        payloadLength: payload.length,
      },
      why,
      ...(cause && { cause }),
    };
    line.bytes = bytesOf(line, payload).toString('base64');
    this.packets.push(line);
  }
}

function bytesOf({ link, ip, tcp }: PacketLine, payload: Buffer): Buffer {
  const head = Buffer.alloc(14 + ip!.headerLength + tcp!.headerLength);
  Buffer.from(`${link!.destination}:${link!.source}`.replaceAll(':', ''), 'hex').copy(head);
  head.writeUInt16BE(link!.etherType, 12);
  head.set([0x45, 0], 14);
  head.writeUInt16BE(ip!.totalLength, 16);
  head.writeUInt16BE(ip!.id!, 18);
  head.set([0x40, 0, ip!.ttl, ip!.protocol], 20);
  head.writeUInt16BE(ip!.checksum!, 24);
  head.set([...ip!.source.split('.'), ...ip!.destination.split('.')].map(Number), 26);
  head.writeUInt16BE(tcp!.sourcePort, 34);
  head.writeUInt16BE(tcp!.destinationPort, 36);
  head.writeUInt32BE(tcp!.seq!, 38);
  head.writeUInt32BE(tcp!.ack!, 42);
  head[46] = (tcp!.headerLength / 4) << 4;
  head[47] = tcp!.flags.reduce((sum, flag) => sum | bits[flag as Flag], 0);
  head.writeUInt16BE(tcp!.window!, 48);
  head.writeUInt16BE(tcp!.checksum!, 50);
  let at = 54;
  for (const { kind, length, values } of tcp!.options) {
    head[at] = kind;
    if (length > 1) head[at + 1] = length;
    if (kind === 2) head.writeUInt16BE(values[0], at + 2);
    if (kind === 3) head[at + 2] = values[0];
    if (kind === 8) values.forEach((value, i) => void head.writeUInt32BE(value >>> 0, at + 2 + 4 * i));
    at += length;
  }
  return Buffer.concat([head, payload]);
}
