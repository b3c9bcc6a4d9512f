// CPython's test_socket: sendmsg (Sendmsg*Tests), recvmsg and recvmsg_into (Recvmsg*Tests), and the
// sizes of control messages (CmsgMacroTests). Each test bears the name of its case.

import { describe, expect, test } from 'vitest';
import { OSError, TimeoutError } from '../../src/python/errors.ts';
import {
  type Address,
  AF_INET6,
  type AncillaryData,
  type AncillaryDataLike,
  CMSG_LEN,
  CMSG_SPACE,
  MSG_DONTWAIT,
  MSG_EOR,
  MSG_PEEK,
  MSG_TRUNC,
  SO_SNDBUF,
  SOCK_DGRAM,
  SOL_SOCKET,
  type Socket,
  socket,
} from '../../src/socket.ts';
import { addressOf, kept, MSG, pair, tcpPair, udpPair } from '../support/sockets.ts';

interface Ways {
  /** Who sends, who receives, the address that the receiver sees, and whether messages keep their bounds. */
  sender: Socket;
  receiver: Socket;
  from: Address;
  isStream: boolean;
}

const udp = (family?: number): Ways => {
  const { server, client } = udpPair(family);
  client.connect(addressOf(server));
  return { sender: client, receiver: server, from: client.getsockname(), isStream: false };
};
const ways: [string, () => Ways][] = [
  ['UDP', () => udp()],
  ['UDP over IPv6', () => udp(AF_INET6)],
  [
    'TCP',
    () => {
      const { conn, client } = tcpPair();
      return { sender: client, receiver: conn, from: null, isStream: true };
    },
  ],
  [
    'a UNIX stream',
    () => {
      const [receiver, sender] = pair();
      return { sender, receiver, from: null, isStream: true };
    },
  ],
];

describe.each(ways)('sendmsg over %s', (_, connected) => {
  const got = ({ receiver }: Ways, length: number) => receiver.recv(length);

  test('SendmsgTests.testSendmsg: sends one buffer, and tells how much', () => {
    const way = connected();
    expect(way.sender.sendmsg([MSG])).toBe(MSG.length);
    expect(got(way, 1024)).toEqual(MSG);
  });

  test('SendmsgTests.testSendmsgDataGenerator: takes any iterable of buffers', () => {
    const way = connected();
    function* one() {
      yield MSG;
    }
    expect(way.sender.sendmsg(one())).toBe(MSG.length);
    expect(got(way, 1024)).toEqual(MSG);
  });

  test('SendmsgTests.testSendmsgAncillaryGenerator: takes any iterable of control messages, an empty one too', () => {
    const way = connected();
    function* none(): Generator<AncillaryDataLike> {}
    expect(way.sender.sendmsg([MSG], none())).toBe(MSG.length);
    expect(got(way, 1024)).toEqual(MSG);
  });

  test('SendmsgTests.testSendmsgArray: takes an array of any type', () => {
    const way = connected();
    const data = Int16Array.of(0x4241, 0x4443);
    expect(way.sender.sendmsg([data])).toBe(4);
    expect(got(way, 1024).toString()).toBe('ABCD');
  });

  test('SendmsgTests.testSendmsgGather: sends several buffers as one', () => {
    const way = connected();
    expect(way.sender.sendmsg([MSG.subarray(0, 3), MSG.subarray(3)])).toBe(MSG.length);
    expect(got(way, 1024)).toEqual(MSG);
  });

  test('SendmsgTests.testSendmsgBadArgs: refuses what is none of its arguments, and sends nothing', () => {
    const way = connected();
    const sendmsg = way.sender.sendmsg.bind(way.sender) as (...args: unknown[]) => number;
    const bad = [[], [Buffer.from('no list')], [{}], [[{}]], [[MSG, {}]]].concat([
      [[MSG], {}],
      [[MSG], [], {}],
      [[MSG], [], 0, {}],
    ] as never);
    expect(bad).toHaveLength(8);
    for (const args of bad) expect(() => sendmsg(...args)).toThrow(TypeError);
    way.sender.send(Buffer.from('end'));
    expect(got(way, 1024).toString()).toBe('end');
  });

  const data = Buffer.from('data');
  const malformed: unknown[] = [{}, [{}, 0, data], [0, {}, data], [0, 0, {}], [0, 0], [0, 0, data, 42]];

  test('SendmsgTests.testSendmsgBadCmsg: refuses malformed control messages, and sends nothing', () => {
    const way = connected();
    for (const item of malformed) expect(() => way.sender.sendmsg([MSG], [item] as never)).toThrow(TypeError);
    way.sender.send(Buffer.from('end'));
    expect(got(way, 1024).toString()).toBe('end');
  });

  test('SendmsgTests.testSendmsgBadMultiCmsg: refuses one that is malformed among several', () => {
    const way = connected();
    expect(() => way.sender.sendmsg([MSG], [0, 0, data] as never)).toThrow(TypeError);
    expect(() => way.sender.sendmsg([MSG], [[0, 0, data], {}] as never)).toThrow(TypeError);
    way.sender.send(Buffer.from('end'));
    expect(got(way, 1024).toString()).toBe('end');
  });

  test('SendmsgTests.testSendmsgAfterClose: on a closed socket it is an OSError', () => {
    const { sender } = connected();
    sender.close();
    expect(() => sender.sendmsg([MSG])).toThrow(OSError);
  });

  test('SendmsgStreamTests.testSendmsgExplicitNoneAddr: the address may be null', () => {
    const way = connected();
    expect(way.sender.sendmsg([MSG], [], 0, null)).toBe(MSG.length);
    expect(got(way, 1024)).toEqual(MSG);
  });
});

describe.each(ways.filter(([name]) => !name.startsWith('UDP')))('sendmsg over %s', (_, connected) => {
  test('SendmsgStreamTests.testSendmsgTimeout: into a full buffer it times out', () => {
    const { sender } = connected();
    sender.setsockopt(SOL_SOCKET, SO_SNDBUF, 4096);
    sender.settimeout(0.03);
    const fill = () => {
      for (;;) sender.sendmsg([Buffer.alloc(512, 'a')]);
    };
    expect(fill).toThrow(TimeoutError);
  });

  test.skipIf(MSG_DONTWAIT === undefined)(
    'SendmsgStreamTests.testSendmsgDontWait: with MSG_DONTWAIT it is EAGAIN, on a blocking socket too',
    () => {
      const { sender } = connected();
      expect(sender.getblocking()).toBe(true);
      const fill = () => {
        for (;;) sender.sendmsg([Buffer.alloc(512, 'a')], [], MSG_DONTWAIT);
      };
      expect(fill).toThrow(expect.objectContaining({ code: 'EAGAIN', syscall: 'sendmsg' }));
    },
  );
});

test('SendmsgConnectionlessTests.testSendmsgNoDestAddr: a datagram without a destination is an OSError', () => {
  const { client, server } = udpPair();
  expect(() => client.sendmsg([MSG])).toThrow(OSError);
  expect(() => client.sendmsg([MSG], [], 0, null)).toThrow(OSError);
  expect(client.sendmsg([MSG], [], 0, addressOf(server))).toBe(MSG.length);
});

type Received = [data: Buffer, ancdata: AncillaryData[], msg_flags: number, address: Address];

// The same with recvmsg_into, as CPython runs them.
const receivers: [string, (sock: Socket, size: number, ...rest: number[]) => Received][] = [
  ['recvmsg', (sock, size, ...rest) => sock.recvmsg(size, ...rest)],
  [
    'recvmsg_into',
    (sock, size, ...rest) => {
      const buffer = Buffer.alloc(size);
      const [n, ...others] = sock.recvmsg_into([buffer], ...rest);
      return [buffer.subarray(0, n), ...others];
    },
  ],
];
const matrix = receivers.flatMap(([name, receive]) =>
  ways.map(([over, connected]) => [name, over, receive, connected] as const),
);

// Nothing was cut off; and a stream has no records whose end could be marked.
function isClean(msg_flags: number, isStream: boolean): void {
  expect(msg_flags & MSG_TRUNC).toBe(0);
  if (isStream) expect(msg_flags & MSG_EOR).toBe(0);
}

describe.each(matrix)('%s over %s', (_name, _over, receive, connected) => {
  test('RecvmsgGenericTests.testRecvmsg: data, no control messages, flags, the sender', () => {
    const { sender, receiver, from, isStream } = connected();
    sender.send(MSG);
    const [data, ancdata, msg_flags, address] = receive(receiver, MSG.length);
    expect([data, ancdata, address]).toEqual([MSG, [], from]);
    isClean(msg_flags, isStream);
  });

  test('RecvmsgGenericTests.testRecvmsgExplicitDefaults: the same with its defaults given', () => {
    const { sender, receiver, from, isStream } = connected();
    sender.send(MSG);
    const [data, ancdata, msg_flags, address] = receive(receiver, MSG.length, 0, 0);
    expect([data, ancdata, address]).toEqual([MSG, [], from]);
    isClean(msg_flags, isStream);
  });

  test('RecvmsgGenericTests.testRecvmsgShorter: a message that is shorter than the buffer', () => {
    const { sender, receiver, from, isStream } = connected();
    sender.send(MSG);
    const [data, ancdata, msg_flags, address] = receive(receiver, MSG.length + 42);
    expect([data, ancdata, address]).toEqual([MSG, [], from]);
    isClean(msg_flags, isStream);
  });

  test('RecvmsgGenericTests.testRecvmsgTrunc: a datagram that is longer is cut, and MSG_TRUNC says so', () => {
    const { sender, receiver, isStream } = connected();
    sender.send(MSG);
    const [data, ancdata, msg_flags] = receive(receiver, MSG.length - 3);
    expect([data, ancdata]).toEqual([MSG.subarray(0, -3), []]);
    expect(msg_flags & MSG_TRUNC).toBe(isStream ? 0 : MSG_TRUNC);
    if (isStream) expect(receive(receiver, 1024)[0]).toEqual(MSG.subarray(-3));
  });

  test('RecvmsgGenericTests.testRecvmsgShortAncillaryBuf: one byte for control messages is no error', () => {
    const { sender, receiver, from, isStream } = connected();
    sender.send(MSG);
    const [data, ancdata, msg_flags, address] = receive(receiver, MSG.length, 1);
    expect([data, ancdata, address]).toEqual([MSG, [], from]);
    isClean(msg_flags, isStream);
  });

  test('RecvmsgGenericTests.testRecvmsgLongAncillaryBuf: nor are 10240', () => {
    const { sender, receiver, from, isStream } = connected();
    sender.send(MSG);
    const [data, ancdata, msg_flags, address] = receive(receiver, MSG.length, 10240);
    expect([data, ancdata, address]).toEqual([MSG, [], from]);
    isClean(msg_flags, isStream);
  });

  test('RecvmsgGenericTests.testRecvmsgAfterClose: on a closed socket it is an OSError', () => {
    const { receiver } = connected();
    receiver.close();
    expect(() => receive(receiver, 1024)).toThrow(OSError);
  });

  test('RecvmsgGenericTests.testRecvmsgTimeout: with a timeout and no message it is TimeoutError', () => {
    const { receiver } = connected();
    receiver.settimeout(0.03);
    expect(() => receive(receiver, 1024)).toThrow(TimeoutError);
  });

  test('RecvmsgGenericTests.testRecvmsgPeek: MSG_PEEK leaves the message where it is', () => {
    const { sender, receiver, isStream } = connected();
    sender.send(MSG);
    const [part, , cut] = receive(receiver, MSG.length - 3, 0, MSG_PEEK);
    expect(part).toEqual(MSG.subarray(0, -3));
    expect(cut & MSG_TRUNC).toBe(isStream ? 0 : MSG_TRUNC);
    expect(receive(receiver, MSG.length, 0, MSG_PEEK)[0]).toEqual(MSG);
    expect(receive(receiver, MSG.length)[0]).toEqual(MSG);
    receiver.setblocking(false);
    expect(() => receive(receiver, MSG.length)).toThrow(expect.objectContaining({ code: 'EAGAIN' }));
  });

  test('RecvmsgGenericTests.testRecvmsgFromSendmsg: it receives what sendmsg put together', () => {
    const { sender, receiver, from, isStream } = connected();
    sender.sendmsg([MSG.subarray(0, 3), MSG.subarray(3)]);
    const [data, ancdata, msg_flags, address] = receive(receiver, MSG.length);
    expect([data, ancdata, address]).toEqual([MSG, [], from]);
    isClean(msg_flags, isStream);
  });
});

// Datagrams have no end, and no rest.
const streams = matrix.filter(([, over]) => !over.startsWith('UDP'));

describe.each(streams)('%s over %s', (_name, _over, receive, connected) => {
  test('RecvmsgGenericStreamTests.testRecvmsgEOF: the end of a stream is empty', () => {
    const { sender, receiver } = connected();
    sender.close();
    const [data, ancdata, msg_flags] = receive(receiver, 1024);
    expect([data, ancdata]).toEqual([Buffer.alloc(0), []]);
    isClean(msg_flags, true);
  });

  test('RecvmsgGenericStreamTests.testRecvmsgOverflow: what does not fit comes with the next', () => {
    const { sender, receiver } = connected();
    sender.send(MSG);
    const first = receive(receiver, MSG.length - 3);
    const second = receive(receiver, 1024);
    expect(first[0]).toHaveLength(MSG.length - 3);
    expect(Buffer.concat([first[0], second[0]])).toEqual(MSG);
    isClean(first[2] | second[2], true);
  });
});

describe.each(ways)('recvmsg over %s', (_, connected) => {
  test('RecvmsgTests.testRecvmsgBadArgs: refuses what is no number, and negative ones', () => {
    const { sender, receiver } = connected();
    const recvmsg = receiver.recvmsg.bind(receiver) as (...args: unknown[]) => unknown;
    for (const args of [[], [''], [1, ''], [1, 0, {}], [{}], [1, {}]])
      expect(() => recvmsg(...args)).toThrow(TypeError);
    expect(() => recvmsg(-1)).toThrow(new RangeError('negative buffer size in recvmsg()'));
    expect(() => recvmsg(1, -1)).toThrow(new RangeError('invalid ancillary data buffer length'));
    sender.send(MSG);
    expect(receiver.recvmsg(1024)[0]).toEqual(MSG);
  });
});

describe.each(ways)('recvmsg_into over %s', (_, connected) => {
  test('RecvmsgIntoTests.testRecvmsgIntoBadArgs: refuses what is no list of buffers', () => {
    const { sender, receiver } = connected();
    const recvmsg_into = receiver.recvmsg_into.bind(receiver) as (...args: unknown[]) => unknown;
    const buffer = new Uint8Array(1024);
    const bad = [[], [0], [buffer], [{}], [['no buffer']], [[buffer, {}]], [[buffer], {}], [[buffer], 0, {}]];
    for (const args of bad) expect(() => recvmsg_into(...args)).toThrow(TypeError);
    expect(() => recvmsg_into([buffer], -1)).toThrow(RangeError);
    sender.send(MSG);
    expect(receiver.recvmsg_into([buffer])[0]).toBe(MSG.length);
    expect(Buffer.from(buffer).subarray(0, MSG.length)).toEqual(MSG);
  });

  test('RecvmsgIntoTests.testRecvmsgIntoGenerator: takes any iterable of buffers', () => {
    const { sender, receiver, from } = connected();
    const buffer = Buffer.alloc(1024);
    function* one() {
      yield buffer;
    }
    sender.send(MSG);
    const [n, ancdata, , address] = receiver.recvmsg_into(one());
    expect([n, ancdata, address]).toEqual([MSG.length, [], from]);
    expect(buffer.subarray(0, n)).toEqual(MSG);
  });

  test('RecvmsgIntoTests.testRecvmsgIntoArray: fills an array of any type', () => {
    const { sender, receiver } = connected();
    const buffer = new Int16Array(512);
    sender.send(MSG);
    const [n] = receiver.recvmsg_into([buffer]);
    expect(Buffer.from(buffer.buffer, 0, n)).toEqual(MSG);
  });

  test('RecvmsgIntoTests.testRecvmsgIntoScatter: fills several in order, and nothing beside them', () => {
    const { sender, receiver } = connected();
    const [first, second, third] = ['----', '0123456789', '--------'].map((text) => Buffer.from(text));
    sender.send(Buffer.from('a b c d e f!'));
    expect(receiver.recvmsg_into([first, second.subarray(2, 9), third])[0]).toBe(12);
    expect(`${first}|${second}|${third}`).toBe('a b |01c d e f9|!-------');
  });
});

describe('the sizes of control messages', () => {
  // Sizes that count, and those that no C type has.
  const sizes = [0, 1, 4, 7, 8, 9, 13, 16, 100, 1000, 2 ** 20, 2 ** 31 - 100];
  const beyond = [2 ** 31 - 8, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53];

  test('CmsgMacroTests.testCMSG_LEN: is the header and the data', () => {
    for (const size of sizes) expect(CMSG_LEN(size) - CMSG_LEN(0)).toBe(size);
    expect(CMSG_LEN(0)).toBeGreaterThan(8);
    for (const size of [-1, -100, ...beyond]) expect(() => CMSG_LEN(size)).toThrow(RangeError);
    expect(() => CMSG_LEN('1' as never)).toThrow(TypeError);
  });

  test('CmsgMacroTests.testCMSG_SPACE: has room for it and for padding, and never shrinks', () => {
    let last = CMSG_SPACE(0);
    for (const size of sizes) {
      expect(CMSG_SPACE(size)).toBeGreaterThanOrEqual(last);
      expect(CMSG_SPACE(size)).toBeGreaterThanOrEqual(CMSG_LEN(size));
      expect(CMSG_SPACE(size)).toBeGreaterThanOrEqual(size + CMSG_LEN(0));
      last = CMSG_SPACE(size);
    }
    for (const size of [-1, -100, ...beyond]) expect(() => CMSG_SPACE(size)).toThrow(RangeError);
  });
});

test('more buffers than IOV_MAX are EMSGSIZE', () => {
  const sock = kept(socket(-1, SOCK_DGRAM));
  const many = Array.from({ length: 1025 }, () => new Uint8Array(1));
  for (const call of [() => sock.sendmsg(many), () => sock.recvmsg_into(many)])
    expect(call).toThrow(expect.objectContaining({ code: 'EMSGSIZE' }));
});
