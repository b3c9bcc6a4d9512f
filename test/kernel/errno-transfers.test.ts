// The errno table's rows of send and recv and their kin, at the raw layer and as nobody.

import { spawnSync } from 'node:child_process';
import { describe, expect } from 'vitest';
import { POLLERR, POLLHUP, POLLIN } from '../../src/kernel/constants/select.ts';
import * as C from '../../src/kernel/constants/socket.ts';
import * as E from '../../src/kernel/errno.ts';
import { layout } from '../../src/kernel/native.ts';
import { controlMessages } from '../../src/kernel/structs/cmsghdr.ts';
import * as sys from '../../src/syscalls.ts';
import { closed, opened, pair } from '../support/descriptors.ts';
import { isLinux } from '../support/platform.ts';
import * as raw from '../support/raw-sockets.ts';
import { unprivileged } from '../support/unprivileged.ts';

const { AF_UNIX, MSG_DONTWAIT, MSG_ERRQUEUE, MSG_MORE, MSG_NOSIGNAL, MSG_OOB, MSG_PEEK, MSG_TRUNC } = C;
const { SOCK_DGRAM, SOCK_NONBLOCK, SOCK_STREAM, SOL_SOCKET } = C;
const { at, bytes, devNull, none, row, tcp, udp } = raw;
const x = Buffer.from('x');

type Address = Uint8Array | null;
/** The three ways to send, and to receive. */
const senders = {
  send: (fd: number, buf: Uint8Array, flags: number, _: Address = null) => sys.send(fd, buf, flags),
  sendto: (fd: number, buf: Uint8Array, flags: number, addr: Address = null) =>
    sys.sendto(fd, buf, flags, addr),
  sendmsg: (fd: number, buf: Uint8Array, flags: number, addr: Address = null) =>
    sys.sendmsg(fd, [buf], addr, null, flags),
};
const receivers = {
  recv: (fd: number, buf: Uint8Array, flags: number) => sys.recv(fd, buf, flags),
  recvfrom: (fd: number, buf: Uint8Array, flags: number) => sys.recvfrom(fd, buf, flags, null, null),
  recvmsg: (fd: number, buf: Uint8Array, flags: number) =>
    sys.recvmsg(fd, [buf], null, null, new Int32Array(3), flags),
};
const send = Object.values(senders);
const recv = Object.values(receivers);

/** A control buffer with one message of rights. */
function rights(fd: number, length = layout['CMSG_LEN(0)']! + 4): Uint8Array {
  const control = Buffer.alloc(24);
  control.writeUInt32LE(length, layout['cmsghdr.cmsg_len']!);
  control.writeInt32LE(SOL_SOCKET, layout['cmsghdr.cmsg_level']!);
  control.writeInt32LE(C.SCM_RIGHTS, layout['cmsghdr.cmsg_type']!);
  control.writeInt32LE(fd, layout['CMSG_LEN(0)']!);
  return control;
}

/** A UDP socket that is connected to a port where nobody is. */
function toNobody(): number {
  const nobody = raw.bound(udp());
  const address = raw.addressOf(nobody);
  closed(nobody);
  const fd = udp();
  expect(sys.connect(fd, address)).toBe(0);
  expect(sys.send(fd, x, 0)).toBe(1);
  expect(raw.polled(fd, 0) & POLLERR).toBe(POLLERR);
  return fd;
}

describe.skipIf(!isLinux)(isLinux ? 'as nobody' : 'these are the numbers of Linux:', () => {
  unprivileged();

  row('3.2.1 send, sendto, sendmsg: EBADF, ENOTSOCK', () => {
    for (const call of send)
      expect([none(), devNull()].map((fd) => call(fd, x, 0))).toEqual([-E.EBADF, -E.ENOTSOCK]);
  });
  row('3.2.2 send, sendto, sendmsg: EFAULT', () => {
    const [fd] = pair();
    for (const call of send) expect(() => call(fd, null as never, 0)).toThrow(TypeError);
    expect(() => sys.sendto(fd, x, 0, 1 as never)).toThrow(TypeError);
    expect(() => sys.sendmsg(fd, 1 as never, null, null, 0)).toThrow(TypeError);
    expect(() => sys.sendmsg(fd, [x], null, 1 as never, 0)).toThrow(TypeError);
  });
  row('3.2.3 send, sendto, sendmsg: EMSGSIZE', () => {
    const [fd, peer] = [udp(), raw.bound(udp())];
    expect(sys.connect(fd, raw.addressOf(peer))).toBe(0);
    for (const call of send) {
      expect(call(fd, bytes(128 * 1024), 0)).toBe(-E.EMSGSIZE);
      expect(call(fd, bytes(65508), 0)).toBe(-E.EMSGSIZE);
      expect(call(fd, bytes(65507), 0)).toBe(65507);
    }
  });
  row('3.2.4 send, sendto, sendmsg: EPIPE', () => {
    const [client] = raw.connection();
    expect(sys.shutdown(client, C.SHUT_WR)).toBe(0);
    const [here, there] = pair();
    closed(there);
    for (const call of send)
      for (const fd of [client, here]) expect(call(fd, x, MSG_NOSIGNAL)).toBe(-E.EPIPE);
    const program = `import { send, close, socketpair } from ${JSON.stringify(new URL('../../dist/syscalls.js', import.meta.url))};
      const sv = new Int32Array(2); socketpair(1, 1, 0, sv); close(sv[1]);
      console.log(send(sv[0], new Uint8Array(1), 0));`;
    const args = ['--input-type=module', '-e', program];
    // Node ignores SIGPIPE, so that even without the flag there is only the number.
    expect(String(spawnSync(process.execPath, args).stdout)).toBe(`${-E.EPIPE}\n`);
  });
  row('3.2.5 sendto, sendmsg: EPIPE', () => {
    for (const call of [senders.sendto, senders.sendmsg])
      for (const addr of [null, raw.addressOf(raw.listener())])
        expect(call(tcp(), x, MSG_NOSIGNAL, addr)).toBe(-E.EPIPE);
  });
  row('3.2.6 send: EDESTADDRREQ', () => {
    for (const call of send) expect(call(udp(), x, 0)).toBe(-E.EDESTADDRREQ);
  });
  row('3.2.7 sendto: EINVAL', () => {
    expect(sys.sendto(udp(), x, 0, at('127.0.0.1', 0))).toBe(-E.EINVAL);
    expect(sys.sendto(udp(), x, 0, at('127.0.0.1', 9).subarray(0, 3))).toBe(-E.EINVAL); // -1 cannot be said.
  });
  row('3.2.8 send, sendto, sendmsg: EOPNOTSUPP', () => {
    const [fd, peer] = [udp(), raw.bound(udp())];
    expect(sys.connect(fd, raw.addressOf(peer))).toBe(0);
    for (const call of send) expect(call(fd, x, MSG_OOB)).toBe(-E.EOPNOTSUPP);
    for (const length of [0, 15, 2 ** 31])
      expect(sys.sendmsg(pair()[0], [x], null, rights(0, length), 0)).toBe(-E.EINVAL);
  });
  row('3.2.9 sendto: 0, for the address is ignored', () => {
    const [client, conn] = raw.connection();
    expect(sys.sendto(client, x, 0, at('10.255.254.253', 9))).toBe(1);
    expect(sys.recv(conn, bytes(2), 0)).toBe(1);
  });
  row('3.2.10 sendto: EISCONN', () => {
    expect(sys.sendto(pair()[0], x, 0, raw.unixAt('/tmp/rfds-never-there'))).toBe(-E.EISCONN);
  });
  row('3.2.11 sendto: success, on a connected UDP socket with another address', () => {
    const [fd, peer, other] = [udp(), raw.bound(udp()), raw.bound(udp())];
    expect(sys.connect(fd, raw.addressOf(peer))).toBe(0);
    expect(sys.sendto(fd, x, 0, raw.addressOf(other))).toBe(1);
    expect(sys.recv(other, bytes(2), 0)).toBe(1);
    expect(sys.recv(peer, bytes(2), MSG_DONTWAIT)).toBe(-E.EAGAIN);
  });
  row('3.2.12 sendto: EACCES', () => {
    expect(sys.sendto(udp(), x, 0, at('255.255.255.255', 9))).toBe(-E.EACCES);
  });
  row('3.2.13 send: EAGAIN', () => {
    for (const flags of [0, MSG_DONTWAIT]) {
      const [fd] = pair(flags === 0 ? SOCK_STREAM | SOCK_NONBLOCK : SOCK_STREAM);
      let n: number;
      do n = sys.send(fd, bytes(65536), flags);
      while (n > 0);
      expect(n).toBe(-E.EAGAIN);
    }
  });
  row('3.2.14 send: ECONNREFUSED', () => {
    const fd = toNobody();
    expect(sys.send(fd, x, 0)).toBe(-E.ECONNREFUSED);
  });
  row('3.2.15 send: MSG_MORE', () => {
    for (const call of send) {
      const [fd, peer] = [udp(), raw.bound(udp())];
      expect(sys.connect(fd, raw.addressOf(peer))).toBe(0);
      expect(call(fd, Buffer.from('ab'), MSG_MORE)).toBe(2);
      expect(sys.recv(peer, bytes(8), MSG_DONTWAIT)).toBe(-E.EAGAIN);
      expect(call(fd, x, 0)).toBe(1);
      expect(sys.recv(peer, bytes(8), 0)).toBe(3);
    }
    // TCP keeps what is less than a segment only for a while: no saying that it is not there yet.
    const [client, conn] = raw.connection();
    expect(sys.send(client, Buffer.from('ab'), MSG_MORE)).toBe(2);
    expect(sys.send(client, x, 0)).toBe(1);
    expect(sys.recv(conn, bytes(3), C.MSG_WAITALL)).toBe(3);
  });
  row('3.2.16 sendmsg: 0, and rights pass over UNIX dgram', () => {
    const [here, there] = pair(SOCK_DGRAM);
    const [read, write] = raw.pipe();
    expect(sys.sendmsg(here, [x], null, rights(write), 0)).toBe(1);
    const control = Buffer.alloc(24);
    const lengths = Int32Array.of(0, 24, 0);
    expect(sys.recvmsg(there, [bytes(4)], null, control, lengths, C.MSG_CMSG_CLOEXEC)).toBe(1);
    const [{ data }] = [...controlMessages(control, lengths[1])];
    expect(sys.write(opened(data.readInt32LE(0)), x)).toBe(1);
    expect(sys.read(read, bytes(4))).toBe(1);
  });
  row('3.2.17 sendmmsg, recvmmsg: EBADF, ENOTSOCK, EINVAL of a timeout', () => {
    const one = () => Int32Array.of(1, 0, 0, 0, 0);
    const send = (fd: number) => sys.sendmmsg(fd, [bytes(1)], null, null, one(), 1, 0);
    const receive = (fd: number, timeout: BigInt64Array | null) =>
      sys.recvmmsg(fd, [bytes(1)], null, null, one(), 1, C.MSG_DONTWAIT, timeout);
    expect([none(), devNull()].map(send)).toEqual([-E.EBADF, -E.ENOTSOCK]);
    expect([none(), devNull()].map((fd) => receive(fd, null))).toEqual([-E.EBADF, -E.ENOTSOCK]);
    const [end] = pair();
    expect([-1n, 1_000_000_000n].map((nsec) => receive(end, BigInt64Array.of(0n, nsec)))).toEqual([
      -E.EINVAL,
      -E.EINVAL,
    ]);
  });

  row('3.2.18 recv, recvfrom, recvmsg: EBADF, ENOTSOCK', () => {
    for (const call of recv)
      expect([none(), devNull()].map((fd) => call(fd, bytes(1), 0))).toEqual([-E.EBADF, -E.ENOTSOCK]);
  });
  row('3.2.19 recv, recvfrom, recvmsg: EFAULT', () => {
    const [here, there] = pair();
    sys.send(there, x, 0);
    raw.argumentErrors(() => {
      for (const call of recv) expect(() => call(here, null as never, 0)).toThrow(TypeError);
    });
    expect(sys.recv(here, bytes(2), MSG_DONTWAIT)).toBe(1); // It is still there.
  });
  row('3.2.20 recv, recvfrom, recvmsg: EINVAL', () => {
    const [client] = raw.connection();
    for (const call of recv) expect(call(client, bytes(1), MSG_OOB)).toBe(-E.EINVAL);
  });
  row('3.2.21 recv, recvfrom, recvmsg: EAGAIN', () => {
    const [client] = raw.connection();
    for (const call of recv)
      for (const fd of [client, udp()]) expect(call(fd, bytes(1), MSG_ERRQUEUE)).toBe(-E.EAGAIN);
  });
  row('3.2.22 recvfrom, recvmsg: EINVAL', () => {
    const [client] = raw.connection();
    expect(() => sys.recvfrom(client, x, 0, bytes(16), Int32Array.of(-1))).toThrow(RangeError);
    expect(() => sys.recvmsg(client, [x], bytes(16), null, Int32Array.of(-1, 0, 0), 0)).toThrow(RangeError);
  });
  row('3.2.23 recvmsg: EMSGSIZE', () => {
    const lengths = new Int32Array(3);
    const [here, there] = pair();
    sys.send(there, x, 0);
    const buffers = (n: number) => Array.from({ length: n }, () => bytes(1));
    raw.argumentErrors(() =>
      expect(() => sys.recvmsg(here, buffers(1025), null, null, lengths, 0)).toThrow(RangeError),
    );
    expect(sys.recvmsg(here, buffers(1024), null, null, lengths, 0)).toBe(1);
  });
  row('3.2.24 recv: ENOTCONN', () => {
    for (const fd of [tcp(), raw.listener()]) expect(sys.recv(fd, bytes(1), 0)).toBe(-E.ENOTCONN);
  });
  row('3.2.25 recv: EINVAL', () => {
    expect(sys.recv(raw.socket(AF_UNIX, SOCK_STREAM), bytes(1), 0)).toBe(-E.EINVAL);
  });
  row('3.2.26 recv: EAGAIN', () => {
    const [here] = pair(SOCK_STREAM | SOCK_NONBLOCK);
    const [there] = pair();
    const [client] = raw.connection();
    for (const size of [1, 0]) {
      expect(sys.recv(here, bytes(size), 0)).toBe(-E.EAGAIN);
      for (const fd of [there, client]) expect(sys.recv(fd, bytes(size), MSG_DONTWAIT)).toBe(-E.EAGAIN);
    }
  });
  row('3.2.27 recv: ECONNRESET, then 0', () => {
    const [client, conn] = raw.connection();
    sys.send(client, x, 0);
    raw.reset(client);
    expect(raw.polled(conn, 0) & POLLHUP).toBe(POLLHUP);
    expect([0, 0, 0].map(() => sys.recv(conn, bytes(4), 0))).toEqual([1, -E.ECONNRESET, 0]);

    const [hasty, other] = raw.connection();
    sys.send(other, x, 0);
    expect(raw.polled(hasty, POLLIN)).toBe(POLLIN);
    closed(hasty); // It had not read that.
    expect(raw.polled(other, 0) & POLLHUP).toBe(POLLHUP);
    expect([0, 0].map(() => sys.recv(other, bytes(4), 0))).toEqual([-E.ECONNRESET, 0]);
  });
  row('3.2.28 recv: ECONNREFUSED', () => {
    const fd = toNobody();
    expect([0, 0].map(() => sys.recv(fd, bytes(4), MSG_DONTWAIT))).toEqual([-E.ECONNREFUSED, -E.EAGAIN]);
  });
  row('3.2.29 recvmsg: MSG_PEEK with a short buffer', () => {
    const [fd, peer] = [udp(), raw.bound(udp())];
    expect(sys.sendto(fd, Buffer.from('abcdef'), 0, raw.addressOf(peer))).toBe(6);
    const lengths = new Int32Array(3);
    const peek = () => sys.recvmsg(peer, [bytes(2)], null, null, lengths, MSG_PEEK);
    expect([peek(), peek()]).toEqual([2, 2]);
    expect(lengths[2] & MSG_TRUNC).toBe(MSG_TRUNC);
    expect(sys.recvmsg(peer, [bytes(2)], null, null, lengths, MSG_TRUNC)).toBe(6);
    expect(sys.recv(peer, bytes(2), MSG_DONTWAIT)).toBe(-E.EAGAIN);
  });
});
