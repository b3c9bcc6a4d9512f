// The memory state at each step, as a table: the server's rfds, and both ends of the connection with
// state, queues and sequence numbers. Above: story.ts. Below: memory.ts, packets.ts, terminal.ts.

import type { CallLine } from '../../../../interpose/recorder/recording.ts';
import type { Conversation } from '../../analyse/dialogue.ts';
import type { Memory } from '../../analyse/memory.ts';
import { numbersAt } from '../../analyse/packets.ts';
import type { SocketLife } from '../../analyse/sockets.ts';
import { portOf } from '../../analyse/sockets.ts';
import type { Event } from './events.ts';
import { hanging, type Look, paint, type Style } from './style.ts';

const NAMES = ['state', 'out', 'in', 'seq', 'ack'];
const WIDTHS = [11, 5, 5, 5, 5];
const STEP = 4;
const RFDS = 9;
/** From this width on there is room for seq and ack. */
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
    if (!('call' in event) || event.phase === 'begins') return [];
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
      "After each step that changed something. out: bytes sent and not acknowledged; in: bytes that wait for recv(); seq: the next byte's number; ack: the number awaited from the other side, both from 0 at the SYN. rfds is what the latest wait was given.",
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
