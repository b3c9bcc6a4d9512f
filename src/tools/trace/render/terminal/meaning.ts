// What a call means, in a sentence or two. Above: story-steps.ts. Below: conversation.ts, memory.ts.

import type { CallLine, SocketState } from '../../../../interpose/recorder/recording.ts';
import { reprBytes } from '../../../../python/builtins/repr.ts';
import { duration } from '../../analyse/delays.ts';
import { type Conversation, isInput, isPrint, isWait } from '../../analyse/dialogue.ts';
import type { Memory } from '../../analyse/memory.ts';
import { addressText, dataOf, isSend, portOf } from '../../analyse/sockets.ts';
import { plural } from '../plural.ts';
import type { CallEvent } from './events.ts';

const fdList = (fds: number[] | undefined) => (fds ?? []).map((fd) => `fd ${fd}`).join(', ');

/** What a call means, by the conversation and the memory after it; nothing where the call says it all. */
export function meaning(
  { call, phase }: CallEvent,
  run: Conversation | null,
  memory: Memory | undefined,
): string {
  if (call.result < 0) {
    return call.errno === 'EINTR' ? 'A signal came.' : `It fails with ${call.errno ?? call.result}.`;
  }
  if (isWait(call)) return waitMeaning(run, call, phase, memory);
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
      return `The port is this socket's: ${addressText(stateOf(memory, call.fd)?.local)}.`;
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
      return closeMeaning(run, call);
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

function closeMeaning(run: Conversation | null, call: CallLine): string {
  const free = 'The descriptor is free again.';
  if (run?.listener?.calls.includes(call)) return `${free} Nobody listens on the port any more.`;
  const isEnd = run?.clientEnd?.calls.includes(call) || run?.serverEnd?.calls.includes(call);
  return isEnd ? `${free} This side of the connection has ended: the kernel says so with a FIN.` : free;
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
