// The errno table's rows of socket, socketpair, accept, bind, listen and connect, at the raw layer and as
// nobody. Pointers that lead nowhere cannot be given to it: there the argument itself is refused.

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect } from 'vitest';
import * as F from '../../src/kernel/constants/fcntl.ts';
import * as C from '../../src/kernel/constants/socket.ts';
import * as E from '../../src/kernel/errno.ts';
import { packSockaddr } from '../../src/kernel/structs/sockaddr.ts';
import * as sys from '../../src/syscalls.ts';
import { opened } from '../support/descriptors.ts';
import { isLinux } from '../support/platform.ts';
import * as raw from '../support/raw-sockets.ts';
import { simulation } from '../support/simulated.ts';
import { atLimit, place, unprivileged } from '../support/unprivileged.ts';

const { AF_INET, AF_INET6, AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } = C;
const { SOCK_RAW, SOCK_RDM, SOCK_SEQPACKET, SOCK_STREAM } = C;
const { at, bytes, devNull, none, pathOnly, row, tcp, udp, unixAt, unixBound } = raw;
const accept = (fd: number) => sys.accept(fd, null, null);
const flagCases = [0, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_CLOEXEC | SOCK_NONBLOCK];

/** The flags of a descriptor as socket(2) would have them. */
function flagsOf(fd: number): number {
  const cloexec = sys.fcntl(fd, F.F_GETFD, 0) & F.FD_CLOEXEC ? SOCK_CLOEXEC : 0;
  return cloexec | (sys.fcntl(fd, F.F_GETFL, 0) & F.O_NONBLOCK ? SOCK_NONBLOCK : 0);
}

describe.skipIf(!isLinux)(isLinux ? 'as nobody' : 'these are the numbers of Linux:', () => {
  unprivileged();

  row('3.1.1 socket: EAFNOSUPPORT', () => {
    for (const domain of [0, 9999, -1]) expect(sys.socket(domain, SOCK_STREAM, 0)).toBe(-E.EAFNOSUPPORT);
  });
  row('3.1.2 socket: EINVAL', () => {
    expect(sys.socket(AF_INET, 75, 0)).toBe(-E.EINVAL);
  });
  row('3.1.3 socket: EPROTONOSUPPORT', () => {
    for (const [type, protocol] of [
      [SOCK_STREAM, C.IPPROTO_UDP],
      [SOCK_DGRAM, C.IPPROTO_TCP],
      [SOCK_STREAM, C.IPPROTO_ICMP],
      [SOCK_RAW, 0],
    ])
      expect(sys.socket(AF_INET, type, protocol)).toBe(-E.EPROTONOSUPPORT);
  });
  row('3.1.4 socket: ESOCKTNOSUPPORT', () => {
    for (const family of [AF_INET, AF_INET6])
      expect(sys.socket(family, SOCK_SEQPACKET, 0)).toBe(-E.ESOCKTNOSUPPORT);
  });
  row('3.1.5 socket: EMFILE', () => {
    expect(atLimit(() => sys.socket(AF_INET, SOCK_STREAM, 0))).toBe(-E.EMFILE);
  });
  row('3.1.6 socket: flags', () => {
    for (const flags of flagCases) expect(flagsOf(tcp(flags))).toBe(flags);
  });
  row('3.1.7 socketpair: EAFNOSUPPORT, EINVAL, EPROTONOSUPPORT, EFAULT, EOPNOTSUPP', () => {
    const sv = new Int32Array(2);
    const made = (domain: number, type: number, protocol = 0) => sys.socketpair(domain, type, protocol, sv);
    expect(made(0, SOCK_STREAM)).toBe(-E.EAFNOSUPPORT);
    expect(made(AF_INET, 75)).toBe(-E.EINVAL);
    expect(made(AF_INET, SOCK_RAW)).toBe(-E.EPROTONOSUPPORT);
    expect(made(AF_INET, SOCK_DGRAM, C.IPPROTO_TCP)).toBe(-E.EPROTONOSUPPORT);
    expect(made(AF_INET, SOCK_STREAM, C.IPPROTO_ICMP)).toBe(-E.EPROTONOSUPPORT);
    expect(made(AF_INET, SOCK_DGRAM)).toBe(-E.EOPNOTSUPP);
    expect(made(AF_INET, SOCK_STREAM)).toBe(-E.EOPNOTSUPP);
    expect(made(AF_UNIX, SOCK_RDM)).toBe(-E.ESOCKTNOSUPPORT);
    raw.argumentErrors(() => {
      expect(() => sys.socketpair(AF_UNIX, SOCK_STREAM, 0, null as never)).toThrow(TypeError);
      expect(() => sys.socketpair(AF_UNIX, SOCK_STREAM, 0, bytes(7))).toThrow(RangeError);
    });
    expect(made(AF_UNIX, SOCK_SEQPACKET)).toBe(0);
    for (const fd of sv) opened(fd);
  });

  row('3.1.8 accept: EBADF', () => {
    expect(accept(none())).toBe(-E.EBADF);
    expect(accept(pathOnly())).toBe(-E.EBADF);
  });
  row('3.1.9 accept: ENOTSOCK', () => {
    const kinds = [
      devNull(),
      raw.file(process.execPath, 'r'),
      ...raw.pipe(),
      opened(sys.eventfd(0, 0)),
      opened(sys.epoll_create1(0)),
      opened(sys.timerfd_create(1, 0)),
      ...(simulation() === null ? [opened(sys.signalfd(-1, new BigUint64Array(1), 0))] : []),
      raw.file('/', 'r'),
    ];
    for (const fd of kinds) expect(accept(fd)).toBe(-E.ENOTSOCK);
  });
  row('3.1.10 accept: EINVAL', () => {
    expect(accept(raw.bound(tcp()))).toBe(-E.EINVAL);
    const [client, , server] = raw.connection();
    expect(accept(client)).toBe(-E.EINVAL);
    expect(sys.shutdown(server, C.SHUT_RD)).toBe(0);
    expect(accept(server)).toBe(-E.EINVAL);
  });
  row('3.1.11 accept: EOPNOTSUPP', () => {
    expect(accept(udp())).toBe(-E.EOPNOTSUPP);
    expect(accept(raw.socket(AF_UNIX, SOCK_DGRAM))).toBe(-E.EOPNOTSUPP);
  });
  row('3.1.12 accept: EAGAIN', () => {
    expect(accept(raw.listener(5, SOCK_NONBLOCK))).toBe(-E.EAGAIN);
  });
  row('3.1.13 accept: EFAULT', () => {
    const server = raw.listener(5, SOCK_NONBLOCK);
    sys.connect(tcp(), raw.addressOf(server));
    // What C would lose the connection by never reaches the kernel, so the connection stays.
    raw.argumentErrors(() => {
      expect(() => sys.accept(server, bytes(16), null)).toThrow(RangeError);
      expect(() => sys.accept(server, 1 as never, null)).toThrow(TypeError);
      expect(() => sys.accept(server, bytes(16), Int32Array.of(-1))).toThrow(RangeError);
    });
    opened(accept(server));
  });
  row('3.1.14 accept: EMFILE', () => {
    const server = raw.listener(5, SOCK_NONBLOCK);
    const client = tcp();
    expect(atLimit(() => accept(server))).toBe(-E.EMFILE); // The queue is empty.
    sys.connect(client, raw.addressOf(server));
    expect(atLimit(() => accept(server))).toBe(-E.EMFILE);
    opened(accept(server));
  });
  row('3.1.15 accept: ECONNABORTED', () => {
    const server = raw.listener();
    const client = tcp();
    sys.connect(client, raw.addressOf(server));
    raw.reset(client);
    const conn = opened(accept(server)); // Linux never says ECONNABORTED for TCP.
    expect(sys.getpeername(conn, bytes(16), Int32Array.of(16))).toBe(-E.ENOTCONN);
    expect(sys.recv(conn, bytes(1), 0)).toBe(-E.ECONNRESET);
  });
  row('3.1.16 accept4: EINVAL', () => {
    expect(sys.accept4(raw.listener(), null, null, 1)).toBe(-E.EINVAL);
  });
  row('3.1.17 accept4: flags', () => {
    const server = raw.listener();
    for (const flags of flagCases) {
      sys.connect(tcp(), raw.addressOf(server));
      expect(flagsOf(opened(sys.accept4(server, null, null, flags)))).toBe(flags);
    }
  });

  row('3.1.18 bind: EINVAL', () => {
    expect(sys.bind(tcp(), at('127.0.0.1', 0).subarray(0, 3))).toBe(-E.EINVAL);
    expect(sys.bind(tcp(), bytes(129))).toBe(-E.EINVAL);
    expect(sys.bind(raw.bound(tcp()), at('127.0.0.1', 0))).toBe(-E.EINVAL);
    expect(sys.bind(unixBound(SOCK_STREAM, place('a')), unixAt(place('b')))).toBe(-E.EINVAL);
  });
  row('3.1.19 bind: ENOTSOCK, EBADF', () => {
    const address = at('127.0.0.1', 0);
    expect([devNull(), none(), pathOnly()].map((fd) => sys.bind(fd, address))).toEqual([
      -E.ENOTSOCK,
      -E.EBADF,
      -E.EBADF,
    ]);
  });
  row('3.1.20 bind: EAFNOSUPPORT', () => {
    expect(sys.bind(tcp(), unixAt('/tmp/rfds-never-there'))).toBe(-E.EAFNOSUPPORT);
    expect(sys.bind(raw.socket(AF_UNIX, SOCK_STREAM), at('127.0.0.1', 0))).toBe(-E.EINVAL);
    expect(sys.bind(tcp(), bytes(16))).toBe(0); // AF_UNSPEC and 0.0.0.0
  });
  row('3.1.21 bind: EADDRNOTAVAIL', () => {
    expect(sys.bind(tcp(), at('10.255.254.253', 0))).toBe(-E.EADDRNOTAVAIL);
  });
  row('3.1.22 bind: EADDRINUSE', () => {
    const bound = place('socket');
    const file = place('file');
    unixBound(SOCK_STREAM, bound);
    writeFileSync(file, '');
    for (const used of simulation() === null ? [bound, file, '.'] : [bound])
      expect(sys.bind(raw.socket(AF_UNIX, SOCK_STREAM), unixAt(used))).toBe(-E.EADDRINUSE);
    expect(sys.bind(tcp(), raw.addressOf(raw.listener()))).toBe(-E.EADDRINUSE);
  });
  row('3.1.23 bind: ENOTDIR, ENOENT', () => {
    const file = place('file');
    writeFileSync(file, '');
    const bindTo = (name: string) => sys.bind(raw.socket(AF_UNIX, SOCK_STREAM), unixAt(name));
    expect(bindTo(path.join(file, 'under'))).toBe(-E.ENOTDIR);
    expect(bindTo(path.join(path.dirname(file), 'missing', 'under'))).toBe(-E.ENOENT);
  });
  row('3.1.24 bind: EACCES', () => {
    expect(sys.bind(tcp(), at('127.0.0.1', 1))).toBe(-E.EACCES);
    const closed = place('closed');
    mkdirSync(closed, 0o500);
    expect(sys.bind(raw.socket(AF_UNIX, SOCK_STREAM), unixAt(path.join(closed, 'a')))).toBe(-E.EACCES);
  });
  row('3.1.25 bind: EFAULT', () => {
    raw.argumentErrors(() => expect(() => sys.bind(tcp(), null as never)).toThrow(TypeError));
  });
  row('3.1.26 bind: every family and type, and bytes through it', () => {
    const types = [SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM];
    for (const type of types)
      for (const name of [place('here'), `\0rfds-bind-${process.pid}-${type}`])
        exchange(AF_UNIX, type, unixAt(name));
    for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
      for (const host of ['127.0.0.1', '0.0.0.0']) exchange(AF_INET, type, at(host, 0));
      for (const host of ['::1', '::']) exchange(AF_INET6, type, packSockaddr(AF_INET6, [host, 0], 'bind'));
    }
  });

  row('3.1.27 listen: EBADF, ENOTSOCK, EOPNOTSUPP', () => {
    expect(sys.listen(none(), 1)).toBe(-E.EBADF);
    expect(sys.listen(devNull(), 1)).toBe(-E.ENOTSOCK);
    for (const fd of [udp(), raw.socket(AF_UNIX, SOCK_DGRAM)]) expect(sys.listen(fd, 1)).toBe(-E.EOPNOTSUPP);
  });
  row('3.1.28 listen: EINVAL', () => {
    expect(sys.listen(raw.connection()[0], 1)).toBe(-E.EINVAL);
    expect(sys.listen(raw.socket(AF_UNIX, SOCK_STREAM), 1)).toBe(-E.EINVAL);
  });
  row('3.1.29 listen: EADDRINUSE', () => {
    const [one, other] = [tcp(), tcp()];
    for (const fd of [one, other])
      expect(sys.setsockopt(fd, C.SOL_SOCKET, C.SO_REUSEADDR, Int32Array.of(1))).toBe(0);
    raw.bound(one);
    expect(sys.bind(other, raw.addressOf(one))).toBe(0);
    expect([one, other].map((fd) => sys.listen(fd, 1))).toEqual([0, -E.EADDRINUSE]);
  });
  row('3.1.30 listen: success', () => {
    const fd = tcp();
    expect([1, -1, 7].map((backlog) => sys.listen(fd, backlog))).toEqual([0, 0, 0]);
    expect(raw.portOf(fd)).toBeGreaterThan(0);
  });

  row('3.1.31 connect: EBADF, ENOTSOCK', () => {
    expect(sys.connect(-1, at('127.0.0.1', 1))).toBe(-E.EBADF);
    expect(sys.connect(devNull(), at('127.0.0.1', 1))).toBe(-E.ENOTSOCK);
  });
  row('3.1.32 connect: EINVAL', () => {
    expect(sys.connect(tcp(), at('127.0.0.1', 1).subarray(0, 3))).toBe(-E.EINVAL);
  });
  row('3.1.33 connect: EFAULT', () => {
    raw.argumentErrors(() => expect(() => sys.connect(tcp(), null as never)).toThrow(TypeError));
  });
  row('3.1.34 connect: EISCONN', () => {
    const [client, , server] = raw.connection();
    for (const fd of [client, server]) expect(sys.connect(fd, raw.addressOf(server))).toBe(-E.EISCONN);
  });
  row('3.1.35 connect: ECONNREFUSED', () => {
    expect(sys.connect(tcp(), raw.addressOf(raw.bound(tcp())))).toBe(-E.ECONNREFUSED);
    const [file, silent] = [place('file'), place('silent')];
    writeFileSync(file, '');
    unixBound(SOCK_STREAM, silent);
    for (const name of simulation() === null ? [file, silent] : [silent])
      expect(sys.connect(raw.socket(AF_UNIX, SOCK_STREAM), unixAt(name))).toBe(-E.ECONNREFUSED);
  });
  row('3.1.36 connect: EAFNOSUPPORT', () => {
    expect(sys.connect(tcp(), bytes(16).fill(47, 0, 1))).toBe(-E.EAFNOSUPPORT);
  });
  row('3.1.37 connect: EPROTOTYPE', () => {
    const name = place('stream');
    unixBound(SOCK_STREAM, name, 1);
    expect(sys.connect(raw.socket(AF_UNIX, SOCK_DGRAM), unixAt(name))).toBe(-E.EPROTOTYPE);
  });
  row('3.1.38 connect: EACCES', () => {
    const name = place('closed');
    unixBound(SOCK_STREAM, name, 1);
    chmodSync(name, 0o400);
    expect(sys.connect(raw.socket(AF_UNIX, SOCK_STREAM), unixAt(name))).toBe(-E.EACCES);
    expect(sys.connect(udp(), at('255.255.255.255', 9))).toBe(-E.EACCES);
  });
  row('3.1.39 connect: ENOENT', () => {
    expect(sys.connect(raw.socket(AF_UNIX, SOCK_STREAM), unixAt(place('missing')))).toBe(-E.ENOENT);
  });
  row('3.1.40 connect: ENETUNREACH', () => {
    expect(sys.connect(tcp(), at('255.255.255.255', 9))).toBe(-E.ENETUNREACH);
  });
  row('3.1.41 connect: EINPROGRESS, EALREADY', () => {
    const address = raw.addressOf(raw.listener(0));
    const twice = () => {
      const fd = tcp(SOCK_NONBLOCK);
      return [sys.connect(fd, address), sys.connect(fd, address)];
    };
    const results = Array.from({ length: 4 }, twice); // The queue holds one.
    expect(results.map(([first]) => first)).toEqual(Array(4).fill(-E.EINPROGRESS));
    expect(results.at(-1)![1]).toBe(-E.EALREADY);
  });
  row('3.1.42 connect: EINPROGRESS, 0, EISCONN', () => {
    const [fd, address] = [tcp(SOCK_NONBLOCK), raw.addressOf(raw.listener())];
    expect(sys.connect(fd, address)).toBe(-E.EINPROGRESS);
    raw.writable(fd);
    expect([0, 0].map(() => sys.connect(fd, address))).toEqual([0, -E.EISCONN]);
  });
  row('3.1.43 connect: EAGAIN', () => {
    const name = place('full');
    unixBound(SOCK_STREAM, name, 0);
    const results = [0, 0].map(() =>
      sys.connect(raw.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK), unixAt(name)),
    );
    expect(results).toEqual([0, -E.EAGAIN]);
  });
  row('3.1.44 connect: after failure', () => {
    const [fd, server] = [tcp(), raw.bound(tcp())];
    const address = raw.addressOf(server);
    expect([0, 0].map(() => sys.connect(fd, address))).toEqual([-E.ECONNREFUSED, -E.ECONNREFUSED]);
    expect(sys.listen(server, 1)).toBe(0);
    expect(sys.connect(fd, address)).toBe(0);
  });
});

/** Bytes from a client to a socket that is bound so. */
function exchange(family: number, type: number, address: Uint8Array): void {
  const server = raw.socket(family, type);
  expect(sys.bind(server, address)).toBe(0);
  if (type !== SOCK_DGRAM) expect(sys.listen(server, 1)).toBe(0);
  const client = raw.socket(family, type);
  expect(sys.connect(client, raw.addressOf(server))).toBe(0);
  const conn = type === SOCK_DGRAM ? server : opened(accept(server));
  expect(sys.send(client, Buffer.from('abc'), 0)).toBe(3);
  const got = Buffer.alloc(8);
  expect(got.toString('latin1', 0, sys.recv(conn, got, 0))).toBe('abc');
}
