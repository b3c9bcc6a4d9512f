// The recording as the page walks it, step by step.

import type { CallLine, PacketLine, Recording } from '../../../../interpose/recorder/recording.ts';
import { isWait } from '../../analyse/dialogue.ts';
import { NOTABLE, offCpu } from '../../analyse/waiting.ts';
import { bytesOf, count, duration, messageText, type Phase, quoted } from '../../words.ts';
import {
  callSentences,
  filledArguments,
  messageOf,
  outcome,
  packetSentence,
  plainSentence,
  type Scene,
  sceneOf,
} from '../sentences.ts';
import type { CallFacts, PacketFacts, PageData, StepData } from './page-data.ts';

/** A call that sleeps for so long has a step to fall asleep in, even if nothing happens meanwhile; in nanoseconds. */
const LONG = 1e6;

export function pageData(recording: Recording): PageData {
  const scene = sceneOf(recording);
  const { calls, packets } = recording;
  const callIndex = new Map(calls.map((call, i) => [`${call.pid}:${call.n}`, i]));
  const facts = calls.map((call) => callFacts(scene, call));
  const laneAt = laneFinderByAddress(scene);
  const packetData = packets.map((packet) => {
    const { ip, tcp, cause } = packet;
    const call = cause && callIndex.get(`${cause.pid}:${cause.n}`);
    const source =
      call !== undefined ? facts[call].lane : ip && tcp ? laneAt(ip.source, tcp.sourcePort) : undefined;
    const destination = ip && tcp ? laneAt(ip.destination, tcp.destinationPort) : undefined;
    return {
      ...(source !== undefined && { source }),
      ...(destination !== undefined && { destination }),
      ...(call !== undefined && { call }),
      message: messageIn(packet, call === undefined ? '' : facts[call].message),
    };
  });
  const steps = stepsOf(recording, facts, packetData).map(({ at, call, packet, phase }): StepData => {
    if (call !== undefined) {
      const one = calls[call];
      const [sentence = plainSentence(scene, one), ...more] = callSentences(scene, one, phase);
      return {
        at,
        sentence,
        ...(more.length > 0 && { more: more.join(' ') }),
        call,
        phase,
        brief: briefly(one, facts[call], phase),
      };
    }
    const { source, destination, message } = packetData[packet!];
    const [from, to] = [source, destination].map((i) => (i === undefined ? undefined : scene.lanes[i]));
    return { at, sentence: packetSentence(packets[packet!], from, to, message), packet: packet! };
  });
  const starts = calls.map(({ start }) => start);
  const begin = [...starts, ...steps.slice(0, 1).map(({ at }) => at)].reduce(
    (least, at) => Math.min(least, at),
    Number.POSITIVE_INFINITY,
  );
  // JSON has no Infinity; without a step it is not used.
  return {
    recording,
    begin: steps.length === 0 ? 0 : begin,
    lanes: scene.lanes,
    calls: facts,
    packets: packetData,
    steps,
  };
}

function callFacts({ laneOf, memory, slept, waits }: Scene, call: CallLine): CallFacts {
  const off = offCpu(call);
  const filled = filledArguments(call);
  const rfds = isWait(call) ? memory.get(call)?.rfds : null;
  return {
    lane: laneOf(call).i,
    slept: slept(call),
    ...(!waits(call) && off >= NOTABLE && { off }),
    ...(filled.length > 0 && { filled }),
    message: messageOf(call),
    ...(rfds && { rfds }),
  };
}

/** What stands beside a call's name in its lane. */
function briefly(call: CallLine, { slept, message }: CallFacts, phase: Phase): string {
  const { name, fd, result, data, start, end } = call;
  const isOut = /^(send|write)/.test(name);
  if (phase === 'begin') {
    if (isOut) return message || (data ? count(bytesOf(data).length, 'byte') : '');
    return slept ? `waits ${duration(end - start)}` : '…';
  }
  // What went out was shown when it did.
  const came = (isOut && phase === 'return' ? '' : message) || outcome(call);
  const rest = fd === undefined || name === 'connect' ? String(result) : `on fd ${fd}`;
  return `${phase === 'return' ? '→ ' : ''}${came || rest}`;
}

/** Whose address it is: the lane that had a socket there. */
function laneFinderByAddress({
  recording,
  laneOf,
}: Scene): (host: string, port: number) => number | undefined {
  const lanes = new Map<string, number>();
  for (const call of recording.calls) {
    const { i } = laneOf(call);
    for (const { local } of call.sockets ?? []) {
      if (!Array.isArray(local)) continue;
      lanes.set(`${local[0]} ${local[1]}`, i);
      // A listener on every address; the sockets that it made come with their own.
      if (!lanes.has(`* ${local[1]}`)) lanes.set(`* ${local[1]}`, i);
    }
  }
  return (host, port) => lanes.get(`${host} ${port}`) ?? lanes.get(`* ${port}`);
}

/** The message in a packet's payload or, where that was not captured, of the call that sent it. */
function messageIn({ bytes, link, ip, tcp }: PacketLine, sent: string): string {
  if (!tcp?.payloadLength) return '';
  if (bytes === '' || ip === null) return sent;
  const start = (link ? 14 : 0) + ip.headerLength + tcp.headerLength;
  return quoted(messageText(bytesOf(bytes).subarray(start, start + tcp.payloadLength)));
}

interface Step {
  at: number;
  phase: Phase;
  call?: number;
  packet?: number;
  order: number;
  rank: number;
}

/**
 * Steps: packets, and calls: one step for a call, two (begin and return) for a call during which
 * something else happened, because it slept or because its packet was sent meanwhile, or that slept long.
 */
function stepsOf({ calls, packets }: Recording, facts: CallFacts[], packetFacts: PacketFacts[]): Step[] {
  // A packet comes behind the beginning of its call: two clocks may differ by a microsecond.
  const packetSteps = packets.map(({ at }, packet): Step => {
    const { call } = packetFacts[packet];
    const order = Math.max(at, call === undefined ? 0 : calls[call].start);
    return { packet, at, phase: 'whole', order, rank: 1 };
  });
  const packetTimes = new Map<number, number[]>();
  packetFacts.forEach(({ call }, i) => {
    if (call !== undefined) packetTimes.set(call, [...(packetTimes.get(call) ?? []), packets[i].at]);
  });
  const times = [...packets.map(({ at }) => at), ...calls.map(({ end }) => end)].sort((a, b) => a - b);
  const callSteps = calls.flatMap(({ start, end }, call): Step[] => {
    const { slept } = facts[call];
    const between = times[notAbove(times, start)] < end; // the next event after its start is not its own end
    const whole: Step = { call, phase: 'whole', at: end, order: end, rank: 2 };
    const isLong = slept && (between || end - start >= LONG);
    if (!isLong && !(between && packetTimes.get(call)?.some((at) => at <= end))) return [whole];
    return [
      { call, phase: 'begin', at: start, order: start, rank: 0 },
      { ...whole, phase: 'return' },
    ];
  });
  const number = ({ call, packet }: Step) => (call === undefined ? packets[packet!].n : calls[call].n);
  return [...callSteps, ...packetSteps].sort(
    (a, b) => a.order - b.order || a.rank - b.rank || number(a) - number(b),
  );
}

/** How many of the sorted values are not above x. */
function notAbove(sorted: number[], x: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}
