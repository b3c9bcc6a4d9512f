// The codecs against the kernel: what pack() wrote it takes, and what it gives unpack() reads.

import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import * as S from '../../../src/structs.ts';
import * as C from '../../../src/syscalls.ts';
import { closed, opened } from '../../support/descriptors.ts';
import { isLinux } from '../../support/platform.ts';
import { addressOf, socket } from '../../support/raw-sockets.ts';

const onLinux = describe.skipIf(!isLinux);

/** The result of a call, which must not have failed. */
function ok(result: number, what = 'the call'): number {
  if (result < 0) throw new Error(`${what}: ${C.errorcode(result)}`);
  return result;
}

const newSocket = (type = C.SOCK_DGRAM, family = C.AF_INET) => socket(family, type);

function bound(type = C.SOCK_DGRAM, family = C.AF_INET): number {
  const fd = newSocket(type, family);
  const local = S.packSockaddr(family, [family === C.AF_INET ? '127.0.0.1' : '::1', 0]);
  ok(C.bind(fd, local), 'bind');
  return fd;
}

const nameOf = (fd: number) => Buffer.from(addressOf(fd));

function option(fd: number, level: number, name: number, size: number): Buffer {
  const value = Buffer.alloc(size);
  const length = Int32Array.of(size);
  ok(C.getsockopt(fd, level, name, value, length), 'getsockopt');
  return value.subarray(0, length[0]);
}

const set = (fd: number, level: number, name: number, value: Uint8Array | Int32Array) =>
  ok(C.setsockopt(fd, level, name, value), 'setsockopt');

/** The data of the only control message of that type that comes with the next datagram. */
function ancillary(fd: number, level: number, type: number, flags = 0): Buffer {
  const control = Buffer.alloc(512);
  const lengths = Int32Array.of(0, control.length, 0);
  const fds = S.pollfd.pack({ fd, events: C.POLLIN });
  expect(ok(C.poll(fds, 1, 10_000), 'poll')).toBe(1);
  ok(C.recvmsg(fd, [Buffer.alloc(100)], null, control, lengths, flags), 'recvmsg');
  const found = [...S.controlMessages(control, lengths[1])].filter(
    (message) => message.level === level && message.type === type,
  );
  expect(found).toHaveLength(1);
  return found[0].data;
}

const loopback = ok(C.if_nametoindex(Buffer.from(isLinux ? 'lo\0' : 'lo0\0')), 'if_nametoindex');

describe('socket options', () => {
  test('linger', () => {
    const fd = newSocket(C.SOCK_STREAM);
    const values = { l_onoff: 1, l_linger: 7 };
    const name = C.SO_LINGER_SEC ?? C.SO_LINGER;
    set(fd, C.SOL_SOCKET, name, S.linger.pack(values));
    const { l_onoff, l_linger } = S.linger.unpack(option(fd, C.SOL_SOCKET, name, S.linger.size));
    expect([l_onoff !== 0, l_linger]).toEqual([true, 7]);
  });

  test('timeval', () => {
    const fd = newSocket();
    set(fd, C.SOL_SOCKET, C.SO_RCVTIMEO, S.timeval.pack(S.toTimeval(1.5)));
    const timeout = S.timeval.unpack(option(fd, C.SOL_SOCKET, C.SO_RCVTIMEO, S.timeval.size));
    expect(S.toSeconds(timeout)).toBeCloseTo(1.5, 2);
  });

  test('ip_mreq, ip_mreqn: a group is joined, and can be left once', () => {
    const fd = newSocket();
    const mreq = S.ip_mreq.pack({ imr_multiaddr: '239.255.9.1', imr_interface: '127.0.0.1' });
    set(fd, C.IPPROTO_IP, C.IP_ADD_MEMBERSHIP, mreq);
    const mreqn = S.ip_mreqn.pack({ imr_multiaddr: '239.255.9.1', imr_ifindex: loopback });
    set(fd, C.IPPROTO_IP, C.IP_DROP_MEMBERSHIP, mreqn);
    expect(C.setsockopt(fd, C.IPPROTO_IP, C.IP_DROP_MEMBERSHIP, mreq)).toBe(-C.EADDRNOTAVAIL);
  });

  test('ip_mreq_source: one sender of a group', () => {
    const fd = newSocket();
    const source = {
      imr_multiaddr: '232.1.2.3',
      imr_interface: '127.0.0.1',
      imr_sourceaddr: '127.0.0.9',
    };
    set(fd, C.IPPROTO_IP, C.IP_ADD_SOURCE_MEMBERSHIP, S.ip_mreq_source.pack(source));
    const other = S.ip_mreq_source.pack({ ...source, imr_sourceaddr: '127.0.0.8' });
    expect(C.setsockopt(fd, C.IPPROTO_IP, C.IP_DROP_SOURCE_MEMBERSHIP, other)).toBe(-C.EADDRNOTAVAIL);
    set(fd, C.IPPROTO_IP, C.IP_DROP_SOURCE_MEMBERSHIP, S.ip_mreq_source.pack(source));
  });

  test('ipv6_mreq', () => {
    const fd = newSocket(C.SOCK_DGRAM, C.AF_INET6);
    const mreq = S.ipv6_mreq.pack({ ipv6mr_multiaddr: 'ff02::99', ipv6mr_interface: loopback });
    set(fd, C.IPPROTO_IPV6, C.IPV6_JOIN_GROUP, mreq);
    set(fd, C.IPPROTO_IPV6, C.IPV6_LEAVE_GROUP, mreq);
    expect(C.setsockopt(fd, C.IPPROTO_IPV6, C.IPV6_LEAVE_GROUP, mreq)).toBe(-C.EADDRNOTAVAIL);
  });

  test('group_req and group_source_req, of either family', () => {
    const fd = newSocket();
    const gr_group = S.packSockaddr(C.AF_INET, ['239.255.9.2', 0]);
    const request = S.group_req.pack({ gr_interface: loopback, gr_group });
    set(fd, C.IPPROTO_IP, C.MCAST_JOIN_GROUP, request);
    set(fd, C.IPPROTO_IP, C.MCAST_LEAVE_GROUP, request);
    const fd6 = newSocket(C.SOCK_DGRAM, C.AF_INET6);
    const gsr_group = S.packSockaddr(C.AF_INET6, ['ff35::9', 0, 0, 0]);
    const of = (host: string) =>
      S.group_source_req.pack({
        gsr_interface: loopback,
        gsr_group,
        gsr_source: S.packSockaddr(C.AF_INET6, [host, 0, 0, 0]),
      });
    set(fd6, C.IPPROTO_IPV6, C.MCAST_JOIN_SOURCE_GROUP, of('::1'));
    expect(C.setsockopt(fd6, C.IPPROTO_IPV6, C.MCAST_LEAVE_SOURCE_GROUP, of('::2'))).toBeLessThan(0);
    set(fd6, C.IPPROTO_IPV6, C.MCAST_LEAVE_SOURCE_GROUP, of('::1'));
  });

  test.skipIf(!isLinux)('ucred: whose the other end is (Linux)', () => {
    const sv = new Int32Array(2);
    ok(C.socketpair(C.AF_UNIX, C.SOCK_STREAM, 0, sv));
    for (const fd of sv) opened(fd);
    const { pid, geteuid, getegid } = process;
    const credentials = S.ucred.unpack(option(sv[0], C.SOL_SOCKET, C.SO_PEERCRED, S.ucred.size));
    expect(credentials).toEqual({ pid, uid: geteuid!(), gid: getegid!() });
  });

  test.skipIf(!isLinux)('tcp_info: the whole struct, as far as the kernel has it (Linux)', () => {
    const listener = bound(C.SOCK_STREAM);
    ok(C.listen(listener, 5));
    const client = newSocket(C.SOCK_STREAM);
    ok(C.connect(client, nameOf(listener)), 'connect');
    const queued = S.tcp_info.unpack(option(listener, C.IPPROTO_TCP, C.TCP_INFO, 512));
    expect([S.tcpStates[queued.tcpi_state!], queued.tcpi_unacked, queued.tcpi_sacked]).toEqual([
      'LISTEN',
      1,
      5,
    ]);
    const conn = opened(C.accept(listener, null, null));
    ok(C.send(client, Buffer.alloc(1000), 0));
    expect(ok(C.recv(conn, Buffer.alloc(1000), C.MSG_WAITALL))).toBe(1000);
    const bytes = option(conn, C.IPPROTO_TCP, C.TCP_INFO, 512);
    const info = S.tcp_info.unpack(bytes);
    expect(S.tcpStates[info.tcpi_state!]).toBe('ESTABLISHED');
    expect(info).toMatchObject({ tcpi_bytes_received: 1000, tcpi_total_retrans: 0, tcpi_data_segs_in: 1 });
    expect(S.tcp_info.unpack(option(client, C.IPPROTO_TCP, C.TCP_INFO, 512))).toMatchObject({
      tcpi_data_segs_out: 1,
      ...(bytes.length >= 224 ? { tcpi_bytes_sent: 1000, tcpi_bytes_retrans: 0 } : {}),
    });
    expect(info.tcpi_rtt).toBeGreaterThan(0);
    expect(info.tcpi_snd_wscale! + info.tcpi_rcv_wscale!).toBeLessThan(30);
    // Each member is there as far as there are bytes.
    for (const [name, { offset, size }] of Object.entries(S.tcp_info.members))
      expect(info[name as 'tcpi_rtt'] === undefined, name).toBe(offset + size > bytes.length);
    expect(S.tcp_info.unpack(bytes.subarray(0, 104))).toMatchObject({
      tcpi_total_retrans: 0,
      tcpi_pacing_rate: undefined,
    });
  });

  test.skipIf(!isLinux)("tcp_info's members are those that ss shows (Linux)", (context) => {
    const listener = bound(C.SOCK_STREAM);
    ok(C.listen(listener, 5));
    const client = newSocket(C.SOCK_STREAM);
    ok(C.connect(client, nameOf(listener)), 'connect');
    const [, port] = S.unpackSockaddr(nameOf(client)) as S.InetAddress;
    const { stdout, error } = spawnSync('ss', ['-tinH', 'sport', '=', `:${port}`], { encoding: 'utf8' });
    if (error) return context.skip('there is no ss');
    const info = S.tcp_info.unpack(option(client, C.IPPROTO_TCP, C.TCP_INFO, 512));
    const shown = (name: string) => Number(new RegExp(`\\b${name}:([0-9.]+)`).exec(stdout)?.[1]);
    expect(stdout).toContain(`rtt:${info.tcpi_rtt! / 1000}/${info.tcpi_rttvar! / 1000}`);
    expect([info.tcpi_snd_mss, info.tcpi_snd_cwnd, info.tcpi_advmss, info.tcpi_pmtu]).toEqual(
      ['mss', 'cwnd', 'advmss', 'pmtu'].map(shown),
    );
    expect([info.tcpi_rcv_space, info.tcpi_rcv_ssthresh]).toEqual(['rcv_space', 'rcv_ssthresh'].map(shown));
    if (info.tcpi_snd_wnd !== undefined && stdout.includes('snd_wnd:'))
      expect(info.tcpi_snd_wnd).toBe(shown('snd_wnd'));
    if (info.tcpi_rcv_wnd !== undefined && stdout.includes('rcv_wnd:'))
      expect(info.tcpi_rcv_wnd).toBe(shown('rcv_wnd'));
  });
});

describe('control messages', () => {
  test('in_pktinfo: where a datagram came in, and its destination', () => {
    const receiver = bound();
    set(receiver, C.IPPROTO_IP, C.IP_PKTINFO, Int32Array.of(1));
    ok(C.sendto(newSocket(), Buffer.from('x'), 0, nameOf(receiver)), 'sendto');
    expect(S.in_pktinfo.unpack(ancillary(receiver, C.IPPROTO_IP, C.IP_PKTINFO))).toEqual({
      ipi_ifindex: loopback,
      ipi_spec_dst: '127.0.0.1',
      ipi_addr: '127.0.0.1',
    });
  });

  test.skipIf(!isLinux)('in_pktinfo: a datagram is sent from the address that it names (Linux)', () => {
    const receiver = bound();
    const control = S.packControl([
      { level: C.IPPROTO_IP, type: C.IP_PKTINFO, data: S.in_pktinfo.pack({ ipi_spec_dst: '127.0.0.77' }) },
    ]);
    ok(C.sendmsg(newSocket(), [Buffer.from('x')], nameOf(receiver), control, 0), 'sendmsg');
    const from = Buffer.alloc(S.sizeofStorage);
    const length = Int32Array.of(from.length);
    ok(C.recvfrom(receiver, Buffer.alloc(1), 0, from, length), 'recvfrom');
    expect(S.unpackSockaddr(from, length[0])).toEqual(['127.0.0.77', expect.any(Number)]);
  });

  test('in6_pktinfo', () => {
    const receiver = bound(C.SOCK_DGRAM, C.AF_INET6);
    set(receiver, C.IPPROTO_IPV6, C.IPV6_RECVPKTINFO, Int32Array.of(1));
    ok(C.sendto(newSocket(C.SOCK_DGRAM, C.AF_INET6), Buffer.from('x'), 0, nameOf(receiver)), 'sendto');
    expect(S.in6_pktinfo.unpack(ancillary(receiver, C.IPPROTO_IPV6, C.IPV6_PKTINFO))).toEqual({
      ipi6_addr: '::1',
      ipi6_ifindex: loopback,
    });
  });

  test.skipIf(!isLinux)(
    'sock_extended_err: a port without a listener, and the host that says so (Linux)',
    () => {
      const unused = bound();
      const address = nameOf(unused);
      closed(unused);
      const fd = newSocket();
      set(fd, C.IPPROTO_IP, C.IP_RECVERR, Int32Array.of(1));
      ok(C.connect(fd, address), 'connect');
      ok(C.send(fd, Buffer.from('x'), 0), 'send');
      expect(ok(C.poll(S.pollfd.pack({ fd }), 1, 10_000))).toBe(1);
      const data = ancillary(fd, C.IPPROTO_IP, C.IP_RECVERR, C.MSG_ERRQUEUE);
      expect(S.sock_extended_err.unpack(data)).toEqual({
        ee_errno: C.ECONNREFUSED,
        ee_origin: C.SO_EE_ORIGIN_ICMP,
        ee_type: 3, // ICMP_DEST_UNREACH
        ee_code: 3, // ICMP_PORT_UNREACH
        ee_pad: 0,
        ee_info: 0,
        ee_data: 0,
      });
      expect(S.unpackSockaddr(S.SO_EE_OFFENDER(data))).toEqual(['127.0.0.1', 0]);
    },
  );

  test('timeval and timespec: when a datagram came', () => {
    const before = Date.now() / 1000;
    const receiver = bound();
    const sender = newSocket();
    const [option, type, struct] = isLinux
      ? [C.SO_TIMESTAMPNS, C.SCM_TIMESTAMPNS, S.timespec]
      : [C.SO_TIMESTAMP, C.SCM_TIMESTAMP, S.timeval];
    set(receiver, C.SOL_SOCKET, option, Int32Array.of(1));
    ok(C.sendto(sender, Buffer.from('x'), 0, nameOf(receiver)), 'sendto');
    const time = S.toSeconds(
      struct.unpack(ancillary(receiver, C.SOL_SOCKET, type)) as { tv_sec: 0; tv_nsec: 0 },
    );
    expect(time).toBeGreaterThan(before - 1);
    expect(time).toBeLessThan(Date.now() / 1000 + 1);
  });

  test('cmsghdr: the headers in a packed buffer', () => {
    const control = S.packControl([
      { level: 1, type: 2, data: Buffer.alloc(5) },
      { level: -3, type: 4, data: Buffer.alloc(0) },
    ]);
    expect(S.cmsghdr.unpack(control)).toEqual({ cmsg_len: S.CMSG_LEN(5), cmsg_level: 1, cmsg_type: 2 });
    expect(S.cmsghdr.unpack(control, S.CMSG_SPACE(5))).toEqual({
      cmsg_len: S.CMSG_LEN(0),
      cmsg_level: -3,
      cmsg_type: 4,
    });
    expect(() => S.packControl([{ level: 1, type: 2, data: 'x' as never }])).toThrow(TypeError);
    expect(() => S.packControl([{ level: 2 ** 31, type: 2, data: Buffer.alloc(1) }])).toThrow(RangeError);
  });
});

describe('ioctl, timers and signals', () => {
  test('ifreq: the flags, MTU and address of the loopback interface', () => {
    const fd = newSocket();
    const asked = (request: number) => {
      const memory = S.ifreq.pack({ ifr_name: isLinux ? 'lo' : 'lo0' });
      ok(C.ioctl(fd, request, memory), 'ioctl');
      return S.ifreq.unpack(memory);
    };
    expect(asked(C.SIOCGIFFLAGS).ifr_flags & (C.IFF_UP | C.IFF_LOOPBACK)).toBe(C.IFF_UP | C.IFF_LOOPBACK);
    expect(asked(C.SIOCGIFMTU).ifr_mtu).toBeGreaterThan(1000);
    expect(S.unpackSockaddr(Buffer.from(asked(C.SIOCGIFADDR).ifr_addr))).toEqual(['127.0.0.1', 0]);
    if (!isLinux) return;
    expect(asked(C.SIOCGIFINDEX)).toMatchObject({ ifr_name: 'lo', ifr_ifindex: loopback });
    const { ifr_hwaddr } = asked(C.SIOCGIFHWADDR);
    expect([...ifr_hwaddr.subarray(0, 8)]).toEqual([
      C.ARPHRD_LOOPBACK & 255,
      C.ARPHRD_LOOPBACK >> 8,
      0,
      0,
      0,
      0,
      0,
      0,
    ]);
  });

  test.skipIf(!isLinux)('itimerspec: a timer has what it was set to (Linux)', () => {
    const fd = opened(C.timerfd_create(C.CLOCK_MONOTONIC, C.TFD_NONBLOCK));
    const timer = { it_interval: S.toTimespec(0.25), it_value: S.toTimespec(1000.5) };
    ok(C.timerfd_settime(fd, 0, S.itimerspec.pack(timer), null), 'timerfd_settime');
    const now = Buffer.alloc(S.itimerspec.size);
    ok(C.timerfd_gettime(fd, now), 'timerfd_gettime');
    const { it_interval, it_value } = S.itimerspec.unpack(now);
    expect(it_interval).toEqual({ tv_sec: 0, tv_nsec: 250_000_000 });
    expect(S.toSeconds(it_value)).toBeGreaterThan(900);
    expect(S.toSeconds(it_value)).toBeLessThanOrEqual(1000.5);
  });

  test('itimerval: a timer has what it was set to', () => {
    const timer = { it_interval: S.toTimeval(0.25), it_value: S.toTimeval(1000.5) };
    ok(C.setitimer(C.ITIMER_VIRTUAL, S.itimerval.pack(timer), null), 'setitimer');
    const before = Buffer.alloc(S.itimerval.size);
    ok(C.setitimer(C.ITIMER_VIRTUAL, S.itimerval.pack(), before), 'setitimer');
    const { it_interval, it_value } = S.itimerval.unpack(before);
    expect(S.toSeconds(it_interval)).toBeCloseTo(0.25, 1);
    expect(S.toSeconds(it_value)).toBeGreaterThan(900);
  });

  test('timespec and timeval: seconds there and back, rounded up', () => {
    expect(S.toTimespec(1e-10)).toEqual({ tv_sec: 0, tv_nsec: 1 });
    expect(S.toTimeval(0.9999999)).toEqual({ tv_sec: 1, tv_usec: 0 });
    expect(S.toSeconds({ tv_sec: -1, tv_nsec: 5e8 })).toBe(-0.5);
    for (const wrong of [-1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => S.toTimespec(wrong)).toThrow(RangeError);
    expect(() => S.toTimeval('1' as never)).toThrow(TypeError);
  });

  test('sock_filter: the bytes of a program', () => {
    const accept = [C.BPF_RET | C.BPF_K, 0, 0, 0xffffffff] as const;
    const program = S.packFilter([[C.BPF_LD | C.BPF_H | C.BPF_ABS, 0, 0, 12], accept]);
    expect(program.toString('hex')).toBe('28000000' + '0c000000' + '06000000' + 'ffffffff');
    expect(S.sock_filter.unpack(program, S.sock_filter.size)).toEqual({
      code: 6,
      jt: 0,
      jf: 0,
      k: 0xffffffff,
    });
    expect(() => S.packFilter([[0x10000, 0, 0, 0]])).toThrow(RangeError);
  });
});

onLinux('netlink (Linux)', () => {
  const PORT = 0;
  const ask = (type: number, ...data: Uint8Array[]): Buffer[] => {
    const fd = opened(C.socket(C.AF_NETLINK, C.SOCK_RAW, C.NETLINK_ROUTE));
    const header = { nlmsg_type: type, nlmsg_flags: C.NLM_F_REQUEST | C.NLM_F_DUMP, nlmsg_seq: 7 };
    const request = S.packNetlinkMessage(header, ...data);
    ok(C.sendto(fd, request, 0, S.packSockaddr(C.AF_NETLINK, [PORT, 0])), 'sendto');
    const answers: Buffer[] = [];
    for (;;) {
      const memory = Buffer.alloc(1 << 17);
      const n = ok(C.recv(fd, memory, 0), 'recv');
      for (const message of S.netlinkMessages(memory.subarray(0, n))) {
        expect(message.nlmsg_seq).toBe(7);
        if (message.nlmsg_type === C.NLMSG_DONE) return answers;
        if (message.nlmsg_type === C.NLMSG_ERROR)
          throw new Error(`error ${S.nlmsgerr.unpack(message.data).error}`);
        answers.push(message.data);
      }
    }
  };
  const attribute = (data: Buffer, offset: number, type: number) =>
    [...S.netlinkAttributes(data, offset)].find((one) => one.type === type)?.data;

  test('nlmsghdr, ifinfomsg and rtattr: the interfaces by index and name', () => {
    const links = ask(C.RTM_GETLINK, S.ifinfomsg.pack({ ifi_family: C.AF_UNSPEC }));
    const lo = links.find((data) => S.ifinfomsg.unpack(data).ifi_index === loopback)!;
    expect(S.ifinfomsg.unpack(lo).ifi_type).toBe(C.ARPHRD_LOOPBACK);
    expect(attribute(lo, S.ifinfomsg.size, C.IFLA_IFNAME)?.toString()).toBe('lo\0');
    expect(attribute(lo, S.ifinfomsg.size, C.IFLA_MTU)?.readUInt32LE()).toBeGreaterThan(1000);
  });

  test('ifaddrmsg and rtmsg: the addresses, and the routes to them', () => {
    const addresses = ask(C.RTM_GETADDR, S.rtgenmsg.pack({ rtgen_family: C.AF_INET }));
    const own = addresses.find((data) => S.ifaddrmsg.unpack(data).ifa_index === loopback)!;
    expect(S.ifaddrmsg.unpack(own)).toMatchObject({ ifa_family: C.AF_INET, ifa_prefixlen: 8 });
    expect(S.formatInet(attribute(own, S.ifaddrmsg.size, C.IFA_LOCAL)!)).toBe('127.0.0.1');
    const routes = ask(C.RTM_GETROUTE, S.rtmsg.pack({ rtm_family: C.AF_INET }));
    const local = routes.find((data) => {
      const destination = attribute(data, S.rtmsg.size, C.RTA_DST);
      return destination !== undefined && S.formatInet(destination) === '127.0.0.1';
    })!;
    expect(S.rtmsg.unpack(local)).toMatchObject({
      rtm_dst_len: 32,
      rtm_type: C.RTN_LOCAL,
      rtm_table: C.RT_TABLE_LOCAL,
    });
  });

  test('nlmsgerr: what the kernel says of a request that is wrong', () => {
    expect(() => ask(C.RTM_GETLINK, S.rtgenmsg.pack({ rtgen_family: 255 }))).not.toThrow();
    const fd = opened(C.socket(C.AF_NETLINK, C.SOCK_RAW, C.NETLINK_ROUTE));
    const request = S.packNetlinkMessage(
      { nlmsg_type: C.RTM_GETLINK, nlmsg_flags: C.NLM_F_REQUEST, nlmsg_seq: 9 },
      S.ifinfomsg.pack({ ifi_index: 0x7ffffff }),
    );
    ok(C.sendto(fd, request, 0, S.packSockaddr(C.AF_NETLINK, [PORT, 0])), 'sendto');
    const memory = Buffer.alloc(4096);
    const [message] = S.netlinkMessages(memory.subarray(0, ok(C.recv(fd, memory, 0), 'recv')));
    const { error, msg } = S.nlmsgerr.unpack(message.data);
    expect([message.nlmsg_type, error, msg.nlmsg_seq]).toEqual([C.NLMSG_ERROR, -C.ENODEV, 9]);
  });

  test('messages and attributes are padded to 4 bytes, and end where they are cut off', () => {
    const attributes = [
      S.packNetlinkAttribute(1, Buffer.from('abc')),
      S.packNetlinkAttribute(2, Buffer.from('d')),
    ];
    expect(attributes.map(({ length }) => length)).toEqual([8, 8]);
    const message = S.packNetlinkMessage({ nlmsg_type: 20 }, S.rtgenmsg.pack(), ...attributes);
    expect([message.length, S.nlmsghdr.unpack(message).nlmsg_len]).toEqual([36, 36]);
    const [{ data }] = S.netlinkMessages(message);
    expect([...S.netlinkAttributes(data, 4)]).toEqual([
      { type: 1, data: Buffer.from('abc') },
      { type: 2, data: Buffer.from('d') },
    ]);
    expect([...S.netlinkMessages(message.subarray(0, 35))]).toEqual([]);
    expect([...S.netlinkAttributes(data.subarray(0, 14), 4)]).toHaveLength(1);
    expect([...S.netlinkAttributes(Buffer.alloc(8))]).toEqual([]);
    const short = S.packNetlinkMessage({ nlmsg_type: 18 }, S.rtgenmsg.pack({ rtgen_family: 2 }));
    expect([short.length, S.nlmsghdr.unpack(short).nlmsg_len]).toEqual([20, 17]);
  });
});
