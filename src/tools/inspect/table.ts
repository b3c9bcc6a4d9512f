// An inspected process as text: a line for each descriptor, and under it what it has beyond that.

import { printable } from '../../programs/serving/printable.ts';
import type { Descriptor, Inspected, Socket } from './read.ts';

// What a socket has by itself: an option with this value is not told.
const ordinary: Record<string, number> = {
  SO_RCVLOWAT: 1,
  SO_PRIORITY: 0,
  TCP_KEEPIDLE: 7200,
  TCP_KEEPINTVL: 75,
  TCP_KEEPCNT: 9,
  TCP_QUICKACK: 1,
  TCP_DEFER_ACCEPT: 0,
  IPV6_V6ONLY: 0,
};
// The state says so.
const unsaid = new Set(['SO_ACCEPTCONN']);

const HEADINGS = ['FD', 'WHAT', 'STATE', 'LOCAL', 'REMOTE', 'RECV-Q', 'SEND-Q', 'FLAGS'];

export function tableOf(inspected: Inspected): string {
  const { pid, command, state, from, descriptors, notes } = inspected;
  const rows = descriptors.map(rowOf);
  const widths = HEADINGS.map((heading, i) => Math.max(heading.length, ...rows.map((row) => row[i].length)));
  const line = (cells: string[]) =>
    cells
      .map((cell, i) => (i === 0 || i === 5 || i === 6 ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd();
  return [
    `Process ${pid} (${state}), ${shown(command)}`,
    `As of ${from}: each descriptor was read by itself, and the process was not stopped.`,
    ...notes,
    '',
    line(HEADINGS),
    ...descriptors.flatMap((one, i) => [line(rows[i]), ...more(one).map((text) => `      ${text}`)]),
    '',
  ].join('\n');
}

// Another program may have chosen it, a path or a name: no terminal escapes.
const shown = (text: string) => printable(Buffer.from(text), true).toString();

function rowOf({ fd, kind, target, flags, socket }: Descriptor): string[] {
  const what =
    socket !== undefined
      ? `${socket.family.replace('AF_', '')} ${socket.kind.replace('SOCK_', '').toLowerCase()}`
      : kind === 'file'
        ? shown(target)
        : kind;
  const queue = socket?.acceptQueue;
  return [
    String(fd),
    what,
    socket?.tcp?.state ?? '',
    addressed(socket?.local),
    addressed(socket?.remote),
    socket === undefined ? '' : queue === undefined ? String(socket.receiveQueue) : String(queue.length),
    socket === undefined ? '' : queue === undefined ? String(socket.sendQueue) : `of ${queue.backlog}`,
    flags.filter((flag) => flag !== 'O_RDWR').join(' '),
  ];
}

function addressed(address: Socket['local'] | undefined): string {
  if (address === null || address === undefined) return '';
  if (!Array.isArray(address)) return shown(String(address).replace(/^\0/, '@'));
  const [host, port] = address;
  return String(host).includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function more({ socket, watches, info }: Descriptor): string[] {
  const lines: string[] = [];
  if (socket !== undefined) {
    const options = Object.entries(socket.options)
      .filter(([name, value]) => !unsaid.has(name) && value !== (ordinary[name] ?? 0))
      .map(([name, value]) => (value === 1 && !/BUF|LOWAT/.test(name) ? name : `${name}=${value}`));
    if (options.length > 0) lines.push(options.join(' '));
    const { rttMicros, cwnd, mss, retransmits, unacked } = socket.tcp ?? {};
    const tcp = Object.entries({
      rtt: rttMicros === undefined ? undefined : `${rttMicros} µs`,
      cwnd,
      mss,
      retransmits,
      unacked,
    }).filter(([, value]) => value !== undefined);
    if (tcp.length > 0 && socket.tcp?.state !== 'LISTEN')
      lines.push(tcp.map(([name, value]) => `${name} ${value}`).join(', '));
  }
  for (const { fd, events, data } of watches ?? [])
    lines.push(`watches ${fd} for ${events.join('|') || 'nothing'}, data 0x${data}`);
  if (watches === undefined && info !== undefined)
    lines.push(
      Object.entries(info)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    );
  return lines;
}
