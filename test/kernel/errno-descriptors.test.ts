// The errno table's rows of shutdown, close, names, options, fcntl, ioctl, dup and pipe, at the raw layer
// and as nobody.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import * as F from '../../src/kernel/constants/fcntl.ts';
import * as I from '../../src/kernel/constants/ioctl.ts';
import * as C from '../../src/kernel/constants/socket.ts';
import * as E from '../../src/kernel/errno.ts';
import * as sys from '../../src/syscalls.ts';
import { closed, opened, pair } from '../support/descriptors.ts';
import { isLinux } from '../support/platform.ts';
import { within } from '../support/programs.ts';
import * as raw from '../support/raw-sockets.ts';
import { atLimit, LIMIT, place, unprivileged } from '../support/unprivileged.ts';

const { AF_INET6, AF_UNIX, MSG_DONTWAIT, MSG_NOSIGNAL, SHUT_RD, SHUT_RDWR, SHUT_WR } = C;
const { SOCK_STREAM, SOL_SOCKET } = C;
const { bytes, devNull, none, pathOnly, row, tcp, udp } = raw;
const x = Buffer.from('x');
const int = (value = 0) => Int32Array.of(value);

const getsockopt = (fd: number, level: number, name: number) =>
  sys.getsockopt(fd, level, name, bytes(4), int(4));
const setsockopt = (fd: number, level: number, name: number, value: Uint8Array | Int32Array = int(1)) =>
  sys.setsockopt(fd, level, name, value);

/** getsockname's and getpeername's arguments that C would answer with EFAULT or EINVAL. */
function refuses(call: typeof sys.getsockname, fd: number): void {
  raw.argumentErrors(() => {
    expect(() => call(fd, null as never, int(16))).toThrow(TypeError);
    expect(() => call(fd, bytes(16), null as never)).toThrow(TypeError);
    expect(() => call(fd, bytes(16), int(-1))).toThrow(RangeError);
  });
}

describe.skipIf(!isLinux)(isLinux ? 'as nobody' : 'these are the numbers of Linux:', () => {
  unprivileged();

  row('3.3.1 shutdown: EBADF, ENOTSOCK, EINVAL, ENOTCONN', () => {
    expect(sys.shutdown(-1, SHUT_WR)).toBe(-E.EBADF);
    expect(sys.shutdown(devNull(), SHUT_WR)).toBe(-E.ENOTSOCK);
    for (const how of [-1, 3]) expect(sys.shutdown(pair()[0], how)).toBe(-E.EINVAL);
    expect(sys.shutdown(raw.bound(tcp()), SHUT_WR)).toBe(-E.ENOTCONN);
  });
  row('3.3.2 shutdown: what each direction ends', () => {
    const after = (how: number) => {
      const [here] = pair();
      expect(sys.shutdown(here, how)).toBe(0);
      return [sys.recv(here, bytes(1), MSG_DONTWAIT), sys.send(here, x, MSG_NOSIGNAL)];
    };
    expect(after(SHUT_RD)).toEqual([0, 1]);
    expect(after(SHUT_WR)).toEqual([-E.EAGAIN, -E.EPIPE]);
    expect(after(SHUT_RDWR)).toEqual([0, -E.EPIPE]);
  });
  row('3.3.3 shutdown: 0 for a second SHUT_WR', () => {
    const [client] = raw.connection();
    expect([0, 0].map(() => sys.shutdown(client, SHUT_WR))).toEqual([0, 0]);
  });
  row('3.3.4 shutdown: 0 for an unconnected UNIX socket, ENOTCONN for UDP', () => {
    expect(sys.shutdown(raw.socket(AF_UNIX, SOCK_STREAM), SHUT_WR)).toBe(0);
    expect(sys.shutdown(udp(), SHUT_WR)).toBe(-E.ENOTCONN);
  });
  row('3.3.5 shutdown: SHUT_RD stops listening', () => {
    const server = raw.listener();
    expect(sys.shutdown(server, SHUT_RD)).toBe(0);
    expect(sys.connect(tcp(), raw.addressOf(server))).toBe(-E.ECONNREFUSED);
  });

  row('3.3.6 close: EBADF', () => {
    const fd = closed(devNull());
    expect([-1, fd].map((number) => sys.close(number))).toEqual([-E.EBADF, -E.EBADF]);
  });
  row('3.3.7 getsockname: EBADF, ENOTSOCK, EFAULT, EINVAL', () => {
    const call = (fd: number) => sys.getsockname(fd, bytes(16), int(16));
    expect([none(), devNull()].map(call)).toEqual([-E.EBADF, -E.ENOTSOCK]);
    refuses(sys.getsockname, raw.listener());
  });
  row('3.3.8 getpeername: EBADF, ENOTSOCK, ENOTCONN, EINVAL, EFAULT', () => {
    const call = (fd: number) => sys.getpeername(fd, bytes(16), int(16));
    expect([none(), devNull(), raw.listener()].map(call)).toEqual([-E.EBADF, -E.ENOTSOCK, -E.ENOTCONN]);
    const [client, conn] = raw.connection();
    refuses(sys.getpeername, client);
    expect(sys.shutdown(conn, SHUT_WR)).toBe(0);
    expect(sys.recv(client, bytes(1), 0)).toBe(0);
    expect(call(client)).toBe(0);
    expect(sys.shutdown(client, SHUT_WR)).toBe(0);
    expect(sys.recv(conn, bytes(1), 0)).toBe(0);
    expect(call(conn)).toBe(-E.ENOTCONN);
  });
  row('3.3.9 getsockopt: EBADF, ENOTSOCK, EFAULT', () => {
    const type = (fd: number) => getsockopt(fd, SOL_SOCKET, C.SO_TYPE);
    expect([none(), devNull()].map(type)).toEqual([-E.EBADF, -E.ENOTSOCK]);
    raw.argumentErrors(() => {
      expect(() => sys.getsockopt(tcp(), SOL_SOCKET, C.SO_TYPE, null as never, int(4))).toThrow(TypeError);
      expect(() => sys.getsockopt(tcp(), SOL_SOCKET, C.SO_TYPE, int(), null as never)).toThrow(TypeError);
    });
  });
  row('3.3.10 getsockopt: EOPNOTSUPP', () => {
    for (const level of [500, C.IPPROTO_UDP]) expect(getsockopt(tcp(), level, 1)).toBe(-E.EOPNOTSUPP);
  });
  row('3.3.11 getsockopt: ENOPROTOOPT', () => {
    for (const [level, name] of [
      [C.IPPROTO_IP, -1],
      [C.IPPROTO_TCP, -1],
      [SOL_SOCKET, 9999],
    ])
      expect(getsockopt(tcp(), level, name)).toBe(-E.ENOPROTOOPT);
  });
  row('3.3.12 getsockopt: EINVAL', () => {
    expect(() => sys.getsockopt(tcp(), SOL_SOCKET, C.SO_TYPE, int(), int(-1))).toThrow(RangeError);
  });
  row('3.3.13 getsockopt: SO_PEERCRED has the client’s pid', async () => {
    const name = place('socket');
    const server = raw.unixBound(SOCK_STREAM, name, 1);
    const program = 'require("net").connect(process.argv[1]).resume()';
    const child = spawn(process.execPath, ['-e', program, name], { stdio: 'ignore' });
    try {
      expect(raw.polled(server, 1)).toBe(1);
      const conn = opened(sys.accept(server, null, null));
      const credentials = new Int32Array(3);
      expect(sys.getsockopt(conn, SOL_SOCKET, C.SO_PEERCRED, credentials, int(12))).toBe(0);
      expect(credentials[0]).toBe(child.pid);
      closed(conn);
    } finally {
      await within(once(child, 'exit'), 'the end of the client').catch(() => child.kill('SIGKILL'));
    }
  });
  row('3.3.14 setsockopt: EBADF, ENOTSOCK, EFAULT, EINVAL, ENOPROTOOPT', () => {
    const reuse = (fd: number) => setsockopt(fd, SOL_SOCKET, C.SO_REUSEADDR);
    expect([none(), devNull()].map(reuse)).toEqual([-E.EBADF, -E.ENOTSOCK]);
    raw.argumentErrors(() =>
      expect(() => sys.setsockopt(tcp(), SOL_SOCKET, C.SO_REUSEADDR, null as never)).toThrow(TypeError),
    );
    expect(setsockopt(tcp(), SOL_SOCKET, C.SO_REUSEADDR, bytes(0))).toBe(-E.EINVAL);
    for (const [level, name] of [
      [500, 1],
      [C.IPPROTO_UDP, 1],
      [C.IPPROTO_IP, -1],
      [C.IPPROTO_TCP, -1],
    ])
      expect(setsockopt(tcp(), level, name)).toBe(-E.ENOPROTOOPT);
  });
  row('3.3.15 setsockopt: EDOM', () => {
    const time = BigInt64Array.of(0n, 1_000_000n);
    expect(sys.setsockopt(tcp(), SOL_SOCKET, C.SO_RCVTIMEO, time)).toBe(-E.EDOM);
  });
  row('3.3.16 setsockopt: EOPNOTSUPP', () => {
    const fd = raw.socket(AF_UNIX, SOCK_STREAM);
    expect(setsockopt(fd, SOL_SOCKET, C.SO_REUSEPORT)).toBe(-E.EOPNOTSUPP);
    expect(setsockopt(fd, C.IPPROTO_TCP, C.TCP_NODELAY)).toBe(-E.EOPNOTSUPP);
  });
  row('3.3.17 setsockopt: EINVAL', () => {
    const fd = raw.socket(AF_INET6, SOCK_STREAM);
    expect(sys.listen(fd, 1)).toBe(0); // It binds.
    expect(setsockopt(fd, C.IPPROTO_IPV6, C.IPV6_V6ONLY)).toBe(-E.EINVAL);
    expect(setsockopt(tcp(), SOL_SOCKET, C.SO_LINGER)).toBe(-E.EINVAL);
  });

  row('3.3.18 fcntl: EBADF', () => {
    expect(sys.fcntl(-1, F.F_GETFL, 0)).toBe(-E.EBADF);
    expect(sys.fcntl(pathOnly(), F.F_SETFL, F.O_NONBLOCK)).toBe(-E.EBADF);
  });
  row('3.3.19 fcntl: EINVAL', () => {
    const fd = devNull();
    expect(sys.fcntl(fd, 9999, 0)).toBe(-E.EINVAL); // l_whence stands in memory that cannot be given.
    for (const from of [-1, LIMIT]) expect(sys.fcntl(fd, F.F_DUPFD, from)).toBe(-E.EINVAL);
  });
  row('3.3.20 fcntl: EFAULT', () => {
    for (const cmd of [F.F_GETLK, F.F_SETLK, F.F_SETLKW])
      expect(sys.fcntl(devNull(), cmd, 1)).toBe(-E.EFAULT);
  });
  row('3.3.21 fcntl: EMFILE', () => {
    const fd = devNull();
    expect(atLimit(() => sys.fcntl(fd, F.F_DUPFD, 0))).toBe(-E.EMFILE);
  });
  row('3.3.22 fcntl: EAGAIN', () => {
    const fd = raw.file(place('file'), 'w+'); // A lock's conflict needs a struct, which cannot be given.
    expect(sys.fcntl(fd, F.F_SETLEASE, F.F_RDLCK)).toBe(-E.EAGAIN);
  });
  row('3.3.23 fcntl: EINVAL, EBUSY, EPERM', () => {
    const [, write] = raw.pipe();
    const limit = Number(readFileSync('/proc/sys/fs/pipe-max-size', 'utf8'));
    expect(sys.fcntl(write, F.F_SETPIPE_SZ, -1)).toBe(-E.EINVAL);
    expect(sys.fcntl(write, F.F_SETPIPE_SZ, limit + 1)).toBe(-E.EPERM);
    expect(sys.write(write, bytes(8192))).toBe(8192);
    expect(sys.fcntl(write, F.F_SETPIPE_SZ, 4096)).toBe(-E.EBUSY);
  });
  row('3.3.24 fcntl: flags', () => {
    const fd = raw.file(place('file'), 'w+');
    expect(sys.fcntl(opened(sys.fcntl(fd, F.F_DUPFD_CLOEXEC, 0)), F.F_GETFD, 0)).toBe(F.FD_CLOEXEC);
    const both = F.O_NONBLOCK | F.O_APPEND;
    expect(sys.fcntl(fd, F.F_SETFL, both)).toBe(0);
    expect(sys.fcntl(fd, F.F_GETFL, 0) & both).toBe(both);
    const [read] = raw.pipe();
    expect(sys.fcntl(read, F.F_SETPIPE_SZ, 8192)).toBe(8192);
    expect(sys.fcntl(read, F.F_GETPIPE_SZ, 0)).toBe(8192);
  });

  row('3.3.25 ioctl: EBADF, ENOTTY, EFAULT', () => {
    expect(sys.ioctl(-1, I.FIONREAD, int())).toBe(-E.EBADF);
    for (const fd of [tcp(), devNull()]) expect(sys.ioctl(fd, 9999999, int())).toBe(-E.ENOTTY);
    expect(sys.ioctl(pair()[0], I.FIONREAD, 1)).toBe(-E.EFAULT);
  });
  row('3.3.26 ioctl: SIOCATMARK, SIOCGIFCONF, SIOCGIFFLAGS', () => {
    const mark = (fd: number) => sys.ioctl(fd, I.SIOCATMARK, int());
    const [client] = raw.connection();
    expect([none(), devNull(), udp(), client].map(mark)).toEqual([-E.EBADF, -E.ENOTTY, -E.ENOTTY, 0]);
    const all = [I.SIOCATMARK, I.SIOCGIFCONF, I.SIOCGIFFLAGS];
    for (const request of all) expect(sys.ioctl(client, request, 1)).toBe(-E.EFAULT);
    const ifreq = Buffer.alloc(40);
    ifreq.write('lo');
    expect(sys.ioctl(client, I.SIOCGIFFLAGS, ifreq)).toBe(0);
    expect(ifreq.readInt16LE(16) & 8).toBe(8); // IFF_LOOPBACK
    // Its pointer is none of JavaScript's to give: it becomes NULL, and the kernel tells the size.
    for (const ifconf of [new Int32Array(4), Int32Array.of(4096, 0, 0x1000, 0)]) {
      expect(sys.ioctl(client, I.SIOCGIFCONF, ifconf)).toBe(0);
      expect(ifconf[0]).toBeGreaterThanOrEqual(40);
      expect([...ifconf.subarray(2)]).toEqual([0, 0]);
    }
  });
  row('3.3.27 ioctl: FIONREAD', () => {
    expect(sys.ioctl(raw.listener(), I.FIONREAD, int())).toBe(-E.EINVAL);
    expect(sys.ioctl(devNull(), I.FIONREAD, int())).toBe(-E.ENOTTY);
  });
  row('3.3.28 ioctl: FIONBIO on a regular file', () => {
    expect(sys.ioctl(raw.file(place('file'), 'w+'), I.FIONBIO, int(1))).toBe(0);
  });

  row('3.3.29 dup: EBADF, EMFILE', () => {
    for (const fd of [-1, 1500]) expect(sys.dup(fd)).toBe(-E.EBADF);
    expect(atLimit(() => sys.dup(2))).toBe(-E.EMFILE);
  });
  row('3.3.30 dup2: EBADF', () => {
    const fd = devNull();
    for (const old of [-1, LIMIT]) expect(sys.dup2(old, fd)).toBe(-E.EBADF);
    for (const to of [-1, LIMIT]) expect(sys.dup2(fd, to)).toBe(-E.EBADF);
    expect(sys.dup2(fd, fd)).toBe(fd);
    const other = devNull();
    expect(atLimit(() => sys.dup2(fd, other))).toBe(other);
    expect(sys.dup2(fd, opened(sys.fcntl(fd, F.F_DUPFD, LIMIT - 1)))).toBe(LIMIT - 1);
  });
  row('3.3.31 dup3: EINVAL', () => {
    const [fd, to] = [devNull(), devNull()];
    expect(sys.dup3(fd, fd, 0)).toBe(-E.EINVAL);
    expect(sys.dup3(fd, to, F.O_NONBLOCK)).toBe(-E.EINVAL);
    expect(sys.dup3(fd, to, F.O_CLOEXEC)).toBe(to);
    expect(sys.fcntl(to, F.F_GETFD, 0)).toBe(F.FD_CLOEXEC);
  });
  row('3.3.32 pipe: EMFILE, EFAULT', () => {
    expect(atLimit(() => sys.pipe(new Int32Array(2)))).toBe(-E.EMFILE);
    raw.argumentErrors(() => expect(() => sys.pipe(null as never)).toThrow(TypeError));
  });
  row('3.3.33 pipe: EBADF', () => {
    const [read, write] = raw.pipe();
    expect(sys.write(read, x)).toBe(-E.EBADF);
    expect(sys.read(write, bytes(1))).toBe(-E.EBADF);
  });
  row('3.3.34 pipe: EPIPE, and the end behind the data', () => {
    const [read, write] = raw.pipe();
    closed(read);
    expect(sys.write(write, x)).toBe(-E.EPIPE); // Node ignores SIGPIPE.
    const [from, to] = raw.pipe();
    sys.write(to, x);
    closed(to);
    expect([0, 0].map(() => sys.read(from, bytes(4)))).toEqual([1, 0]);
  });
  row('3.3.35 pipe2: EINVAL, flags', () => {
    const fds = new Int32Array(2);
    expect(sys.pipe2(fds, -1)).toBe(-E.EINVAL);
    expect(sys.pipe2(fds, F.O_CLOEXEC | F.O_NONBLOCK | F.O_DIRECT)).toBe(0);
    const [read, write] = [...fds].map(opened);
    expect(sys.fcntl(read, F.F_GETFD, 0)).toBe(F.FD_CLOEXEC);
    expect(sys.read(read, bytes(1))).toBe(-E.EAGAIN);
    for (const text of ['ab', 'c']) sys.write(write, Buffer.from(text));
    expect([0, 0].map(() => sys.read(read, bytes(8)))).toEqual([2, 1]); // A packet each.
  });
});
