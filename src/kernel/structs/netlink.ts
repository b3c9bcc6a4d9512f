// Netlink's messages and their attributes: nlmsghdr and rtattr, what route sockets put behind the first,
// and walking through both. netlink(7), rtnetlink(7), Linux.

import { describe, i32, nested, struct, u8, u16, u32 } from './struct.ts';

/** struct nlmsghdr. netlink(7). */
export const nlmsghdr = struct('nlmsghdr', {
  /** Bytes, this header among them. */
  nlmsg_len: u32,
  /** NLMSG_*, or the protocol's: RTM_*. */
  nlmsg_type: u16,
  /** NLM_F_*. */
  nlmsg_flags: u16,
  /** The answer has the request's. */
  nlmsg_seq: u32,
  /** The sender's port; 0 is the kernel. */
  nlmsg_pid: u32,
});

/** struct nlmsgerr, behind an NLMSG_ERROR. netlink(7). */
export const nlmsgerr = struct('nlmsgerr', {
  /** The negative errno; 0 acknowledges. */
  error: i32,
  /** The request's header. */
  msg: nested(nlmsghdr),
});

/** struct rtattr and struct nlattr: an attribute's header. rtnetlink(7). */
export const rtattr = struct('rtattr', {
  /** Bytes, this header among them. */
  rta_len: u16,
  /** IFLA_*, IFA_*, RTA_*, …. */
  rta_type: u16,
});

/** struct rtgenmsg, behind an RTM_GETLINK and the like that ask for all. rtnetlink(7). */
export const rtgenmsg = struct('rtgenmsg', {
  /** AF_*. */
  rtgen_family: u8,
});

/** struct ifinfomsg, behind RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK. rtnetlink(7). */
export const ifinfomsg = struct('ifinfomsg', {
  ifi_family: u8,
  __ifi_pad: u8,
  /** ARPHRD_*. */
  ifi_type: u16,
  ifi_index: i32,
  /** IFF_*. */
  ifi_flags: u32,
  /** Which of ifi_flags to change. */
  ifi_change: u32,
});

/** struct ifaddrmsg, behind RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR. rtnetlink(7). */
export const ifaddrmsg = struct('ifaddrmsg', {
  ifa_family: u8,
  ifa_prefixlen: u8,
  /** IFA_F_*. */
  ifa_flags: u8,
  /** RT_SCOPE_*. */
  ifa_scope: u8,
  ifa_index: u32,
});

/** struct rtmsg, behind RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE. rtnetlink(7). */
export const rtmsg = struct('rtmsg', {
  rtm_family: u8,
  /** Prefix lengths, in bits. */
  rtm_dst_len: u8,
  rtm_src_len: u8,
  rtm_tos: u8,
  /** RT_TABLE_*. */
  rtm_table: u8,
  /** RTPROT_*. */
  rtm_protocol: u8,
  /** RT_SCOPE_*. */
  rtm_scope: u8,
  /** RTN_*. */
  rtm_type: u8,
  /** RTM_F_*. */
  rtm_flags: u32,
});

// NLMSG_ALIGNTO and RTA_ALIGNTO.
const aligned = (size: number) => Math.ceil(size / 4) * 4;

/** A message: its header's members, and what lies behind the header. */
export interface NetlinkMessage {
  nlmsg_type: number;
  nlmsg_flags: number;
  nlmsg_seq: number;
  nlmsg_pid: number;
  data: Buffer;
}

/** The messages in what was received, as NLMSG_OK and NLMSG_NEXT find them. Data is a part of it, no copy. */
export function* netlinkMessages(received: Uint8Array): Generator<NetlinkMessage> {
  for (let at = 0; at + nlmsghdr.size <= received.length; ) {
    const { nlmsg_len, ...header } = nlmsghdr.unpack(received, at);
    if (nlmsg_len < nlmsghdr.size || at + nlmsg_len > received.length) return;
    yield { ...header, data: part(received, at + nlmsghdr.size, at + nlmsg_len) };
    at += aligned(nlmsg_len);
  }
}

/**
 * A message with its padding: behind the header the protocol's own (ifinfomsg.pack(), …) and the attributes,
 * each padded to 4 bytes; nlmsg_len comes of them. Throws TypeError or RangeError as nlmsghdr.pack().
 */
export function packNetlinkMessage(
  header: Partial<Omit<NetlinkMessage, 'data'>>,
  ...data: readonly Uint8Array[]
): Buffer {
  const payload = Buffer.concat(data.map(padded));
  const last = data.at(-1)?.length ?? 0;
  const nlmsg_len = nlmsghdr.size + payload.length - (aligned(last) - last);
  return Buffer.concat([nlmsghdr.pack({ ...header, nlmsg_len }), payload]);
}

/** An attribute: its type, without NLA_F_NESTED and NLA_F_NET_BYTEORDER, and its value. */
export interface NetlinkAttribute {
  type: number;
  data: Buffer;
}

const NLA_TYPE_MASK = 0x3fff;

/** The attributes in data from offset on, as RTA_OK and RTA_NEXT find them. Data is a part of it, no copy. */
export function* netlinkAttributes(data: Uint8Array, offset = 0): Generator<NetlinkAttribute> {
  for (let at = offset; at + rtattr.size <= data.length; ) {
    const { rta_len, rta_type } = rtattr.unpack(data, at);
    if (rta_len < rtattr.size || at + rta_len > data.length) return;
    yield { type: rta_type & NLA_TYPE_MASK, data: part(data, at + rtattr.size, at + rta_len) };
    at += aligned(rta_len);
  }
}

/** An attribute with its padding. Throws TypeError or RangeError for a type or value that it cannot have. */
export function packNetlinkAttribute(type: number, value: Uint8Array): Buffer {
  if (!(value instanceof Uint8Array))
    throw new TypeError(`packNetlinkAttribute(): value must be bytes, got ${describe(value)}`);
  const header = rtattr.pack({ rta_len: rtattr.size + value.length, rta_type: type });
  return padded(Buffer.concat([header, value]));
}

const part = (bytes: Uint8Array, start: number, end: number) =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);

// Buffer.concat fills with zeros what is longer than its parts.
const padded = (bytes: Uint8Array) => Buffer.concat([bytes], aligned(bytes.length));
