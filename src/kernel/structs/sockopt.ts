// The structs of socket options and of control messages that are not packet's or TCP's own, by their C
// names and members. socket(7), ip(7), ipv6(7), unix(7).

import { formatInet, formatInet6 } from './inet-text.ts';
import { inet6Host, inetHost, sizeofStorage } from './sockaddr.ts';
import { array, bytes, i16, i32, struct, type Type, u8, u32 } from './struct.ts';

/** struct in_addr as text: '127.0.0.1'; '' is 0.0.0.0. */
export const inAddr: Type<string> = {
  size: 4,
  align: 4,
  get: (view, at) => formatInet(new Uint8Array(view.buffer, view.byteOffset + at, 4)),
  set(view, at, value, what) {
    new Uint8Array(view.buffer, view.byteOffset + at, 4).set(numeric(value, inetHost, 'IPv4', what));
  },
};

/** struct in6_addr as text: '::1'; '' is '::'. */
export const in6Addr: Type<string> = {
  size: 16,
  align: 4,
  get: (view, at) => formatInet6(new Uint8Array(view.buffer, view.byteOffset + at, 16)),
  set(view, at, value, what) {
    new Uint8Array(view.buffer, view.byteOffset + at, 16).set(numeric(value, inet6Host, 'IPv6', what));
  },
};

/** The bytes of a numeric address. Throws RangeError that begins with what. */
export function numeric(
  host: unknown,
  parse: (host: string) => Uint8Array | null,
  kind: string,
  what: string,
): Uint8Array {
  const address = typeof host === 'string' ? parse(host) : null;
  if (address === null) throw new RangeError(`${what} must be a numeric ${kind} address, got '${host}'`);
  return address;
}

/** struct linger: what close(2) does with unsent data. socket(7) SO_LINGER; macOS: SO_LINGER_SEC. */
export const linger = struct('linger', {
  /** Not 0: close waits, or with l_linger 0 resets the connection. */
  l_onoff: i32,
  /** Seconds; for macOS' SO_LINGER hundredths of them. */
  l_linger: i32,
});

/** struct ip_mreq. ip(7) IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP. */
export const ip_mreq = struct('ip_mreq', {
  /** The group. */
  imr_multiaddr: inAddr,
  /** The address of the interface to join it on; 0.0.0.0 leaves the choice to the kernel. */
  imr_interface: inAddr,
});

/** struct ip_mreqn. ip(7) IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP, IP_MULTICAST_IF. */
export const ip_mreqn = struct('ip_mreqn', {
  imr_multiaddr: inAddr,
  /** The interface's address: counts only where imr_ifindex is 0. */
  imr_address: inAddr,
  /** The interface's index; 0: any. */
  imr_ifindex: i32,
});

/** struct ip_mreq_source. ip(7) IP_ADD_SOURCE_MEMBERSHIP, IP_BLOCK_SOURCE, …; the order differs on macOS. */
export const ip_mreq_source = struct('ip_mreq_source', {
  imr_multiaddr: inAddr,
  imr_interface: inAddr,
  /** The sender. */
  imr_sourceaddr: inAddr,
});

/** struct ipv6_mreq. ipv6(7) IPV6_JOIN_GROUP, IPV6_LEAVE_GROUP. */
export const ipv6_mreq = struct('ipv6_mreq', {
  ipv6mr_multiaddr: in6Addr,
  /** The interface's index; 0 leaves the choice to the kernel. */
  ipv6mr_interface: u32,
});

/** struct group_req, at IPPROTO_IP or IPPROTO_IPV6. RFC 3678 MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP. */
export const group_req = struct('group_req', {
  /** The interface's index; 0 leaves the choice to the kernel. */
  gr_interface: u32,
  /** A struct sockaddr_storage: the bytes of packSockaddr(), of either family. */
  gr_group: bytes(sizeofStorage, 8),
});

/** struct group_source_req. RFC 3678 MCAST_JOIN_SOURCE_GROUP, MCAST_BLOCK_SOURCE, …. */
export const group_source_req = struct('group_source_req', {
  gsr_interface: u32,
  gsr_group: bytes(sizeofStorage, 8),
  /** The sender, as gr_group. */
  gsr_source: bytes(sizeofStorage, 8),
});

/** struct in_pktinfo, a control message of recvmsg and sendmsg. ip(7) IP_PKTINFO. */
export const in_pktinfo = struct('in_pktinfo', {
  /** The interface that it came in, or is to leave, through. */
  ipi_ifindex: i32,
  /** The local address; for sendmsg the source address. */
  ipi_spec_dst: inAddr,
  /** The destination address in the packet's header. */
  ipi_addr: inAddr,
});

/** struct in6_pktinfo, a control message of recvmsg and sendmsg. ipv6(7) IPV6_PKTINFO; RFC 3542. */
export const in6_pktinfo = struct('in6_pktinfo', {
  /** The destination address; for sendmsg the source address. */
  ipi6_addr: in6Addr,
  ipi6_ifindex: u32,
});

/** struct sock_extended_err, a control message of recvmsg with MSG_ERRQUEUE. ip(7) IP_RECVERR, Linux. */
export const sock_extended_err = struct('sock_extended_err', {
  /** The errno, positive. */
  ee_errno: u32,
  /** Where it comes from: SO_EE_ORIGIN_*. */
  ee_origin: u8,
  /** ICMP's type, where it comes from there. */
  ee_type: u8,
  /** ICMP's code; of SO_EE_ORIGIN_ZEROCOPY: SO_EE_CODE_ZEROCOPY_COPIED or 0. */
  ee_code: u8,
  ee_pad: u8,
  /** With EMSGSIZE the path's MTU; of SO_EE_ORIGIN_ZEROCOPY the first of the sends that are done. */
  ee_info: u32,
  /** Of SO_EE_ORIGIN_ZEROCOPY the last of them. */
  ee_data: u32,
});

/** SO_EE_OFFENDER: the sockaddr behind a sock_extended_err, of the host that reported it. For unpackSockaddr(). */
export function SO_EE_OFFENDER(data: Buffer): Buffer {
  return data.subarray(sock_extended_err.size);
}

/** struct ucred: whose the other end, or a message, is. unix(7) SO_PEERCRED, SCM_CREDENTIALS, Linux. */
export const ucred = struct('ucred', {
  pid: i32,
  uid: u32,
  gid: u32,
});

/** struct xucred: whose the other end is. unix(4) LOCAL_PEERCRED, macOS. */
export const xucred = struct('xucred', {
  /** XUCRED_VERSION, 0. */
  cr_version: u32,
  cr_uid: u32,
  /** How many of cr_groups count. */
  cr_ngroups: i16,
  /** gid_t[16], the effective one first. */
  cr_groups: array(u32, 16),
});
