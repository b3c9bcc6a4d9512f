// CPython's test_socket: a connection's bytes (BasicTCPTest, BasicUDPTest, TCPCloserTest), buffers to
// receive into (BufferIOTest), and socketpair. Each test bears the name of its case.

import { afterEach, describe, expect, test } from 'vitest';
import { F_GETFD, FD_CLOEXEC } from '../../src/kernel/constants/fcntl.ts';
import { ConnectionError, OSError } from '../../src/python/errors.ts';
import { select } from '../../src/select.ts';
import {
  _fallback_socketpair,
  AF_INET,
  AF_INET6,
  AF_UNIX,
  create_connection,
  fromfd,
  MSG_TRUNC,
  SHUT_RDWR,
  SOCK_DGRAM,
  SOCK_STREAM,
  Socket,
  socket,
  socketpair,
} from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';
import { isLinux } from '../support/platform.ts';
import { addressOf, kept, listener, MSG, pair, tcpPair, udpPair } from '../support/sockets.ts';

// BasicTCPTest2 of CPython: the same through create_connection.
const connections = [
  ['connect', tcpPair],
  [
    'create_connection',
    () => {
      const server = listener();
      const client = kept(create_connection(addressOf(server)));
      return { conn: kept(server.accept()[0]), client, server };
    },
  ],
] as const;

describe.each(connections)('over TCP, by %s', (_, connected) => {
  test('BasicTCPTest.testRecv: one recv gets what was sent', () => {
    const { conn, client } = connected();
    client.sendall(MSG);
    expect(conn.recv(1024)).toEqual(MSG);
  });

  test('BasicTCPTest.testOverFlowRecv: a small recv leaves the rest for the next', () => {
    const { conn, client } = connected();
    client.sendall(MSG);
    const [first, rest] = [conn.recv(MSG.length - 3), conn.recv(1024)];
    expect(first).toHaveLength(MSG.length - 3);
    expect(Buffer.concat([first, rest])).toEqual(MSG);
  });

  test('BasicTCPTest.testRecvFrom: recvfrom gets it too, and no address', () => {
    const { conn, client } = connected();
    client.sendall(MSG);
    expect(conn.recvfrom(1024)).toEqual([MSG, null]);
  });

  test('BasicTCPTest.testOverFlowRecvFrom: a small recvfrom leaves the rest for the next', () => {
    const { conn, client } = connected();
    client.sendall(MSG);
    const parts = [conn.recvfrom(MSG.length - 3)[0], conn.recvfrom(1024)[0]];
    expect(parts[0]).toHaveLength(MSG.length - 3);
    expect(Buffer.concat(parts)).toEqual(MSG);
  });

  test('BasicTCPTest.testSendAll: 2048 bytes arrive, then the end', () => {
    const { conn, client } = connected();
    const data = Buffer.alloc(2048, 'f');
    client.sendall(data);
    client.close();
    const chunks: Buffer[] = [];
    for (let chunk = conn.recv(1024); chunk.length > 0; chunk = conn.recv(1024)) chunks.push(chunk);
    expect(Buffer.concat(chunks)).toEqual(data);
  });

  test('BasicTCPTest.testFromFd: a socket from a descriptor reads the same connection', () => {
    const { conn, client } = connected();
    const copy = kept(fromfd(conn.fileno(), AF_INET, SOCK_STREAM));
    expect(copy).toBeInstanceOf(Socket);
    expect(copy.fileno()).not.toBe(conn.fileno());
    client.sendall(MSG);
    expect(copy.recv(1024)).toEqual(MSG);
    copy.close();
    client.sendall(MSG);
    expect(conn.recv(1024)).toEqual(MSG);
  });

  test('BasicTCPTest.testDup: a duplicate reads the same connection', () => {
    const { conn, client } = connected();
    conn.settimeout(7);
    const copy = kept(conn.dup());
    expect(copy.gettimeout()).toBe(7);
    client.sendall(MSG);
    expect(copy.recv(1024)).toEqual(MSG);
    expect([copy.family, copy.type, copy.proto]).toEqual([conn.family, conn.type, conn.proto]);
  });

  test('BasicTCPTest.testShutdown: what was sent before it still arrives, then the end', () => {
    const { conn, client } = connected();
    client.sendall(MSG);
    client.shutdown(SHUT_RDWR);
    expect(conn.recv(1024)).toEqual(MSG);
    expect(conn.recv(1024)).toHaveLength(0);
  });

  test('BasicTCPTest.testShutdown_overflow: a number beyond a C int is refused, and shuts nothing', () => {
    const { conn, client } = connected();
    expect(() => client.shutdown(2 ** 31)).toThrow(RangeError);
    expect(() => client.shutdown(2 + 2 ** 32)).toThrow(RangeError);
    client.sendall(MSG);
    expect(conn.recv(1024)).toEqual(MSG);
  });

  test('BasicTCPTest.testDetach: the descriptor lives on, the socket does not', () => {
    const { conn, client } = connected();
    const number = conn.fileno();
    const fd = conn.detach();
    expect(fd).toBe(number);
    expect([conn.fileno(), conn.detach()]).toEqual([-1, -1]);
    expect(() => conn.recv(1024)).toThrow(OSError);
    conn.close();
    const again = kept(socket(-1, -1, -1, fd));
    client.sendall(MSG);
    expect(again.recv(1024)).toEqual(MSG);
  });
});

describe('over UDP', () => {
  test('BasicUDPTest.testSendtoAndRecv: sendto with flags, then recv', () => {
    const { server, client } = udpPair();
    expect(client.sendto(MSG, 0, addressOf(server))).toBe(MSG.length);
    expect(server.recv(MSG.length)).toEqual(MSG);
  });

  test('BasicUDPTest.testRecvFrom: recvfrom names the sender', () => {
    const { server, client } = udpPair();
    client.sendto(MSG, addressOf(server));
    expect(server.recvfrom(MSG.length)).toEqual([MSG, addressOf(client)]);
  });

  test('BasicUDPTest.testRecvFromNegative: recvfrom(-1) is refused', () => {
    expect(() => udpPair().server.recvfrom(-1)).toThrow(new RangeError('negative buffersize in recvfrom'));
  });
});

test.skipIf(!isLinux)('with MSG_TRUNC no more than was asked for comes (Linux tells how long it was)', () => {
  for (const size of [4, 70_000]) {
    const [near, far] = pair(SOCK_DGRAM);
    for (const _ of [1, 2, 3]) far.send(Buffer.alloc(100_000, 'x'));
    expect(near.recv(size, MSG_TRUNC)).toEqual(Buffer.alloc(size, 'x'));
    expect(near.recvfrom(size, MSG_TRUNC)[0]).toEqual(Buffer.alloc(size, 'x'));
    expect(near.recvmsg(size, 0, MSG_TRUNC)[0]).toEqual(Buffer.alloc(size, 'x'));
  }
});

test('TCPCloserTest.testClose: the peer’s close makes it readable, and empty; closing again is safe', () => {
  const server = listener();
  const client = kept(socket());
  client.connect(addressOf(server));
  const [conn] = server.accept();
  conn.close();
  expect(select([client], [], [], 10)[0]).toEqual([client]);
  expect(client.recv(1)).toHaveLength(0);
  for (const sock of [conn, conn, client, client]) sock.close();
  expect([conn.fileno(), client.fileno()]).toEqual([-1, -1]);
});

describe('buffers to receive into', () => {
  const contents = (view: NodeJS.ArrayBufferView) =>
    Buffer.from(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);

  test.each<[string, NodeJS.ArrayBufferView]>([
    ['BufferIOTest.testRecvIntoArray: recv_into fills a typed array of another kind', new Int8Array(1024)],
    ['BufferIOTest.testRecvIntoBytearray: recv_into fills a Uint8Array', new Uint8Array(1024)],
    [
      'BufferIOTest.testRecvIntoMemoryview: recv_into fills a view of a part',
      new DataView(new ArrayBuffer(1032), 4, 1024),
    ],
  ])('%s', (_, into) => {
    const [near, far] = pair();
    far.send(MSG);
    expect(near.recv_into(into)).toBe(MSG.length);
    expect(contents(into).subarray(0, MSG.length)).toEqual(MSG);
    expect(
      contents(into)
        .subarray(MSG.length)
        .every((byte) => byte === 0),
    ).toBe(true);
  });

  test.each<[string, NodeJS.ArrayBufferView]>([
    [
      'BufferIOTest.testRecvFromIntoArray: recvfrom_into fills a typed array of another kind',
      new Int8Array(1024),
    ],
    ['BufferIOTest.testRecvFromIntoBytearray: recvfrom_into fills a Uint8Array', new Uint8Array(1024)],
    [
      'BufferIOTest.testRecvFromIntoMemoryview: recvfrom_into fills a view of a part',
      new DataView(new ArrayBuffer(1032), 4, 1024),
    ],
  ])('%s', (_, into) => {
    const { server, client } = udpPair();
    client.sendto(MSG, addressOf(server));
    expect(server.recvfrom_into(into)).toEqual([MSG.length, addressOf(client)]);
    expect(contents(into).subarray(0, MSG.length)).toEqual(MSG);
  });

  test('BufferIOTest.testRecvFromIntoSmallBuffer: more bytes than the buffer has are refused', () => {
    const [near, far] = pair();
    const buffer = new Uint8Array(16).subarray(0, 8);
    far.send(Buffer.alloc(1024, 'x'));
    expect(() => near.recvfrom_into(buffer, 1024)).toThrow(
      new RangeError('nbytes is greater than the length of the buffer'),
    );
    expect(new Uint8Array(buffer.buffer)).toEqual(new Uint8Array(16));
  });

  test('BufferIOTest.testRecvFromIntoEmptyBuffer: an empty buffer gets nothing, with and without a length', () => {
    const [near, far] = pair();
    far.send(MSG);
    expect(near.recvfrom_into(new Uint8Array(0))[0]).toBe(0);
    expect(near.recvfrom_into(new Uint8Array(0), 0)[0]).toBe(0);
    expect(near.recv(1024)).toEqual(MSG);
  });
});

describe('socketpair', () => {
  test('BasicSocketPairTest.testDefaults: both are AF_UNIX streams of protocol 0', () => {
    for (const sock of socketpair().map(kept)) {
      expect(sock).toBeInstanceOf(Socket);
      expect([sock.family, sock.type, sock.proto]).toEqual([AF_UNIX, SOCK_STREAM, 0]);
    }
  });

  test('BasicSocketPairTest.testRecv: bytes go one way', () => {
    const [near, far] = pair();
    far.send(MSG);
    expect(near.recv(1024)).toEqual(MSG);
  });

  test('BasicSocketPairTest.testSend: bytes go the other way', () => {
    const [near, far] = pair();
    near.send(MSG);
    expect(far.recv(1024)).toEqual(MSG);
  });
});

describe('the pair through a listener', () => {
  const pairs = (family?: number) => _fallback_socketpair(family).map(kept) as [Socket, Socket];
  afterEach(() => sys.interpose(null));

  test('PurePythonSocketPairTest.test_recv: bytes go one way', () => {
    const [server, client] = pairs();
    client.send(MSG);
    expect(server.recv(1024)).toEqual(MSG);
  });

  test('PurePythonSocketPairTest.test_send: bytes go the other way', () => {
    const [server, client] = pairs();
    server.send(MSG);
    expect(client.recv(1024)).toEqual(MSG);
  });

  test('PurePythonSocketPairTest.test_ipv4: of AF_INET', () => {
    const [server, client] = pairs(AF_INET);
    expect(server.family).toBe(AF_INET);
    expect(client.getpeername()).toEqual(server.getsockname());
    for (const sock of [server, client]) expect(sys.fcntl(sock.fileno(), F_GETFD, 0)).toBe(FD_CLOEXEC);
  });

  test('PurePythonSocketPairTest.test_ipv6: of AF_INET6', () => {
    const [server, client] = pairs(AF_INET6);
    expect(server.family).toBe(AF_INET6);
    expect(client.getpeername()).toEqual(server.getsockname());
  });

  test('PurePythonSocketPairTest.test_injected_authentication_failure: a stranger who was quicker is refused', () => {
    const strangers: Socket[] = [];
    sys.interpose((name, call, args) => {
      // Before the pair's own client connects, another does.
      if (name === 'connect' && strangers.length === 0) {
        const stranger = kept(socket());
        strangers.push(stranger);
        call(stranger.fileno(), args[1]);
      }
      return call(...args);
    });
    const before = openDescriptors();
    expect(() => _fallback_socketpair()).toThrow(ConnectionError);
    expect(openDescriptors() - before).toBe(1); // the stranger's
    expect(() => _fallback_socketpair(AF_UNIX)).toThrow(RangeError);
  });

  const openDescriptors = () => {
    let count = 0;
    for (let fd = 0; fd < 256; fd++) if (sys.fcntl(fd, F_GETFD, 0) >= 0) count++;
    return count;
  };
});
