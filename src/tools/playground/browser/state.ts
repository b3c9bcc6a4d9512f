// The state behind a step as tables: the lists of the server's wait, the descriptors of each process with what the kernel
// has behind them, the packets.

import { byId, element } from '../../trace/render/html/browser/elements.ts';
import type { ClientState, Sent, Shown, State, Waited } from '../engine.ts';

/** Bytes, or text of one character each, as a string in Python's way, cut short. */
export function quoted(data: Uint8Array | string, most = 40): string {
  const codes = typeof data === 'string' ? [...data].map((char) => char.charCodeAt(0)) : [...data];
  const named: Record<number, string> = { 9: '\\t', 10: '\\n', 13: '\\r', 34: '\\"', 92: '\\\\' };
  const shown = codes.slice(0, most).map((code) => {
    if (named[code] !== undefined) return named[code];
    return code >= 0x20 && code < 0x7f
      ? String.fromCharCode(code)
      : `\\x${code.toString(16).padStart(2, '0')}`;
  });
  return `"${shown.join('')}"${codes.length > most ? `… (${codes.length} bytes)` : ''}`;
}

export function drawKernel(state: State, stdout: string): void {
  const { seconds, server, clients, waited } = state;
  byId('clock').textContent = `Virtual time: ${seconds.toFixed(6)} s`;
  byId('lists').replaceChildren(...(waited === null ? [] : listsOf(waited)));
  byId('processes').replaceChildren(
    table('The server', 'server', server),
    ...[...clients].map(([number, client]) => clientTable(number, client)),
  );
  const place = byId('stdout');
  place.textContent = stdout;
  place.scrollTop = place.scrollHeight;
}

// rfds and rlist of a select loop; the other waits have lists of their own, of the same meaning.
function listsOf({ call, asked, ready }: Waited): HTMLElement[] {
  const [given, answered] = call === 'select' ? ['rfds', 'rlist'] : ['watched', 'ready'];
  const boxes = (fds: readonly number[], isReady: (fd: number) => boolean) =>
    element('span', 'boxes', ...fds.map((fd) => element('span', isReady(fd) ? 'ready' : '', String(fd))));
  const list = (name: string, what: Node | string) =>
    element('p', 'list', element('code', '', name), ' ', what);
  return [
    list(
      given,
      boxes(asked, (fd) => ready?.includes(fd) ?? false),
    ),
    list(
      answered,
      ready === null
        ? `${call}() has not returned`
        : ready.length === 0
          ? 'nothing'
          : boxes(ready, () => true),
    ),
  ];
}

const columns = ['fd', 'leads to', 'received, not read', 'sent, not taken'];

function table(title: string, kind: string, descriptors: readonly Shown[]): HTMLElement {
  const head = element('tr', '', ...columns.map((name) => headed(name)));
  const rows = descriptors.map(({ fd, what, socket }) => {
    if (socket === null) return row(String(fd), what, '', '');
    const tcp = socket.tcp?.state ?? '';
    const peer = socket.remote === null ? '' : ` ${addressed(socket.remote)}`;
    const queue =
      socket.acceptQueue === undefined
        ? socket.receiveQueue === 0
          ? '0'
          : `${socket.receiveQueue}: ${quoted(atob(socket.receiveQueueData ?? ''))}`
        : `${socket.acceptQueue.length} to accept, of ${socket.acceptQueue.backlog + 1}`;
    return row(
      String(fd),
      tcp === 'LISTEN' ? `LISTEN ${addressed(socket.local)}` : `${tcp}${peer}`,
      queue,
      socket.acceptQueue === undefined ? String(socket.sendQueue) : '',
    );
  });
  const caption = element('caption', kind, title);
  return element('table', '', caption, element('thead', '', head), element('tbody', '', ...rows));
}

function clientTable(number: number, { descriptors, received, isReading }: ClientState): HTMLElement {
  const one = table(`Client ${number}${isReading ? '' : ' (does not read)'}`, 'client', descriptors);
  const cell = element(
    'td',
    'data',
    received === '' ? 'has received nothing' : `has received ${quoted(received, 80)}`,
  );
  cell.colSpan = columns.length;
  one.querySelector('tbody')!.append(element('tr', '', cell));
  return one;
}

function headed(name: string): HTMLElement {
  const cell = element('th', '', name);
  cell.scope = 'col';
  return cell;
}

const row = (...cells: string[]) => element('tr', '', ...cells.map((text) => element('td', '', text)));

const addressed = (address: unknown) =>
  Array.isArray(address) ? `${address[0]}:${address[1]}` : String(address ?? '');

/** The packets, the last on top; first: those from it on are new. */
export function drawPackets(packets: readonly Sent[], first: number): void {
  if (packets.length === 0) {
    byId('packets').replaceChildren(element('p', '', 'Nothing yet.'));
    return;
  }
  const names = ['no.', 'way', 'flags', 'seq', 'ack', 'window', 'data'];
  const rows = packets.map((packet, i) => {
    const { flags, length, sequence, acknowledged, window, isLost, data } = packet;
    const from = packet.fromServer ? `→ client ${packet.client}` : `client ${packet.client} →`;
    const one = row(
      String(i + 1),
      from,
      flags,
      String(sequence),
      flags === 'SYN' ? '' : String(acknowledged),
      String(window),
      isLost ? 'lost' : data === null ? '' : `${length}: ${quoted(data, 24)}`,
    );
    one.children[1].className = packet.fromServer ? 'server' : 'client';
    one.className = `${isLost ? 'lost ' : ''}${i >= first ? 'new' : ''}`.trim();
    return one;
  });
  const head = element('tr', '', ...names.map(headed));
  byId('packets').replaceChildren(
    element('table', '', element('thead', '', head), element('tbody', '', ...rows.reverse())),
  );
}
