// The memory state at each step, as a table: the server's rfds, and both ends of the connection with
// state, queues and sequence numbers. Above: story.ts. Below: memory.ts, packets.ts, terminal.ts.

import { type Conversation, portOf } from './conversation.ts';
import type { Memory } from './memory.ts';
import { numbersAt } from './packets.ts';
import type { CallLine } from './recording.ts';
import type { SocketLife } from './sockets.ts';
import type { Event } from './story-events.ts';
import { label } from './story-timeline.ts';
import { hanging, type Look, paint } from './terminal.ts';

const SIDE = ['state', 'out', 'in', 'seq', 'ack'];
const WIDTHS = [10, 5, 5, 5, 5];
const STEP = 4;
const RFDS = 9;

/** A row for each step after which something is not as before. */
export function memoryTable(
  look: Look,
  run: Conversation,
  events: Event[],
  memory: Map<CallLine, Memory>,
): string[] {
  const sides = `${SIDE.map((name, i) => cell(name, i)).join('')}`;
  const fixed = STEP + RFDS + 2 * (sides.length + 1);
  const room = look.width - fixed - 2;
  const row = (step: string, rfds: string, client: string, server: string, what: string) =>
    `${step.padStart(STEP)} ${rfds.padEnd(RFDS)}${paint(look, 'client', client.padEnd(sides.length))} ` +
    `${paint(look, 'server', room >= 12 ? server.padEnd(sides.length) : server.trimEnd())}${room >= 12 ? `  ${what.slice(0, room)}` : ''}`;
  const titles = [run.clientEnd, run.serverEnd].map((end, i) =>
    ` ${i === 0 ? 'CLIENT' : 'SERVER'} fd ${end?.fd ?? '?'}`.padEnd(sides.length),
  );
  const now = { rfds: '', client: '', server: '' };
  let last = '';
  const rows = events.flatMap((event) => {
    if (!('call' in event) || event.phase === 'begins') return [];
    const { call, step } = event;
    const after = memory.get(call);
    if (call.pid === run.server.pid && after?.rfds) now.rfds = `[${after.rfds.join(' ')}]`;
    now.client = sideText(run, run.clientEnd, memory, call) ?? now.client;
    now.server = sideText(run, run.serverEnd, memory, call) ?? now.server;
    const state = Object.values(now).join();
    if (state === last || state === ',,') return [];
    last = state;
    return [row(String(step), now.rfds, now.client, now.server, label(event))];
  });
  return [
    ...hanging(
      look,
      '',
      "After each step that changed something. out: bytes sent and not acknowledged; in: bytes that wait for recv(); seq: the next byte's number; ack: the number awaited from the other side, both from 0 at the SYN. rfds is what the latest wait was given.",
      'faint',
    ),
    '',
    row('', '', titles[0], titles[1], ''),
    row('step', 'rfds', sides, sides, 'call'),
    row(
      '─'.repeat(STEP),
      '─'.repeat(RFDS - 1),
      ` ${'─'.repeat(sides.length - 1)}`,
      ` ${'─'.repeat(sides.length - 1)}`,
      '',
    ),
    ...rows,
  ];
}

const cell = (text: string, i: number) =>
  i === 0 ? ` ${text.padEnd(WIDTHS[i] - 1)}` : text.padStart(WIDTHS[i]);

// A side after a call of its process; null if the call says nothing of it.
function sideText(
  run: Conversation,
  end: SocketLife | undefined,
  memory: Map<CallLine, Memory>,
  call: CallLine,
): string | null {
  if (end === undefined || call.pid !== end.pid || call.start < end.calls[0].start) return null;
  const state = memory.get(call)?.sockets.find(({ fd }) => fd === end.fd);
  if (state === undefined) return call.end >= end.calls.at(-1)!.end ? cell('closed', 0) : null;
  const numbers = numbersAt(run.wire, portOf(end.local), call.end);
  const short = (state.tcp?.state ?? '?').replace('ESTABLISHED', 'ESTAB').replace('_', '-');
  return [short, state.sendQueue, state.receiveQueue, numbers?.seq ?? '-', numbers?.ack ?? '-']
    .map((value, i) => cell(String(value), i))
    .join('');
}
