// Decoding Ethernet, IP and TCP: packets of every shape, cut off anywhere, and nonsense.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TcpOption } from '../../../src/interpose/recorder/recording.ts';
import { fold, sum, sumsUp } from '../../../src/tools/trace/run/wire/checksum.ts';
import { decodeFrame, isOfPort } from '../../../src/tools/trace/run/wire/decode.ts';
import { withTag } from '../../../src/tools/trace/run/wire/ethernet.ts';
import { Streams } from '../../../src/tools/trace/run/wire/streams.ts';
import { ethernet, extension, handshake, hex, ip4, ip6, tcp, timestamps } from '../../support/packets.ts';

const decode = (bytes: Buffer, offloading = false, streams = new Streams()) =>
  decodeFrame(bytes, { streams, offloading });
const hello = Buffer.from('1700000000.123456:Hello');
const v6 = { source: '2001:db8::2', destination: '2001:db8::1' };

describe('the Internet checksum', () => {
  test("the checksum of RFC 1071's own example is the RFC's, whole and in parts", () => {
    const example = hex('0001 f203 f4f5 f6f7');
    expect(fold(sum(example))).toBe(0xddf2);
    expect(fold(sum(example.subarray(4), sum(example.subarray(0, 4))))).toBe(0xddf2);
  });

  test('counts an odd byte as if a zero followed, and carries round', () => {
    expect(fold(sum(hex('0102 03')))).toBe(0x0402);
    expect(fold(0xffff_ffff)).toBe(0xffff);
    expect(sumsUp(hex('ffff ffff'))).toBe(true);
    expect(sumsUp(hex('ffff fffe'))).toBe(false);
  });
});

test('the documented message is 89 bytes: 14 of Ethernet, 20 of IP, 32 of TCP, 23 of its own', () => {
  // Seen on lo, 'Hello' from a client, its checksum left for a card.
  const bytes = Buffer.from(
    'AAAAAAAAAAAAAAAACABFAABLHa9AAEAGHvx/AAABfwAAAciehwfHJt6FKAvZ74AYAED+PwAAAQEICpupymZ9E5pPMTc5NTQ2MTkxMS4xMzEyNTI6SGVsbG8=',
    'base64',
  );
  expect(bytes.length).toBe(89);
  expect(decode(bytes, true)).toEqual({
    link: { source: '00:00:00:00:00:00', destination: '00:00:00:00:00:00', etherType: 0x0800 },
    ip: {
      version: 4,
      source: '127.0.0.1',
      destination: '127.0.0.1',
      headerLength: 20,
      totalLength: 75,
      ttl: 64,
      protocol: 6,
      trafficClass: 0,
      id: 7599,
      flags: ['DF'],
      fragmentOffset: 0,
      checksum: 0x1efc,
      checksumStatus: 'good',
    },
    tcp: {
      sourcePort: 51358,
      destinationPort: 34567,
      seq: 3341213317,
      ack: 671865327,
      relativeSeq: 1,
      relativeAck: 1,
      headerLength: 32,
      flags: ['ACK', 'PSH'],
      window: 64,
      checksum: 0xfe3f,
      checksumStatus: 'offloaded',
      urgent: 0,
      options: [
        { kind: 1, length: 1, name: 'NOP', values: [] },
        { kind: 1, length: 1, name: 'NOP', values: [] },
        { kind: 8, length: 10, name: 'TS', values: [2611595878, 2098436687] },
      ],
      payloadLength: 23,
    },
  });
});

describe('IP', () => {
  test('has options, and says what is a part of a packet', () => {
    const options = hex('01010101 94040000');
    const whole = decode(ethernet(ip4(tcp(hello), { options, tos: 0xb8, ttl: 1 })));
    expect(whole.ip).toMatchObject({ headerLength: 28, totalLength: 71, trafficClass: 0xb8, ttl: 1 });
    expect(whole.tcp).toMatchObject({ payloadLength: 23, checksumStatus: 'good' });

    const first = decode(ethernet(ip4(tcp(hello), { fragment: 0x2000 })));
    expect(first.ip).toMatchObject({ flags: ['MF'], fragmentOffset: 0 });
    expect(first.tcp).toMatchObject({ sourcePort: 54321, checksumStatus: 'unknown' });

    const later = decode(ethernet(ip4(tcp(hello), { fragment: 0x8000 | 185 })));
    expect(later.ip).toMatchObject({ flags: ['RB'], fragmentOffset: 1480 });
    expect(later.tcp).toBeNull();
  });

  test('of version 6 is read through its extension headers', () => {
    const segment = tcp(hello, v6);
    const packet = extension(60, extension(43, extension(6, segment, 2)), 3);
    const decoded = decode(
      ethernet(ip6(packet, { nextHeader: 0, trafficClass: 0x2e, flowLabel: 0xabcde }), { etherType: 0x86dd }),
    );
    expect(decoded.ip).toEqual({
      version: 6,
      ...v6,
      headerLength: 40 + 24 + 8 + 16,
      totalLength: 40 + 24 + 8 + 16 + segment.length,
      ttl: 64,
      protocol: 6,
      trafficClass: 0x2e,
      flowLabel: 0xabcde,
    });
    expect(decoded.tcp).toMatchObject({ payloadLength: 23, checksumStatus: 'good' });
  });

  test('of version 6 may be a fragment, or have an authentication header', () => {
    const of6 = (packet: Buffer, nextHeader: number) =>
      decode(ethernet(ip6(packet, { nextHeader }), { etherType: 0x86dd }));
    const segment = tcp(hello, v6);
    const fragment = (offset: number) =>
      Buffer.concat([hex('0600'), Buffer.from([offset >> 8, offset & 0xff]), hex('00000001'), segment]);
    expect(of6(fragment(0), 44).tcp).toMatchObject({ checksumStatus: 'good' });
    expect(of6(fragment(1), 44).tcp).toMatchObject({ checksumStatus: 'unknown' });
    expect(of6(fragment(8), 44).tcp).toBeNull();
    const authentication = Buffer.concat([hex('0604 0000'), Buffer.alloc(20), segment]);
    expect(of6(authentication, 51).ip).toMatchObject({ headerLength: 64, protocol: 6 });
    expect(of6(authentication, 51).tcp).toMatchObject({ checksumStatus: 'good' });
  });

  test('is found behind VLAN tags, and not where the Ethernet header names something else', () => {
    const packet = ip4(tcp(hello));
    expect(decode(ethernet(packet, { tags: [5] })).link).toMatchObject({ etherType: 0x8100 });
    expect(withTag(ethernet(packet), 0x8100, 5)).toEqual(ethernet(packet, { tags: [5] }));
    expect(decode(ethernet(packet, { tags: [5, 6] })).tcp).toMatchObject({ payloadLength: 23 });
    expect(decode(ethernet(packet, { etherType: 0x0806 }))).toMatchObject({ ip: null, tcp: null });
    expect(decode(ethernet(packet, { etherType: 0x86dd }))).toMatchObject({ ip: null, tcp: null });
  });

  test('that is not TCP has no TCP header', () => {
    const decoded = decode(ethernet(ip4(Buffer.alloc(40), { protocol: 17 })));
    expect(decoded.ip).toMatchObject({ protocol: 17 });
    expect(decoded.tcp).toBeNull();
  });

  test('longer than its 16 bits can say (BIG TCP) is as long as what was captured', () => {
    const decoded = decode(ethernet(ip4(tcp(hello), { totalLength: 0 })));
    expect(decoded).toMatchObject({ ip: { totalLength: 63 }, tcp: { payloadLength: 23 } });
  });

  test('ends before the padding of a short frame', () => {
    const frame = Buffer.concat([ethernet(ip4(tcp(Buffer.from('x')))), Buffer.alloc(5)]);
    expect(decode(frame).tcp).toMatchObject({ payloadLength: 1, checksumStatus: 'good' });
  });
});

describe('a checksum', () => {
  const frame = ethernet(ip4(tcp(hello)));

  test('is bad if one bit of what it covers is another', () => {
    const damaged = (at: number) => {
      const bytes = Buffer.from(frame);
      bytes[at] ^= 0x10;
      return decode(bytes);
    };
    // All but what says where the headers end.
    const lengths = new Set([14, 16, 17, 46]);
    for (let at = 14; at < frame.length; at++) {
      if (lengths.has(at)) continue;
      const { ip, tcp } = damaged(at);
      expect([at, ip!.checksumStatus]).toEqual([at, at < 34 ? 'bad' : 'good']);
      if (at >= 26) expect([at, tcp!.checksumStatus]).toEqual([at, 'bad']);
    }
  });

  test('is offloaded if the kernel said so, and the field has the sum of the pseudo header', () => {
    const partial = ethernet(ip4(tcp(hello, { checksum: 'partial' })));
    expect(decode(partial, true).tcp).toMatchObject({ checksumStatus: 'offloaded' });
    expect(decode(partial, false).tcp).toMatchObject({ checksumStatus: 'bad' });
    expect(decode(frame, true).tcp).toMatchObject({ checksumStatus: 'good' });
    const nonsense = ethernet(ip4(tcp(hello, { checksum: 1 })));
    expect(decode(nonsense, true).tcp).toMatchObject({ checksumStatus: 'bad' });
  });
});

describe('the options', () => {
  const options = (bytes: Buffer): [string, ...number[]][] =>
    decode(ethernet(ip4(tcp(hello, { options: bytes })))).tcp!.options.map(({ name, values }) => [
      name,
      ...values,
    ]);

  test.each<[string, Buffer, [string, ...number[]][]]>([
    ['of a SYN', handshake, [['MSS', 1460], ['SACK_PERM'], ['TS', 1, 0], ['NOP'], ['WS', 7]]],
    ['of data', timestamps, [['NOP'], ['NOP'], ['TS', 1, 2]]],
    [
      'with two blocks of SACK',
      hex('0101 0512 fffffff0 00000010 00000020 00000030'),
      [['NOP'], ['NOP'], ['SACK', 0xfffffff0, 16, 32, 48]],
    ],
    ['that end before the header does', hex('01 00 ffff'), [['NOP'], ['EOL']]],
    ['unknown', hex('fd04 abcd'), [['KIND_253', 0xab, 0xcd]]],
    ['of no length', hex('0100 0000').fill(0x07, 1), [['NOP'], ['MALFORMED', 7, 7]]],
    ['of length 0', hex('0800 0001'), [['MALFORMED', 0, 0, 1]]],
    ['longer than the header', hex('0101 080a'), [['NOP'], ['NOP'], ['MALFORMED', 10]]],
    ['of a length that they never have', hex('0203 05 01'), [['MALFORMED', 3, 5, 1]]],
    [
      'with half an edge of SACK',
      hex('0506 0000 0001 0504'),
      [
        ['SACK', 1],
        ['MALFORMED', 4],
      ],
    ],
    ['none', Buffer.alloc(0), []],
  ])('%s', (_, bytes, expected) => {
    expect(options(bytes)).toEqual(expected);
  });

  test('have the lengths that they had on the wire', () => {
    const { tcp: header } = decode(ethernet(ip4(tcp(hello, { options: handshake }))));
    expect(header!.headerLength).toBe(40);
    expect(header!.options.reduce((sum: number, { length }: TcpOption) => sum + length, 0)).toBe(20);
  });
});

test('all nine TCP flags are decoded', () => {
  const flags = (bits: number) => decode(ethernet(ip4(tcp(hello, { flags: bits })))).tcp!.flags;
  expect(flags(0x1ff)).toEqual(['SYN', 'ACK', 'PSH', 'FIN', 'RST', 'URG', 'ECE', 'CWR', 'AE']);
  expect(flags(0)).toEqual([]);
});

describe('numbers that begin at 0 with the SYN', () => {
  const client = { sourcePort: 54321, destinationPort: 12345 };
  const server = { source: '10.0.0.1', destination: '10.0.0.2', sourcePort: 12345, destinationPort: 54321 };
  const SYN = 2;
  const RST = 4;
  const ACK = 16;
  const follow = (streams: Streams, from: object, given: object, payload = Buffer.alloc(0)) => {
    const segment = { ...from, ...given };
    const { relativeSeq, relativeAck, scaledWindow } = decode(
      ethernet(ip4(tcp(payload, segment), segment)),
      false,
      streams,
    ).tcp!;
    return [relativeSeq, relativeAck, scaledWindow];
  };

  test('count on past 2³², in both directions', () => {
    const streams = new Streams();
    const scale = (shift: number) => ({ window: 1000, options: hex(`0303 0${shift} 01`) });
    expect(follow(streams, client, { seq: 0xffffffff, ack: 0, flags: SYN, ...scale(7) })).toEqual([
      0, 0, 1000,
    ]);
    expect(follow(streams, server, { seq: 9, ack: 0, flags: SYN | ACK, ...scale(2) })).toEqual([0, 1, 1000]);
    expect(follow(streams, client, { seq: 0, ack: 10, flags: ACK, window: 3 }, hello)).toEqual([1, 1, 384]);
    expect(follow(streams, server, { seq: 10, ack: 23, flags: ACK, window: 3 })).toEqual([1, 24, 12]);
  });

  test('scale no window if one side did not ask for it', () => {
    const streams = new Streams();
    follow(streams, client, { seq: 0, ack: 0, flags: SYN, options: hex('030307 01') });
    follow(streams, server, { seq: 0, ack: 1, flags: SYN | ACK });
    expect(follow(streams, client, { seq: 1, ack: 1, flags: ACK, window: 3 })).toEqual([1, 1, 3]);
  });

  test('count from 1 where the handshake was not seen, and do not know the scale', () => {
    const streams = new Streams();
    expect(follow(streams, client, { seq: 5000, ack: 700, flags: ACK })).toEqual([1, 1, undefined]);
    expect(follow(streams, server, { seq: 800, ack: 5000, flags: ACK })).toEqual([101, 1, undefined]);
  });

  test('begin again if the same ports make a new connection, not if the SYN comes twice', () => {
    const streams = new Streams();
    follow(streams, client, { seq: 100, ack: 0, flags: SYN });
    follow(streams, server, { seq: 500, ack: 101, flags: SYN | ACK });
    expect(follow(streams, client, { seq: 100, ack: 0, flags: SYN })).toEqual([0, 0, 64]);
    expect(follow(streams, client, { seq: 101, ack: 501, flags: ACK })).toEqual([1, 1, 64]);
    expect(follow(streams, client, { seq: 9000, ack: 0, flags: SYN })).toEqual([0, 0, 64]);
    expect(follow(streams, server, { seq: 70, ack: 9001, flags: SYN | ACK })).toEqual([0, 1, 64]);
    // Or asks for one, and is refused.
    expect(follow(streams, client, { seq: 4000, ack: 0, flags: SYN })).toEqual([0, 0, 64]);
    expect(follow(streams, server, { seq: 0, ack: 4001, flags: RST | ACK })).toEqual([1, 1, undefined]);
  });

  test('two connections at once have relative numbers of their own', () => {
    const streams = new Streams();
    follow(streams, client, { seq: 100, ack: 0, flags: SYN });
    expect(follow(streams, { ...client, sourcePort: 1 }, { seq: 4, ack: 0, flags: SYN })).toEqual([0, 0, 64]);
    expect(follow(streams, client, { seq: 101, ack: 1, flags: ACK })[0]).toBe(1);
  });
});

describe('bytes that are cut off', () => {
  const frames: [string, Buffer, number, number][] = [
    ['IPv4', ethernet(ip4(tcp(hello, { options: timestamps }))), 34, 66],
    ['IPv6', ethernet(ip6(extension(6, tcp(hello, v6)), { nextHeader: 0 }), { etherType: 0x86dd }), 62, 82],
    ['IPv4 with a VLAN tag', ethernet(ip4(tcp(hello)), { tags: [1] }), 38, 58],
  ];

  test.each(frames)('anywhere have the headers that are whole: %s', (_, frame, ipEnd, tcpEnd) => {
    const whole = decode(frame);
    for (let length = 0; length < frame.length; length++) {
      const { link, ip, tcp } = decode(frame.subarray(0, length));
      expect(link === null, `link of ${length}`).toBe(length < (whole.link!.etherType === 0x8100 ? 18 : 14));
      expect(ip, `IP of ${length}`).toEqual(length < ipEnd ? null : whole.ip);
      const cut = { ...whole.tcp, checksumStatus: 'unknown' };
      expect(tcp, `TCP of ${length}`).toEqual(length < tcpEnd ? null : cut);
    }
    expect(whole.tcp!.checksumStatus).toBe('good');
  });

  test('cut or damaged anywhere, bytes never make the decoder throw', () => {
    const damaged = fc
      .tuple(
        fc.constantFrom(...frames.map(([, frame]) => frame)),
        fc.array(fc.tuple(fc.nat(95), fc.nat(255)), { maxLength: 12 }),
        fc.nat(120),
      )
      .map(([frame, changes, length]) => {
        const bytes = Buffer.from(frame);
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
        return bytes.subarray(0, length);
      });
    const random = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    const streams = new Streams();
    fc.assert(
      fc.property(fc.oneof(damaged, random), fc.boolean(), fc.nat(65535), (bytes, offloading, port) => {
        const { link, ip, tcp } = decode(bytes, offloading, streams);
        if (link === null) expect(ip).toBeNull();
        if (ip === null) expect(tcp).toBeNull();
        if (tcp !== null) expect(isOfPort(bytes, tcp.sourcePort)).toBe(true);
        isOfPort(bytes, port);
      }),
      { seed: 793, numRuns: 20_000 },
    );
  });
});

test('a frame is of a port by either of its ends', () => {
  const frame = ethernet(ip4(tcp(hello)));
  expect([54321, 12345, 1].map((port) => isOfPort(frame, port))).toEqual([true, true, false]);
  expect(isOfPort(ethernet(ip4(tcp(hello), { protocol: 17 })), 12345)).toBe(false);
  expect(isOfPort(frame.subarray(0, 30), 12345)).toBe(false);
});
