// CPython's test_timeout, its portable cases, all on loopback; each title bears the case's name.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { monotonic } from '../../src/python/builtins/time.ts';
import { TimeoutError } from '../../src/python/errors.ts';
import { AF_INET, type InetAddress, SOCK_DGRAM, Socket, socket } from '../../src/socket.ts';
import { isLinux } from '../support/platform.ts';

const wrong = (value: unknown) => value as never;

let sock: Socket;
let others: Socket[];
beforeEach(() => {
  sock = socket();
  others = [];
});
afterEach(() => {
  sock.close();
  for (const other of others) other.close();
});

const opened = (one: Socket): Socket => {
  others.push(one);
  return one;
};
const localName = (one: Socket) => one.getsockname() as InetAddress;

/** That the call times out, not before its time is over; when it does after that is the machine's affair. */
function expectTimeout(seconds: number, call: () => unknown): void {
  const start = monotonic();
  expect(call).toThrow(new TimeoutError('timed out'));
  expect(monotonic() - start).toBeGreaterThanOrEqual(seconds);
}

test('CreationTestCase.testObjectCreation: a new socket has no timeout', () => {
  expect(sock.gettimeout()).toBeNull();
});

test('CreationTestCase.testFloatReturnValue: gettimeout is what settimeout was given', () => {
  for (const seconds of [7.345, 3, null]) {
    sock.settimeout(seconds);
    expect(sock.gettimeout()).toBe(seconds);
  }
});

test('CreationTestCase.testReturnType: it is a number', () => {
  for (const seconds of [1, 3.9]) {
    sock.settimeout(seconds);
    expect(typeof sock.gettimeout()).toBe('number');
  }
});

test('CreationTestCase.testTypeCheck: a timeout is a number or null', () => {
  for (const seconds of [0, 0.0, null]) sock.settimeout(seconds);
  for (const value of ['', '1', [], {}, () => {}, 1n, true]) {
    expect(() => sock.settimeout(wrong(value))).toThrow(TypeError);
  }
});

test('CreationTestCase.testRangeCheck: a timeout is not negative', () => {
  for (const seconds of [-1, -1.0]) {
    expect(() => sock.settimeout(seconds)).toThrow(new RangeError('Timeout value out of range'));
  }
  expect(() => sock.settimeout(Number.NaN)).toThrow(RangeError);
});

test('CreationTestCase.testTimeoutThenBlocking: setblocking takes the timeout away', () => {
  for (const blocking of [true, false, true]) {
    sock.settimeout(10);
    sock.setblocking(blocking);
    expect(sock.gettimeout()).toBe(blocking ? null : 0);
  }
});

test('CreationTestCase.testBlockingThenTimeout: settimeout sets one, whatever was before', () => {
  for (const blocking of [false, true]) {
    sock.setblocking(blocking);
    sock.settimeout(1);
    expect(sock.gettimeout()).toBe(1);
  }
});

describe('over TCP', () => {
  function listening(backlog: number): Socket {
    const listener = opened(socket());
    listener.bind(['127.0.0.1', 0]);
    listener.listen(backlog);
    return listener;
  }

  // A client whose peer neither reads nor closes.
  function ignored(): Socket {
    const listener = listening(1);
    sock.connect(localName(listener));
    opened(listener.accept()[0]);
    return sock;
  }

  test.skipIf(!isLinux)(
    'TCPTimeoutTestCase.testConnectTimeout: connect gives up while the queue is full (Linux: elsewhere a backlog of 0 is 128)',
    () => {
      const listener = listening(0);
      for (let i = 0; i < 4; i++) {
        const client = opened(socket());
        client.setblocking(false);
        client.connect_ex(localName(listener));
      }
      sock.settimeout(0.001);
      expectTimeout(0.001, () => sock.connect(localName(listener)));
    },
  );

  test('TCPTimeoutTestCase.testRecvTimeout: recv gives up on a silent peer', () => {
    ignored().settimeout(0.05);
    expectTimeout(0.05, () => sock.recv(1024));
  });

  test('TCPTimeoutTestCase.testAcceptTimeout: accept gives up where nobody comes', () => {
    sock.bind(['127.0.0.1', 0]);
    sock.listen(5);
    sock.settimeout(0.05);
    expectTimeout(0.05, () => sock.accept());
  });

  const data = Buffer.alloc(200_000, 'X');
  const hundredTimes = (call: () => unknown) => () => {
    for (let i = 0; i < 100; i++) call();
  };

  test('TCPTimeoutTestCase.testSend: send gives up on a peer that does not read', () => {
    ignored().settimeout(0.02);
    expectTimeout(
      0.02,
      hundredTimes(() => sock.send(data)),
    );
  });

  // Socket.sendto is there once rfds/socket is whole.
  test.skipIf(!('sendto' in Socket.prototype))(
    'TCPTimeoutTestCase.testSendto: so does sendto, whose address is the peer anyway',
    () => {
      ignored().settimeout(0.02);
      const { sendto } = sock as unknown as { sendto(bytes: Uint8Array, address: InetAddress): number };
      const peer = sock.getpeername() as InetAddress;
      expectTimeout(
        0.02,
        hundredTimes(() => sendto.call(sock, data, peer)),
      );
    },
  );

  test('TCPTimeoutTestCase.testSendall: so does sendall', () => {
    ignored().settimeout(0.02);
    expectTimeout(
      0.02,
      hundredTimes(() => sock.sendall(data)),
    );
  });
});

describe('over UDP', () => {
  // Socket.recvfrom is there once rfds/socket is whole.
  test.skipIf(!('recvfrom' in Socket.prototype))(
    'UDPTimeoutTestCase.testRecvfromTimeout: recvfrom gives up where nothing comes',
    () => {
      const udp = opened(socket(AF_INET, SOCK_DGRAM));
      udp.bind(['127.0.0.1', 0]);
      udp.settimeout(0.05);
      const { recvfrom } = udp as unknown as { recvfrom(bufsize: number): unknown };
      expectTimeout(0.05, () => recvfrom.call(udp, 1024));
    },
  );
});
