// The packet panel: what the latest packet is and why, its layers by their sizes, its headers decoded,
// and its bytes.

import type { TcpHeader } from '../../../../../interpose/recorder/recording.ts';
import { bytesOf, capital, count, flagsOf, packetName } from '../../../words.ts';
import { whose } from '../../lanes.ts';
import { byId, element, hexDump, type Layer, within } from './elements.ts';
import { clock, moments, type Packet, packets, steps } from './model.ts';

const packetPanel = byId('packet');
const packetBody = within(packetPanel, '.body');
let shownPacket: Packet | null | undefined;

/** Shows the latest packet of a step. */
export function showPacket(i: number): void {
  const { packet } = moments[i];
  const isNow = steps[i].packet !== undefined;
  packetPanel.classList.toggle('past', !isNow);
  within(packetPanel, 'h2').textContent =
    packet === null ? 'Packet' : `Packet ${packet.n + 1}${isNow ? '' : ', the last one so far'}`;
  if (packet === shownPacket) return;
  shownPacket = packet;
  packetBody.scrollTop = 0;
  packetBody.replaceChildren(
    ...(packet === null ? [element('p', 'none', nothingYet())] : packetParts(packet)),
  );
}

const nothingYet = () => (packets.length === 0 ? 'No packet was captured.' : 'Nothing is on the wire yet.');

function packetParts(packet: Packet): HTMLElement[] {
  const { source, destination, why, call, inferred, interface: name, length, bytes } = packet;
  const lead = element(
    'p',
    'lead',
    element('b', '', packetName(packet)),
    ` ${whose(source)} → ${whose(destination)}`,
  );
  if (packet.message) lead.append(' ', element('em', '', packet.message));
  const parts: HTMLElement[] = [lead];
  if (why) parts.push(element('p', 'why', `${capital(why)}.`));
  const facts = inferred
    ? [
        'inferred, not captured: neither its size nor its time was measured',
        `put at T + ${clock(packet.at)} ms`,
      ]
    : [`${count(length, 'byte')} on ${name}`, `T + ${clock(packet.at)} ms`];
  if (call) facts.push(`made by ${call.name}() of ${whose(call.lane)}`);
  parts.push(element('p', 'facts', facts.join(' · ')));
  const layers = layersOf(packet);
  if (layers.length > 0) parts.push(strip(layers));
  parts.push(headers(packet));
  if (bytes) parts.push(hexDump(bytesOf(bytes), layers));
  return parts;
}

type LayerName = 'ethernet' | 'ip' | 'tcp' | 'data' | 'rest';

/** From where to where each layer goes in the captured bytes. */
function layersOf({ link, ip, tcp, bytes }: Packet): Layer[] {
  if (!bytes) return [];
  const captured = bytesOf(bytes).length;
  const sizes: [LayerName, number][] = [
    ['ethernet', link ? 14 : 0],
    ['ip', ip?.headerLength ?? 0],
    ['tcp', tcp?.headerLength ?? 0],
    ['data', tcp?.payloadLength ?? 0],
    ['rest', captured],
  ];
  let start = 0;
  return sizes.flatMap(([name, size]) => {
    const end = Math.min(captured, start + size);
    const layer = { name, start, end };
    start = end;
    return layer.end > layer.start ? [layer] : [];
  });
}

const layerNames: Record<LayerName, string> = {
  ethernet: 'Ethernet',
  ip: 'IP',
  tcp: 'TCP',
  data: 'Data',
  rest: 'Rest',
};

/** The layers as a strip, as wide as they are long. */
function strip(layers: Layer[]): HTMLElement {
  const all = element('p', 'strip');
  for (const { name, start, end } of layers) {
    const one = element('span', name, element('b', '', layerNames[name as LayerName]), ` ${end - start}`);
    one.style.flexGrow = String(end - start);
    all.append(one);
  }
  return all;
}

const hex = (n: number, digits: number) => `0x${n.toString(16).padStart(digits, '0')}`;
const checksum = ({ checksum: sum, checksumStatus }: Pick<TcpHeader, 'checksum' | 'checksumStatus'>) =>
  sum === undefined ? undefined : `${hex(sum, 4)}${checksumStatus ? ` ${checksumStatus}` : ''}`;

/** Header fields, layer by layer; what is not known is left out. */
function headers({ link, ip, tcp, inferred }: Packet): HTMLElement {
  const groups: [LayerName, Fields | null][] = [
    ['ethernet', link && { from: link.source, to: link.destination, type: hex(link.etherType, 4) }],
    [
      'ip',
      ip && {
        from: ip.source,
        to: ip.destination,
        version: ip.version,
        header: inferred ? undefined : count(ip.headerLength, 'byte'),
        total: inferred ? undefined : count(ip.totalLength, 'byte'),
        ttl: inferred ? undefined : ip.ttl,
        protocol: ip.protocol === 6 ? '6 TCP' : ip.protocol,
        id: ip.id === undefined ? undefined : hex(ip.id, 4),
        flags: ip.flags?.join(' ') || undefined,
        'flow label': ip.flowLabel === undefined ? undefined : hex(ip.flowLabel, 5),
        checksum: checksum(ip),
      },
    ],
    ['tcp', tcp && tcpFields(tcp, inferred === true)],
  ];
  const all = element('div', 'headers');
  for (const [name, fields] of groups) {
    if (fields) all.append(element('section', name, element('h3', '', layerNames[name]), pairs(fields)));
  }
  return all;
}

function tcpFields(tcp: TcpHeader, inferred: boolean): Fields {
  const number = (relative: number, whole: number | undefined) =>
    whole === undefined ? String(relative) : `${relative} (${whole})`;
  const scaled =
    tcp.scaledWindow === undefined || tcp.scaledWindow === tcp.window ? '' : ` → ${tcp.scaledWindow}`;
  return {
    ports: `${tcp.sourcePort} → ${tcp.destinationPort}`,
    flags: flagsOf(tcp),
    seq: number(tcp.relativeSeq, tcp.seq),
    ack: tcp.flags.includes('ACK') ? number(tcp.relativeAck, tcp.ack) : undefined,
    header: inferred ? undefined : count(tcp.headerLength, 'byte'),
    data: count(tcp.payloadLength, 'byte'),
    window: tcp.window === undefined ? undefined : `${tcp.window}${scaled}`,
    checksum: checksum(tcp),
    options: tcp.options.map(({ name, values }) => [name, ...values].join(' ')).join(', ') || undefined,
  };
}

/** What has a line of its own, where names and values are in columns. */
const wide = new Set(['accept queue', 'receive queue', 'send queue', 'flags']);

/** Names and values; those that are undefined are left out. */
export type Fields = Record<string, string | number | undefined>;

export function pairs(fields: Fields, isNew: (name: string) => boolean = () => false): HTMLElement {
  const all = element('dl');
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const kind = `${wide.has(name) ? 'wide' : ''}${isNew(name) ? ' new' : ''}`;
    const row = element('div', kind, element('dt', '', name), element('dd', '', String(value)));
    if (isNew(name)) row.title = 'changed in this step';
    all.append(row);
  }
  return all;
}
