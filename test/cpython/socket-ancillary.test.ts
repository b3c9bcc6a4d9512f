// CPython's test_socket, RFC3542AncillaryTest: hop limit and traffic class of IPv6 datagrams as control
// messages; once by recvmsg and once by recvmsg_into. Each test bears the name of its case.

import { describe, expect, test } from 'vitest';
import { OSError } from '../../src/python/errors.ts';
import {
  AF_INET6,
  type AncillaryData,
  CMSG_LEN,
  CMSG_SPACE,
  IPPROTO_IPV6,
  IPV6_HOPLIMIT,
  IPV6_RECVHOPLIMIT,
  IPV6_RECVTCLASS,
  IPV6_TCLASS,
  MSG_CTRUNC,
  type Socket,
} from '../../src/socket.ts';
import { addressOf, MSG, udpPair } from '../support/sockets.ts';

const INT = 4;
const HOP_LIMIT = 3;
const TRAFFIC_CLASS = 0x24;

type Received = [data: Buffer, ancdata: AncillaryData[], msg_flags: number];
const receivers: [string, (sock: Socket, ancbufsize?: number) => Received][] = [
  [
    'recvmsg',
    (sock, ancbufsize) => {
      const [data, ancdata, msg_flags] = sock.recvmsg(MSG.length, ancbufsize);
      return [data, ancdata, msg_flags];
    },
  ],
  [
    'recvmsg_into',
    (sock, ancbufsize) => {
      const buffer = Buffer.alloc(MSG.length);
      const [n, ancdata, msg_flags] = sock.recvmsg_into([buffer], ancbufsize);
      return [buffer.subarray(0, n), ancdata, msg_flags];
    },
  ],
];

const item = (type: number, value: number): [number, number, Int32Array] => [
  IPPROTO_IPV6,
  type,
  Int32Array.of(value),
];
const hopLimit = (value = HOP_LIMIT) => item(IPV6_HOPLIMIT, value);
const trafficClass = (value = TRAFFIC_CLASS) => item(IPV6_TCLASS, value);

/** By their types: whichever comes first. */
function values(ancdata: AncillaryData[]): Record<number, number> {
  const found: Record<number, number> = {};
  for (const [level, type, data] of ancdata) {
    expect(level).toBe(IPPROTO_IPV6);
    expect(data).toHaveLength(INT);
    found[type] = data.readInt32LE();
  }
  return found;
}

describe.each(receivers)('by %s', (_name, receive) => {
  /** A datagram that asks for the options given arrives with them as control messages. */
  function received(wanted: number[], ancbufsize: number | undefined, ...sent: ReturnType<typeof item>[]) {
    const { server, client } = udpPair(AF_INET6);
    for (const option of wanted) server.setsockopt(IPPROTO_IPV6, option, 1);
    expect(client.sendmsg([MSG], sent, 0, addressOf(server))).toBe(MSG.length);
    const [data, ancdata, msg_flags] = receive(server, ancbufsize);
    expect(data).toEqual(MSG);
    return { ancdata, msg_flags };
  }
  const one = [IPV6_RECVHOPLIMIT];
  const both = [IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS];
  const isByte = (value: number) => expect(value >= 0 && value <= 255).toBe(true);

  function hopLimitIn(ancbufsize: number, ...sent: ReturnType<typeof item>[]) {
    const { ancdata, msg_flags } = received(one, ancbufsize, ...sent);
    expect(ancdata).toHaveLength(1);
    expect(msg_flags & MSG_CTRUNC).toBe(0);
    return values(ancdata)[IPV6_HOPLIMIT];
  }

  test('RFC3542AncillaryTest.testRecvHopLimit: the hop limit is an int of a byte', () => {
    isByte(hopLimitIn(10240));
  });

  test('RFC3542AncillaryTest.testRecvHopLimitCMSG_SPACE: CMSG_SPACE is room enough for it', () => {
    isByte(hopLimitIn(CMSG_SPACE(INT)));
  });

  test('RFC3542AncillaryTest.testSetHopLimit: the one that is sent with sendmsg arrives', () => {
    expect(hopLimitIn(10240, hopLimit())).toBe(HOP_LIMIT);
  });

  function bothIn(ancbufsize: number, ...sent: ReturnType<typeof item>[]) {
    const { ancdata, msg_flags } = received(both, ancbufsize, ...sent);
    expect(ancdata).toHaveLength(2);
    expect(msg_flags & MSG_CTRUNC).toBe(0);
    const found = values(ancdata);
    return [found[IPV6_HOPLIMIT], found[IPV6_TCLASS]];
  }

  test('RFC3542AncillaryTest.testRecvTrafficClassAndHopLimit: traffic class and hop limit are two messages', () => {
    for (const value of bothIn(10240)) isByte(value);
  });

  test('RFC3542AncillaryTest.testRecvTrafficClassAndHopLimitCMSG_SPACE: with no more room than both need', () => {
    for (const value of bothIn(2 * CMSG_SPACE(INT))) isByte(value);
  });

  test('RFC3542AncillaryTest.testSetTrafficClassAndHopLimit: both can be sent', () => {
    expect(bothIn(10240, trafficClass(), hopLimit())).toEqual([HOP_LIMIT, TRAFFIC_CLASS]);
  });

  test('RFC3542AncillaryTest.testOddCmsgSize: a first message of an odd size is refused, or the second still counts', () => {
    const { server, client } = udpPair(AF_INET6);
    for (const option of both) server.setsockopt(IPPROTO_IPV6, option, 1);
    const odd = new Uint8Array(INT + 1);
    odd.set(new Uint8Array(Int32Array.of(TRAFFIC_CLASS).buffer));
    try {
      client.sendmsg([MSG], [[IPPROTO_IPV6, IPV6_TCLASS, odd], hopLimit()], 0, addressOf(server));
    } catch (error) {
      expect(error).toBeInstanceOf(OSError);
      client.sendmsg([MSG], [trafficClass(), hopLimit()], 0, addressOf(server));
    }
    const [data, ancdata, msg_flags] = receive(server, 10240);
    expect(data).toEqual(MSG);
    expect(msg_flags & MSG_CTRUNC).toBe(0);
    expect(values(ancdata)[IPV6_HOPLIMIT]).toBe(HOP_LIMIT);
  });

  /** Too little room for one message. */
  function singleTruncated(ancbufsize?: number, mustSay = true) {
    const { ancdata, msg_flags } = received(one, ancbufsize);
    if (mustSay) expect(msg_flags & MSG_CTRUNC).toBe(MSG_CTRUNC);
    return ancdata;
  }

  test('RFC3542AncillaryTest.testCmsgTruncNoBufSize: without room there are none', () => {
    expect(singleTruncated(undefined, false)).toEqual([]);
  });

  test('RFC3542AncillaryTest.testSingleCmsgTrunc0: nor with none asked for', () => {
    expect(singleTruncated(0, false)).toEqual([]);
  });

  test('RFC3542AncillaryTest.testSingleCmsgTrunc1: nor with one byte', () => {
    expect(singleTruncated(1)).toEqual([]);
  });

  test('RFC3542AncillaryTest.testSingleCmsgTrunc2Int: nor with eight', () => {
    expect(singleTruncated(2 * INT)).toEqual([]);
  });

  test('RFC3542AncillaryTest.testSingleCmsgTruncLen0Minus1: nor with one less than a header', () => {
    expect(singleTruncated(CMSG_LEN(0) - 1)).toEqual([]);
  });

  test('RFC3542AncillaryTest.testSingleCmsgTruncInData: cut in its data, it is absent or shorter', () => {
    for (const [, , data] of singleTruncated(CMSG_LEN(INT) - 1)) expect(data.length).toBeLessThan(INT);
  });

  /** Room for one message, and for so many bytes of a second. */
  function secondTruncated(rest: number, mustSay = true) {
    const { ancdata, msg_flags } = received(both, CMSG_SPACE(INT) + rest);
    if (mustSay) expect(msg_flags & MSG_CTRUNC).toBe(MSG_CTRUNC);
    expect(ancdata.length).toBeGreaterThanOrEqual(1);
    const [[, type, data], ...more] = ancdata;
    expect([IPV6_HOPLIMIT, IPV6_TCLASS]).toContain(type);
    expect(data).toHaveLength(INT);
    isByte(data.readInt32LE());
    return more;
  }

  test('RFC3542AncillaryTest.testSecondCmsgTrunc0: with room for one there is one', () => {
    expect(secondTruncated(0, false)).toEqual([]);
  });

  test('RFC3542AncillaryTest.testSecondCmsgTrunc1: nor with one byte more', () => {
    expect(secondTruncated(1)).toEqual([]);
  });

  test('RFC3542AncillaryTest.testSecondCmsgTrunc2Int: nor with eight', () => {
    expect(secondTruncated(2 * INT)).toEqual([]);
  });

  test('RFC3542AncillaryTest.testSecondCmsgTruncLen0Minus1: nor with one less than a header', () => {
    expect(secondTruncated(CMSG_LEN(0) - 1)).toEqual([]);
  });

  test('RFC3542AncillaryTest.testSecondCmsgTruncInData: cut in its data, the second is absent or shorter', () => {
    const more = secondTruncated(CMSG_LEN(INT) - 1);
    expect(more.length).toBeLessThanOrEqual(1);
    for (const [, , data] of more) expect(data.length).toBeLessThan(INT);
  });
});
