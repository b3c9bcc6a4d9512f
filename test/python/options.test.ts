// options.ts: the structs of socket options, as the kernel takes and gives them; and sockets of the families
// that are no internet.

import { describe, expect, test } from 'vitest';
import { IP_MULTICAST_LOOP } from '../../src/kernel/constants/socket.ts';
import * as S from '../../src/socket.ts';
import { nlmsghdr, packNetlinkMessage, rtgenmsg } from '../../src/structs.ts';
import { NLM_F_DUMP, NLM_F_REQUEST, RTM_GETLINK, RTM_NEWLINK } from '../../src/syscalls.ts';
import { isLinux, isRoot } from '../support/platform.ts';
import { addressOf, bound, kept, pair, withCode } from '../support/sockets.ts';

describe('a struct that the kernel takes comes back as it was', () => {
  test('linger', () => {
    const sock = kept(S.socket());
    sock.setsockopt(S.SOL_SOCKET, S.SO_LINGER_SECONDS, S.packLinger(true, 7));
    const linger = sock.getsockopt(S.SOL_SOCKET, S.SO_LINGER_SECONDS, 8);
    expect(S.unpackLinger(linger)).toEqual({ onoff: true, seconds: 7 });
  });

  test.each([0, 0.25, 1.5, 3])('timeval, of %d seconds', (seconds) => {
    const sock = kept(S.socket());
    sock.setsockopt(S.SOL_SOCKET, S.SO_RCVTIMEO, S.packTimeval(seconds));
    // Linux counts in ticks, and rounds up to a whole one.
    expect(S.unpackTimeval(sock.getsockopt(S.SOL_SOCKET, S.SO_RCVTIMEO, 16))).toBeCloseTo(seconds, 2);
  });

  test('timeval rounds up, and throws RangeError for what is no time', () => {
    expect(S.unpackTimeval(S.packTimeval(1e-9))).toBe(1e-6);
    for (const seconds of [-1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => S.packTimeval(seconds)).toThrow(RangeError);
  });

  test.skipIf(!isLinux)('ucred: who is at the other end (Linux)', () => {
    const [near] = pair();
    expect(S.unpackUcred(near.getsockopt(S.SOL_SOCKET, S.SO_PEERCRED, 12))).toEqual({
      pid: process.pid,
      uid: process.geteuid!(),
      gid: process.getegid!(),
    });
  });

  test.skipIf(!isLinux)('ucred: and who sent a message (Linux)', () => {
    const [near, far] = pair();
    const own = { pid: process.pid, uid: process.geteuid!(), gid: process.getegid!() };
    near.setsockopt(S.SOL_SOCKET, S.SO_PASSCRED, 1);
    far.sendmsg([Buffer.from('x')], [[S.SOL_SOCKET, S.SCM_CREDENTIALS, S.packUcred(own)]]);
    const [, [[level, type, data]]] = near.recvmsg(1, S.CMSG_SPACE(12));
    expect([level, type, S.unpackUcred(data)]).toEqual([S.SOL_SOCKET, S.SCM_CREDENTIALS, own]);
  });

  test('ip_mreq: a datagram to the group arrives', () => {
    const group = '239.255.7.3';
    const receiver = kept(S.socket(S.AF_INET, S.SOCK_DGRAM));
    receiver.bind(['', 0]);
    receiver.setsockopt(S.IPPROTO_IP, S.IP_ADD_MEMBERSHIP, S.packIpMreq(group, '127.0.0.1'));
    receiver.settimeout(10);
    const sender = bound(S.SOCK_DGRAM);
    sender.setsockopt(S.IPPROTO_IP, S.IP_MULTICAST_IF, S.packIpMreq('0.0.0.0', '127.0.0.1').subarray(4));
    sender.setsockopt(S.IPPROTO_IP, IP_MULTICAST_LOOP, 1);
    sender.sendto(Buffer.from('to all'), [group, addressOf(receiver)[1]]);
    expect(receiver.recvfrom(100)).toEqual([Buffer.from('to all'), addressOf(sender)]);
    receiver.setsockopt(S.IPPROTO_IP, S.IP_DROP_MEMBERSHIP, S.packIpMreq(group, '127.0.0.1'));
    const again = () =>
      receiver.setsockopt(S.IPPROTO_IP, S.IP_DROP_MEMBERSHIP, S.packIpMreq(group, '127.0.0.1'));
    expect(again).toThrow(withCode('EADDRNOTAVAIL'));
  });

  test('ip_mreqn and ipv6_mreq: an interface by its index, or its name', () => {
    const [index, name] = S.if_nameindex().find(([, each]) => each.startsWith('lo'))!;
    const sock = kept(S.socket(S.AF_INET, S.SOCK_DGRAM));
    sock.setsockopt(S.IPPROTO_IP, S.IP_ADD_MEMBERSHIP, S.packIpMreq('239.255.7.4', '', name));
    sock.setsockopt(S.IPPROTO_IP, S.IP_DROP_MEMBERSHIP, S.packIpMreq('239.255.7.4', '', index));
    const sock6 = kept(S.socket(S.AF_INET6, S.SOCK_DGRAM));
    sock6.setsockopt(S.IPPROTO_IPV6, S.IPV6_JOIN_GROUP, S.packIpv6Mreq('ff02::abc', index));
    sock6.setsockopt(S.IPPROTO_IPV6, S.IPV6_LEAVE_GROUP, S.packIpv6Mreq('ff02::abc', name));
    expect(() => S.packIpMreq('::1')).toThrow(
      new RangeError("group must be a numeric IPv4 address, got '::1'"),
    );
  });

  test('tcp_info: what the kernel knows of a connection', () => {
    const server = bound();
    server.listen();
    const client = kept(S.socket());
    client.connect(addressOf(server));
    client.send(Buffer.alloc(100));
    const [conn] = server.accept();
    expect(kept(conn).recv(100)).toHaveLength(100);
    const info = S.unpackTcpInfo(conn.getsockopt(S.IPPROTO_TCP, S.TCP_INFO_OPTION, 512));
    expect(info).toMatchObject({ state: 'ESTABLISHED', bytesReceived: 100 });
    expect(info.mss).toBeGreaterThan(500);
  });
});

describe('other families', () => {
  test.skipIf(!isLinux)(
    'AF_NETLINK: the kernel, which is pid 0, answers a request for its links (Linux)',
    () => {
      const sock = kept(S.socket(S.AF_NETLINK, S.SOCK_RAW, S.NETLINK_ROUTE));
      sock.bind([0, 0]);
      const [pid, groups] = sock.getsockname() as unknown as S.NetlinkAddress;
      expect(pid).toBeGreaterThan(0);
      expect(groups).toBe(0);
      const header = { nlmsg_type: RTM_GETLINK, nlmsg_flags: NLM_F_REQUEST | NLM_F_DUMP };
      const request = packNetlinkMessage(header, rtgenmsg.pack());
      sock.sendto(request, [0, 0]);
      const [answer, from] = sock.recvfrom(65536);
      expect(from).toEqual([0, 0]);
      expect(nlmsghdr.unpack(answer).nlmsg_type).toBe(RTM_NEWLINK);
      expect(() => sock.sendto(request, ['x', 0] as never)).toThrow(TypeError);
    },
  );

  test.skipIf(!isLinux || !isRoot)('AF_PACKET: a packet names its interface (Linux, as root)', () => {
    const sock = kept(S.socket(S.AF_PACKET, S.SOCK_DGRAM, 0));
    sock.setsockopt(S.SOL_PACKET, S.PACKET_ADD_MEMBERSHIP, S.packPacketMreq('lo', S.PACKET_MR_PROMISC));
    sock.bind(['lo', S.ETH_P_ALL]);
    sock.settimeout(10);
    expect(sock.getsockname()).toEqual(['lo', S.ETH_P_ALL, 0, 772, Buffer.alloc(6)]);
    const { client, server } = { client: bound(S.SOCK_DGRAM), server: bound(S.SOCK_DGRAM) };
    client.sendto(Buffer.from('seen'), addressOf(server));
    const [, from] = sock.recvfrom(2048);
    expect((from as unknown as S.PacketAddress)[0]).toBe('lo');
    expect(() => sock.bind(['no-such-if', 0])).toThrow(withCode('ENODEV'));
  });

  test.skipIf(!isLinux)('AF_VSOCK: an address is a machine and a port (Linux)', (context) => {
    let sock: S.Socket;
    try {
      sock = kept(S.socket(S.AF_VSOCK, S.SOCK_STREAM));
    } catch (error) {
      return context.skip(`this kernel has no AF_VSOCK: ${error}`);
    }
    sock.bind([S.VMADDR_CID_ANY, S.VMADDR_PORT_ANY]);
    const [cid, port] = sock.getsockname() as unknown as S.VsockAddress;
    expect(cid).toBe(S.VMADDR_CID_ANY);
    expect(port).toBeGreaterThan(0);
    expect(() => sock.bind([1, 2 ** 32])).toThrow(RangeError);
  });

  test.skipIf(!isLinux || !isRoot)(
    'an ICMP socket receives the echo that it asked for (Linux, as root)',
    () => {
      const sock = kept(S.socket(S.AF_INET, S.SOCK_RAW, S.IPPROTO_ICMP));
      sock.settimeout(10);
      const request = Buffer.from([8, 0, 0xf7, 0xfd, 0, 1, 0, 1]); // checksum and all
      sock.sendto(request, ['127.0.0.1', 0]);
      const packets = [sock.recvfrom(1024), sock.recvfrom(1024)];
      expect(packets.map(([packet]) => packet[20]).sort()).toEqual([0, 8]);
      expect(packets[0][1]).toEqual(['127.0.0.1', 0]);
    },
  );

  test.each(['SOCK_DGRAM', 'SOCK_SEQPACKET'] as const)('AF_UNIX %s keeps the bounds of messages', (type) => {
    if (!isLinux && type === 'SOCK_SEQPACKET') return;
    const [near, far] = pair(S[type]);
    for (const text of ['one', 'two']) near.send(Buffer.from(text));
    expect([far.recv(100).toString(), far.recv(100).toString()]).toEqual(['one', 'two']);
  });
});
