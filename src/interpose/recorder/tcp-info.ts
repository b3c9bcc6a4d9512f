// struct tcp_info (Linux) and struct tcp_connection_info (macOS) by their offsets: they are only ever
// appended to, so that an older kernel fills less and a newer one more. Above: socket-state.ts.

import { constants } from '../../kernel/native.ts';
import { tcpStates } from '../../kernel/structs/tcp-info.ts';
import type { TcpState } from './recording.ts';

/** Room for as much of either struct as is read here. */
export const tcpInfoMemory = new ArrayBuffer(192);
const bytes = new Uint8Array(tcpInfoMemory);
const ints = new Uint32Array(tcpInfoMemory);
const view = new DataView(tcpInfoMemory);

const linux = process.platform === 'linux';

/** The socket option at IPPROTO_TCP that fills it. */
export const TCP_STATE = (linux ? constants.TCP_INFO : constants.TCP_CONNECTION_INFO) ?? -1;

const LISTEN = 10;

/** What the first length bytes of tcpInfoMemory say. */
export const readTcpState = linux ? fromLinux : fromDarwin;

const u64 = (offset: number) => view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32;

// include/uapi/linux/tcp.h: eight bytes, then u32s; from pacing_rate at 104 on also u64s.
function fromLinux(length: number): TcpState {
  const state: TcpState = { state: tcpStates[bytes[0]] ?? String(bytes[0]) };
  // A listener has its accept queue where the others have segments, and no connection to speak of.
  if (state.state === 'LISTEN' || length < 104) return state;
  state.rttMicros = ints[17];
  state.rttVarMicros = ints[18];
  state.cwnd = ints[20];
  state.mss = ints[4];
  state.retransmits = ints[25];
  state.unacked = ints[6];
  if (length < 144) return state;
  state.bytesAcked = u64(120);
  state.bytesReceived = u64(128);
  state.segmentsOut = ints[34];
  state.segmentsIn = ints[35];
  return state;
}

/**
 * Bytes in the send queue, where the struct tells (Linux): with nothing unacknowledged, those that were
 * not sent yet.
 */
export const sendQueueOf = (length: number) =>
  linux && length >= 148 && bytes[0] !== LISTEN && ints[6] === 0 ? ints[36] : undefined;

/** Of a listener (Linux): tcpi_unacked connections wait, tcpi_sacked may. */
export const acceptQueue = () => ({ length: ints[6], backlog: ints[7] });

// bsd/netinet/tcp.h: three bytes and a padding one, then u32s; times in milliseconds, the window in
// bytes; from tcpi_txpackets at 56 on u64s. Never run: there is no Mac here.
function fromDarwin(length: number): TcpState {
  const state: TcpState = { state: tcpStates[bytes[0]] ?? String(bytes[0]) };
  if (state.state === 'LISTEN' || length < 52) return state;
  state.rttMicros = ints[11] * 1000;
  state.rttVarMicros = ints[12] * 1000;
  state.mss = ints[4];
  if (state.mss > 0) state.cwnd = Math.floor(ints[6] / state.mss);
  if (length < 112) return state;
  state.segmentsOut = u64(56);
  state.segmentsIn = u64(80);
  state.bytesReceived = u64(88);
  state.retransmits = u64(104);
  return state;
}
