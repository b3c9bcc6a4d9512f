// Socket objects as Python's: modes, timeouts, errors, repr. Names in brackets are CPython's test_socket.

import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { F_GETFD, F_GETFL, FD_CLOEXEC, O_NONBLOCK } from '../../src/kernel/constants/fcntl.ts';
import * as numbers from '../../src/kernel/errno.ts';
import * as errors from '../../src/python/errors.ts';
import { select } from '../../src/select.ts';
import * as socketModule from '../../src/socket.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  type InetAddress,
  SHUT_WR,
  SO_LINGER,
  SO_REUSEADDR,
  SO_TYPE,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
  socket,
  socketpair,
} from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';

const errno = { ...numbers, ...errors };

const open: Socket[] = [];
const kept = <T extends Socket>(sock: T): T => {
  open.push(sock);
  return sock;
};
const pair = () => socketpair().map(kept) as [Socket, Socket];
function listener(): Socket {
  const server = kept(socket());
  server.bind(['127.0.0.1', 0]);
  server.listen();
  return server;
}

afterEach(() => {
  sys.interpose(null);
  for (const sock of open.splice(0)) sock.close();
});

/** Answers one kind of call in the kernel's place: with each result in turn, then the kernel's own. */
function answering(name: string, ...results: number[]): unknown[][] {
  const seen: unknown[][] = [];
  sys.interpose((called, call, args) => {
    if (called !== name) return call(...args);
    seen.push(args);
    return results.shift() ?? call(...args);
  });
  return seen;
}

describe('a connection', () => {
  test('carries bytes both ways, and ends', () => {
    const server = listener();
    const client = kept(socket(AF_INET, SOCK_STREAM));
    client.connect(server.getsockname() as InetAddress);
    const [conn, address] = server.accept();
    kept(conn);
    expect(address).toEqual(client.getsockname());
    expect(conn.getpeername()).toEqual(client.getsockname());
    client.sendall(Buffer.from('Hello'));
    expect(conn.recv(1024).toString()).toBe('Hello');
    conn.sendall(Uint16Array.of(0x6948));
    const into = new Uint8Array(4);
    expect(client.recv_into(into, 3)).toBe(2);
    expect(into).toEqual(Uint8Array.of(0x48, 0x69, 0, 0));
    client.shutdown(SHUT_WR);
    expect(conn.recv(1024)).toHaveLength(0);
  });

  test('IPv6 addresses have four parts', () => {
    const server = kept(socket(AF_INET6, SOCK_STREAM));
    server.bind(['::1', 0]);
    expect(server.getsockname()).toEqual(['::1', expect.any(Number), 0, 0]);
  });

  test('a name that was closed on the way is null, and accept still succeeds (H42)', () => {
    const server = listener();
    const client = kept(socket());
    client.connect(server.getsockname() as InetAddress);
    sys.interpose((name, call, args) => {
      const result = call(...args);
      if (name === 'accept4' || name === 'accept') (args[2] as Int32Array)[0] = 0;
      return result;
    });
    const [conn, address] = server.accept();
    kept(conn);
    expect(address).toBeNull();
  });
});

describe('descriptors', () => {
  test('are close-on-exec, whoever makes them [test_default_inheritable]', () => {
    const server = listener();
    const client = kept(socket());
    client.connect(server.getsockname() as InetAddress);
    for (const sock of [server, client, kept(server.accept()[0]), ...pair()]) {
      expect(sys.fcntl(sock.fileno(), F_GETFD, 0)).toBe(FD_CLOEXEC);
    }
  });

  test('close happens once; after it everything is EBADF, and fileno is -1', () => {
    const [near] = pair();
    const closes = answering('close');
    near.close();
    near.close();
    near[Symbol.dispose]();
    expect(closes).toHaveLength(1);
    expect(near.fileno()).toBe(-1);
    expect(() => near.recv(1)).toThrow(expect.objectContaining({ code: 'EBADF', syscall: 'recv' }));
  });

  test.each([
    ['EINTR', errno.EINTR],
    ['ECONNRESET', errno.ECONNRESET],
  ])('close is never retried, and %s is no error (H20)', (_, number) => {
    const [near] = pair();
    const fd = near.fileno();
    const closes = answering('close', -number);
    near.close();
    expect(closes).toEqual([[fd]]);
    sys.interpose(null);
    sys.close(fd);
  });

  test('closing what somebody else closed is EBADF [testCloseException]', () => {
    const [near] = pair();
    sys.close(near.fileno());
    expect(() => near.close()).toThrow(expect.objectContaining({ code: 'EBADF' }));
  });

  test('detach gives the descriptor up [testDetach]', () => {
    const [near] = pair();
    const fd = near.detach();
    expect([near.fileno(), near.detach()]).toEqual([-1, -1]);
    expect(sys.close(fd)).toBe(0);
  });
});

describe('modes', () => {
  const isNonblocking = (sock: Socket) => (sys.fcntl(sock.fileno(), F_GETFL, 0) & O_NONBLOCK) !== 0;

  test('timeout, blocking and O_NONBLOCK agree [testSetBlocking]', () => {
    const [near] = pair();
    const state = () => [near.gettimeout(), near.timeout, near.getblocking(), isNonblocking(near)];
    expect(state()).toEqual([null, null, true, false]);
    near.setblocking(false);
    expect(state()).toEqual([0, 0, false, true]);
    near.settimeout(7.345);
    expect(state()).toEqual([7.345, 7.345, true, true]);
    near.setblocking(true);
    expect(state()).toEqual([null, null, true, false]);
  });

  test('SOCK_NONBLOCK in the type is timeout 0, and leaves the type clean [testInitNonBlocking]', () => {
    if (SOCK_NONBLOCK === undefined) return;
    const sock = kept(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK));
    expect([sock.gettimeout(), sock.type, isNonblocking(sock)]).toEqual([0, SOCK_STREAM, true]);
  });

  test.each([
    [-1, RangeError],
    [Number.NaN, RangeError],
    ['1', TypeError],
    [[], TypeError],
  ])('settimeout(%o) is refused [testRangeCheck, testTypeCheck]', (timeout, type) => {
    expect(() => pair()[0].settimeout(timeout as number)).toThrow(type);
  });

  test('non-blocking calls that would wait are BlockingIOError [testAccept, testRecv]', () => {
    const [near] = pair();
    const server = listener();
    for (const sock of [near, server]) sock.setblocking(false);
    expect(() => near.recv(1)).toThrow(errno.BlockingIOError);
    expect(() => server.accept()).toThrow(errno.BlockingIOError);
    const full = () => {
      for (;;) near.send(Buffer.alloc(65536));
    };
    expect(full).toThrow(errno.BlockingIOError);
  });

  test('with a timeout, calls that wait too long are TimeoutError [testRecvTimeout, …]', () => {
    const [near] = pair();
    const server = listener();
    for (const sock of [near, server]) sock.settimeout(0.01);
    const error = expect.objectContaining({ name: 'TimeoutError', message: 'timed out' });
    expect(() => near.recv(1)).toThrow(error);
    expect(() => server.accept()).toThrow(error);
    expect(() => near.sendall(Buffer.alloc(10_000_000))).toThrow(error);
  });

  test('with a timeout, a call that can go on does [H10]', () => {
    const [near, far] = pair();
    near.settimeout(10);
    const seen = answering('recv', -errno.EAGAIN);
    far.send(Buffer.from('x'));
    expect(near.recv(1).toString()).toBe('x');
    expect(seen).toHaveLength(2);
  });

  test('a signal without a handler does not end a call (PEP 475)', () => {
    const [near, far] = pair();
    const seen = answering('recv', -errno.EINTR, -errno.EINTR);
    far.send(Buffer.from('x'));
    expect(near.recv(1).toString()).toBe('x');
    expect(seen).toHaveLength(3);
  });
});

describe('connect', () => {
  test('refused is ConnectionRefusedError with the address [test_connect]', () => {
    const server = listener();
    const [host, port] = server.getsockname() as InetAddress;
    server.close();
    const error = {
      code: 'ECONNREFUSED',
      address: host,
      port,
      message: `connect ECONNREFUSED 127.0.0.1:${port}`,
    };
    expect(() => kept(socket()).connect([host, port])).toThrow(expect.objectContaining(error));
    expect(kept(socket()).connect_ex([host, port])).toBe(errno.ECONNREFUSED);
    const patient = kept(socket());
    patient.settimeout(10);
    expect(() => patient.connect([host, port])).toThrow(errno.ConnectionRefusedError);
  });

  test('with a timeout it waits for the handshake', () => {
    const client = kept(socket());
    client.settimeout(10);
    client.connect(listener().getsockname() as InetAddress);
    expect(client.getpeername()).not.toBeNull();
  });

  test('interrupted, it is waited for and never made again (H24)', () => {
    const client = kept(socket());
    const address = listener().getsockname() as InetAddress;
    const seen: unknown[][] = [];
    sys.interpose((name, call, args) => {
      const result = call(...args);
      if (name !== 'connect') return result;
      seen.push(args);
      return -errno.EINTR;
    });
    client.connect(address);
    expect(seen).toHaveLength(1);
    expect(client.getpeername()).toEqual(address);
  });

  test('non-blocking it is EINPROGRESS until it is writable (H27)', () => {
    const client = kept(socket());
    client.setblocking(false);
    expect(() => client.connect(listener().getsockname() as InetAddress)).toThrow(
      expect.objectContaining({ code: 'EINPROGRESS', name: 'BlockingIOError' }),
    );
    expect(select([], [client], [])[1]).toEqual([client]);
  });
});

test.skipIf(process.platform !== 'linux')(
  'connect to a full AF_UNIX listener is BlockingIOError, not a timeout (Linux: EAGAIN)',
  () => {
    const server = kept(socket(AF_UNIX));
    server.bind(''); // Linux chooses an abstract name.
    server.listen(0);
    const address = server.getsockname() as Buffer;
    kept(socket(AF_UNIX)).connect(address);
    const late = kept(socket(AF_UNIX));
    late.settimeout(10);
    expect(() => late.connect(address)).toThrow(errno.BlockingIOError);
    expect(late.connect_ex(address)).toBe(errno.EAGAIN);
  },
);

test('sendall sends all of it, in as many sends as it takes', () => {
  const [near, far] = pair();
  const data = Buffer.from(Array.from({ length: 100 }, (_, i) => i));
  const seen: unknown[][] = [];
  sys.interpose((name, call, args) => {
    if (name !== 'send') return call(...args);
    seen.push(args);
    const [fd, bytes, offset, length, flags] = args as [number, Buffer, number, number, number];
    return call(fd, bytes, offset, Math.min(length, 30), flags);
  });
  near.sendall(data);
  expect(seen).toHaveLength(4);
  expect(far.recv(1024)).toEqual(data);
});

test('options are ints, or bytes of a struct [testGetSockOpt, testSetSockOpt]', () => {
  const sock = kept(socket());
  expect(sock.getsockopt(SOL_SOCKET, SO_REUSEADDR)).toBe(0);
  sock.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  expect(sock.getsockopt(SOL_SOCKET, SO_REUSEADDR)).not.toBe(0);
  expect(sock.getsockopt(SOL_SOCKET, SO_TYPE)).toBe(SOCK_STREAM);
  sock.setsockopt(SOL_SOCKET, SO_LINGER, Int32Array.of(1, 5));
  expect(new Int32Array(new Uint8Array(sock.getsockopt(SOL_SOCKET, SO_LINGER, 8)).buffer)).toEqual(
    Int32Array.of(1, 5),
  );
  expect(() => sock.getsockopt(SOL_SOCKET, SO_LINGER, 1025)).toThrow('getsockopt buflen out of range');
});

test.each<[string, (sock: Socket) => unknown, ErrorConstructor, RegExp]>([
  [
    'send of a string',
    (s) => s.send('x' as never),
    TypeError,
    /^a bytes-like object is required, not 'str'$/,
  ],
  ['recv(-1)', (s) => s.recv(-1), RangeError, /^negative buffersize in recv$/],
  ['recv(1.5)', (s) => s.recv(1.5), TypeError, /bufsize must be an integer, got 1.5/],
  ['recv_into beyond', (s) => s.recv_into(new Uint8Array(2), 3), RangeError, /^buffer too small/],
  [
    'bind of a string',
    (s) => s.bind('x'),
    TypeError,
    /^bind\(\): AF_INET address must be \[host, port\], got a string/,
  ],
  ['a port of 65536', (s) => s.bind(['', 65536]), RangeError, /^bind\(\): port must be 0-65535, got 65536$/],
  ['an option of 2^31', (s) => s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 2 ** 31), RangeError, /an int must be/],
  ['an option of 1.5', (s) => s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1.5), RangeError, /got 1.5/],
  ['a backlog of 2^31', (s) => s.listen(2 ** 31), RangeError, /^listen: argument 2 \(backlog\)/],
])('%s is refused', (_, call, type, message) => {
  const sock = kept(socket());
  expect(() => call(sock)).toThrow(type);
  expect(() => call(sock)).toThrow(message);
});

test('recv(0) is empty and makes no call', () => {
  const seen = answering('recv');
  expect(kept(socket()).recv(0)).toHaveLength(0);
  expect(seen).toHaveLength(0);
});

test("the repr is Python's [test_repr]", () => {
  const server = listener();
  const [, port] = server.getsockname() as InetAddress;
  const client = kept(socket());
  client.connect(['127.0.0.1', port]);
  const [, own] = client.getsockname() as InetAddress;
  const fd = client.fileno();
  expect(inspect(client)).toBe(
    `<socket.socket fd=${fd}, family=${AF_INET}, type=1, proto=0, laddr=('127.0.0.1', ${own}), raddr=('127.0.0.1', ${port})>`,
  );
  expect(String(pair()[0])).toMatch(/^<socket.socket fd=\d+, family=1, type=1, proto=0>$/);
  client.close();
  expect(`${client}`).toBe(`<socket.socket [closed] fd=-1, family=${AF_INET}, type=1, proto=0>`);
});

test('a datagram socket of AF_UNIX works through the same methods', () => {
  const [near, far] = socketpair(AF_UNIX, SOCK_DGRAM).map(kept);
  near.send(Buffer.from('one'));
  near.send(Buffer.alloc(0));
  expect([far.recv(2).toString(), far.recv(2)]).toEqual(['on', Buffer.alloc(0)]);
});

test('error and timeout are the classes that Python aliases [testExceptionTree]', () => {
  expect(socketModule.error).toBe(errno.OSError);
  expect(socketModule.timeout).toBe(errno.TimeoutError);
});
