// struct tcp_info (Linux) and struct tcp_connection_info (macOS): what the kernel knows of a TCP connection.
// tcp(7) TCP_INFO; bsd/netinet/tcp.h TCP_CONNECTION_INFO. Both are only ever appended to: an older kernel
// fills less, and what it lacks is undefined.

import { TCP_CONNECTION_INFO, TCP_INFO } from '../constants/socket.ts';
import {
  appendedStruct,
  bits,
  type Member,
  type Memory,
  overlaid,
  u8,
  u16,
  u32,
  u64,
  viewOf,
} from './struct.ts';

/**
 * struct tcp_info, as far as the kernel at hand has it: what it lacks is undefined. Counters since the
 * connection began. tcp(7), RFC 4898; <linux/tcp.h> of Linux 6.18, without its last word, which newer
 * kernels use for something else.
 */
export const tcp_info = appendedStruct('tcp_info', {
  /** 1 is ESTABLISHED: tcpStates has the names. */
  tcpi_state: u8,
  /** TCP_CA_Open 0, Disorder, CWR, Recovery, Loss. */
  tcpi_ca_state: u8,
  /** Timeouts in a row, without an acknowledgement since. */
  tcpi_retransmits: u8,
  /** Window or keepalive probes in a row. */
  tcpi_probes: u8,
  /** How often the timeout was doubled. */
  tcpi_backoff: u8,
  /** TCPI_OPT_*. */
  tcpi_options: u8,
  tcpi_snd_wscale: overlaid(bits(0, 4)),
  tcpi_rcv_wscale: bits(4, 4),
  tcpi_delivery_rate_app_limited: overlaid(bits(0, 1)),
  tcpi_fastopen_client_fail: bits(1, 2),
  /** Retransmission timeout, microseconds. */
  tcpi_rto: u32,
  /** Delayed acknowledgement timeout, microseconds. */
  tcpi_ato: u32,
  /** Segment sizes, bytes. */
  tcpi_snd_mss: u32,
  tcpi_rcv_mss: u32,
  /** Segments sent and not acknowledged; of a listener: connections that wait for accept. */
  tcpi_unacked: u32,
  /** Segments acknowledged out of order; of a listener: the backlog. */
  tcpi_sacked: u32,
  tcpi_lost: u32,
  tcpi_retrans: u32,
  tcpi_fackets: u32,
  /** Milliseconds since. */
  tcpi_last_data_sent: u32,
  tcpi_last_ack_sent: u32,
  tcpi_last_data_recv: u32,
  tcpi_last_ack_recv: u32,
  /** Bytes. */
  tcpi_pmtu: u32,
  tcpi_rcv_ssthresh: u32,
  /** Smoothed round-trip time, microseconds. */
  tcpi_rtt: u32,
  /** Its mean deviation, microseconds. */
  tcpi_rttvar: u32,
  /** Slow start threshold, segments. */
  tcpi_snd_ssthresh: u32,
  /** Congestion window, segments. */
  tcpi_snd_cwnd: u32,
  tcpi_advmss: u32,
  tcpi_reordering: u32,
  /** The receiver's estimate, microseconds. */
  tcpi_rcv_rtt: u32,
  tcpi_rcv_space: u32,
  /** Segments retransmitted, in all. */
  tcpi_total_retrans: u32,
  /** Bytes a second; 2**64 - 1, which is inexact here: no limit. */
  tcpi_pacing_rate: u64,
  tcpi_max_pacing_rate: u64,
  tcpi_bytes_acked: u64,
  tcpi_bytes_received: u64,
  /** Segments, those without data among them. */
  tcpi_segs_out: u32,
  tcpi_segs_in: u32,
  /** In the send queue and never sent. */
  tcpi_notsent_bytes: u32,
  /** Microseconds. */
  tcpi_min_rtt: u32,
  tcpi_data_segs_in: u32,
  tcpi_data_segs_out: u32,
  /** Bytes a second. */
  tcpi_delivery_rate: u64,
  /** Microseconds with data to send; of these, limited by the window or the send buffer. */
  tcpi_busy_time: u64,
  tcpi_rwnd_limited: u64,
  tcpi_sndbuf_limited: u64,
  tcpi_delivered: u32,
  tcpi_delivered_ce: u32,
  tcpi_bytes_sent: u64,
  tcpi_bytes_retrans: u64,
  tcpi_dsack_dups: u32,
  tcpi_reord_seen: u32,
  /** Segments that came out of order. */
  tcpi_rcv_ooopack: u32,
  /** The peer's window, bytes. Linux 5.4. */
  tcpi_snd_wnd: u32,
  /** The window that was advertised, bytes. Linux 6.2. */
  tcpi_rcv_wnd: u32,
  tcpi_rehash: u32,
  /** Timeouts in all; phases of them that were recovered from; milliseconds in these. Linux 6.7. */
  tcpi_total_rto: u16,
  tcpi_total_rto_recoveries: u16,
  tcpi_total_rto_time: u32,
  /** Accurate ECN: segments marked, bytes by their codepoint. Linux 6.18. */
  tcpi_received_ce: u32,
  tcpi_delivered_e1_bytes: u32,
  tcpi_delivered_e0_bytes: u32,
  tcpi_delivered_ce_bytes: u32,
  tcpi_received_e1_bytes: u32,
  tcpi_received_e0_bytes: u32,
  tcpi_received_ce_bytes: u32,
});

/** struct tcp_connection_info. <netinet/tcp.h>, macOS. */
export const tcp_connection_info = appendedStruct('tcp_connection_info', {
  /** tcpStates has the names. */
  tcpi_state: u8,
  tcpi_snd_wscale: u8,
  tcpi_rcv_wscale: u8,
  __pad1: u8,
  /** TCPCI_OPT_*. */
  tcpi_options: u32,
  tcpi_flags: u32,
  /** Milliseconds. */
  tcpi_rto: u32,
  /** Bytes. */
  tcpi_maxseg: u32,
  /** Bytes, as the windows below. */
  tcpi_snd_ssthresh: u32,
  tcpi_snd_cwnd: u32,
  tcpi_snd_wnd: u32,
  /** In the send queue, bytes in flight among them. */
  tcpi_snd_sbbytes: u32,
  tcpi_rcv_wnd: u32,
  /** Round-trip times, milliseconds. */
  tcpi_rttcur: u32,
  tcpi_srtt: u32,
  tcpi_rttvar: u32,
  /** TCP Fast Open. */
  tcpi_tfo_cookie_req: overlaid(bits(0, 1, u32)),
  tcpi_tfo_cookie_rcv: overlaid(bits(1, 1, u32)),
  tcpi_tfo_syn_loss: overlaid(bits(2, 1, u32)),
  tcpi_tfo_syn_data_sent: overlaid(bits(3, 1, u32)),
  tcpi_tfo_syn_data_acked: overlaid(bits(4, 1, u32)),
  tcpi_tfo_syn_data_rcv: overlaid(bits(5, 1, u32)),
  tcpi_tfo_cookie_req_rcv: overlaid(bits(6, 1, u32)),
  tcpi_tfo_cookie_sent: overlaid(bits(7, 1, u32)),
  tcpi_tfo_cookie_invalid: overlaid(bits(8, 1, u32)),
  tcpi_tfo_cookie_wrong: overlaid(bits(9, 1, u32)),
  tcpi_tfo_no_cookie_rcv: overlaid(bits(10, 1, u32)),
  tcpi_tfo_heuristics_disable: overlaid(bits(11, 1, u32)),
  tcpi_tfo_send_blackhole: overlaid(bits(12, 1, u32)),
  tcpi_tfo_recv_blackhole: overlaid(bits(13, 1, u32)),
  tcpi_tfo_onebyte_proxy: bits(14, 1, u32),
  tcpi_txpackets: u64,
  tcpi_txbytes: u64,
  tcpi_txretransmitbytes: u64,
  tcpi_rxpackets: u64,
  tcpi_rxbytes: u64,
  tcpi_rxoutoforderbytes: u64,
  tcpi_txretransmitpackets: u64,
});

/** The option, at IPPROTO_TCP, whose value unpackTcpInfo reads: getsockopt(…, TCP_INFO_OPTION, 512). */
export const TCP_INFO_OPTION: number = TCP_INFO ?? TCP_CONNECTION_INFO;

/** What both platforms have: times in microseconds, windows in segments on Linux and in bytes on macOS. */
export interface TcpInfo {
  /** By Linux' names: 'ESTABLISHED', 'CLOSE_WAIT', … */
  state: string;
  mss: number | undefined;
  rttMicros: number | undefined;
  rttVarMicros: number | undefined;
  sendWindow: number | undefined;
  retransmits: number | undefined;
  bytesAcked: number | undefined;
  bytesReceived: number | undefined;
}

// include/net/tcp_states.h, from 1.
const linuxStates = ['', 'ESTABLISHED', 'SYN_SENT', 'SYN_RECV', 'FIN_WAIT1', 'FIN_WAIT2', 'TIME_WAIT'].concat(
  ['CLOSE', 'CLOSE_WAIT', 'LAST_ACK', 'LISTEN', 'CLOSING', 'NEW_SYN_RECV'],
);
// bsd/netinet/tcp_fsm.h, from 0, by Linux' names.
const darwinStates = ['CLOSE', 'LISTEN', 'SYN_SENT', 'SYN_RECV', 'ESTABLISHED', 'CLOSE_WAIT'].concat([
  'FIN_WAIT1',
  'CLOSING',
  'LAST_ACK',
  'FIN_WAIT2',
  'TIME_WAIT',
]);

/** The states by their number in the option's first byte. */
export const tcpStates: readonly string[] = TCP_INFO === undefined ? darwinStates : linuxStates;

/** The state's name. */
export const tcpState = (state: number): string => tcpStates[state] ?? String(state);

/** What the bytes of the option say. The whole struct: tcp_info.unpack() or tcp_connection_info.unpack(). */
export function unpackTcpInfo(info: Memory): TcpInfo {
  const view = viewOf(info);
  return TCP_INFO === undefined ? ofTcpConnectionInfo(view) : ofTcpInfo(view);
}

const there = (view: DataView, { offset, size, get }: Member<number>) =>
  offset + size <= view.byteLength ? get(view) : undefined;

function ofTcpInfo(view: DataView): TcpInfo {
  const { members } = tcp_info;
  return {
    state: tcpState(members.tcpi_state.get(view)),
    mss: there(view, members.tcpi_snd_mss),
    rttMicros: there(view, members.tcpi_rtt),
    rttVarMicros: there(view, members.tcpi_rttvar),
    sendWindow: there(view, members.tcpi_snd_cwnd),
    retransmits: there(view, members.tcpi_total_retrans),
    bytesAcked: there(view, members.tcpi_bytes_acked),
    bytesReceived: there(view, members.tcpi_bytes_received),
  };
}

// Never run: there is no Mac here.
function ofTcpConnectionInfo(view: DataView): TcpInfo {
  const { members } = tcp_connection_info;
  const micros = (milliseconds: number | undefined) =>
    milliseconds === undefined ? undefined : milliseconds * 1000;
  return {
    state: tcpState(members.tcpi_state.get(view)),
    mss: there(view, members.tcpi_maxseg),
    rttMicros: micros(there(view, members.tcpi_srtt)),
    rttVarMicros: micros(there(view, members.tcpi_rttvar)),
    sendWindow: there(view, members.tcpi_snd_cwnd),
    retransmits: there(view, members.tcpi_txretransmitpackets),
    bytesAcked: undefined,
    bytesReceived: there(view, members.tcpi_rxbytes),
  };
}
