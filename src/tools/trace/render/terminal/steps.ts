// A step of the story: the program's line, its call as strace writes it, what that means, and what it
// changed in memory; and of the kernel, a packet. Above: story.ts. Below: story-meaning.ts, terminal.ts.

import type {
  CallLine,
  FrameLine,
  PacketLine,
  SocketState,
} from '../../../../interpose/recorder/recording.ts';
import { reprBytes } from '../../../../python/builtins/repr.ts';
import { clock, duration } from '../../analyse/delays.ts';
import type { Conversation } from '../../analyse/dialogue.ts';
import type { Memory } from '../../analyse/memory.ts';
import { flagsOf, numbersAt, numbersOf } from '../../analyse/packets.ts';
import { addressText, portOf } from '../../analyse/sockets.ts';
import { plural } from '../plural.ts';
import type { CallEvent } from './events.ts';
import { meaning } from './meaning.ts';
import { hanging, type Look, paint, type Style } from './style.ts';

const INDENT = '    ';

/** What a step of any recording needs to be told. */
export interface Telling {
  look: Look;
  zero: number;
  frames: Map<string, FrameLine>;
  memory: Map<CallLine, Memory>;
  /** What a process is called: SERVER, CLIENT, or its pid. */
  lane(pid: number): { name: string; style: Style };
  run: Conversation | null;
  /** The state lines that were shown last, by pid and fd. */
  shown: Map<string, string>;
}

export const frameOf = ({ frames }: Telling, call: CallLine): FrameLine | undefined =>
  frames.get(`${call.pid} ${call.at}`);

/** The lines that tell a call, or one of its two ends. */
export function stepLines(telling: Telling, event: CallEvent): string[] {
  const { look, zero, run, memory } = telling;
  const { call, step, phase } = event;
  const { name, style } = telling.lane(call.pid);
  const frame = frameOf(telling, call);
  const place = frame === undefined ? '' : `${frame.file}:${frame.line}`;
  const number = `${step}${phase === 'ends' ? '↩' : ''}`.padStart(3);
  const head = `${paint(look, style, `${number} ${name}`)}  ${clock(event.at, zero)}  ${paint(look, 'faint', place)}`;
  return [
    head.trimEnd(),
    ...hanging(look, `${INDENT}│ `, phase === 'ends' ? '' : (frame?.text ?? ''), 'source'),
    ...hanging(look, INDENT, callText(event)),
    ...hanging(look, INDENT, meaning(event, run, memory.get(call)), 'faint'),
    ...(phase === 'begins' ? [] : memoryLines(telling, call)),
    '',
  ];
}

/** The call as strace writes it, and how long it took. */
export function callText({ call, phase }: Pick<CallEvent, 'call' | 'phase'>): string {
  // What a call brings is not known yet when it begins.
  const brings = phase === 'begins' && /^(recv|read|accept|epoll_wait)/.test(call.name);
  const asked = `${call.name}(${call.args.map(({ text }, i) => (brings && i === 1 ? '…' : text)).join(', ')})`;
  const result = `${call.result < 0 ? `-1 ${call.errno ?? -call.result}` : call.result}${call.detail ? ` (${call.detail})` : ''}`;
  if (phase === 'begins') return `${asked} …`;
  const took = `${phase === 'ends' ? 'after' : 'took'} ${duration(call.end - call.start)}`;
  return `${phase === 'ends' ? `${call.name}() …` : asked} = ${result}  [${took}]`;
}

// rfds and the sockets of the process, where they are not as they were shown last.
function memoryLines(telling: Telling, call: CallLine): string[] {
  const { look, memory, shown, run } = telling;
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
  const waiting = state.receiveQueueData
    ? ` ${reprBytes(Buffer.from(state.receiveQueueData, 'base64'))}`
    : '';
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

/** What the kernel did: a packet, and why. */
export function packetLines({ look, zero }: Telling, packet: PacketLine): string[] {
  const head = `${INDENT}${paint(look, 'kernel', 'KERNEL')}  ${clock(packet.at, zero)}  `;
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
  const where = inferred ? 'not captured but inferred' : `${plural(length, 'byte')} on ${place}`;
  if (tcp === null) return { way: `${ip?.source ?? '?'} → ${ip?.destination ?? '?'}`, numbers: where };
  const { sourcePort, destinationPort, payloadLength } = tcp;
  return {
    way: `${flagsOf(tcp)}  ${ip?.source ?? ''}:${sourcePort} → ${ip?.destination ?? ''}:${destinationPort}`,
    numbers: `${numbersOf(tcp)}${payloadLength > 0 ? `, ${plural(payloadLength, 'byte')} of data` : ''}; ${where}`,
  };
}
