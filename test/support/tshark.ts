// What tshark makes of packets, in the words of a PacketLine, so that the two can be compared.

import { execFileSync } from 'node:child_process';
import type {
  EthernetHeader,
  IpHeader,
  PacketLine,
  TcpHeader,
  TcpOption,
} from '../../src/interpose/recorder/recording.ts';
import { Program } from './programs.ts';

/** True where tshark is there. */
export const hasTshark = (() => {
  try {
    execFileSync('tshark', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

// tshark's JSON: fields by their names, in objects as deep as its tree.
type Tree = { [name: string]: Tree | string | string[] };
type Fields = { [name: string]: string | string[] };

/** A packet as tshark reads it; fields that it is not asked for are missing. */
export interface Dissected {
  length: number;
  direction: 'in' | 'out' | undefined;
  /** Seconds since 1970, with nanoseconds. */
  time: string;
  comment: string | undefined;
  link: EthernetHeader;
  ip: IpHeader | null;
  tcp: TcpHeader | null;
}

/** Reads a file of packets, with every checksum verified. */
export function dissect(file: string): Dissected[] {
  const verify = ['-o', 'ip.check_checksum:TRUE', '-o', 'tcp.check_checksum:TRUE'];
  const args = ['-n', '-r', file, ...verify, '-T', 'json', '--no-duplicate-keys'];
  const json = execFileSync('tshark', args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(json).map((packet: { _source: { layers: Tree } }) => dissected(packet._source.layers));
}

function dissected(layers: Tree): Dissected {
  const { frame, eth } = layers as Record<string, Tree>;
  const of = flat(frame);
  const link = flat(eth);
  return {
    length: number(of['frame.len']),
    direction: ({ '0': 'out', '1': 'in' } as const)[of['frame.p2p_dir'] as string],
    time: of['frame.time_epoch'] as string,
    comment: layers.pkt_comment && (flat(layers.pkt_comment as Tree)['frame.comment'] as string),
    link: {
      source: link['eth.src'] as string,
      destination: link['eth.dst'] as string,
      etherType: number(link['eth.type']),
    },
    ip: 'ip' in layers ? ip4(flat(layers.ip as Tree)) : 'ipv6' in layers ? ip6(layers) : null,
    tcp: 'tcp' in layers ? tcp(flat(layers.tcp as Tree)) : null,
  };
}

function ip4(of: Fields): IpHeader {
  const names = { RB: 'ip.flags.rb', DF: 'ip.flags.df', MF: 'ip.flags.mf' };
  return {
    version: number(of['ip.version']) as 4,
    source: of['ip.src'] as string,
    destination: of['ip.dst'] as string,
    headerLength: number(of['ip.hdr_len']),
    totalLength: number(of['ip.len']),
    ttl: number(of['ip.ttl']),
    protocol: number(of['ip.proto']),
    trafficClass: number(of['ip.dsfield']),
    id: number(of['ip.id']),
    flags: set(of, names),
    fragmentOffset: number(of['ip.frag_offset']),
    checksum: number(of['ip.checksum']),
    checksumStatus: status(of['ip.checksum.status']),
  };
}

function ip6(layers: Tree): IpHeader {
  const of = flat(layers.ipv6 as Tree);
  const inside = flat(layers.tcp as Tree);
  const totalLength = 40 + number(of['ipv6.plen']);
  return {
    version: number([of['ipv6.version']].flat()[0]) as 6,
    source: of['ipv6.src'] as string,
    destination: of['ipv6.dst'] as string,
    headerLength: totalLength - number(inside['tcp.hdr_len']) - number(inside['tcp.len']),
    totalLength,
    ttl: number(of['ipv6.hlim']),
    protocol: 6,
    trafficClass: number(of['ipv6.tclass']),
    flowLabel: number(of['ipv6.flow']),
  };
}

function tcp(of: Fields): TcpHeader {
  const flag = (name: string) => `tcp.flags.${name}`;
  const names = { SYN: 'syn', ACK: 'ack', PSH: 'push', FIN: 'fin', RST: 'reset', URG: 'urg', ECE: 'ece' };
  const all = Object.entries({ ...names, CWR: 'cwr', AE: of[flag('ae')] === undefined ? 'ns' : 'ae' });
  return {
    sourcePort: number(of['tcp.srcport']),
    destinationPort: number(of['tcp.dstport']),
    seq: number(of['tcp.seq_raw']),
    ack: number(of['tcp.ack_raw']),
    relativeSeq: number(of['tcp.seq']),
    relativeAck: number(of['tcp.ack']),
    headerLength: number(of['tcp.hdr_len']),
    flags: set(of, Object.fromEntries(all.map(([ours, theirs]) => [ours, flag(theirs)]))),
    window: number(of['tcp.window_size_value']),
    scaledWindow: number(of['tcp.window_size']),
    checksum: number(of['tcp.checksum']),
    checksumStatus: status(of['tcp.checksum.status']),
    urgent: number(of['tcp.urgent_pointer']),
    options: options(of),
    payloadLength: number(of['tcp.len']),
  };
}

// Kinds and lengths are in the bytes that tshark shows, in order; the values in fields by name.
function options(of: Fields): TcpOption[] {
  const bytes = Buffer.from(((of['tcp.options'] as string) ?? '').replaceAll(':', ''), 'hex');
  const base = number(of['tcp.ack_raw']) - number(of['tcp.ack']);
  const values = (...names: string[]) => {
    const lists = names.map((name) => [of[`tcp.options.${name}`]].flat().map(number));
    return lists[0].flatMap((_, i) => lists.map((list) => list[i]));
  };
  const known: Record<number, [name: string, values: () => number[]]> = {
    2: ['MSS', () => values('mss_val')],
    3: ['WS', () => values('wscale.shift')],
    4: ['SACK_PERM', () => []],
    // Its edges are relative to the other side's first number.
    5: ['SACK', () => values('sack_le', 'sack_re').map((edge) => (edge + base) >>> 0)],
    8: ['TS', () => values('timestamp.tsval', 'timestamp.tsecr')],
  };
  const list: TcpOption[] = [];
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes[at];
    const length = kind < 2 ? 1 : bytes[at + 1];
    if (kind < 2) list.push({ kind, length, name: ['EOL', 'NOP'][kind], values: [] });
    else list.push({ kind, length, name: known[kind][0], values: known[kind][1]() });
    if (kind === 0) break;
    at += length;
  }
  return list;
}

// The tree's fields, however deep; the outermost where a name is there twice. What tshark only
// concludes (experts, analysis) is left out.
function flat(tree: Tree): Fields {
  const found: Fields = {};
  for (const [name, value] of Object.entries(tree)) {
    if (typeof value === 'string' || Array.isArray(value)) {
      found[name] = value as string;
    } else if (!name.startsWith('_ws')) {
      for (const [inner, deep] of Object.entries(flat(value))) found[inner] ??= deep;
    }
  }
  return found;
}

const number = (text: string | string[] | undefined) => Number(text);
const set = (of: Fields, names: Record<string, string>) =>
  Object.entries(names)
    .filter(([, field]) => /^(1|True)$/i.test(of[field] as string))
    .map(([ours]) => ours);
const status = (text: string | string[] | undefined) =>
  (({ '0': 'bad', '1': 'good' }) as const)[text as string] ?? 'unknown';

/** What both know of a packet: ours, in a form that can be compared with tshark's. */
export function comparable({ length, link, ip, tcp }: PacketLine | Dissected) {
  // tshark does not know what was left for a card: such a sum is bad for it, or (newer ones) not verified.
  const isGood = tcp?.checksumStatus === 'good';
  return { length, link, ip, tcp: tcp && { ...tcp, checksumStatus: isGood ? 'good' : 'other' } };
}

/** tshark, capturing by itself into a file; it prints a line for every packet as it comes. */
export class Tshark extends Program {
  readonly #file: string;

  private constructor(command: string[], file: string) {
    super(command[0], command.slice(1));
    this.#file = file;
  }

  /**
   * Captures on an interface the packets of a port; within makes a command run where that is. By the
   * time it resolves a packet that probe made was seen: "Capturing on" alone comes too early.
   */
  static async start(
    interfaceName: string,
    port: number,
    file: string,
    within: (command: string[]) => string[],
    probe: () => Promise<void>,
  ): Promise<Tshark> {
    const what = ['-i', interfaceName, '-f', `tcp port ${port}`];
    const tshark = new Tshark(within(['tshark', '-n', '-l', '-P', ...what, '-w', file]), file);
    try {
      await tshark.has(/Capturing on/, 'stderr');
      while (tshark.stdout === '' && tshark.child.exitCode === null) await probe();
      await tshark.has(/TCP/);
      return tshark;
    } catch (error) {
      await tshark[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Waits until it has seen so many packets from or to a port, ends it, and reads what it wrote. */
  async captured(port: number, packets: number): Promise<Dissected[]> {
    const line = new RegExp(`\\b${port} → \\d+ \\[|→ ${port} \\[`, 'g');
    await this.has(new RegExp(`(?:(?:${line.source})[^]*?){${packets}}`));
    this.kill('SIGINT');
    await this.exited;
    return dissect(this.#file).filter(({ tcp }) => [tcp!.sourcePort, tcp!.destinationPort].includes(port));
  }
}
