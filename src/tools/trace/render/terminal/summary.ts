// The summary of operations: what the client, the server and the kernel did, and how often.
// Above: story.ts. Below: conversation.ts, packets.ts, terminal.ts.

import type { CallLine } from '../../../../interpose/recorder/recording.ts';
import { duration } from '../../analyse/delays.ts';
import { type Conversation, slept } from '../../analyse/dialogue.ts';
import type { TcpPacket } from '../../analyse/packets.ts';
import { isReceive, isSend, portOf } from '../../analyse/sockets.ts';
import { plural } from '../plural.ts';
import { maySleep } from './events.ts';
import { hanging, type Look, paint } from './style.ts';

/** What each call is for, in the documented programs. */
const purposes: Readonly<Record<string, string>> = {
  socket: 'make a socket',
  setsockopt: 'take the port again at once',
  bind: 'claim the port',
  listen: 'let the kernel queue connections',
  select: 'sleep until a socket is ready',
  poll: 'sleep until a socket is ready',
  epoll_wait: 'sleep until a socket is ready',
  kevent: 'sleep until a socket is ready',
  epoll_ctl: 'say which sockets to watch',
  accept: 'take a connection out of the queue',
  accept4: 'take a connection out of the queue',
  connect: 'shake hands with the server',
  recv: 'copy bytes out of the receive queue',
  send: 'copy bytes into the kernel, which sends them',
  getpeername: "ask for the client's address",
  read: 'read what was typed',
  write: 'print a line',
  close: 'give a descriptor back; the last one ends the connection',
};

export function summaryLines(look: Look, run: Conversation): string[] {
  return [
    paint(look, 'client', 'Client'),
    ...callCounts(look, run.clientCalls),
    '',
    paint(look, 'server', 'Server'),
    ...callCounts(look, run.serverCalls),
    '',
    paint(look, 'kernel', 'Kernel'),
    ...kernelFacts(run).flatMap((fact) => hanging(look, '  · ', fact)),
  ];
}

/** A line for each name of call, in the order in which they first came. */
export function callCounts(look: Look, calls: CallLine[]): string[] {
  const byName = new Map<string, CallLine[]>();
  for (const call of calls) {
    const alike = byName.get(call.name);
    if (alike) alike.push(call);
    else byName.set(call.name, [call]);
  }
  return [...byName].flatMap(([name, all]) => {
    const bytes = all.filter((call) => (isSend(call) || isReceive(call)) && call.result > 0);
    const sum = bytes.reduce((total, { result }) => total + result, 0);
    const time = all.reduce((total, { start, end }) => total + end - start, 0);
    const failed = all.filter(({ result }) => result < 0).length;
    const facts = [
      purposes[name],
      bytes.length > 0 ? `${sum} bytes` : undefined,
      failed > 0 ? `${failed} failed` : undefined,
      `${duration(time)}${all.length > 1 ? ' in all' : ''}`,
    ].filter((fact) => fact !== undefined);
    return hanging(look, `  ${`${name}()`.padEnd(15)} ×${String(all.length).padEnd(3)} `, facts.join(', '));
  });
}

function kernelFacts(run: Conversation): string[] {
  const { packets, captured } = run.wire;
  if (packets.length === 0) return ['Its packets were not captured.'];
  const has = (flag: string) => packets.filter(({ tcp }) => tcp.flags.includes(flag));
  const data = packets.filter(({ tcp }) => tcp.payloadLength > 0);
  const bare = packets.filter(({ tcp }) => tcp.payloadLength === 0 && tcp.flags.join() === 'ACK');
  const sum = (all: TcpPacket[], of: (packet: TcpPacket) => number) =>
    all.reduce((total, one) => total + of(one), 0);
  const payload = sum(data, ({ tcp }) => tcp.payloadLength);
  const length = sum(packets, (packet) => packet.length);
  const wakes = [...run.serverCalls, ...run.clientCalls].filter(
    (call) => maySleep(call) && slept(call) && call.result >= 0,
  ).length;
  const shaken = run.wire.handshake.ack ? bare.filter((packet) => packet !== run.wire.handshake.ack) : bare;
  return [
    ...(captured ? [] : ['The packets were not captured, only inferred from what the calls show.']),
    `Shook hands: ${Object.keys(run.wire.handshake).length} packets, before the server called accept().`,
    `Carried ${plural(payload, 'byte')} in ${plural(data.length, 'segment')}, and numbered and acknowledged them: ${plural(shaken.length, 'ACK')} alone, the others along with data.`,
    ...(captured ? [`Put headers in front: ${length - payload} of the ${length} bytes on the wire.`] : []),
    `Woke a sleeping call ${plural(wakes, 'time')}.`,
    ...(has('FIN').length === 0
      ? []
      : [`Said goodbye: ${plural(has('FIN').length, 'FIN')}, from ${goodbyes(run, has('FIN'))}.`]),
    ...(has('RST').length === 0 ? [] : [`Broke off: ${plural(has('RST').length, 'RST')}.`]),
  ];
}

const goodbyes = (run: Conversation, fins: TcpPacket[]) =>
  [
    ...new Set(
      fins.map(({ tcp }) => (tcp.sourcePort === portOf(run.clientEnd?.local) ? 'the client' : 'the server')),
    ),
  ].join(', then ');
