// What a recording has of struct tcp_info (Linux) and struct tcp_connection_info (macOS): the members that an
// older kernel does not fill are left out.

import { platform } from '../../kernel/platform.ts';
import type { Member } from '../../kernel/structs/struct.ts';
import { TCP_INFO_OPTION, tcp_connection_info, tcp_info, tcpState } from '../../kernel/structs/tcp-info.ts';
import type { TcpState } from './recording.ts';

/** Memory for as much of either struct as is read here. */
export const tcpInfoMemory = new ArrayBuffer(192);
const view = new DataView(tcpInfoMemory);

const linux = platform === 'linux';

/** The socket option at IPPROTO_TCP that fills it. */
export const TCP_STATE = TCP_INFO_OPTION ?? -1;

/** What the first length bytes of tcpInfoMemory say. */
export const readTcpState = linux ? fromLinux : fromDarwin;

const { members: m } = tcp_info;
const { members: d } = tcp_connection_info;
const has = (length: number, { offset, size }: Member<number>) => offset + size <= length;

function fromLinux(length: number): TcpState {
  const state: TcpState = { state: tcpState(m.tcpi_state.get(view)) };
  // A listener has its accept queue where the others have segments, and no connection to speak of.
  if (state.state === 'LISTEN' || !has(length, m.tcpi_total_retrans)) return state;
  state.rttMicros = m.tcpi_rtt.get(view);
  state.rttVarMicros = m.tcpi_rttvar.get(view);
  state.cwnd = m.tcpi_snd_cwnd.get(view);
  state.mss = m.tcpi_snd_mss.get(view);
  state.retransmits = m.tcpi_total_retrans.get(view);
  state.unacked = m.tcpi_unacked.get(view);
  if (!has(length, m.tcpi_segs_in)) return state;
  state.bytesAcked = m.tcpi_bytes_acked.get(view);
  state.bytesReceived = m.tcpi_bytes_received.get(view);
  state.segmentsOut = m.tcpi_segs_out.get(view);
  state.segmentsIn = m.tcpi_segs_in.get(view);
  return state;
}

/**
 * Bytes in the send queue, where the struct has them (Linux): with nothing unacknowledged, those that were
 * not sent yet.
 */
export const sendQueueOf = (length: number): number | undefined =>
  linux &&
  has(length, m.tcpi_notsent_bytes) &&
  tcpState(m.tcpi_state.get(view)) !== 'LISTEN' &&
  m.tcpi_unacked.get(view) === 0
    ? m.tcpi_notsent_bytes.get(view)
    : undefined;

/** Of a listener (Linux): tcpi_unacked connections wait, tcpi_sacked may. */
export const acceptQueue = () => ({
  length: m.tcpi_unacked.get(view),
  backlog: m.tcpi_sacked.get(view),
});

// Times in milliseconds, the window in bytes. Never run: there is no Mac here.
function fromDarwin(length: number): TcpState {
  const state: TcpState = { state: tcpState(d.tcpi_state.get(view)) };
  if (state.state === 'LISTEN' || !has(length, d.tcpi_rttvar)) return state;
  state.rttMicros = d.tcpi_srtt.get(view) * 1000;
  state.rttVarMicros = d.tcpi_rttvar.get(view) * 1000;
  state.mss = d.tcpi_maxseg.get(view);
  if (state.mss > 0) state.cwnd = Math.floor(d.tcpi_snd_cwnd.get(view) / state.mss);
  if (!has(length, d.tcpi_txretransmitpackets)) return state;
  state.segmentsOut = d.tcpi_txpackets.get(view);
  state.segmentsIn = d.tcpi_rxpackets.get(view);
  state.bytesReceived = d.tcpi_rxbytes.get(view);
  state.retransmits = d.tcpi_txretransmitpackets.get(view);
  return state;
}
