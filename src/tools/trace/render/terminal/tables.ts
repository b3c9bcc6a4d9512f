// The story's tables: the timeline, with the client on the left, the server on the right and packets between
// them; the memory after each step; and how often the client, the server and the kernel did what.

import type { CallLine, PacketLine } from '../../../../interpose/recorder/recording.ts';
import { clock } from '../../analyse/delays.ts';
import { type Conversation, isInput, isPrint, isWait } from '../../analyse/dialogue.ts';
import type { Memory } from '../../analyse/memory.ts';
import { numbersAt, type TcpPacket } from '../../analyse/packets.ts';
import { dataOf, isReceive, isSend, portOf, type SocketLife } from '../../analyse/sockets.ts';
import { slept } from '../../analyse/waiting.ts';
import { count, duration, flagsOf, numbersOf, shortened } from '../../words.ts';
import { outcome } from '../sentences.ts';
import { type CallEvent, type Event, packetClock } from './steps.ts';
import { columns, hanging, type Look, paint, type Style } from './style.ts';

const TIME = 13;

/** The timeline in three columns; below one another where the width is too small for that. */
export function timelineLines(look: Look, run: Conversation, events: Event[]): string[] {
  const side = Math.floor((look.width - TIME - 4) / 2);
  const cells = (time: string, client: string, server: string) =>
    columns(look, [
      { text: time, width: TIME, style: 'faint' },
      { text: client, width: side, style: 'client' },
      { text: server, width: side, style: 'server' },
    ]);
  if (side < 20) return events.flatMap((event) => listed(look, run, event));
  return [
    ...cells('TIME', 'CLIENT', 'SERVER'),
    ...cells('─'.repeat(TIME), '─'.repeat(side), '─'.repeat(side)),
    ...events.flatMap((event) => {
      if ('packet' in event) {
        const time = packetClock(event.packet, run.zero);
        return [
          `${paint(look, 'faint', time.padEnd(TIME))}  ${paint(look, 'kernel', arrow(run, event.packet, 2 * side + 2))}`,
        ];
      }
      const time = clock(event.at, run.zero);
      return event.call.pid === run.client.pid
        ? cells(time, label(run, event), '')
        : cells(time, '', label(run, event));
    }),
  ];
}

function listed(look: Look, run: Conversation, event: Event): string[] {
  if ('packet' in event) {
    const time = `${packetClock(event.packet, run.zero)} `;
    return hanging(look, time, packetLabel(event.packet), 'kernel');
  }
  const time = `${clock(event.at, run.zero)} `;
  const who = event.call.pid === run.client.pid ? 'client' : 'server';
  return hanging(look, time, `${who}: ${label(run, event)}`, who);
}

// A call in a few words.
function label({ recording }: Conversation, { call, phase }: CallEvent): string {
  const name = `${call.name}()`;
  if (phase === 'begin') return slept(recording, call) ? `${name} sleeps …` : `${name} …`;
  const ends = phase === 'return' ? '… ' : '';
  const brought = outcome(call);
  if (call.result < 0) return `${ends}${name} fails: ${brought}`;
  const text = () => shortened(dataOf(call).toString('utf8').trimEnd(), 160);
  if (isPrint(call)) return `prints ${text() || 'a line end'}`;
  if (isInput(call)) return `${ends}input: ${call.result === 0 ? 'its end' : text()}`;
  return `${ends}${name}${isWait(call) || call.result === 0 ? ':' : ''} ${brought}`.replace(/:? $/, '');
}

function packetLabel({ tcp, length, inferred }: PacketLine): string {
  if (tcp === null) return count(length, 'byte');
  const data = tcp.payloadLength > 0 ? `, ${count(tcp.payloadLength, 'byte')}` : '';
  return `${flagsOf(tcp)}, ${numbersOf(tcp)}${data}${inferred ? ', inferred' : ''}`;
}

function arrow(run: Conversation, packet: PacketLine, width: number): string {
  const text = ` ${packetLabel(packet)} `;
  const line = '─'.repeat(Math.max(width - text.length - 4, 2));
  const half = Math.floor(line.length / 2);
  const shaft = `${line.slice(half)}${text}${line.slice(0, half)}`;
  return packet.tcp?.sourcePort === portOf(run.clientEnd?.local) ? `  ${shaft}─►` : `◄─${shaft}`;
}

const NAMES = ['state', 'out', 'in', 'seq', 'ack'];
const WIDTHS = [11, 5, 5, 5, 5];
const STEP = 4;
const RFDS = 9;
/** From this width on seq and ack fit in. */
const WIDE = 78;

/** A row for each step after which something is not as before. */
export function memoryTable(
  look: Look,
  run: Conversation,
  events: Event[],
  memory: Map<CallLine, Memory>,
): string[] {
  const shown = look.width < WIDE ? 3 : NAMES.length;
  const side = WIDTHS.slice(0, shown).reduce((sum, width) => sum + width, 0);
  const sideOf = (cells: (string | number)[]) =>
    cells
      .slice(0, shown)
      .map((text, i) => cell(String(text), i))
      .join('');
  const room = look.width - STEP - RFDS - 2 * side - 5;
  const padded = (style: Style, text: string) => paint(look, style, text.padEnd(side));
  const row = (step: string, rfds: string, client: string, server: string, what: string) =>
    [
      step.padStart(STEP),
      `${rfds.padEnd(RFDS)}${padded('client', client)}`,
      `${padded('server', server)}  ${room >= 14 ? what.slice(0, room) : ''}`,
    ]
      .join(' ')
      .trimEnd();
  const titles = [run.clientEnd, run.serverEnd].map(
    (end, i) => ` ${i === 0 ? 'CLIENT' : 'SERVER'} fd ${end?.fd ?? '?'}`,
  );
  const rule = ` ${'─'.repeat(side - 1)}`;
  const now = { rfds: '', client: '', server: '' };
  let last = '';
  const rows = events.flatMap((event) => {
    if (!('call' in event) || event.phase === 'begin') return [];
    const { call, step } = event;
    const after = memory.get(call);
    if (call.pid === run.server.pid && after?.rfds) now.rfds = listText(after.rfds);
    const [client, server] = [run.clientEnd, run.serverEnd].map((end) => sideCells(run, end, memory, call));
    if (client) now.client = sideOf(client);
    if (server) now.server = sideOf(server);
    const state = Object.values(now).join();
    if (state === last || state === ',,') return [];
    last = state;
    return [row(String(step), now.rfds, now.client, now.server, `${call.name}()`)];
  });
  return [
    ...hanging(
      look,
      '',
      "After each step that changed something. out: bytes sent and not acknowledged; in: bytes that wait for recv(); seq: the next byte's number; ack: the number awaited from the other side, both from 0 at the SYN. Each side is as it was after its own latest call. rfds is what the latest wait was given.",
      'faint',
    ),
    '',
    row('', '', titles[0], titles[1], ''),
    row('step', 'rfds', sideOf(NAMES), sideOf(NAMES), 'call'),
    row('─'.repeat(STEP), '─'.repeat(RFDS - 1), rule, rule, ''),
    ...rows,
  ];
}

// However large a number is, a space parts it from the one before.
const cell = (text: string, i: number) =>
  ` ${i === 0 ? text.padEnd(WIDTHS[i] - 1) : text.padStart(WIDTHS[i] - 1)}`;

// The list, or how long it is where the column is too small.
function listText(fds: number[]): string {
  const text = `[${fds.join(' ')}]`;
  return text.length < RFDS ? text : `${fds.length} fds`;
}

// A side after a call of its process; null if the call says nothing of it.
function sideCells(
  run: Conversation,
  end: SocketLife | undefined,
  memory: Map<CallLine, Memory>,
  call: CallLine,
): (string | number)[] | null {
  if (end === undefined || call.pid !== end.pid || call.start < end.calls[0].start) return null;
  const state = memory.get(call)?.sockets.find(({ fd }) => fd === end.fd);
  if (state === undefined) return call.end >= end.calls.at(-1)!.end ? ['closed'] : null;
  const numbers = numbersAt(run.wire, portOf(end.local), call.end);
  const short = (state.tcp?.state ?? '?').replace('ESTABLISHED', 'ESTAB').replace('_', '-');
  return [short, state.sendQueue, state.receiveQueue, numbers?.seq ?? '-', numbers?.ack ?? '-'];
}

/** What each call is for, in the documented programs. */
const purposes: Readonly<Record<string, string>> = {
  socket: 'make a socket',
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

/** What it is for; of one that does many things, which: the options, commands and requests that were asked. */
function purposeOf(name: string, calls: CallLine[]): string | undefined {
  const at = asked.get(name);
  if (at === undefined) return Object.hasOwn(purposes, name) ? purposes[name] : undefined;
  const texts = new Set(calls.flatMap(({ args }) => args[at]?.text ?? []));
  return [...texts].map((text) => (text === 'SO_REUSEADDR' ? `${text}, ${REUSE}` : text)).join(', ');
}

/** Which argument says what is asked. */
const asked = new Map([
  ['setsockopt', 2],
  ['getsockopt', 2],
  ['fcntl', 1],
  ['ioctl', 1],
  ['sigaction', 0],
]);

const REUSE = 'to take the port again at once';

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
      purposeOf(name, all),
      bytes.length > 0 ? count(sum, 'byte') : undefined,
      failed > 0 ? `${failed} failed` : undefined,
      `${duration(time)}${all.length > 1 ? ' in all' : ''}`,
    ].filter(Boolean);
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
  const inferred = packets.filter((packet) => packet.inferred).length;
  const wakes = [...run.serverCalls, ...run.clientCalls].filter(
    (call) => slept(run.recording, call) && call.result >= 0,
  ).length;
  const shaken = run.wire.handshake.ack ? bare.filter((packet) => packet !== run.wire.handshake.ack) : bare;
  return [
    ...(captured ? [] : ['The packets were not captured, only inferred from what the calls show.']),
    ...(captured && inferred > 0
      ? [`Of them ${inferred} inferred from what the calls show, and not captured.`]
      : []),
    `Shook hands: ${Object.keys(run.wire.handshake).length} packets, before the server called accept().`,
    `Carried ${count(payload, 'byte')} in ${count(data.length, 'segment')}, and numbered and acknowledged them: ${count(shaken.length, 'ACK')} alone, the others along with data.`,
    ...(inferred === 0
      ? [
          `Put headers in front: ${(length - payload).toLocaleString('en')} of the ${count(length, 'byte')} on the wire.`,
        ]
      : []),
    `Woke a sleeping call ${count(wakes, 'time')}.`,
    ...(has('FIN').length === 0
      ? []
      : [`Said goodbye: ${count(has('FIN').length, 'FIN')}, from ${goodbyes(run, has('FIN'))}.`]),
    ...(has('RST').length === 0 ? [] : [`Broke off: ${count(has('RST').length, 'RST')}.`]),
  ];
}

const goodbyes = (run: Conversation, fins: TcpPacket[]) =>
  [
    ...new Set(
      fins.map(({ tcp }) => (tcp.sourcePort === portOf(run.clientEnd?.local) ? 'the client' : 'the server')),
    ),
  ].join(', then ');
