// The timeline: the time, what the client did, what the server did, and each packet as an arrow
// between them. Above: story.ts. Below: story-events.ts, terminal.ts.

import type { PacketLine } from '../../../../interpose/recorder/recording.ts';
import { clock } from '../../analyse/delays.ts';
import { type Conversation, isInput, isPrint, isWait } from '../../analyse/dialogue.ts';
import { flagsOf, numbersOf } from '../../analyse/packets.ts';
import { dataOf, isReceive, isSend, portOf } from '../../analyse/sockets.ts';
import { plural } from '../plural.ts';
import type { CallEvent, Event } from './events.ts';
import { columns, hanging, type Look, paint } from './style.ts';

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
      const time = clock(event.at, run.zero);
      if ('packet' in event) {
        return [
          `${paint(look, 'faint', time.padEnd(TIME))}  ${paint(look, 'kernel', arrow(run, event.packet, 2 * side + 2))}`,
        ];
      }
      return event.call.pid === run.client.pid
        ? cells(time, label(event), '')
        : cells(time, '', label(event));
    }),
  ];
}

function listed(look: Look, run: Conversation, event: Event): string[] {
  const time = `${clock(event.at, run.zero)} `;
  if ('packet' in event) return hanging(look, time, packetLabel(event.packet), 'kernel');
  const who = event.call.pid === run.client.pid ? 'client' : 'server';
  return hanging(look, time, `${who}: ${label(event)}`, who);
}

/** A call in a few words. */
export function label({ call, phase }: Pick<CallEvent, 'call' | 'phase'>): string {
  const name = `${call.name}()`;
  if (phase === 'begins') return `${name} sleeps …`;
  const ends = phase === 'ends' ? '… ' : '';
  if (call.result < 0) return `${ends}${name} fails: ${call.errno ?? call.result}`;
  if (isPrint(call)) return `prints ${dataOf(call).toString('utf8').trimEnd() || 'a line end'}`;
  if (isInput(call))
    return `${ends}input: ${call.result === 0 ? 'its end' : dataOf(call).toString('utf8').trimEnd()}`;
  if (isWait(call))
    return `${ends}${name}: ${(call.ready ?? []).map((fd) => `fd ${fd}`).join(', ') || 'nothing'} ready`;
  if (call.name === 'recv' && call.result === 0) return `${ends}${name}: end of stream`;
  if (isReceive(call) || isSend(call)) return `${ends}${name} ${plural(call.result, 'byte')}`;
  if (/^(socket|accept4?)$/.test(call.name)) return `${ends}${name} makes fd ${call.result}`;
  return `${ends}${name}`;
}

function packetLabel({ tcp, length, inferred }: PacketLine): string {
  if (tcp === null) return plural(length, 'byte');
  const data = tcp.payloadLength > 0 ? `, ${plural(tcp.payloadLength, 'byte')}` : '';
  return `${flagsOf(tcp)}, ${numbersOf(tcp)}${data}${inferred ? ', inferred' : ''}`;
}

function arrow(run: Conversation, packet: PacketLine, width: number): string {
  const text = ` ${packetLabel(packet)} `;
  const line = '─'.repeat(Math.max(width - text.length - 4, 2));
  const half = Math.floor(line.length / 2);
  const shaft = `${line.slice(half)}${text}${line.slice(0, half)}`;
  return packet.tcp?.sourcePort === portOf(run.clientEnd?.local) ? `  ${shaft}─►` : `◄─${shaft}`;
}
