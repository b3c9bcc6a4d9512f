// Socket objects beyond CPython's cases: modes, timeouts, errors.

import { afterEach, describe, expect, test } from 'vitest';
import * as numbers from '../../src/kernel/errno.ts';
import * as errors from '../../src/python/errors.ts';
import { select } from '../../src/select.ts';
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
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
  socket,
  socketpair,
} from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';
import { isLinux } from '../support/platform.ts';
import { answering, kept, listener, pair } from '../support/sockets.ts';

const errno = { ...numbers, ...errors };

afterEach(() => sys.interpose(null));

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
      if (name === 'accept4' || name === 'accept') new Int32Array(args[2] as ArrayBuffer)[0] = 0;
      return result;
    });
    const [conn, address] = server.accept();
    kept(conn);
    expect(address).toBeNull();
  });
});

describe('descriptors', () => {
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
});

describe('modes', () => {
  test('a non-blocking send that does not fit is BlockingIOError', () => {
    const [near] = pair();
    near.setblocking(false);
    const full = () => {
      for (;;) near.send(Buffer.alloc(65536));
    };
    expect(full).toThrow(errno.BlockingIOError);
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

test.skipIf(!isLinux)(
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

test('options are ints, or bytes of a struct', () => {
  const sock = kept(socket());
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
    /^a bytes-like object is required, not 'str': Buffer\.from\(string\) makes one$/,
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
  ['a backlog of 2^31', (s) => s.listen(2 ** 31), RangeError, /^listen\(\): backlog must be a C int/],
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

test('a datagram socket of AF_UNIX works through the same methods', () => {
  const [near, far] = socketpair(AF_UNIX, SOCK_DGRAM).map(kept);
  near.send(Buffer.from('one'));
  near.send(Buffer.alloc(0));
  expect([far.recv(2).toString(), far.recv(2)]).toEqual(['on', Buffer.alloc(0)]);
});
