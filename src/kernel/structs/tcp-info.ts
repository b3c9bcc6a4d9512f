// struct tcp_info (Linux) and struct tcp_connection_info (macOS), for rfds/socket: what the kernel knows
// of a TCP connection. tcp(7) TCP_INFO; bsd/netinet/tcp.h TCP_CONNECTION_INFO. Above: socket.ts.
// Both are only ever appended to: an older kernel fills less, and what it lacks is undefined.

import { TCP_CONNECTION_INFO, TCP_INFO } from '../constants/socket.ts';

/** The option, at IPPROTO_TCP, whose value unpackTcpInfo reads: getsockopt(…, TCP_INFO_OPTION, 512). */
export const TCP_INFO_OPTION: number = TCP_INFO ?? TCP_CONNECTION_INFO;

/** Times in microseconds, windows in segments on Linux and in bytes on macOS. */
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

/** What the bytes of the option say. */
export function unpackTcpInfo(info: Buffer): TcpInfo {
  const u32 = (at: number) => (at + 4 <= info.length ? info.readUInt32LE(at) : undefined);
  const u64 = (at: number) => (at + 8 <= info.length ? Number(info.readBigUInt64LE(at)) : undefined);
  const milliseconds = (at: number) => (at + 4 <= info.length ? info.readUInt32LE(at) * 1000 : undefined);
  if (TCP_INFO !== undefined) {
    return {
      state: tcpStates[info[0]] ?? String(info[0]),
      mss: u32(16),
      rttMicros: u32(68),
      rttVarMicros: u32(72),
      sendWindow: u32(80),
      retransmits: u32(100),
      bytesAcked: u64(120),
      bytesReceived: u64(128),
    };
  }
  return {
    state: tcpStates[info[0]] ?? String(info[0]),
    mss: u32(16),
    rttMicros: milliseconds(44),
    rttVarMicros: milliseconds(48),
    sendWindow: u32(24),
    retransmits: u64(104),
    bytesAcked: undefined,
    bytesReceived: u64(88),
  };
}
