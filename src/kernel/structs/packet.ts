// The structs of packet sockets, and of the programs that filter what a socket receives. packet(7), Linux.

import { bytes, i32, struct, u8, u16, u32 } from './struct.ts';

/** struct packet_mreq. packet(7) PACKET_ADD_MEMBERSHIP, PACKET_DROP_MEMBERSHIP. */
export const packet_mreq = struct('packet_mreq', {
  /** The interface's index. */
  mr_ifindex: i32,
  /** PACKET_MR_*. */
  mr_type: u16,
  /** How many bytes of mr_address count. */
  mr_alen: u16,
  /** A hardware address, for PACKET_MR_MULTICAST and PACKET_MR_UNICAST. */
  mr_address: bytes(8),
});

/** struct tpacket_stats: since it was last asked for. packet(7) PACKET_STATISTICS. */
export const tpacket_stats = struct('tpacket_stats', {
  /** Packets that came, dropped ones among them. */
  tp_packets: u32,
  /** Packets for which the receive buffer had no space. */
  tp_drops: u32,
});

/** struct tpacket_auxdata, a control message of recvmsg. packet(7) PACKET_AUXDATA. */
export const tpacket_auxdata = struct('tpacket_auxdata', {
  /** TP_STATUS_*. */
  tp_status: u32,
  /** The packet's length, in bytes. */
  tp_len: u32,
  /** How many bytes of it were captured. */
  tp_snaplen: u32,
  /** Where its link header is. */
  tp_mac: u16,
  /** Where its network header is. */
  tp_net: u16,
  /** The VLAN tag that the kernel took out, if TP_STATUS_VLAN_VALID. */
  tp_vlan_tci: u16,
  /** Its EtherType, if TP_STATUS_VLAN_TPID_VALID. */
  tp_vlan_tpid: u16,
});

/**
 * struct sock_filter: an instruction of a classic BPF program. socket(7) SO_ATTACH_FILTER; bpf(4).
 *
 * **Unlike** C's and Python's, setsockopt() takes the program itself as the value of SO_ATTACH_FILTER and of
 * SO_ATTACH_REUSEPORT_CBPF, as packFilter() makes it: C's struct sock_fprog holds its address, and JavaScript has
 * none to give.
 */
export const sock_filter = struct('sock_filter', {
  /** BPF_LD | BPF_H | BPF_ABS, … */
  code: u16,
  /** How many instructions to skip where a jump's condition is true. */
  jt: u8,
  /** The same where it is false. */
  jf: u8,
  /** The instruction's constant. */
  k: u32,
});

/**
 * The bytes of a classic BPF program, the value of SO_ATTACH_FILTER: sock_filter[], each [code, jt, jf, k] as BPF_JUMP(code, k, jt, jf) has them.
 * Throws TypeError and RangeError as sock_filter.pack().
 */
export function packFilter(
  program: Iterable<readonly [code: number, jt: number, jf: number, k: number]>,
): Buffer {
  return Buffer.concat(Array.from(program, ([code, jt, jf, k]) => sock_filter.pack({ code, jt, jf, k })));
}
