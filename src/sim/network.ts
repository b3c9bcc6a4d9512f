// Hosts with their addresses and ports, and the way of a segment from one end of a connection to the other.

import { AF_INET6 } from '../kernel/constants/socket.ts';
import { EADDRINUSE, EADDRNOTAVAIL } from '../kernel/errno.ts';
import { formatInet, formatInet6 } from '../kernel/structs/inet-text.ts';
import type { Machine, Moment, Shared, Step } from './machine.ts';

/** A socket that has an address and a port, as a host sees it. */
export interface Addressed {
  readonly type: number;
  localAddress: Uint8Array | null;
  localPort: number;
  readonly remoteAddress: Uint8Array | null;
  readonly remotePort: number;
  readonly reusesAddress: boolean;
  readonly reusesPort: boolean;
  readonly portRange: readonly [lowest: number, highest: number] | null;
}

/** An end of a TCP connection, or a listener, as the network sees it. */
export interface Endpoint extends Addressed {
  readonly host: Host;
  readonly peer: Endpoint | null;
  readonly shared: Shared;
  /** Sent, and not delivered yet, in order. */
  readonly transit: InTransit[];
  /** Its next sequence number, and the next that it expects. */
  readonly sequence: number;
  readonly expected: number;
  /** Bytes that it has space for. */
  readonly window: number;
  onSyn(segment: Segment): void;
  onSegment(segment: Segment): void;
  /** So many bytes of its own were taken by the receiver. */
  onAcknowledged(n: number): void;
  /** The receiver has read. */
  onWindow(): void;
}

/** A TCP segment under way. */
export interface Segment {
  readonly from: Endpoint;
  /** null: nobody is known there yet, for it is a SYN. */
  readonly to: Endpoint | null;
  readonly flags: 'SYN' | 'SYN-ACK' | 'ACK' | 'PSH' | 'FIN' | 'RST';
  readonly data: Uint8Array | null;
  readonly sequence: number;
  readonly acknowledged: number;
}

/** A segment on its way. One that arrives before an earlier one waits for that: the receiver puts them in order. */
export interface InTransit {
  readonly segment: Segment;
  hasArrived: boolean;
}

/** A packet as a capture has it. */
export interface Packet extends Omit<Segment, 'from' | 'to'> {
  /** What sent it; of a RST from where nobody listens there is no more than this. */
  readonly from: Pick<Endpoint, 'host' | 'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort'>;
  readonly to: Pick<Endpoint, 'host'> | null;
  readonly at: Moment;
  readonly window: number;
  readonly isLost: boolean;
}

/** The way between two hosts, the same in both directions. */
export interface Link {
  /** One way, in seconds; 0: at once. */
  readonly latency: number;
  /** Bytes in a segment, at most. */
  readonly mss: number;
  /** How many segments may be lost, wherever the schedule says so. Each is sent again. */
  losses: number;
}

/** MTU of the loopback interface without the headers, and of an Ethernet. */
const LOOPBACK_MSS = 65483;
const ETHERNET_MSS = 1460;
/** Until a lost segment is sent again, the first time, in nanoseconds. TCP_RTO_MIN. */
const RETRANSMIT_NS = 200e6;

/** Until a lost SYN-ACK is. TCP_TIMEOUT_INIT. */
const SYN_ACK_TIMEOUT_NS = 1e9;

const FIRST_EPHEMERAL = 32768;
const LAST_EPHEMERAL = 60999;
const isEphemeral = (port: number) => port >= FIRST_EPHEMERAL && port <= LAST_EPHEMERAL;

export const anyAddress = (family: number): Uint8Array => new Uint8Array(family === AF_INET6 ? 16 : 4);

export function isAnyAddress(address: Uint8Array): boolean {
  for (const byte of address) if (byte !== 0) return false;
  return true;
}

/** 127.0.0.1 or ::1, by how many bytes an address has. */
export const loopback = (length: number): Uint8Array =>
  length === 4 ? Uint8Array.of(127, 0, 0, 1) : Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

const isLoopback = (address: Uint8Array) =>
  address.length === 4 ? address[0] === 127 : address.every((byte, i) => byte === (i === 15 ? 1 : 0));

export const addressText = (address: Uint8Array): string =>
  address.length === 4 ? formatInet(Buffer.from(address), 0) : formatInet6(Buffer.from(address), 0);

const equal = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i]);

function hold(segment: Segment): InTransit {
  const held = { segment, hasArrived: false };
  segment.from.transit.push(held);
  return held;
}

function piecesOf(segment: Segment, cut: number): [Segment, Segment] {
  const data = segment.data!;
  return [
    { ...segment, data: data.subarray(0, cut) },
    { ...segment, data: data.subarray(cut), sequence: segment.sequence + cut },
  ];
}

/** A machine: its addresses and its ports. It has 127.0.0.0/8 and ::1 beside those that it was given. */
export class Host {
  readonly #machine: Machine;
  readonly network: Network;
  readonly name: string;
  readonly addresses: readonly Uint8Array[];
  /** bind, listen and a connect to a port that no one listens on: what they have in common. */
  readonly ports: Shared;
  readonly #claimed: Addressed[] = [];
  readonly #listening: Endpoint[] = [];
  #nextEphemeral = FIRST_EPHEMERAL;

  constructor(machine: Machine, network: Network, name: string, addresses: readonly Uint8Array[]) {
    this.#machine = machine;
    this.network = network;
    this.name = name;
    this.addresses = addresses;
    this.ports = machine.newShared();
  }

  has(address: Uint8Array): boolean {
    return isLoopback(address) || this.owns(address);
  }

  /** Whether it is one of its addresses but the loopback ones. */
  owns(address: Uint8Array): boolean {
    return this.addresses.some((own) => equal(own, address));
  }

  /** The address that a packet to another one leaves from. */
  sourceFor(remote: Uint8Array): Uint8Array {
    if (isLoopback(remote)) return loopback(remote.length);
    if (this.has(remote)) return remote;
    return this.addresses.find(({ length }) => length === remote.length) ?? loopback(remote.length);
  }

  get listeners(): readonly Endpoint[] {
    return this.#listening;
  }

  /** A port that no socket of its type has; 0: there is none. */
  ephemeralPort({ type, portRange }: Addressed): number {
    this.#machine.touch(this.ports);
    const isFree = (port: number) =>
      !this.#claimed.some((socket) => socket.localPort === port && socket.type === type);
    if (portRange !== null) {
      // inet_sk_get_local_port_range(): a bound counts if it is one of the host's ephemeral ports.
      const [lowest, highest] = portRange.map((port) => (isEphemeral(port) ? port : null));
      for (let port = lowest ?? FIRST_EPHEMERAL; port <= (highest ?? LAST_EPHEMERAL); port++)
        if (isFree(port)) return port;
      return 0;
    }
    for (let tries = LAST_EPHEMERAL - FIRST_EPHEMERAL; tries >= 0; tries--) {
      const port = this.#nextEphemeral;
      this.#nextEphemeral = port === LAST_EPHEMERAL ? FIRST_EPHEMERAL : port + 1;
      if (isFree(port)) return port;
    }
    return 0;
  }

  /** Whether another socket of its type has the two addresses and ports already that it is to have. */
  hasConnection(socket: Addressed, remote: Uint8Array, remotePort: number): boolean {
    return this.#claimed.some(
      (other) =>
        other !== socket &&
        other.type === socket.type &&
        other.localPort === socket.localPort &&
        other.remotePort === remotePort &&
        other.remoteAddress !== null &&
        equal(other.remoteAddress, remote) &&
        equal(other.localAddress!, socket.localAddress!),
    );
  }

  /** bind(2): 0, EADDRNOTAVAIL for an address of another host, EADDRINUSE for a port that is taken. */
  bind(socket: Addressed, address: Uint8Array, port: number): number {
    if (!isAnyAddress(address) && !this.has(address)) return -EADDRNOTAVAIL;
    for (const other of this.#claimed) {
      if (port === 0 || other.localPort !== port || other.type !== socket.type) continue;
      const there = other.localAddress!;
      if (there.length !== address.length) continue;
      if (!isAnyAddress(there) && !isAnyAddress(address) && !equal(there, address)) continue;
      const isListening = this.#listening.includes(other as Endpoint);
      const mayReuse = socket.reusesAddress && other.reusesAddress && !isListening;
      const maySharePort = socket.reusesPort && other.reusesPort;
      if (!mayReuse && !maySharePort) return -EADDRINUSE;
    }
    const chosen = port === 0 ? this.ephemeralPort(socket) : port;
    if (chosen === 0) return -EADDRINUSE;
    socket.localAddress = address;
    socket.localPort = chosen;
    this.claim(socket);
    return 0;
  }

  claim(socket: Addressed): void {
    this.#claimed.push(socket);
  }

  unclaim(socket: Addressed): void {
    const at = this.#claimed.indexOf(socket);
    if (at >= 0) this.#claimed.splice(at, 1);
  }

  startListening(socket: Endpoint): void {
    this.#listening.push(socket);
    this.#machine.touch(this.ports);
  }

  stopListening(socket: Endpoint): void {
    const at = this.#listening.indexOf(socket);
    if (at >= 0) this.#listening.splice(at, 1);
    this.#machine.touch(this.ports);
  }

  /** A listener that stands in the way of another one's listen(2), without SO_REUSEPORT of both; or null. */
  listenerAt({ localAddress, localPort, reusesPort }: Endpoint): Endpoint | null {
    for (const other of this.#listening) {
      if (other.localPort !== localPort || other.localAddress!.length !== localAddress!.length) continue;
      if (reusesPort && other.reusesPort) continue;
      const overlaps =
        isAnyAddress(localAddress!) ||
        isAnyAddress(other.localAddress!) ||
        equal(localAddress!, other.localAddress!);
      if (overlaps) return other;
    }
    return null;
  }

  /** Who listens for a connection to an address; one bound to it before one bound to any. */
  listenerFor(address: Uint8Array, port: number): Endpoint | null {
    let found: Endpoint | null = null;
    for (const socket of this.#listening) {
      if (socket.localPort !== port || socket.localAddress!.length !== address.length) continue;
      if (equal(socket.localAddress!, address)) return socket;
      if (isAnyAddress(socket.localAddress!)) found ??= socket;
    }
    return found;
  }

  /** The socket that a datagram to an address reaches, or null: one that is connected to its sender before others. */
  socketFor(
    type: number,
    address: Uint8Array,
    port: number,
    from: { readonly address: Uint8Array; readonly port: number },
  ): Addressed | null {
    let found: Addressed | null = null;
    let best = -1;
    for (const socket of this.#claimed) {
      const { localAddress, remoteAddress } = socket;
      if (socket.type !== type || socket.localPort !== port || localAddress!.length !== address.length)
        continue;
      const isExact = equal(localAddress!, address);
      if (!isExact && !isAnyAddress(localAddress!)) continue;
      if (remoteAddress !== null && !(equal(remoteAddress, from.address) && socket.remotePort === from.port))
        continue;
      const score = (isExact ? 1 : 0) + (remoteAddress === null ? 0 : 2);
      if (score > best) {
        best = score;
        found = socket;
      }
    }
    return found;
  }
}

/** What carries segments between hosts: at once within a host, by the link's latency between two. */
export class Network {
  readonly #machine: Machine;
  readonly #links: { hosts: readonly [Host, Host]; link: Link }[] = [];
  readonly hosts: Host[] = [];
  readonly packets: Packet[] = [];

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  addHost(name: string, addresses: readonly Uint8Array[]): Host {
    const host = new Host(this.#machine, this, name, addresses);
    this.hosts.push(host);
    return host;
  }

  /** Who has an address, as seen from a host; null: nobody. */
  hostAt(address: Uint8Array, from: Host): Host | null {
    return from.has(address)
      ? from
      : (this.hosts.find((host) => host !== from && host.owns(address)) ?? null);
  }

  connect(one: Host, other: Host, { latency = 0, mss = ETHERNET_MSS, losses = 0 }: Partial<Link> = {}): void {
    this.#links.push({ hosts: [one, other], link: { latency, mss, losses } });
  }

  #link(one: Host, other: Host): Link | null {
    if (one === other) return null;
    const found = this.#links.find(({ hosts }) => hosts.includes(one) && hosts.includes(other));
    return found?.link ?? null;
  }

  mss(one: Host, other: Host): number {
    return one === other ? LOOPBACK_MSS : (this.#link(one, other)?.mss ?? ETHERNET_MSS);
  }

  send(segment: Segment): void {
    const { from } = segment;
    const destination = segment.to?.host ?? this.hostAt(from.remoteAddress!, from.host);
    const link = destination === null ? null : this.#link(from.host, destination);
    if (this.#loses(segment, link)) {
      // A SYN is sent again by tcp.ts, which counts them.
      if (segment.flags !== 'SYN') this.#resendLater(hold(segment), link!, 0);
      return;
    }
    const cut = this.#machine.cut(segment.data);
    const pieces = cut > 0 ? piecesOf(segment, cut) : [segment];
    for (const piece of pieces) this.#record(piece, false);
    if (link !== null && link.latency > 0) {
      // The rest of what is cut is one latency later.
      for (const [i, piece] of pieces.entries()) this.#arriveLater(hold(piece), link.latency * (i + 1));
    } else if (pieces.length > 1 || from.transit.length > 0) {
      const isFirst = from.transit.length === 0;
      for (const piece of pieces) hold(piece).hasArrived = true;
      if (isFirst) this.#deliverNext(from);
    } else {
      this.#deliver(segment);
    }
  }

  /** A datagram's way: it arrives at once within a host, else after the link's latency, unless it is lost. */
  sendDatagram(from: Host, to: Host, shared: Shared, arrive: () => void): void {
    const link = this.#link(from, to);
    if (link !== null && link.losses > 0 && this.#machine.choose(2, 'a datagram is lost') === 1) {
      link.losses--;
      return;
    }
    if (link === null || link.latency === 0) arrive();
    else this.#machine.after(link.latency * 1e9, 'a datagram arrives', shared, arrive);
  }

  #record(segment: Segment, isLost: boolean): void {
    if (!this.#machine.keepsPackets) return;
    this.packets.push({ ...segment, at: this.#machine.moment(), window: segment.from.window, isLost });
  }

  // Whether it is lost. Nothing is sent again for an ACK or a RST that is: those always arrive.
  #loses(segment: Segment, link: Link | null): boolean {
    if (link === null || link.losses <= 0 || segment.flags === 'ACK' || segment.flags === 'RST') return false;
    if (this.#machine.choose(2, `a segment is lost: ${segment.flags}`) === 0) return false;
    link.losses--;
    this.#record(segment, true);
    return true;
  }

  // After the retransmission timeout, which doubles each time.
  #resendLater(held: InTransit, link: Link, tries: number): void {
    const { segment } = held;
    const first = segment.flags === 'SYN-ACK' ? SYN_ACK_TIMEOUT_NS : RETRANSMIT_NS + 2e9 * link.latency;
    this.#machine.after(first * 2 ** tries, `${segment.flags} is sent again`, segment.from.shared, () => {
      if (this.#loses(segment, link)) {
        this.#resendLater(held, link, tries + 1);
        return;
      }
      this.#record(segment, false);
      if (link.latency > 0) this.#arriveLater(held, link.latency);
      else this.#arrive(held);
    });
  }

  #arriveLater(held: InTransit, seconds: number): void {
    const { from, flags } = held.segment;
    this.#machine.after(seconds * 1e9, `${flags} arrives`, from.shared, () => this.#arrive(held));
  }

  // It, and those behind it that came before it.
  #arrive(held: InTransit): void {
    held.hasArrived = true;
    const { transit } = held.segment.from;
    while (transit[0]?.hasArrived) this.#deliver(transit.shift()!.segment);
  }

  // The first piece at once, and each of the rest whenever the schedule says.
  #deliverNext(from: Endpoint): void {
    const { transit } = from;
    this.#deliver(transit[0].segment);
    transit.shift();
    if (transit.length === 0) return;
    const step: Step = {
      label: 'the rest of what was sent arrives',
      shared: from.shared,
      from,
      isEnabled: () => transit.length === 0 || transit[0].hasArrived,
      take: () => {
        this.#machine.removeStep(step);
        if (transit.length > 0) this.#deliverNext(from);
      },
    };
    this.#machine.addStep(step);
  }

  #deliver(segment: Segment): void {
    if (segment.to !== null) {
      segment.to.onSegment(segment);
      return;
    }
    const { from } = segment;
    const host = this.hostAt(from.remoteAddress!, from.host);
    const listener = host?.listenerFor(from.remoteAddress!, from.remotePort) ?? null;
    if (listener !== null) listener.onSyn(segment);
    else this.#refuse(segment, host);
  }

  // Nobody listens there: RST.
  #refuse(segment: Segment, host: Host | null): void {
    const { from } = segment;
    const { localAddress, localPort, remoteAddress, remotePort } = from;
    const rst = {
      ...segment,
      to: from,
      flags: 'RST',
      data: null,
      sequence: 0,
      acknowledged: segment.sequence + 1,
    } as const;
    if (this.#machine.keepsPackets && host !== null) {
      const nobody = {
        host,
        localAddress: remoteAddress,
        localPort: remotePort,
        remoteAddress: localAddress,
        remotePort: localPort,
      };
      this.packets.push({ ...rst, from: nobody, at: this.#machine.moment(), window: 0, isLost: false });
    }
    const link = host === null ? null : this.#link(from.host, host);
    if (link === null || link.latency === 0) from.onSegment(rst);
    else this.#machine.after(link.latency * 1e9, 'RST arrives', from.shared, () => from.onSegment(rst));
  }

  /** What was received was taken into the receiver's buffer. */
  acknowledge(receiver: Endpoint, n: number): void {
    if (this.#machine.keepsPackets && receiver.peer !== null) {
      const { peer, sequence, expected } = receiver;
      this.#record(
        { from: receiver, to: peer, flags: 'ACK', data: null, sequence, acknowledged: expected },
        false,
      );
    }
    this.#later(receiver, (sender) => sender.onAcknowledged(n));
  }

  /** The receiver has read. */
  openWindow(receiver: Endpoint): void {
    this.#later(receiver, (sender) => sender.onWindow());
  }

  #later(receiver: Endpoint, tell: (sender: Endpoint) => void): void {
    const sender = receiver.peer;
    if (sender === null) return;
    const link = this.#link(receiver.host, sender.host);
    if (link === null || link.latency === 0) tell(sender);
    else this.#machine.after(link.latency * 1e9, 'ACK arrives', receiver.shared, () => tell(sender));
  }
}
