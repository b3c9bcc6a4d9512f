// The structs of socket options, for setsockopt and from getsockopt, each with its man page.
// Above: socket.ts. Below: the platform's layouts, as the compiler has them.

import { SO_LINGER, SO_LINGER_SEC } from '../../kernel/constants/socket.ts';
import { layout } from '../../kernel/native.ts';
import { inet6Host, inetHost } from '../../kernel/structs/sockaddr.ts';
import { inRange } from '../../kernel/structs/struct.ts';
import { if_nametoindex } from './interfaces.ts';

/** The option that takes packLinger's seconds: macOS counts those of SO_LINGER in hundredths (H34). */
export const SO_LINGER_SECONDS: number = SO_LINGER_SEC ?? SO_LINGER;

/**
 * struct linger: close waits so many seconds for unsent data; on with 0 it resets. socket(7) SO_LINGER.
 * For setsockopt(SOL_SOCKET, SO_LINGER_SECONDS, …).
 */
export function packLinger(onoff: boolean, seconds = 0): Buffer {
  const linger = Buffer.alloc(layout['sizeof linger']!);
  linger.writeInt32LE(onoff ? 1 : 0);
  linger.writeInt32LE(inRange(seconds, 0x7fffffff, 'seconds', 'packLinger'), 4);
  return linger;
}

export function unpackLinger(linger: Buffer): { onoff: boolean; seconds: number } {
  return { onoff: linger.readInt32LE() !== 0, seconds: linger.readInt32LE(4) };
}

/** struct timeval: so many seconds, to the microsecond, rounded up. socket(7) SO_RCVTIMEO, SO_SNDTIMEO. */
export function packTimeval(seconds: number): Buffer {
  if (typeof seconds !== 'number')
    throw new TypeError(`packTimeval(): seconds must be a number, got ${typeof seconds}`);
  if (!(seconds >= 0 && seconds <= 2 ** 31))
    throw new RangeError(`packTimeval(): seconds must be 0-2147483648, got ${seconds}`);
  const micros = Math.ceil(seconds * 1e6);
  const timeval = Buffer.alloc(layout['sizeof timeval']!);
  timeval.writeBigInt64LE(BigInt(Math.floor(micros / 1e6)));
  timeval.writeInt32LE(micros % 1e6, 8);
  return timeval;
}

export function unpackTimeval(timeval: Buffer): number {
  return Number(timeval.readBigInt64LE()) + timeval.readInt32LE(8) / 1e6;
}

/** Who made or connected the peer's end. Linux: struct ucred, unix(7) SO_PEERCRED, SCM_CREDENTIALS. */
export interface Credentials {
  pid: number;
  uid: number;
  gid: number;
}

export function unpackUcred(ucred: Buffer): Credentials {
  return { pid: ucred.readInt32LE(), uid: ucred.readUInt32LE(4), gid: ucred.readUInt32LE(8) };
}

/** struct ucred, for sendmsg with SCM_CREDENTIALS. unix(7), Linux. */
export function packUcred({ pid, uid, gid }: Credentials): Buffer {
  const ucred = Buffer.alloc(12);
  ucred.writeInt32LE(inRange(pid, 0x7fffffff, 'pid', 'packUcred'));
  ucred.writeUInt32LE(inRange(uid, 0xffffffff, 'uid', 'packUcred'), 4);
  ucred.writeUInt32LE(inRange(gid, 0xffffffff, 'gid', 'packUcred'), 8);
  return ucred;
}

/** macOS: struct xucred, unix(4) LOCAL_PEERCRED; the first group is the effective one. Never run: no Mac here. */
export function unpackXucred(xucred: Buffer): { uid: number; groups: number[] } {
  const groups = layout['xucred.cr_groups'] ?? 12;
  const ngroups = xucred.readInt16LE(layout['xucred.cr_ngroups'] ?? 8);
  return {
    uid: xucred.readUInt32LE(layout['xucred.cr_uid'] ?? 4),
    groups: Array.from({ length: ngroups }, (_, i) => xucred.readUInt32LE(groups + 4 * i)),
  };
}

/**
 * struct ip_mreq, or (with an interface's name or index) ip_mreqn: an IPv4 group, and the address of the
 * interface to join it on ('' leaves the choice). ip(7) IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP.
 */
export function packIpMreq(group: string, local = '', ifindex?: number | string): Buffer {
  const addresses = [
    numeric(group, inetHost, 'IPv4', 'group'),
    numeric(local, inetHost, 'IPv4', 'interface'),
  ];
  if (ifindex === undefined) return Buffer.concat(addresses);
  return Buffer.concat([...addresses, Int32Array.of(indexOf(ifindex, 'packIpMreq'))].map(bytes));
}

/** struct ipv6_mreq: an IPv6 group and an interface (0 leaves the choice). ipv6(7) IPV6_JOIN_GROUP. */
export function packIpv6Mreq(group: string, ifindex: number | string = 0): Buffer {
  const index = Int32Array.of(indexOf(ifindex, 'packIpv6Mreq'));
  return Buffer.concat([numeric(group, inet6Host, 'IPv6', 'group'), index].map(bytes));
}

/**
 * struct packet_mreq: an interface, PACKET_MR_* and, for one that has it, a hardware address. packet(7)
 * PACKET_ADD_MEMBERSHIP, Linux.
 */
export function packPacketMreq(ifindex: number | string, type: number, address?: Uint8Array): Buffer {
  const mreq = Buffer.alloc(layout['sizeof packet_mreq'] ?? 16);
  if ((address?.length ?? 0) > 8)
    throw new RangeError(`packPacketMreq(): address must be 8 bytes or less, got ${address!.length}`);
  mreq.writeInt32LE(indexOf(ifindex, 'packPacketMreq'), layout['packet_mreq.mr_ifindex'] ?? 0);
  mreq.writeUInt16LE(inRange(type, 0xffff, 'type', 'packPacketMreq'), layout['packet_mreq.mr_type'] ?? 4);
  mreq.writeUInt16LE(address?.length ?? 0, layout['packet_mreq.mr_alen'] ?? 6);
  if (address !== undefined) mreq.set(address, layout['packet_mreq.mr_address'] ?? 8);
  return mreq;
}

function indexOf(ifindex: number | string, caller: string): number {
  return typeof ifindex === 'string'
    ? if_nametoindex(ifindex)
    : inRange(ifindex, 0x7fffffff, 'ifindex', caller);
}

function numeric(
  host: string,
  parse: (host: string) => Uint8Array | null,
  kind: string,
  name: string,
): Uint8Array {
  const address = typeof host === 'string' ? parse(host) : null;
  if (address === null) throw new RangeError(`${name} must be a numeric ${kind} address, got '${host}'`);
  return address;
}

const bytes = (part: Uint8Array | Int32Array) =>
  new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
