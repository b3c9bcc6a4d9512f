// pcapng.ts, as tshark reads it; and every shape of packet, as both decode it.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type CallLine,
  type PacketLine,
  type ProcessLine,
  type Recording,
  VERSION,
} from '../../../src/interpose/recorder/recording.ts';
import { renderPcapng } from '../../../src/tools/trace/render/pcapng.ts';
import { decodeFrame } from '../../../src/tools/trace/run/wire/decode.ts';
import { Streams } from '../../../src/tools/trace/run/wire/streams.ts';
import { ethernet, extension, handshake, hex, ip4, ip6, tcp, timestamps } from '../../support/packets.ts';
import { comparable, dissect, hasTshark } from '../../support/tshark.ts';

const hello = Buffer.from('1700000000.123456:Hello');
const nothing = Buffer.alloc(0);

function packetLines(frames: Buffer[]): PacketLine[] {
  const streams = new Streams();
  return frames.map((bytes, n) => ({
    type: 'packet',
    n,
    at: 1_000_000_001 + n,
    interface: n % 3 === 0 ? 'eth0' : 'lo',
    direction: n % 2 === 0 ? 'in' : 'out',
    length: bytes.length,
    bytes: bytes.toString('base64'),
    ...decodeFrame(bytes, { streams, offloading: false }),
  }));
}

function recording(packets: PacketLine[], more: Partial<Recording> = {}): Recording {
  return { processes: [], frames: [], sources: [], calls: [], notes: [], packets, ...more };
}

const client: ProcessLine = {
  type: 'process',
  version: VERSION,
  pid: 42,
  role: 'client',
  argv: [],
  platform: 'linux',
  arch: 'x64',
  kernel: '6.18.0',
  runtime: 'Node 20.20.2',
  rfds: '0.1.0',
  start: 0,
  realtimeOffset: '1700000000123456789',
};
const send: CallLine = {
  type: 'call',
  pid: 42,
  thread: 0,
  n: 7,
  name: 'send',
  args: [],
  result: 23,
  start: 0,
  end: 1,
  cpu: 1,
  fd: 3,
  data: hello.toString('base64'),
  stack: [5],
  at: 5,
};
const frame = { type: 'frame', pid: 42, id: 5, file: 'src/programs/client.ts', line: 41, column: 3 } as const;
const frames = [{ ...frame, function: 'sendSome', text: '' }];

describe.skipIf(!hasTshark)(hasTshark ? 'a pcapng file' : 'tshark is missing:', () => {
  let folder: string;
  let file: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'rfds-'));
    file = path.join(folder, 'packets.pcapng');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const written = (of: Recording) => {
    writeFileSync(file, renderPcapng(of));
    return dissect(file);
  };
  const capinfos = (...args: string[]) => execFileSync('capinfos', [...args, file], { encoding: 'utf8' });

  test('has times to the nanosecond on the clock of the day, lengths and directions', () => {
    const packets = packetLines([ethernet(ip4(tcp(hello))), ethernet(ip4(tcp(nothing, { flags: 16 })))]);
    const [first, second] = written(recording(packets, { processes: [client] }));
    expect(first).toMatchObject({ time: '1700000001.123456790', length: 77, direction: 'in' });
    expect(second).toMatchObject({ time: '1700000001.123456791', length: 54, direction: 'out' });
  });

  test('names its interfaces, its resolution and who wrote it', () => {
    written(recording(packetLines(Array(4).fill(ethernet(ip4(tcp(hello))))), { processes: [client] }));
    const infos = capinfos();
    expect(infos).toMatch(/File type: +Wireshark\/... - pcapng\n/);
    expect(infos).toMatch(/Number of packets: +4\n/);
    expect(infos).toMatch(/Capture oper-sys: +linux 6\.18\.0\n/);
    expect(infos).toMatch(/Capture application: +rfds 0\.1\.0\n/);
    const each = infos.split('Interface #').slice(1);
    expect(each.map((text) => text.match(/Name = (\w+)/)![1])).toEqual(['eth0', 'lo']);
    for (const text of each) {
      expect(text).toMatch(/Encapsulation = Ethernet/);
      expect(text).toMatch(/Time precision = nanoseconds/);
      expect(text).toMatch(/Number of packets = 2/);
    }
  });

  test('says of a packet which call made it, from which line of source, and why', () => {
    const lines = packetLines(Array(4).fill(ethernet(ip4(tcp(hello)))));
    const cause = { pid: 42, n: 7 };
    const [unknown, caused, told, both] = written(
      recording(
        [
          lines[0],
          { ...lines[1], cause },
          { ...lines[2], why: 'the kernel acknowledges 23 bytes' },
          { ...lines[3], cause, why: 'send() put 23 bytes into it' },
        ],
        { processes: [client], calls: [send], frames },
      ),
    );
    expect(unknown.comment).toBeUndefined();
    expect(caused.comment).toBe('client send(3, 23 bytes) src/programs/client.ts:41');
    expect(told.comment).toBe('the kernel acknowledges 23 bytes');
    expect(both.comment).toBe(
      'client send(3, 23 bytes) src/programs/client.ts:41: send() put 23 bytes into it',
    );
  });

  test('leaves out what was not captured, and may be empty', () => {
    const [packet] = packetLines([ethernet(ip4(tcp(hello)))]);
    expect(written(recording([packet, { ...packet, inferred: true, bytes: '', link: null }]))).toHaveLength(
      1,
    );
    expect(written(recording([]))).toEqual([]);
    expect(capinfos()).toMatch(/Number of packets: +0\n/);
  });

  test('tells how long a packet was that was cut', () => {
    const bytes = ethernet(ip4(tcp(hello)));
    const [packet] = packetLines([bytes.subarray(0, 60)]);
    written(recording([{ ...packet, length: bytes.length }]));
    expect(capinfos('-l')).toMatch(/Packet size limit: +inferred: 60 bytes/);
    expect(dissect(file)[0]).toMatchObject({ length: 77, tcp: { payloadLength: 23 } });
  });

  const v6 = { source: '2001:db8::2', destination: '2001:db8::1' };
  const of6 = { etherType: 0x86dd };
  const server = { source: '10.0.0.1', destination: '10.0.0.2', sourcePort: 12345, destinationPort: 54321 };
  const sack = hex('0101 0512 00000803 00000804 00000805 00000806');
  const shapes: [string, Buffer[]][] = [
    [
      'a handshake, data, and a SACK',
      [
        ethernet(ip4(tcp(nothing, { seq: 999, ack: 0, flags: 2, window: 64240, options: handshake }))),
        ethernet(
          ip4(tcp(nothing, { ...server, seq: 1999, ack: 1000, flags: 18, options: handshake }), server),
        ),
        ethernet(ip4(tcp(hello, { options: timestamps }), { tos: 0x2e, id: 0xfffe, ttl: 1 })),
        ethernet(ip4(tcp(nothing, { ack: 2000, flags: 16, options: sack }))),
      ],
    ],
    [
      'a connection that was there before',
      [ethernet(ip4(tcp(hello))), ethernet(ip4(tcp(hello, { seq: 1023 })))],
    ],
    ['every flag there is', [ethernet(ip4(tcp(hello, { flags: 0x1fd, urgent: 5 }), { fragment: 0xc000 }))]],
    ['bad checksums', [ethernet(ip4(tcp(hello, { checksum: 0x1234 })).fill(0xee, 10, 12))]],
    ['an IP header with options', [ethernet(ip4(tcp(hello), { options: hex('01010101') }))]],
    ['options that end early', [ethernet(ip4(tcp(hello, { options: hex('01010100') })))]],
    ['IPv6', [ethernet(ip6(tcp(hello, v6), { trafficClass: 0xb8, flowLabel: 0xfedcb, hopLimit: 3 }), of6)]],
    [
      'IPv6 with extension headers',
      [ethernet(ip6(extension(60, extension(6, tcp(hello, v6))), { nextHeader: 0 }), of6)],
    ],
    ['the padding of a short frame', [Buffer.concat([ethernet(ip4(tcp(nothing))), Buffer.alloc(6)])]],
  ];

  test.each(shapes)('is decoded by tshark as by us, field by field: %s', (_, frames) => {
    const packets = packetLines(frames);
    const theirs = written(recording(packets));
    // tshark has the window unscaled where the handshake was not seen; we do not say.
    for (const [i, { tcp }] of packets.entries()) {
      if (tcp!.scaledWindow === undefined) delete (theirs[i].tcp as { scaledWindow?: number }).scaledWindow;
    }
    expect(packets.map(comparable)).toEqual(theirs.map(comparable));
  });
});
