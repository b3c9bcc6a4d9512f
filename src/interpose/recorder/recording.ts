// What a recording is: lines of JSON (NDJSON), each an object whose `type` says what it is. The
// processes of one run append to one file, and so does the capture of packets; the lines are in the
// order in which they were written, not of their times. It imports nothing, for the page reads it in a browser.
// Schema: recording.schema.json.
//
// Every time is in nanoseconds of CLOCK_MONOTONIC, which all processes of a machine share; a number
// is exact for the first 104 days of uptime. Bytes are base64. Addresses are Python's: [host, port].

/** The version of this schema: goes up where an older reader would misread. */
export const VERSION = 2;

/** How many bytes of a call's data, and of a receive queue, are kept at most. */
export const DATA_LIMIT = 4096;

/** A process begins: the first line that it writes. */
export interface ProcessLine {
  type: 'process';
  version: typeof VERSION;
  pid: number;
  /** Its part in the documented conversation; null for any other program. */
  role: 'server' | 'client' | null;
  argv: string[];
  platform: string;
  arch: string;
  /** The kernel's release, '6.18.0'. */
  kernel: string;
  /** 'Node 20.20.2' */
  runtime: string;
  /** rfds' own version. */
  rfds: string;
  start: number;
  /** CLOCK_REALTIME - CLOCK_MONOTONIC at its start, in nanoseconds: a decimal string, too large for a number. */
  realtimeOffset: string;
  /** No kernel's, but the simulated one's, as is everything else in the recording: nothing was measured. */
  simulated?: true;
}

/** A place in a program that calls came through; written once, before the first of them. */
export interface FrameLine {
  type: 'frame';
  pid: number;
  id: number;
  /** Of the TypeScript source where there is a source map: 'src/servers/select-server.ts' for ours. */
  file: string;
  /** From 1. */
  line: number;
  column: number;
  function: string | null;
  /** The source line, without its indentation. */
  text: string;
}

/** A file that frames point into, whole. */
export interface SourceLine {
  type: 'source';
  file: string;
  text: string;
}

/** An argument in C's order after the call: { name: 'len', text: '1024', value: 1024 }. */
export interface Argument {
  name: string;
  /** As strace writes it. */
  text: string;
  /** The same for programs. None where text is a name by itself ('AF_INET'), or nothing is known of it. */
  value?: Value;
}

/**
 * A number; null for NULL; descriptors (of a set, of a pair); the names of flags; an address; a timeout; what
 * recvmsg and sendmsg have beside bytes, and of recvmmsg and sendmmsg that of each message; and the arrays of
 * poll, epoll and kevent, whole.
 */
export type Value =
  | number
  | null
  | number[]
  | string[]
  | AddressValue
  | TimeValue
  | MessageValue
  | MessageValue[]
  | PollValue[]
  | EpollValue[]
  | KeventValue[];

/** What is known of an address, by its family. */
export interface AddressValue {
  /** 'AF_INET' */
  family: string;
  /** AF_INET and AF_INET6. */
  host?: string;
  port?: number;
  /** AF_INET6. */
  flowinfo?: number;
  scopeId?: number;
  /** AF_UNIX: '' for none; an abstract name begins with NUL. */
  path?: string;
}

/** A timeout. */
export interface TimeValue {
  seconds: number;
  nanoseconds: number;
}

/** Of a struct msghdr: the address, and the descriptors of SCM_RIGHTS. */
export interface MessageValue {
  name: AddressValue | null;
  rights: number[];
}

/** A struct pollfd after the call. */
export interface PollValue {
  fd: number;
  /** 'POLLIN' */
  events: string[];
  revents: string[];
}

/** A struct epoll_event. */
export interface EpollValue {
  /** 'EPOLLIN' */
  events: string[];
  /** data.fd: the descriptor, in the programs that keep it there. */
  fd: number;
}

/** A struct kevent. */
export interface KeventValue {
  ident: number;
  /** 'EVFILT_READ' */
  filter: string;
  /** 'EV_ADD' */
  flags: string[];
}

/** One call. */
export interface CallLine {
  type: 'call';
  pid: number;
  /** The worker thread's number, 0 for the main thread. */
  thread: number;
  /** 0, 1, 2…: the calls of a process in the order in which it made them. */
  n: number;
  /** Its name in rfds/syscalls. */
  name: string;
  args: Argument[];
  /** As the raw layer has it: -errno for a failure. */
  result: number;
  /** 'EAGAIN', where it failed. */
  errno?: string;
  /** What strace writes in brackets behind the result: 'in [3]', 'Timeout', 'flags O_RDWR'. */
  detail?: string;
  start: number;
  end: number;
  /** CPU time of the thread between start and end, in nanoseconds. */
  cpu: number;
  /** The descriptor that it is about: its fd, or the one that it made. */
  fd?: number;
  /** What it sent, received, read or wrote: at most DATA_LIMIT bytes of it. */
  data?: string;
  /** Of the calls that wait (select, pselect, poll, ppoll, epoll_wait, …): the descriptors that it reported. */
  ready?: number[];
  /** Ids of frames, the innermost first. */
  stack: number[];
  /** The one of them that is the program's own line; null if none is. */
  at: number | null;
  /** The kernel's state after the call: of fd, or of every socket of the process. */
  sockets?: SocketState[];
  /** The calls that looked at that state, by their names in rfds/syscalls, in order: not the program's. */
  observed?: string[];
}

/** The value of an argument by its name in C; undefined where the recording has none. */
export const argumentValue = <T extends Value>(call: CallLine, name: string): T | undefined =>
  call.args.find((argument) => argument.name === name)?.value as T | undefined;

/** [host, port] (IPv6: with flowinfo and scope_id), or a UNIX path. */
export type AddressText = [string, number, ...number[]] | string;

export interface SocketState {
  fd: number;
  /** 'AF_INET', 'SOCK_STREAM' */
  family: string;
  kind: string;
  local: AddressText | null;
  remote: AddressText | null;
  /** Bytes that wait to be received, and what they are (MSG_PEEK). */
  receiveQueue: number;
  receiveQueueData?: string;
  /** Bytes sent that the peer's kernel has not acknowledged yet. */
  sendQueue: number;
  /** Of a listening socket: connections that wait for accept(), and how many may. */
  acceptQueue?: { length: number; backlog: number };
  tcp?: TcpState;
  /** 'FD_CLOEXEC' */
  descriptorFlags: string[];
  /** 'O_RDWR', 'O_NONBLOCK' */
  statusFlags: string[];
}

/** From TCP_INFO (Linux) or TCP_CONNECTION_INFO (macOS); what the kernel does not tell is left out. */
export interface TcpState {
  /** 'ESTABLISHED', 'LISTEN', 'CLOSE_WAIT', … */
  state: string;
  rttMicros?: number;
  rttVarMicros?: number;
  /** In segments. */
  cwnd?: number;
  /** The largest segment that is sent, in bytes. */
  mss?: number;
  retransmits?: number;
  /** Segments sent and not acknowledged. */
  unacked?: number;
  bytesAcked?: number;
  bytesReceived?: number;
  segmentsOut?: number;
  segmentsIn?: number;
}

/** One packet, as it was captured, or (inferred) as it must have been. */
export interface PacketLine {
  type: 'packet';
  /** 0, 1, 2…: in the order of their times. */
  n: number;
  at: number;
  interface: string;
  /** Seen leaving the interface or arriving at it; on loopback every packet arrives. */
  direction: 'in' | 'out';
  /** Its length on the wire, and the bytes that were captured of it. */
  length: number;
  bytes: string;
  link: EthernetHeader | null;
  ip: IpHeader | null;
  tcp: TcpHeader | null;
  /** Not captured, for want of the right: what TCP_INFO and the calls say was sent. No bytes, no link. */
  inferred?: true;
  /** The call that made it, if one did. */
  cause?: { pid: number; n: number };
  /** Why it is there: 'send() put 23 bytes into it', 'the kernel acknowledges 23 bytes'. */
  why?: string;
}

export interface EthernetHeader {
  /** 'aa:bb:cc:dd:ee:ff' */
  source: string;
  destination: string;
  /** 0x0800 is IPv4, 0x86dd IPv6. */
  etherType: number;
}

/** offloaded: left for the network card, which a virtual or loopback interface does not have. */
export type ChecksumStatus = 'good' | 'bad' | 'offloaded' | 'unknown';

export interface IpHeader {
  version: 4 | 6;
  source: string;
  destination: string;
  headerLength: number;
  /** Header and payload, in bytes. */
  totalLength: number;
  /** Hop limit in IPv6. */
  ttl: number;
  /** 6 is TCP. */
  protocol: number;
  trafficClass: number;
  /** IPv4 only. */
  id?: number;
  flags?: string[];
  fragmentOffset?: number;
  checksum?: number;
  checksumStatus?: ChecksumStatus;
  /** IPv6 only. */
  flowLabel?: number;
}

export interface TcpHeader {
  sourcePort: number;
  destinationPort: number;
  /** As on the wire; not known of an inferred packet. */
  seq?: number;
  ack?: number;
  /** From 0 at the SYN. */
  relativeSeq: number;
  relativeAck: number;
  headerLength: number;
  /** 'SYN', 'ACK', 'PSH', 'FIN', 'RST', 'URG', 'ECE', 'CWR', 'AE' */
  flags: string[];
  window?: number;
  /** Scaled by the handshake's option, where that was seen. */
  scaledWindow?: number;
  checksum?: number;
  checksumStatus?: ChecksumStatus;
  urgent?: number;
  options: TcpOption[];
  payloadLength: number;
}

export interface TcpOption {
  kind: number;
  /** Its length with kind and length byte; 1 for NOP and end of list. */
  length: number;
  /** 'MSS', 'NOP', 'WS', 'SACK_PERM', 'SACK', 'TS', … */
  name: string;
  /** MSS: [1460]; WS: [shift]; TS: [tsval, tsecr]; SACK: edges. */
  values: number[];
}

/** Something that the reader must know: why there is no capture, say. */
export interface NoteLine {
  type: 'note';
  at: number;
  text: string;
}

export type Line = ProcessLine | FrameLine | SourceLine | CallLine | PacketLine | NoteLine;

/** A recording in order: calls by their ends, packets by their times. */
export interface Recording {
  processes: ProcessLine[];
  frames: FrameLine[];
  sources: SourceLine[];
  calls: CallLine[];
  packets: PacketLine[];
  notes: NoteLine[];
}

/** Whether a recording is of the simulated kernel: what is made of it must say so. */
export const isSimulated = ({ processes }: Pick<Recording, 'processes'>): boolean =>
  processes.some(({ simulated }) => simulated);

/** What it says. */
export const SIMULATED = 'Simulated: a model of the kernel, in virtual time. Nothing was measured.';

/**
 * Puts lines of NDJSON in order. A last line that was not written to its end is left out. Throws
 * SyntaxError, with the line's number, for what is no line of a recording, and RangeError for another
 * version. problemIn: what is wrong with a line beyond that, null for nothing; for recordings that came from
 * elsewhere.
 */
export function parseRecording(text: string, problemIn?: (line: object) => string | null): Recording {
  const texts = text.split('\n');
  const lines: Line[] = texts.flatMap((line, i) => {
    if (line.trim() === '' || (i > 0 && i === texts.length - 1 && isTorn(line))) return [];
    return [parseLine(line, i + 1, problemIn)];
  });
  const of = <T extends Line['type']>(type: T) =>
    lines.filter((line): line is Extract<Line, { type: T }> => line.type === type);
  return {
    processes: eachOnce(of('process').sort((a, b) => a.start - b.start)),
    frames: of('frame'),
    sources: of('source'),
    calls: of('call').sort((a, b) => a.end - b.end || a.n - b.n),
    packets: of('packet').sort((a, b) => a.at - b.at || a.n - b.n),
    notes: of('note').sort((a, b) => a.at - b.at),
  };
}

// Threads whose parent does not record know nothing of each other: each writes its process's line.
const eachOnce = (processes: ProcessLine[]) =>
  [...new Map(processes.toReversed().map((process) => [process.pid, process])).values()].reverse();

function isTorn(line: string): boolean {
  try {
    JSON.parse(line);
    return false;
  } catch {
    return true;
  }
}

const types = new Set<unknown>(['process', 'frame', 'source', 'call', 'packet', 'note']);

function parseLine(text: string, number: number, problemIn?: (line: object) => string | null): Line {
  let line: Partial<Line> | null;
  try {
    line = JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(`line ${number} is not JSON: ${(error as Error).message}`);
  }
  if (typeof line !== 'object' || line === null || !types.has(line.type)) {
    throw new SyntaxError(`line ${number} is no line of a recording`);
  }
  if (line.type === 'process' && line.version !== VERSION) {
    throw new RangeError(
      `line ${number}: the recording has version ${line.version} of the format, this rfds reads version ${VERSION}`,
    );
  }
  const problem = problemIn?.(line) ?? null;
  if (problem !== null) throw new SyntaxError(`line ${number}: ${problem}`);
  return line as Line;
}

/** All lines again, in the order of a story. */
export function linesOf({ processes, frames, sources, calls, packets, notes }: Recording): Line[] {
  return [...processes, ...sources, ...frames, ...notes, ...calls, ...packets];
}

/** --step: what a recorded process tells before a call, and after it. Never part of a recording. */
export type Step = { type: 'before'; call: string; at: number | null } | { type: 'after'; result: string };
