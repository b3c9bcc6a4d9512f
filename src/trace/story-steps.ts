// A step of the story: the program's line, its call as strace writes it, what that means, and what it
// changed in memory. Above: story.ts. Below: story-events.ts, memory.ts, terminal.ts.

import { reprBytes } from '../repr.ts';
import { type Conversation, isInput, isPrint, isWait, portOf } from './conversation.ts';
import { clock, duration } from './delays.ts';
import type { Memory } from './memory.ts';
import { flagsOf, numbersAt, numbersOf } from './packets.ts';
import type { CallLine, FrameLine, PacketLine, SocketState } from './recording.ts';
import { addressText, dataOf, isSend } from './sockets.ts';
import type { CallEvent } from './story-events.ts';
import { hanging, type Look, paint, type Style } from './terminal.ts';

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
  const { look, zero } = telling;
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
    ...hanging(look, INDENT, meaning(telling, event), 'faint'),
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

const plural = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;
const fdList = (fds: number[] | undefined) => (fds ?? []).map((fd) => `fd ${fd}`).join(', ');

// What a call means, in a sentence; nothing where the call says it all.
function meaning({ run, memory }: Telling, { call, phase }: CallEvent): string {
  if (call.result < 0) {
    return call.errno === 'EINTR' ? 'A signal came.' : `It fails with ${call.errno ?? call.result}.`;
  }
  if (isWait(call)) return waitMeaning(run, call, phase, memory.get(call));
  if (isInput(call)) {
    if (phase === 'begins') return 'Sleeps until the user has typed a line.';
    return call.result === 0 ? 'The end of the input: Ctrl+D.' : `The user typed ${reprBytes(dataOf(call))}.`;
  }
  if (isPrint(call)) return `Prints: ${dataOf(call).toString('utf8').trimEnd() || 'a line end'}`;
  switch (call.name) {
    case 'socket':
      return `The kernel makes a socket; ${call.result} is the lowest descriptor that is free.`;
    case 'setsockopt':
      return call.args.some(({ text }) => text === 'SO_REUSEADDR')
        ? 'The port may be taken again at once after an earlier server.'
        : '';
    case 'bind':
      return `The port is this socket's: ${addressText(stateOf(memory.get(call), call.fd)?.local)}.`;
    case 'listen':
      return 'From now on the kernel finishes connections by itself and queues them for accept().';
    case 'connect':
      return connectMeaning(run, call);
    case 'accept':
    case 'accept4':
      return `Takes the first connection out of the queue: fd ${call.result}. No packet is sent for it.`;
    case 'getpeername':
      return "Asks for the client's address.";
    case 'close':
      return 'The descriptor is free again.';
    case 'recv':
    case 'read':
      if (phase === 'begins') return 'Sleeps until bytes come.';
      if (call.result === 0) return 'The end of the stream: the other side has closed.';
      return `${plural(call.result, 'byte')} out of the receive queue.`;
    default:
      return isSend(call) && call.fd !== 1 ? sendMeaning(run, call) : '';
  }
}

function waitMeaning(
  run: Conversation | null,
  call: CallLine,
  phase: CallEvent['phase'],
  memory: Memory | undefined,
): string {
  if (phase === 'begins') {
    const fds = memory?.rfds ?? [];
    return `Sleeps until ${fds.length > 1 ? 'one of ' : ''}${fdList(fds)} is ready.`;
  }
  const facts = (call.ready ?? []).map((fd) => {
    const state = stateOf(memory, fd);
    if (state?.acceptQueue !== undefined || fd === run?.listener?.fd) {
      return `fd ${fd} is ready: a connection that the kernel has finished waits for accept()`;
    }
    if (state === undefined) return `fd ${fd} is ready`;
    return state.receiveQueue > 0
      ? `fd ${fd} is ready: ${plural(state.receiveQueue, 'byte')} wait in its receive queue`
      : `fd ${fd} is ready: its stream has ended`;
  });
  return facts.length === 0 ? 'The time was over.' : `${facts.join('; ')}.`;
}

function connectMeaning(run: Conversation | null, call: CallLine): string {
  const local = run?.clientEnd?.local;
  const synAck = run?.connect === call ? run.wire.handshake.synAck : undefined;
  const port = local ? `The kernel picks the port ${portOf(local)} and shakes hands. ` : '';
  if (synAck === undefined) return `${port}Connected: nobody has called accept() for that.`;
  return `${port}connect() is done when the SYN-ACK is there, ${duration(Math.max(synAck.at - call.start, 0))} later; nobody has to call accept() for that.`;
}

function sendMeaning(run: Conversation | null, call: CallLine): string {
  const exchange = run?.exchanges.find(
    ({ sends, answers }) => sends.includes(call) || answers.includes(call),
  );
  const packets = [...(exchange?.messagePackets ?? []), ...(exchange?.responsePackets ?? [])];
  const first = packets.find(({ at }) => at >= call.start && at <= call.end);
  const stamped = !exchange
    ? ''
    : exchange.sends[0] === call
      ? 'The client has put its time in front of the line. '
      : exchange.answers[0] === call
        ? 'The server has put its time in front of what it received. '
        : '';
  const copied = `${stamped}${plural(call.result, 'byte')} copied into the kernel`;
  return first === undefined
    ? `${copied}.`
    : `${copied}, and on the wire ${duration(call.end - first.at)} before send() returned.`;
}

const stateOf = (memory: Memory | undefined, fd: number | undefined): SocketState | undefined =>
  memory?.sockets.find((state) => state.fd === fd);

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
