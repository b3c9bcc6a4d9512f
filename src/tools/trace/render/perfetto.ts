// A recording in the Trace Event Format, which ui.perfetto.dev and chrome://tracing open: a track for
// each thread with its calls, one for each interface with its packets, an arrow from each send to the
// recv that got its bytes.
// https://perfetto.dev/docs/getting-started/other-formats names the parts of the format that Perfetto reads.

import {
  type CallLine,
  isSimulated,
  type PacketLine,
  type Recording,
  SIMULATED,
} from '../../../interpose/recorder/recording.ts';
import { earliest } from '../analyse/delays.ts';
import { type Flow, flows, socketLives } from '../analyse/sockets.ts';
import { flagsOf, numbersOf } from '../words.ts';
import { callText } from './terminal/steps.ts';

/** An event: 'X' a call, 'i' a packet or a note, 's' and 'f' an arrow's ends, 'M' a name. */
export interface TraceEvent {
  name: string;
  ph: 'X' | 'i' | 's' | 'f' | 'M';
  pid: number;
  tid: number;
  /** Microseconds since the recording's first event. */
  ts: number;
  dur?: number;
  cat?: string;
  /** CPU time, in microseconds. */
  tdur?: number;
  id?: number;
  /** An arrow ends at the event around it, not at the next. */
  bp?: 'e';
  /** An instant's scope: its thread's track. */
  s?: 't';
  args?: Record<string, unknown>;
}

/** The document. */
export interface TraceDocument {
  traceEvents: TraceEvent[];
  displayTimeUnit: 'ns';
  otherData: Record<string, string>;
}

/** The recording as Chrome's JSON. */
export function renderPerfetto(recording: Recording): string {
  return `${JSON.stringify(traceDocument(recording))}\n`;
}

export function traceDocument(recording: Recording): TraceDocument {
  const { processes, calls, packets, notes } = recording;
  const times = [processes, calls]
    .flatMap((all) => all.map(({ start }) => start))
    .concat(packets.map(({ at }) => at));
  const zero = times.length === 0 ? 0 : earliest(times);
  const tracks = new Tracks(recording);
  const micros = (at: number) => (at - zero) / 1000;
  const simulated = isSimulated(recording);
  const places = new Map(
    recording.frames.map(({ pid, id, file, line, text }) => [`${pid} ${id}`, { file, line, text }]),
  );

  const events: TraceEvent[] = [
    ...tracks.names(),
    ...calls.map((call) => {
      const event = callEvent(call, tracks, micros, places.get(`${call.pid} ${call.at}`));
      return simulated ? withoutTime(event, call) : event;
    }),
    ...packets.map((packet) => packetEvent(packet, tracks, micros)),
    ...notes.map(
      ({ at, text }): TraceEvent => ({
        ...tracks.wire('notes'),
        name: text,
        ph: 'i',
        s: 't',
        cat: 'note',
        ts: Math.max(micros(at), 0),
      }),
    ),
    ...flows(socketLives(recording)).flatMap((flow, i) => arrow(flow, i + 1, tracks, micros)),
  ];
  return { traceEvents: events, displayTimeUnit: 'ns', otherData: aboutOf(recording, zero) };
}

// Threads and interfaces as tracks. Perfetto takes thread ids to be the machine's: a main thread's is
// its pid, and numbers beyond all pids are the other tracks'.
class Tracks {
  readonly #recording: Recording;
  readonly #free: number;
  readonly #ids = new Map<string, number>();

  constructor(recording: Recording) {
    this.#recording = recording;
    this.#free =
      Math.max(0, ...recording.processes.map(({ pid }) => pid), ...recording.calls.map(({ pid }) => pid)) + 1;
  }

  thread({ pid, thread }: { pid: number; thread: number }): { pid: number; tid: number } {
    return { pid, tid: thread === 0 ? pid : this.#id(`${pid}.${thread}`) };
  }

  /** A track of the process that stands for the wire. */
  wire(name: string): { pid: number; tid: number } {
    return { pid: this.#free, tid: this.#id(name) };
  }

  #id(key: string): number {
    const id = this.#ids.get(key) ?? this.#free + 1 + this.#ids.size;
    this.#ids.set(key, id);
    return id;
  }

  names(): TraceEvent[] {
    const { processes, calls, packets, notes } = this.#recording;
    const name = (kind: string, pid: number, tid: number, text: string): TraceEvent => ({
      name: kind,
      ph: 'M',
      pid,
      tid,
      ts: 0,
      args: { name: text },
    });
    const sorted = (pid: number, index: number): TraceEvent => ({
      name: 'process_sort_index',
      ph: 'M',
      pid,
      tid: pid,
      ts: 0,
      args: { sort_index: index },
    });
    const threads = new Map(calls.map((call) => [`${call.pid}.${call.thread}`, call]));
    const interfaces = [...new Set(packets.map(placeOf))].concat(notes.length > 0 ? ['notes'] : []);
    // The wire stands between the client and the server.
    const order = { client: 0, server: 2 };
    return [
      ...processes.flatMap(({ pid, role, argv, simulated }) => [
        name(
          'process_name',
          pid,
          pid,
          simulated ? `${argv[0]} (simulated)` : (role ?? argv.slice(1).join(' ')),
        ),
        sorted(pid, role === null ? 2 : order[role]),
      ]),
      ...[...threads.values()].map((call) => {
        const { pid, tid } = this.thread(call);
        return name('thread_name', pid, tid, call.thread === 0 ? 'main thread' : `thread ${call.thread}`);
      }),
      ...(interfaces.length === 0
        ? []
        : [name('process_name', this.#free, this.#free, 'wire'), sorted(this.#free, 1)]),
      ...interfaces.map((text) => {
        const { pid, tid } = this.wire(text);
        return name('thread_name', pid, tid, text);
      }),
    ];
  }
}

// An inferred packet was seen nowhere.
const placeOf = (packet: PacketLine) => packet.interface || 'inferred';

type Micros = (at: number) => number;

function callEvent(call: CallLine, tracks: Tracks, micros: Micros, place: object | undefined): TraceEvent {
  return {
    ...tracks.thread(call),
    name: call.name,
    ph: 'X',
    cat: 'syscall',
    ts: micros(call.start),
    dur: (call.end - call.start) / 1000,
    tdur: call.cpu / 1000,
    args: {
      call: callText({ call, phase: 'whole' }),
      n: call.n,
      result: call.result,
      ...(call.errno !== undefined && { errno: call.errno }),
      ...Object.fromEntries(call.args.map(({ name, text }) => [name, text])),
      ...place,
    },
  };
}

// What a simulated call took is nobody's.
function withoutTime({ tdur: _, ...event }: TraceEvent, call: CallLine): TraceEvent {
  return { ...event, args: { ...event.args, call: callText({ call, phase: 'whole' }, null) } };
}

function packetEvent(packet: PacketLine, tracks: Tracks, micros: Micros): TraceEvent {
  const { tcp, ip, n, length, why, inferred } = packet;
  return {
    ...tracks.wire(placeOf(packet)),
    name: tcp === null ? `packet ${n + 1}` : `${flagsOf(tcp)} ${numbersOf(tcp)}`,
    ph: 'i',
    s: 't',
    cat: 'packet',
    ts: micros(packet.at),
    args: {
      n,
      length,
      ...(ip !== null &&
        tcp !== null && {
          from: `${ip.source}:${tcp.sourcePort}`,
          to: `${ip.destination}:${tcp.destinationPort}`,
          payload: tcp.payloadLength,
        }),
      ...(why !== undefined && { why }),
      ...(inferred && { inferred }),
    },
  };
}

// Both ends must have the same name, category and id, and lie within their calls.
function arrow({ from, to, bytes }: Flow, id: number, tracks: Tracks, micros: Micros): TraceEvent[] {
  const common = { name: 'bytes', cat: 'flow', id, args: { bytes } };
  return [
    { ...common, ...tracks.thread(from), ph: 's', ts: micros(from.start) },
    // A call that waited for the bytes has them at its end: its last nanosecond, to be within it.
    { ...common, ...tracks.thread(to), ph: 'f', bp: 'e', ts: micros(Math.max(to.end - 1, to.start)) },
  ];
}

function aboutOf({ processes }: Recording, zero: number): Record<string, string> {
  const [first] = processes;
  if (first === undefined) return {};
  const { platform, kernel, arch, runtime, rfds, realtimeOffset } = first;
  const start = BigInt(realtimeOffset) + BigInt(Math.trunc(zero));
  return {
    platform: `${platform} ${kernel} ${arch}`,
    runtime,
    rfds,
    'ts 0 in nanoseconds since 1970': String(start),
    ...(first.simulated && { simulated: SIMULATED }),
  };
}
