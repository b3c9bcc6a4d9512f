// The recording as the page walks it: its calls and packets with their lanes and steps, and what is known
// of every lane at every step. All other files of the page read it.

import type {
  CallLine,
  FrameLine,
  PacketLine,
  SocketState,
} from '../../../../../interpose/recorder/recording.ts';
import type { Phase } from '../../../words.ts';
import type { Lane } from '../../lanes.ts';
import type { CallFacts, PageData, StepText } from '../page-data.ts';
import { byId } from './elements.ts';

export interface Call extends CallLine, Omit<CallFacts, 'lane'> {
  lane: Lane;
  /** The indices of the steps at which it begins and returns. */
  from: number;
  to: number;
}

export interface Packet extends Omit<PacketLine, 'cause'> {
  source: Lane | undefined;
  destination: Lane | undefined;
  /** The call that made it. */
  call: Call | undefined;
  message: string;
  /** The index of its step. */
  step: number;
}

export type CallStep = StepText & { call: Call; phase: Phase; brief: string; packet?: never };
export type PacketStep = StepText & { packet: Packet; call?: never };
export type Step = CallStep | PacketStep;

const data: PageData = JSON.parse(byId('data').textContent!);
export const { recording, lanes, begin } = data;
export const isSimulated = recording.processes.some(({ simulated }) => simulated);

export const calls: Call[] = recording.calls.map((call, i) => {
  const { lane, ...facts } = data.calls[i];
  return { ...call, ...facts, lane: lanes[lane], from: -1, to: -1 };
});

const laneAt = (i: number | undefined) => (i === undefined ? undefined : lanes[i]);

export const packets: Packet[] = recording.packets.map((packet, i) => {
  const { source, destination, call, message } = data.packets[i];
  return {
    ...packet,
    source: laneAt(source),
    destination: laneAt(destination),
    call: call === undefined ? undefined : calls[call],
    message,
    step: -1,
  };
});

export const steps: Step[] = data.steps.map((step, i) => {
  const { at, sentence, more } = step;
  const text = { at, sentence, ...(more && { more }) };
  if ('packet' in step) {
    const packet = packets[step.packet];
    packet.step = i;
    return { ...text, packet };
  }
  const call = calls[step.call];
  if (step.phase !== 'return') call.from = i;
  if (step.phase !== 'begin') call.to = i;
  return { ...text, call, phase: step.phase, brief: step.brief };
});

/** A socket's state, and the call after which the kernel was asked for it: it may have changed since. */
export interface SeenSocket extends SocketState {
  seen: Call;
}

/** The sockets of a process, by their descriptors. */
export type Sockets = Map<number, SeenSocket>;

export interface Moment {
  /** Each lane's latest call, begun there or before. */
  calls: (Call | null)[];
  /** The latest packet. */
  packet: Packet | null;
  /** By pid: each process's sockets, and the descriptors that it watches. */
  sockets: Map<number, Sockets>;
  watched: Map<number, number[]>;
}

/** At every step. */
export const moments = momentsOf();

function momentsOf(): Moment[] {
  const latest = lanes.map((): Call | null => null);
  let packet: Packet | null = null;
  let sockets: Moment['sockets'] = new Map();
  let watched: Moment['watched'] = new Map();
  return steps.map((step) => {
    if (step.packet) {
      packet = step.packet;
    } else {
      const { call, phase } = step;
      latest[call.lane.i] = call;
      if (call.rfds) watched = new Map(watched).set(call.pid, call.rfds);
      if (phase !== 'begin') sockets = socketsAfter(sockets, call);
    }
    return { calls: [...latest], packet, sockets, watched };
  });
}

/** Sockets by process and descriptor, after a call; the same map if it knows nothing new. */
function socketsAfter(sockets: Moment['sockets'], call: Call): Moment['sockets'] {
  const { pid, name, result, fd, sockets: states = [] } = call;
  const closed = name === 'close' && result === 0;
  if (states.length === 0 && !closed) return sockets;
  const own: Sockets = new Map(sockets.get(pid));
  if (closed) own.delete(fd!);
  for (const state of states) own.set(state.fd, { ...state, seen: call });
  return new Map(sockets).set(pid, own);
}

const frames = new Map(recording.frames.map((frame) => [`${frame.pid}:${frame.id}`, frame]));
export const sources = new Map(recording.sources.map(({ file, text }) => [file, text]));

/** The source line of a call; null where none is known. */
export const frameOf = (call: Call | null): FrameLine | null =>
  call && call.at !== null ? (frames.get(`${call.pid}:${call.at}`) ?? null) : null;

/** The frames from the call up to the program's own line, the innermost first. */
export function stackOf({ pid, stack, at }: Call): FrameLine[] {
  const own = at === null ? -1 : stack.indexOf(at);
  return stack.slice(0, own + 1).flatMap((id) => frames.get(`${pid}:${id}`) ?? []);
}

/** Since the recording began, in milliseconds to the microsecond. */
export const clock = (ns: number) =>
  ((ns - begin) / 1e6).toLocaleString('en', { minimumFractionDigits: 3, maximumFractionDigits: 3 });
