// The raw calls of native/socket.cc and file.cc, each in a tiny case: what its man page says, as an int.

import { describe, expect, test } from 'vitest';
import * as fcntl from '../../src/kernel/constants/fcntl.ts';
import * as consts from '../../src/kernel/constants/socket.ts';
import {
  EAGAIN,
  EBADF,
  ECONNREFUSED,
  EINVAL,
  ENOPROTOOPT,
  EOPNOTSUPP,
  EPIPE,
} from '../../src/kernel/errno.ts';
import { packSockaddr, unpackSockaddr } from '../../src/kernel/structs/sockaddr.ts';
import * as sys from '../../src/syscalls.ts';
import { closed, opened, pair } from '../support/descriptors.ts';
import { isLinux } from '../support/platform.ts';

const { AF_INET, AF_UNIX, MSG_OOB, MSG_PEEK } = consts;
const { SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_STREAM, SOL_SOCKET } = consts;
const at = (text: string) => Buffer.from(text);

function name(call: (fd: number, addr: Uint8Array, addrlen: Int32Array) => number, fd: number) {
  const addr = Buffer.alloc(128);
  const addrlen = Int32Array.of(128);
  expect(call(fd, addr, addrlen)).toBe(0);
  return unpackSockaddr(addr, addrlen[0]) as [string, number];
}
function listener(): { fd: number; address: [string, number] } {
  const fd = opened(sys.socket(AF_INET, SOCK_STREAM, 0));
  expect(sys.bind(fd, packSockaddr(AF_INET, ['127.0.0.1', 0], 'bind'))).toBe(0);
  expect(sys.listen(fd, 1)).toBe(0);
  return { fd, address: name(sys.getsockname, fd) };
}
function connected(address: [string, number]): number {
  const fd = opened(sys.socket(AF_INET, SOCK_STREAM, 0));
  expect(sys.connect(fd, packSockaddr(AF_INET, address, 'connect'))).toBe(0);
  return fd;
}

describe('the sockets of TCP', () => {
  test('bind, listen, connect and accept make a connection whose ends know each other', () => {
    const { fd, address } = listener();
    expect(address[1]).toBeGreaterThan(0);
    const client = connected(address);
    const addr = Buffer.alloc(128);
    const addrlen = Int32Array.of(128);
    const conn = opened(sys.accept(fd, addr, addrlen));
    expect(addrlen[0]).toBe(16);
    expect(unpackSockaddr(addr, addrlen[0])).toEqual(name(sys.getsockname, client));
    expect(name(sys.getpeername, conn)).toEqual(name(sys.getsockname, client));
    expect(name(sys.getpeername, client)).toEqual(address);
  });

  test('accept needs no address', () => {
    const { fd, address } = listener();
    connected(address);
    opened(sys.accept(fd, null, null));
  });

  test('an address is cut to its room, and addrlen says how long it is', () => {
    const { fd } = listener();
    const addr = Buffer.alloc(16, 0xee);
    const addrlen = Int32Array.of(4);
    expect(sys.getsockname(fd, addr, addrlen)).toBe(0);
    expect(addrlen[0]).toBe(16);
    expect([...addr.subarray(4)]).toEqual(Array(12).fill(0xee));
  });

  test.skipIf(!isLinux)('accept4 gives the new descriptor its flags (Linux has it)', () => {
    const { fd, address } = listener();
    for (const [flags, status, descriptor] of [
      [0, 0, 0],
      [SOCK_NONBLOCK, fcntl.O_NONBLOCK, 0],
      [SOCK_CLOEXEC, 0, fcntl.FD_CLOEXEC],
    ]) {
      connected(address);
      const conn = opened(sys.accept4(fd, null, null, flags));
      expect(sys.fcntl(conn, fcntl.F_GETFL, 0) & fcntl.O_NONBLOCK).toBe(status);
      expect(sys.fcntl(conn, fcntl.F_GETFD, 0)).toBe(descriptor);
    }
  });

  test('nobody listens: connect is refused', () => {
    const { fd, address } = listener();
    closed(fd);
    const client = opened(sys.socket(AF_INET, SOCK_STREAM, 0));
    expect(sys.connect(client, packSockaddr(AF_INET, address, 'connect'))).toBe(-ECONNREFUSED);
  });

  test('setsockopt sets what getsockopt gets', () => {
    const { fd } = listener();
    const value = Int32Array.of(0);
    const len = Int32Array.of(4);
    const get = (option: number) => [
      sys.getsockopt(fd, SOL_SOCKET, option, value, len),
      value[0] !== 0,
      len[0],
    ];
    for (const [on, off] of [
      [consts.SO_KEEPALIVE, consts.SO_REUSEADDR],
      [consts.SO_REUSEADDR, consts.SO_KEEPALIVE],
    ]) {
      expect(sys.setsockopt(fd, SOL_SOCKET, on, Int32Array.of(1))).toBe(0);
      expect(sys.setsockopt(fd, SOL_SOCKET, off, Int32Array.of(0))).toBe(0);
      expect([get(on), get(off)]).toEqual([
        [0, true, 4],
        [0, false, 4],
      ]);
    }
    expect(sys.getsockopt(fd, SOL_SOCKET, 9999, value, len)).toBe(-ENOPROTOOPT);
  });

  test.skipIf(!isLinux)('listen takes the backlog: Linux’s queue of UNIX sockets has one more', () => {
    const fd = opened(sys.socket(AF_UNIX, SOCK_STREAM, 0));
    expect(sys.bind(fd, packSockaddr(AF_UNIX, '', 'bind'))).toBe(0);
    expect(sys.listen(fd, 2)).toBe(0);
    const addr = Buffer.alloc(128);
    const addrlen = Int32Array.of(128);
    expect(sys.getsockname(fd, addr, addrlen)).toBe(0);
    const connects = Array.from({ length: 4 }, () => {
      const client = opened(sys.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
      return sys.connect(client, addr.subarray(0, addrlen[0]));
    });
    expect(connects).toEqual([0, 0, 0, -EAGAIN]);
  });
});

describe('bytes', () => {
  test('sent at one end arrive at the other, in both directions', () => {
    const [a, b] = pair();
    const buf = Buffer.alloc(4, '-');
    expect([sys.send(a, at('to b'), 0), sys.send(b, at('to'), 0)]).toEqual([4, 2]);
    expect([sys.recv(b, buf, 0), buf.toString()]).toEqual([4, 'to b']);
    expect([sys.recv(a, buf, 0), buf.toString()]).toEqual([2, 'to b']);
  });

  test('are received and sent with flags', () => {
    const [a, b] = pair();
    const buf = Buffer.alloc(1);
    sys.fcntl(b, fcntl.F_SETFL, fcntl.O_NONBLOCK);
    sys.send(a, at('x'), 0);
    const peeked = [sys.recv(b, buf, MSG_PEEK), sys.recv(b, buf, 0, 1, MSG_PEEK), sys.recv(b, buf, 0)];
    expect([...peeked, sys.recv(b, buf, 0)]).toEqual([1, 1, 1, -EAGAIN]);
    // Datagrams have no urgent data.
    const [datagrams] = pair(SOCK_DGRAM);
    const sent = [sys.send(datagrams, buf, MSG_OOB), sys.send(datagrams, buf, 0, 1, MSG_OOB)];
    expect(sent).toEqual([-EOPNOTSUPP, -EOPNOTSUPP]);
  });

  test('are taken from, and put at, an offset and a length', () => {
    const [a, b] = pair();
    const buf = at('........');
    sys.fcntl(b, fcntl.F_SETFL, fcntl.O_NONBLOCK);
    expect(sys.send(a, at('-hello-'), 1, 5, 0)).toBe(5);
    expect(sys.recv(b, buf, 2, 3, MSG_PEEK)).toBe(3);
    expect(buf.toString()).toBe('..hel...');
    expect(sys.recv(b, buf, 0, 8, 0)).toBe(5);
    expect(buf.toString()).toBe('hello...');
  });

  test('are written and read as in a file', () => {
    const [a, b] = pair();
    const buf = Buffer.alloc(4);
    expect(sys.write(a, at('file'))).toBe(4);
    expect([sys.read(b, buf), buf.toString()]).toEqual([4, 'file']);
    expect(sys.write(a, at('-part-'), 1, 4)).toBe(4);
    expect([sys.read(b, buf), buf.toString()]).toEqual([4, 'part']);
  });

  test('end after shutdown(SHUT_WR), and sending more is EPIPE', () => {
    const [a, b] = pair();
    expect(sys.shutdown(a, consts.SHUT_WR)).toBe(0);
    expect(sys.recv(b, Buffer.alloc(1), 0)).toBe(0);
    expect(sys.send(a, at('x'), consts.MSG_NOSIGNAL ?? 0)).toBe(-EPIPE);
    expect(sys.shutdown(a, 9)).toBe(-EINVAL);
  });

  test.skipIf(!isLinux)('go through pipe2’s two ends, which bear its flags (Linux has it)', () => {
    const ends = new Int32Array(2);
    expect(sys.pipe2(ends, fcntl.O_CLOEXEC | fcntl.O_NONBLOCK)).toBe(0);
    const [r, w] = Array.from(ends, opened);
    const buf = Buffer.alloc(2);
    expect(sys.read(r, buf)).toBe(-EAGAIN);
    expect([sys.write(w, at('ok')), sys.read(r, buf), buf.toString()]).toEqual([2, 2, 'ok']);
    expect([sys.read(w, buf), sys.write(r, buf)]).toEqual([-EBADF, -EBADF]);
    expect(sys.fcntl(r, fcntl.F_GETFD, 0)).toBe(fcntl.FD_CLOEXEC);
    expect(sys.pipe2(ends, -1)).toBe(-EINVAL);
  });

  test('go to an address with sendto, and come with one to recvfrom, whole or in parts', () => {
    const [here, there] = [0, 0].map(() => {
      const fd = opened(sys.socket(AF_INET, SOCK_DGRAM, 0));
      expect(sys.bind(fd, packSockaddr(AF_INET, ['127.0.0.1', 0], 'bind'))).toBe(0);
      return fd;
    });
    const to = packSockaddr(AF_INET, name(sys.getsockname, there), 'connect');
    const from = name(sys.getsockname, here);
    const addr = Buffer.alloc(128);
    const addrlen = Int32Array.of(128);
    const buf = Buffer.from('........');
    expect(sys.sendto(here, at('whole'), 0, to)).toBe(5);
    expect(sys.recvfrom(there, buf, 0, addr, addrlen)).toBe(5);
    expect([buf.toString(), addrlen[0], unpackSockaddr(addr, addrlen[0])]).toEqual(['whole...', 16, from]);

    addr.fill(0);
    addrlen[0] = 128;
    expect(sys.sendto(here, at('-part-'), 1, 4, 0, to)).toBe(4);
    expect(sys.recvfrom(there, buf, 2, 3, 0, addr, addrlen)).toBe(3); // A datagram is cut to its room.
    expect([buf.toString(), unpackSockaddr(addr, addrlen[0])]).toEqual(['whpar...', from]);

    expect(sys.sendto(here, at('x'), 0, to)).toBe(1);
    expect(sys.recvfrom(there, buf, 0, null, null)).toBe(1);
    expect(sys.recvfrom(there, buf, consts.MSG_DONTWAIT, null, null)).toBe(-EAGAIN);
  });
});
