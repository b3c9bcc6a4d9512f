// The state of TCP connections that a packet's relative sequence numbers and scaled window need: the initial
// sequence numbers and the window scale of the handshake. The rules are Wireshark's.

import type { IpHeader, TcpHeader } from '../../../../interpose/recorder/recording.ts';
import type { RawTcpHeader } from './tcp.ts';

// One direction of a connection.
interface Half {
  /** The sequence number that counts as 0; undefined before the first packet. */
  base?: number;
  /** The shift that its handshake asked for; null if it asked for none, undefined if that was not seen. */
  scale?: number | null;
}

/** The connections of the packets decoded so far, in the order of their times. */
export class Streams {
  readonly #halves = new Map<string, Half>();

  /** The header with its relative numbers, and the window scaled where the handshake was seen. */
  follow(ip: IpHeader, tcp: RawTcpHeader): TcpHeader {
    const source = `${ip.source} ${tcp.sourcePort}`;
    const destination = `${ip.destination} ${tcp.destinationPort}`;
    const there = `${source} ${destination}`;
    const back = `${destination} ${source}`;
    const isSyn = tcp.flags.includes('SYN');
    const isAck = tcp.flags.includes('ACK');
    if (isSyn && !isAck && this.#half(there).base !== tcp.seq) {
      // The same ports again: a new connection.
      this.#halves.delete(there);
      this.#halves.delete(back);
    }
    const ours = this.#half(there);
    const theirs = this.#half(back);
    if (isSyn) {
      ours.base = tcp.seq;
      ours.scale = tcp.options.find(({ name }) => name === 'WS')?.values[0] ?? null;
    }
    // Of a connection that was there before, the first number seen counts as that after the SYN.
    ours.base ??= (tcp.seq - 1) >>> 0;
    if (isAck) theirs.base ??= (tcp.ack - 1) >>> 0;
    const scaledWindow = this.#scaled(tcp.window!, isSyn, ours, theirs);
    return {
      ...tcp,
      relativeSeq: (tcp.seq - ours.base) >>> 0,
      relativeAck: isAck ? (tcp.ack - theirs.base!) >>> 0 : 0,
      ...(scaledWindow === undefined ? {} : { scaledWindow }),
    };
  }

  // A SYN's own window is never scaled; the others are if both sides asked for it. The largest
  // shift there is is 14 (RFC 7323).
  #scaled(window: number, isSyn: boolean, ours: Half, theirs: Half): number | undefined {
    if (isSyn) return window;
    if (ours.scale === undefined || theirs.scale === undefined) return undefined;
    if (ours.scale === null || theirs.scale === null) return window;
    return window * 2 ** Math.min(ours.scale, 14);
  }

  #half(name: string): Half {
    const known = this.#halves.get(name);
    if (known !== undefined) return known;
    const half: Half = {};
    this.#halves.set(name, half);
    return half;
  }
}
