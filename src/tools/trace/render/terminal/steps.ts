// The steps of the story: the calls and packets in the order of time, each with the program's line, the call
// as strace writes it, what that means, and what it changed in memory; and of the kernel, a packet. A call
// that waited while others did something is two events, for the story goes on between them.

import {
  type CallLine,
  type FrameLine,
  isSimulated,
  type PacketLine,
  type SocketState,
} from '../../../../interpose/recorder/recording.ts';
import { clock } from '../../analyse/delays.ts';
import { type Conversation, isInput } from '../../analyse/dialogue.ts';
import { numbersAt } from '../../analyse/packets.ts';
import { portOf } from '../../analyse/sockets.ts';
import { addressText, count, duration, flagsOf, numbersOf, type Phase, resultText } from '../../words.ts';
import { callSentences, filledArguments, offCpuText, type Scene } from '../sentences.ts';
import { abridged } from './bytes.ts';
import { hanging, type Look, paint, type Style } from './style.ts';

export interface CallEvent {
  at: number;
  call: CallLine;
  /** From 1; a call's two events have the same. */
  step: number;
  phase: Phase;
}

export interface PacketEvent {
  at: number;
  packet: PacketLine;
}

export type Event = CallEvent | PacketEvent;

/** A wait for so long is two events, even if nothing happens meanwhile; in nanoseconds. */
const LONG = 1e6;

/**
 * The calls and packets as events, by their times; the calls are numbered as they begin. A wait is two events,
 * for what it brought is told when it came.
 */
export function eventsOf(
  { slept, waits }: Pick<Scene, 'slept' | 'waits'>,
  calls: CallLine[],
  packets: PacketLine[],
): Event[] {
  const inOrder = calls.toSorted((a, b) => a.start - b.start);
  const times = [
    ...calls.flatMap(({ pid, start, end }) => [
      { pid, at: start },
      { pid, at: end },
    ]),
  ]
    .concat(packets.map(({ at }) => ({ pid: -1, at })))
    .sort((a, b) => a.at - b.at);
  const events: Event[] = inOrder.flatMap((call, i): CallEvent[] => {
    const step = i + 1;
    const isLong = slept(call) && (isInput(call) || call.end - call.start >= LONG);
    if (!isLong && !(waits(call) && somethingBetween(times, call)))
      return [{ at: call.start, call, step, phase: 'whole' }];
    return [
      { at: call.start, call, step, phase: 'begin' },
      { at: call.end, call, step, phase: 'return' },
    ];
  });
  const all = events.concat(packets.map((packet) => ({ at: packet.at, packet })));
  return all.sort((a, b) => a.at - b.at);
}

function somethingBetween(times: { pid: number; at: number }[], { pid, start, end }: CallLine): boolean {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle].at <= start) low = middle + 1;
    else high = middle;
  }
  for (let i = low; i < times.length && times[i].at < end; i++) if (times[i].pid !== pid) return true;
  return false;
}

const INDENT = '    ';

/** What the lines of every step need: the recording, the terminal, and what has been shown so far. */
export interface StoryContext {
  look: Look;
  scene: Scene;
  zero: number;
  frames: Map<string, FrameLine>;
  /** What a process is called above its steps: SERVER, CLIENT, or its pid. */
  lane(pid: number): { name: string; style: Style };
  /** The state lines that were shown last, by pid and fd. */
  shown: Map<string, string>;
}

export const frameOf = ({ frames }: StoryContext, call: CallLine): FrameLine | undefined =>
  frames.get(`${call.pid} ${call.at}`);

/** The lines of a call, or of one of its two ends. */
export function stepLines(context: StoryContext, event: CallEvent): string[] {
  const { look, zero, scene } = context;
  const { call, step, phase } = event;
  const { name, style } = context.lane(call.pid);
  const frame = frameOf(context, call);
  const place = frame === undefined ? '' : `${frame.file}:${frame.line}`;
  const number = `${step}${phase === 'return' ? '↩' : ''}`.padStart(3);
  const head = `${paint(look, style, `${number} ${name}`)}  ${clock(event.at, zero)}  ${paint(look, 'faint', place)}`;
  return [
    head.trimEnd(),
    ...hanging(look, `${INDENT}│ `, phase === 'return' ? '' : (frame?.text ?? ''), 'source'),
    ...hanging(look, INDENT, callText(event, isSimulated(scene.recording) ? null : offCpuText(scene, call))),
    ...hanging(look, INDENT, callSentences(scene, call, phase).join(' '), 'faint'),
    ...(phase === 'begin' ? [] : memoryLines(context, call)),
    '',
  ];
}

/** The call as strace writes it, and how long it took; off: what is to be said of that time; null: it has none. */
export function callText(
  { call, phase }: Pick<CallEvent, 'call' | 'phase'>,
  off: string | null = '',
): string {
  const unknown = phase === 'begin' ? filledArguments(call) : [];
  const asked = `${call.name}(${call.args.map(({ text }, i) => (unknown.includes(i) ? '…' : text)).join(', ')})`;
  if (phase === 'begin') return `${asked} …`;
  const result = `${resultText(call)}${call.detail ? ` (${call.detail})` : ''}`;
  const took = `${phase === 'return' ? 'after' : 'took'} ${duration(call.end - call.start)}`;
  const time = off === null ? '' : `  [${took}${off}]`;
  return `${phase === 'return' ? `${call.name}() …` : asked} = ${result}${time}`;
}

// rfds and the sockets of the process, where they are not as they were shown last.
function memoryLines(context: StoryContext, call: CallLine): string[] {
  const { look, scene, shown } = context;
  const { memory, run } = scene;
  const now = memory.get(call);
  if (now === undefined) return [];
  const lines: [string, string][] = now.sockets.map((state) => [
    `${INDENT}  fd ${state.fd} `,
    stateText(state, run, call.end),
  ]);
  if (call.pid === run?.server.pid && now.rfds !== null) {
    lines.unshift([`${INDENT}  rfds `, `= [${now.rfds.join(', ')}]`]);
  }
  return lines.flatMap(([label, text]) => {
    const key = `${call.pid} ${label}`;
    if (shown.get(key) === text) return [];
    shown.set(key, text);
    return hanging(look, label, text, 'kernel');
  });
}

/** A socket in one line: state, addresses, queues and what is in them, sequence numbers. */
export function stateText(state: SocketState, run: Conversation | null, at: number): string {
  const waiting = state.receiveQueueData ? ` ${abridged(Buffer.from(state.receiveQueueData, 'base64'))}` : '';
  const isEnd =
    state.remote !== null &&
    [run?.clientEnd?.local, run?.serverEnd?.local].some(
      (local) => addressText(local) === addressText(state.local),
    );
  const numbers = run && isEnd ? numbersAt(run.wire, portOf(state.local), at) : null;
  return [
    state.tcp?.state ?? `${state.family} ${state.kind}`,
    state.remote === null
      ? addressText(state.local)
      : `${addressText(state.local)} ⇄ ${addressText(state.remote)}`,
    ...(state.acceptQueue
      ? [`accept queue ${state.acceptQueue.length} of ${state.acceptQueue.backlog}`]
      : []),
    ...(state.remote === null
      ? []
      : [`receive queue ${state.receiveQueue}${waiting}`, `send queue ${state.sendQueue}`]),
    ...(numbers === null ? [] : [`seq ${numbers.seq}`, `ack ${numbers.ack}`]),
  ].join(' · ');
}

/** When a packet was there; of one that is inferred, where it is put: ≈. */
export const packetClock = ({ at, inferred }: PacketLine, zero: number) =>
  `${inferred ? '≈' : ''}${clock(at, zero)}`;

/** What the kernel did: a packet, and why. */
export function packetLines({ look, zero }: StoryContext, packet: PacketLine): string[] {
  const head = `${INDENT}${paint(look, 'kernel', 'KERNEL')}  ${packetClock(packet, zero)}  `;
  const { way, numbers } = packetTexts(packet);
  return [
    ...hanging(look, head, way),
    ...hanging(look, `${INDENT}        `, numbers),
    ...hanging(look, `${INDENT}        `, packet.why ?? '', 'faint'),
    '',
  ];
}

// 'PSH ACK  127.0.0.1:60858 → 127.0.0.1:12345' and 'seq 1, ack 1, 23 bytes of data; 89 bytes on lo'
function packetTexts(packet: PacketLine): { way: string; numbers: string } {
  const { tcp, ip, length, interface: place, inferred } = packet;
  const where = inferred ? 'not captured but inferred' : `${count(length, 'byte')} on ${place}`;
  if (tcp === null) return { way: `${ip?.source ?? '?'} → ${ip?.destination ?? '?'}`, numbers: where };
  const { sourcePort, destinationPort, payloadLength } = tcp;
  return {
    way: `${flagsOf(tcp)}  ${ip?.source ?? ''}:${sourcePort} → ${ip?.destination ?? ''}:${destinationPort}`,
    numbers: `${numbersOf(tcp)}${payloadLength > 0 ? `, ${count(payloadLength, 'byte')} of data` : ''}; ${where}`,
  };
}
