// The structs of socket options, for setsockopt and from getsockopt, each with its man page: Python has none
// of these; rfds/structs has them all, by their C names.

import { SO_LINGER, SO_LINGER_SEC } from '../../kernel/constants/socket.ts';
import { packet_mreq } from '../../kernel/structs/packet.ts';
import { inet6Host, inetHost } from '../../kernel/structs/sockaddr.ts';
import {
  ip_mreq,
  ip_mreqn,
  ipv6_mreq,
  linger,
  numeric,
  ucred,
  xucred,
} from '../../kernel/structs/sockopt.ts';
import { inRange } from '../../kernel/structs/struct.ts';
import { timeval, toSeconds, toTimeval } from '../../kernel/structs/timespec.ts';
import { if_nametoindex } from './interfaces.ts';

/**
 * The option that takes packLinger's seconds: macOS counts those of SO_LINGER in hundredths (docs/hazards.md,
 * H34).
 */
export const SO_LINGER_SECONDS: number = SO_LINGER_SEC ?? SO_LINGER;

/**
 * struct linger: close waits so many seconds for unsent data; on with 0 it resets. socket(7) SO_LINGER.
 * For setsockopt(SOL_SOCKET, SO_LINGER_SECONDS, …).
 */
export function packLinger(onoff: boolean, seconds = 0): Buffer {
  return linger.pack({
    l_onoff: onoff ? 1 : 0,
    l_linger: inRange(seconds, 0x7fffffff, 'seconds', 'packLinger'),
  });
}

export function unpackLinger(bytes: Buffer): { onoff: boolean; seconds: number } {
  const { l_onoff, l_linger } = linger.unpack(bytes);
  return { onoff: l_onoff !== 0, seconds: l_linger };
}

/** struct timeval: so many seconds, to the microsecond, rounded up. socket(7) SO_RCVTIMEO, SO_SNDTIMEO. */
export function packTimeval(seconds: number): Buffer {
  if (typeof seconds !== 'number')
    throw new TypeError(`packTimeval(): seconds must be a number, got ${typeof seconds}`);
  if (!(seconds >= 0 && seconds <= 2 ** 31))
    throw new RangeError(`packTimeval(): seconds must be 0-2147483648, got ${seconds}`);
  return timeval.pack(toTimeval(seconds));
}

export function unpackTimeval(bytes: Buffer): number {
  return toSeconds(timeval.unpack(bytes));
}

/** Who made or connected the peer's end. Linux: struct ucred, unix(7) SO_PEERCRED, SCM_CREDENTIALS. */
export interface Credentials {
  pid: number;
  uid: number;
  gid: number;
}

export function unpackUcred(bytes: Buffer): Credentials {
  return ucred.unpack(bytes);
}

/** struct ucred, for sendmsg with SCM_CREDENTIALS. unix(7), Linux. */
export function packUcred({ pid, uid, gid }: Credentials): Buffer {
  return ucred.pack({
    pid: inRange(pid, 0x7fffffff, 'pid', 'packUcred'),
    uid: inRange(uid, 0xffffffff, 'uid', 'packUcred'),
    gid: inRange(gid, 0xffffffff, 'gid', 'packUcred'),
  });
}

/** macOS: struct xucred, unix(4) LOCAL_PEERCRED; the first group is the effective one. Never run: no Mac here. */
export function unpackXucred(bytes: Buffer): { uid: number; groups: number[] } {
  const { cr_uid, cr_ngroups, cr_groups } = xucred.unpack(bytes);
  return { uid: cr_uid, groups: cr_groups.slice(0, cr_ngroups) };
}

/**
 * struct ip_mreq, or (with an interface's name or index) ip_mreqn: an IPv4 group, and the address of the
 * interface to join it on ('' leaves the choice). ip(7) IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP.
 */
export function packIpMreq(group: string, local = '', ifindex?: number | string): Buffer {
  numeric(group, inetHost, 'IPv4', 'group');
  numeric(local, inetHost, 'IPv4', 'interface');
  if (ifindex === undefined) return ip_mreq.pack({ imr_multiaddr: group, imr_interface: local });
  const imr_ifindex = indexOf(ifindex, 'packIpMreq');
  return ip_mreqn.pack({ imr_multiaddr: group, imr_address: local, imr_ifindex });
}

/** struct ipv6_mreq: an IPv6 group and an interface (0 leaves the choice). ipv6(7) IPV6_JOIN_GROUP. */
export function packIpv6Mreq(group: string, ifindex: number | string = 0): Buffer {
  numeric(group, inet6Host, 'IPv6', 'group');
  return ipv6_mreq.pack({ ipv6mr_multiaddr: group, ipv6mr_interface: indexOf(ifindex, 'packIpv6Mreq') });
}

/**
 * struct packet_mreq: an interface, PACKET_MR_* and, for one that has it, a hardware address. packet(7)
 * PACKET_ADD_MEMBERSHIP, Linux.
 */
export function packPacketMreq(
  ifindex: number | string,
  type: number,
  address: Uint8Array = new Uint8Array(),
): Buffer {
  if (address.length > 8)
    throw new RangeError(`packPacketMreq(): address must be 8 bytes or less, got ${address.length}`);
  return packet_mreq.pack({
    mr_ifindex: indexOf(ifindex, 'packPacketMreq'),
    mr_type: inRange(type, 0xffff, 'type', 'packPacketMreq'),
    mr_alen: address.length,
    mr_address: address,
  });
}

function indexOf(ifindex: number | string, caller: string): number {
  return typeof ifindex === 'string'
    ? if_nametoindex(ifindex)
    : inRange(ifindex, 0x7fffffff, 'ifindex', caller);
}
