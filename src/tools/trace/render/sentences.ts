// What a call or a packet means, in a sentence or two: the terminal's story and the page say the same.

import type { CallLine, PacketLine, Recording, SocketState } from '../../../interpose/recorder/recording.ts';
import { callOf } from '../../../kernel/calls.ts';
import { type Conversation, conversationOf, isInput, isPrint, isWait } from '../analyse/dialogue.ts';
import { type Memory, memories, peerClosed } from '../analyse/memory.ts';
import { isSend, portOf } from '../analyse/sockets.ts';
import { NOTABLE, offCpu, slept, waitingCalls } from '../analyse/waiting.ts';
import {
  addressText,
  bytesOf,
  capital,
  count,
  duration,
  fdList,
  messageText,
  type Phase,
  packetName,
  quoted,
  shortened,
  textOf,
} from '../words.ts';
import { type Lane, laneFinder, lanesOf, whose } from './lanes.ts';

/** What the sentences need to know of a recording. */
export interface Scene {
  recording: Recording;
  /** The documented conversation; null for any other program. */
  run: Conversation | null;
  lanes: Lane[];
  laneOf(call: CallLine): Lane;
  memory: Map<CallLine, Memory>;
  /** Whether a call waited; whether its time off the processor, if it had any, was a wait. */
  slept(call: CallLine): boolean;
  waits(call: CallLine): boolean;
}

export function sceneOf(recording: Recording): Scene {
  const lanes = lanesOf(recording);
  const pids = [...new Set(recording.calls.map(({ pid }) => pid))];
  const callsOf = (pid: number) => recording.calls.filter((call) => call.pid === pid);
  return {
    recording,
    run: conversationOf(recording),
    lanes,
    laneOf: laneFinder(lanes),
    memory: new Map(pids.flatMap((pid) => [...memories(callsOf(pid))])),
    slept: (call) => slept(recording, call),
    waits: (call) => waitingCalls(recording).has(call),
  };
}

/** What a call did, in a sentence, and behind it what follows from that; none where the call says it all. */
export function callSentences(scene: Scene, call: CallLine, phase: Phase): string[] {
  const who = whose(scene.laneOf(call));
  if (phase === 'begin') return [capital(`${who} calls ${call.name}()${beginning(scene, call)}.`)];
  if (call.errno === 'EINTR') return [`A signal interrupts ${call.name}()${on(call)} in ${who}.`];
  if (call.result < 0) return [`${call.name}()${on(call)} fails in ${who}: ${call.errno ?? call.result}.`];
  const did = whole(scene, call);
  if (phase === 'whole' && did === '') return [];
  const sentence = phase === 'return' ? returning(scene, call, who) : `${who} ${did}`;
  return [capital(`${sentence}.`), ...consequences(scene, call)];
}

/** The call as the program wrote it, for one that has no sentence. */
export function plainSentence(scene: Scene, call: CallLine): string {
  const args = call.args.map(({ text }) => text).join(', ');
  return capital(`${whose(scene.laneOf(call))} calls ${call.name}(${args}) = ${call.result}.`);
}

/** What a packet is, on its way from one lane to another, and why it is there. */
export function packetSentence(
  packet: PacketLine,
  from: Lane | undefined,
  to: Lane | undefined,
  message: string,
): string {
  const size = packet.tcp?.payloadLength ? ` with ${count(packet.tcp.payloadLength, 'byte')}` : '';
  const what = `${packetName(packet)}${size}${message ? ` ${message}` : ''}`;
  const why = packet.why ? ` ${capital(packet.why)}.` : '';
  return capital(`${whose(from)} → ${whose(to)}: ${what}${packet.inferred ? ' (inferred)' : ''}.${why}`);
}

/** The message that a call sent, received or read, in quotation marks; '' for any other call. */
export function messageOf(call: CallLine): string {
  const { name, data, result } = call;
  if (!data || result <= 0 || name === 'write' || !(isSending(call) || isReceiving(call))) return '';
  return quoted(messageText(bytesOf(data)));
}

/** How much of a call's time was no wait and not on the processor, where that is worth telling; '' where not. */
export function offCpuText({ waits }: Pick<Scene, 'waits'>, call: CallLine): string {
  const off = offCpu(call);
  return waits(call) || off < NOTABLE || off < call.cpu ? '' : `, ${duration(off)} of it off the CPU`;
}

/** What a call brought, in a word or two; '' where that is no more than its success. */
export function outcome(call: CallLine): string {
  const { name, result, errno, ready } = call;
  if (result < 0 || errno) return errno ?? String(result);
  if (ready) return ready.length > 0 ? `${fdList(ready)} ready` : 'nothing ready';
  if (callOf(name)?.makes?.where === 'result') return `makes fd ${result}`;
  if (isReceiving(call) && result === 0) return 'end of stream';
  return isReceiving(call) || isSending(call) ? count(result, 'byte') : '';
}

/** The arguments in which the kernel leaves something: what, is not known before the call returns. */
export function filledArguments({ name, args }: CallLine): number[] {
  const kinds: Readonly<Record<string, string | undefined>> = callOf(name)?.args ?? {};
  const isFilled = (kind = '') => kind.startsWith('out ') || kind.includes('socklen');
  return args.flatMap((one, i) => (isFilled(kinds[one.name === 'msg' ? 'buffers' : one.name]) ? [i] : []));
}

const on = ({ fd }: CallLine) => (fd === undefined ? '' : ` on fd ${fd}`);

const isSending = ({ name }: CallLine) => callOf(name)?.sends !== undefined;
const isReceiving = ({ name }: CallLine) => callOf(name)?.receives !== undefined;

const stateOf = ({ memory }: Scene, call: CallLine, fd = call.fd): SocketState | undefined =>
  memory.get(call)?.sockets.find((state) => state.fd === fd);

/** Words and the address behind them; '' where the recording does not have it. */
function toAddress(words: string, state: SocketState | undefined, end: 'local' | 'remote'): string {
  const address = state?.[end] ?? null;
  return address === null ? '' : `${words}${addressText(address)}`;
}

/** A colon and the bytes. */
function bytesText(call: CallLine): string {
  const text = messageOf(call) || (call.data ? quoted(textOf(bytesOf(call.data))) : '');
  return text && `: ${text}`;
}

// What a call is there for. That it sleeps is said only of one that did.
function beginning(scene: Scene, call: CallLine): string {
  const until = (what: string) => (scene.slept(call) ? ` and sleeps until ${what}` : '');
  if (isInput(call)) return until('the user has typed a line');
  if (isWait(call)) {
    const fds = scene.memory.get(call)?.rfds ?? [];
    const what = fds.length > 0 ? fdList(fds) : 'a descriptor';
    const watched = `${fds.length > 1 ? 'one of ' : ''}${what}`;
    return until(`${watched} is ready`) || `, which returns when ${watched} is ready`;
  }
  if (call.name === 'connect') {
    const to = toAddress(' to ', stateOf(scene, call), 'remote');
    return `${to}${until('the handshake is done') || ', which shakes hands'}`;
  }
  if (call.name.startsWith('accept')) return `${on(call)}${until('a connection comes')}`;
  if (isReceiving(call)) return `${on(call)}${until('bytes come')}`;
  if (isSending(call)) {
    const data = `${on(call)}: ${messageOf(call) || 'its data'} goes to the kernel`;
    return scene.slept(call) ? `${data}, and it sleeps until there is space for all of it` : data;
  }
  return on(call);
}

function returning(scene: Scene, call: CallLine, who: string): string {
  const { name, result, fd } = call;
  const returns = `${name}() returns to ${who}`;
  if (isWait(call)) {
    const facts = readyFacts(scene, call);
    return call.ready?.length && scene.slept(call)
      ? `${name}() wakes ${who}: ${facts}`
      : `${returns}: ${facts}`;
  }
  if (name === 'connect') return `${returns}: the connection is there`;
  if (name.startsWith('accept')) return `${returns} with ${acceptFacts(scene, call)}`;
  if (name === 'close') return `${returns}: fd ${fd} is free again`;
  if (isInput(call)) return `${returns}: ${inputFacts(call)}`;
  if (isSending(call))
    return `${returns}: the kernel has its ${count(result, 'byte')}${wireFacts(scene, call)}`;
  if (isReceiving(call) && result === 0)
    return `${returns} with nothing: the stream has ended, the other side sends no more`;
  if (isReceiving(call)) return `${returns} with ${count(result, 'byte')}${bytesText(call)}`;
  return `${returns}: ${result}`;
}

/** What a call that succeeded did, as its caller's predicate; '' where there is nothing to add to it. */
function whole(scene: Scene, call: CallLine): string {
  const { name, fd, result, args } = call;
  const state = stateOf(scene, call);
  if (isWait(call)) return `calls ${name}(): ${readyFacts(scene, call)}`;
  if (isInput(call))
    return result === 0 ? `finds ${inputFacts(call)}` : `reads its input: ${inputFacts(call)}`;
  if (isPrint(call)) return printed(call);
  if (/^recv/.test(name)) {
    if (result === 0)
      return `finds the end of the stream on fd ${fd}, with ${name}(): the other side sends no more`;
    return `takes ${count(result, 'byte')} out of the receive queue of fd ${fd}, with ${name}()${bytesText(call)}`;
  }
  if (/^send/.test(name) && isSend(call))
    return `copies ${count(result, 'byte')} into the kernel for fd ${fd}, with ${name}()${bytesText(call)}${wireFacts(scene, call)}`;
  switch (name) {
    case 'socket':
      return `makes a socket: fd ${result}, the lowest number that was free`;
    case 'setsockopt': {
      const option = args[2]?.text;
      return `sets ${option} on fd ${fd}${option === 'SO_REUSEADDR' ? ': the port may be taken again at once after an earlier server' : ''}`;
    }
    case 'bind':
      return `binds fd ${fd}${toAddress(' to ', state, 'local')}: the port is this socket's`;
    case 'listen':
      return `listens on fd ${fd}: from now on the kernel finishes connections by itself and queues them for accept()`;
    case 'accept':
    case 'accept4':
      return `takes ${acceptFacts(scene, call)}`;
    case 'connect':
      return `connects fd ${fd}${toAddress(' to ', state, 'remote')}`;
    case 'getpeername':
      return `asks for the address at the other end of fd ${fd}${toAddress(': ', state, 'remote')}`;
    case 'getsockname':
      return `asks for the address of fd ${fd}${toAddress(': ', state, 'local')}`;
    case 'read':
      if (result === 0) return `reads the end of the stream on fd ${fd}`;
      return `reads ${count(result, 'byte')} from fd ${fd}${bytesText(call)}`;
    case 'write':
      return `writes ${count(result, 'byte')} to fd ${fd}${bytesText(call)}`;
    case 'close':
      return `closes fd ${fd}: the descriptor is free again`;
    case 'sigaction':
      return `decides what ${args[0]?.text} does`;
    default:
      return '';
  }
}

/** What a wait reported, and what waits in those sockets. */
function readyFacts(scene: Scene, call: CallLine): string {
  const ready = call.ready ?? [];
  if (ready.length === 0) return 'nothing is ready, its time was over';
  return ready.map((fd) => `fd ${fd} is ready${waiting(scene, call, fd)}`).join('; ');
}

function waiting(scene: Scene, call: CallLine, fd: number): string {
  const state = stateOf(scene, call, fd);
  if (
    state?.acceptQueue !== undefined ||
    (call.pid === scene.run?.server.pid && fd === scene.run.listener?.fd)
  )
    return ', a connection that the kernel has finished waits for accept()';
  if (state === undefined) return '';
  if (state.receiveQueue > 0)
    return `, ${count(state.receiveQueue, 'byte')} ${state.receiveQueue === 1 ? 'waits' : 'wait'} in its receive queue`;
  return peerClosed(state.tcp) ? ', its stream has ended' : '';
}

function inputFacts(call: CallLine): string {
  if (call.result === 0) return 'the end of the input, Ctrl+D';
  return `the user typed ${quoted(messageText(bytesOf(call.data ?? '')))}`;
}

function printed(call: CallLine): string {
  const text = textOf(bytesOf(call.data ?? '')).replace(/(\\r)?\\n$/, '');
  return `prints ${text === '' ? 'the end of a line' : `“${shortened(text, 120)}”`}`;
}

const acceptFacts = (scene: Scene, call: CallLine) =>
  `the first connection${toAddress(', from ', stateOf(scene, call, call.result), 'remote')}, out of the accept queue: fd ${call.result}`;

/** What follows from a call that succeeded, in the kernel and on the wire. */
function consequences(scene: Scene, call: CallLine): string[] {
  const { run } = scene;
  if (call.name.startsWith('accept')) return ['No packet is sent for it.'];
  if (call.name === 'connect') return connected(scene, call);
  if (call.name === 'close') {
    if (run?.listener?.calls.includes(call)) return ['Nothing listens on the port any more.'];
    const isEnd = run?.clientEnd?.calls.includes(call) || run?.serverEnd?.calls.includes(call);
    return isEnd ? ['This side of the connection has ended: the kernel says so with a FIN.'] : [];
  }
  const exchange = exchangeOf(scene, call);
  if (exchange?.sends[0] === call) return ['The client has put its time in front of the line.'];
  if (exchange?.answers[0] === call) return ['The server has put its time in front of what it received.'];
  return [];
}

function connected({ run }: Scene, call: CallLine): string[] {
  if (run?.connect !== call) return [];
  const local = run.clientEnd?.local;
  const { synAck } = run.wire.handshake;
  const port = local ? [`The kernel has picked the port ${portOf(local)} and shaken hands.`] : [];
  const accept = 'the server need not have called accept() for that.';
  // When one that was only inferred came is not known.
  if (synAck === undefined || synAck.inferred) return [...port, capital(accept)];
  const later = duration(Math.max(synAck.at - call.start, 0));
  return [...port, `connect() is done when the SYN-ACK is there, ${later} later; ${accept}`];
}

const exchangeOf = ({ run }: Scene, call: CallLine) =>
  run?.exchanges.find(({ sends, answers }) => sends.includes(call) || answers.includes(call));

/** When its bytes were on the wire. */
function wireFacts(scene: Scene, call: CallLine): string {
  const exchange = exchangeOf(scene, call);
  const packets = [...(exchange?.messagePackets ?? []), ...(exchange?.responsePackets ?? [])];
  const first = packets.find(({ at, inferred }) => !inferred && at >= call.start && at <= call.end);
  if (first === undefined) return '';
  return `, on the wire ${duration(call.end - first.at)} before ${call.name}() returned`;
}
