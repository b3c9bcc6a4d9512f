// Correlates packets with the calls that caused them: which send's bytes a segment carries, which connect sent
// the SYN, which close the FIN, and which segments the kernel sent by itself.

import type { CallLine, PacketLine, Recording, TcpHeader } from '../../../interpose/recorder/recording.ts';
import { addressText, count } from '../words.ts';
import { isSend, socketLives } from './sockets.ts';

/** The same recording, every packet with `why` and, where a call caused it, `cause`. */
export function correlate(recording: Recording): Recording {
  const lives = socketLives(recording);
  const directions = new Map<string, Direction>();
  const directionOf = (from: string, to: string): Direction => {
    const name = `${from}>${to}`;
    let direction = directions.get(name);
    if (direction === undefined) {
      const own = lives.find(
        ({ local, remote }) => addressText(local) === from && addressText(remote) === to,
      );
      direction = new Direction(own?.calls ?? []);
      directions.set(name, direction);
    }
    return direction;
  };
  const packets = recording.packets.map((packet) => {
    const { ip, tcp } = packet;
    if (ip === null || tcp === null) return packet;
    const from = addressText([ip.source, tcp.sourcePort]);
    const to = addressText([ip.destination, tcp.destinationPort]);
    return { ...packet, ...directionOf(from, to).explain(packet, tcp, directionOf(to, from)) };
  });
  return { ...recording, packets };
}

type Explanation = Pick<PacketLine, 'cause' | 'why'>;

const because = (call: CallLine | undefined, why: string): Explanation =>
  call === undefined ? { why } : { cause: { pid: call.pid, n: call.n }, why };

/** What one end of a connection sends, in order. */
class Direction {
  readonly #calls: CallLine[];
  /** Where the data sent so far ends, as a relative sequence number: data below it is a retransmission. */
  #sent = 1;
  #acknowledged = 0;
  /** The sequence number of its FIN, once sent. */
  fin: number | undefined;

  constructor(calls: CallLine[]) {
    this.#calls = calls;
  }

  explain({ at }: PacketLine, tcp: TcpHeader, opposite: Direction): Explanation {
    const has = (flag: string) => tcp.flags.includes(flag);
    const { relativeSeq, relativeAck, payloadLength } = tcp;
    const news = has('ACK') ? relativeAck - this.#acknowledged : 0;
    if (has('ACK')) this.#acknowledged = Math.max(this.#acknowledged, relativeAck);

    if (has('RST')) {
      const closed = this.#find('close');
      return because(
        closed,
        closed ? 'close() with bytes unread resets the connection' : 'the kernel resets it',
      );
    }
    if (has('SYN')) {
      if (!has('ACK')) return because(this.#find('connect'), 'connect() asks for a connection');
      return because(undefined, 'the kernel answers for the listening socket: no call makes it do so');
    }
    if (payloadLength > 0) {
      const isAgain = relativeSeq < this.#sent;
      this.#sent = Math.max(this.#sent, relativeSeq + payloadLength);
      const call = this.#sender(relativeSeq - 1);
      if (has('FIN')) this.fin = relativeSeq + payloadLength;
      const what = `${call?.name ?? 'send'}() put ${count(payloadLength, 'byte')} into it`;
      return because(call, isAgain ? `sent again: ${what}` : what);
    }
    if (has('FIN')) {
      this.fin = relativeSeq;
      const call = this.#find('shutdown') ?? this.#find('close', at);
      return because(
        call,
        call ? `${call.name}() ends the stream` : 'the process ended, and with it the stream',
      );
    }
    if (!has('ACK')) return because(undefined, 'the kernel');
    if (opposite.fin !== undefined && relativeAck === opposite.fin + 1 && news > 0)
      return because(undefined, 'the kernel acknowledges the end of the stream');
    if (relativeAck === 1 && relativeSeq === 1 && news > 0)
      return because(undefined, 'the kernel completes the handshake');
    if (news > 0) return because(undefined, `the kernel acknowledges ${count(news, 'byte')}`);
    return because(undefined, 'the kernel tells its window');
  }

  #find(name: string, before = Number.POSITIVE_INFINITY): CallLine | undefined {
    return this.#calls.find((call) => call.name === name && call.start <= before);
  }

  // The call that sent the byte at an offset of the stream.
  #sender(offset: number): CallLine | undefined {
    let end = 0;
    for (const call of this.#calls) {
      if (!isSend(call)) continue;
      end += call.result;
      if (offset < end) return call;
    }
    return undefined;
  }
}
