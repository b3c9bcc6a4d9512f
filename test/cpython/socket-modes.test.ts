// CPython's test_socket: non-blocking sockets and timeouts (NonBlockingTCPTests, NonblockConstantTest,
// TCPTimeoutTest, UDPTimeoutTest), and what is inherited (InheritanceTest). Each test bears the name
// of its case.

import { afterEach, describe, expect, test } from 'vitest';
import { F_GETFD, F_GETFL, F_SETFD, FD_CLOEXEC, O_NONBLOCK } from '../../src/kernel/constants/fcntl.ts';
import { BlockingIOError, OSError, TimeoutError } from '../../src/python/errors.ts';
import { select } from '../../src/select.ts';
import {
  AF_INET,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  type Socket,
  setdefaulttimeout,
  socket,
  socketpair,
} from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';
import { addressOf, bound, kept, listener, MSG, pair, tcpPair } from '../support/sockets.ts';

afterEach(() => {
  sys.interpose(null);
  setdefaulttimeout(null);
});

const isNonblocking = (sock: Socket) => (sys.fcntl(sock.fileno(), F_GETFL, 0) & O_NONBLOCK) !== 0;
const state = (sock: Socket) => [sock.gettimeout(), sock.getblocking(), isNonblocking(sock)];

describe('modes', () => {
  test('NonBlockingTCPTests.testSetBlocking: timeout, blocking and O_NONBLOCK agree', () => {
    const sock = kept(socket());
    sock.setblocking(true);
    expect(state(sock)).toEqual([null, true, false]);
    sock.setblocking(false);
    expect(state(sock)).toEqual([0, false, true]);
    sock.settimeout(null);
    expect(state(sock)).toEqual([null, true, false]);
    sock.settimeout(0);
    expect(state(sock)).toEqual([0, false, true]);
    sock.settimeout(10);
    expect(state(sock)).toEqual([10, true, true]);
    sock.settimeout(0);
    expect(state(sock)).toEqual([0, false, true]);
    sock.settimeout(7.345);
    expect(state(sock)).toEqual([7.345, true, true]);
    expect(sock.timeout).toBe(7.345);
    sock.setblocking(true);
    expect(state(sock)).toEqual([null, true, false]);
    expect(sock.timeout).toBeNull();
  });

  test('NonBlockingTCPTests.testSetBlocking_overflow: any number but 0 is blocking, however large', () => {
    const sock = kept(socket());
    for (const huge of [2 ** 32, 2 ** 64]) {
      sock.setblocking(false);
      sock.setblocking(huge as never);
      expect(state(sock)).toEqual([null, true, false]);
    }
  });

  test.skipIf(SOCK_NONBLOCK === undefined)(
    'NonBlockingTCPTests.testInitNonBlocking: SOCK_NONBLOCK in the type is timeout 0 (Linux has it)',
    () => {
      const sock = kept(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK));
      expect(state(sock)).toEqual([0, false, true]);
      expect(sock.type).toBe(SOCK_STREAM);
    },
  );

  test.skipIf(SOCK_NONBLOCK === undefined)(
    'NonblockConstantTest.test_SOCK_NONBLOCK: every way from mode to mode arrives (Linux has it)',
    () => {
      const made = (type: number) => kept(socket(AF_INET, type));
      const sock = made(SOCK_STREAM | SOCK_NONBLOCK);
      expect(state(sock)).toEqual([0, false, true]);
      const changes: [() => void, unknown[]][] = [
        [() => sock.setblocking(true), [null, true, false]],
        [() => sock.setblocking(false), [0, false, true]],
        [() => sock.settimeout(null), [null, true, false]],
        [() => sock.settimeout(2), [2, true, true]],
        [() => sock.setblocking(true), [null, true, false]],
        [() => sock.settimeout(0), [0, false, true]],
      ];
      for (const [change, expected] of changes) {
        change();
        expect(state(sock)).toEqual(expected);
      }
      // SOCK_NONBLOCK is stronger than the default timeout, which holds for all others.
      for (const seconds of [0, 2, null]) {
        setdefaulttimeout(seconds);
        const plain = [seconds, seconds !== 0, seconds !== null];
        expect(state(made(SOCK_STREAM))).toEqual(plain);
        expect(state(made(SOCK_STREAM | SOCK_NONBLOCK))).toEqual([0, false, true]);
      }
    },
  );

  test('NonBlockingTCPTests.testInheritFlagsBlocking: what a listener with a timeout accepts is blocking', () => {
    const server = listener();
    server.settimeout(10);
    kept(socket()).connect(addressOf(server));
    const [conn] = server.accept();
    expect(state(kept(conn))).toEqual([null, true, false]);
  });

  test('NonBlockingTCPTests.testInheritFlagsTimeout: or has the default timeout', () => {
    const server = listener();
    setdefaulttimeout(20);
    kept(socket()).connect(addressOf(server));
    const [conn] = server.accept();
    expect(state(kept(conn))).toEqual([20, true, true]);
  });

  test('NonBlockingTCPTests.testAccept: EAGAIN before anybody connects, a connection once select says so', () => {
    const server = listener();
    server.setblocking(false);
    expect(() => server.accept()).toThrow(
      expect.objectContaining({ code: 'EAGAIN', name: 'BlockingIOError' }),
    );
    kept(socket()).connect(addressOf(server));
    expect(select([server], [], [], 10)[0]).toEqual([server]);
    const [conn] = server.accept();
    expect(kept(conn).gettimeout()).toBeNull();
  });

  test('NonBlockingTCPTests.testRecv: EAGAIN before there is data, the data once select says so', () => {
    const { conn, client } = tcpPair();
    conn.setblocking(false);
    expect(() => conn.recv(MSG.length)).toThrow(BlockingIOError);
    client.sendall(MSG);
    expect(select([conn], [], [], 10)[0]).toEqual([conn]);
    expect(conn.recv(MSG.length)).toEqual(MSG);
  });

  test('NonBlockingTCPTests.testLargeTimeout: more milliseconds than an int has are no mistake', () => {
    const { conn, client } = tcpPair();
    const largest = 2 ** 31;
    conn.settimeout(largest);
    expect(conn.gettimeout()).toBe(largest);
    // It waits, for as long as poll may, and hears what comes meanwhile.
    sys.interpose((name, call, args) => {
      if (name !== 'poll') return call(...args);
      expect(args[2]).toBe(2 ** 31 - 1);
      client.send(MSG);
      return call(...args);
    });
    expect(conn.recv(1024)).toEqual(MSG);
  });
});

describe('timeouts', () => {
  test('TCPTimeoutTest.testTCPTimeout: accept gives up when its time is over', () => {
    const server = listener();
    server.settimeout(0.2);
    expect(() => server.accept()).toThrow(TimeoutError);
  });

  test('TCPTimeoutTest.testTimeoutZero: with timeout 0 it is an OSError, but no TimeoutError', () => {
    const server = listener();
    server.settimeout(0);
    expect(() => server.accept()).toThrow(BlockingIOError);
    expect(() => server.accept()).not.toThrow(TimeoutError);
  });

  test('UDPTimeoutTest.testUDPTimeout: recv gives up when its time is over', () => {
    const server = bound(SOCK_DGRAM);
    server.settimeout(0.2);
    expect(() => server.recv(1024)).toThrow(TimeoutError);
  });

  test('UDPTimeoutTest.testTimeoutZero: with timeout 0 it is an OSError, but no TimeoutError', () => {
    const server = bound(SOCK_DGRAM);
    server.settimeout(0);
    expect(() => server.recv(1024)).toThrow(BlockingIOError);
    expect(() => server.recv(1024)).not.toThrow(TimeoutError);
  });
});

describe('what an executed program inherits', () => {
  const flags = (sock: Socket) => sys.fcntl(sock.fileno(), F_GETFD, 0) & FD_CLOEXEC;

  test.skipIf(SOCK_CLOEXEC === undefined)(
    'InheritanceTest.test_SOCK_CLOEXEC: not a socket with that in its type, which is clean (Linux has it)',
    () => {
      const sock = kept(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC));
      expect([sock.type, sock.get_inheritable()]).toEqual([SOCK_STREAM, false]);
    },
  );

  test('InheritanceTest.test_default_inheritable: no socket', () => {
    const { conn, client, server } = tcpPair();
    for (const sock of [kept(socket()), conn, client, server, ...pair()]) {
      expect(sock.get_inheritable()).toBe(false);
      expect(sys.fcntl(sock.fileno(), F_GETFD, 0)).toBe(FD_CLOEXEC);
    }
  });

  test('InheritanceTest.test_dup: no duplicate', () => {
    const sock = kept(socket());
    sock.set_inheritable(true);
    expect(kept(sock.dup()).get_inheritable()).toBe(false);
  });

  test('InheritanceTest.test_set_inheritable: what is said to be', () => {
    const sock = kept(socket());
    sock.set_inheritable(true);
    expect(sock.get_inheritable()).toBe(true);
    sock.set_inheritable(false);
    expect(sock.get_inheritable()).toBe(false);
  });

  test('InheritanceTest.test_get_inheritable_cloexec: what has no FD_CLOEXEC', () => {
    const sock = kept(socket());
    expect(sys.fcntl(sock.fileno(), F_SETFD, 0)).toBe(0);
    expect(sock.get_inheritable()).toBe(true);
  });

  test('InheritanceTest.test_set_inheritable_cloexec: which is cleared, and set', () => {
    const sock = kept(socket());
    expect(flags(sock)).toBe(FD_CLOEXEC);
    sock.set_inheritable(true);
    expect(flags(sock)).toBe(0);
    sock.set_inheritable(false);
    expect(flags(sock)).toBe(FD_CLOEXEC);
    sock.close();
    expect(() => sock.set_inheritable(true)).toThrow(OSError);
  });

  test('InheritanceTest.test_socketpair: neither of a pair', () => {
    for (const sock of socketpair().map(kept)) expect(sock.get_inheritable()).toBe(false);
    for (const sock of pair(SOCK_DGRAM)) expect(sock.get_inheritable()).toBe(false);
  });
});
