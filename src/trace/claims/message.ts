// The walkthrough's message on its way out: typed, stamped, encoded, handed to the kernel, and the
// headers that the kernel puts in front of it.

import type { Conversation, Exchange } from '../conversation.ts';
import { portOf } from '../conversation.ts';
import { duration } from '../delays.ts';
import { stateAfter } from '../memory.ts';
import type { TcpPacket } from '../packets.ts';
import { dataOf } from '../sockets.ts';
import {
  apart,
  type Claim,
  exchangeOf,
  finding,
  hello,
  messageSegment,
  NotVisible,
  need,
  quoted,
} from './claim.ts';

// The client's calls from the line's coming to the first send.
const beforeSend = (run: Conversation, exchange: Exchange) =>
  run.clientCalls.filter(
    ({ start, end }) => start >= (exchange.input?.end ?? -Infinity) && end <= exchange.sends[0].start,
  );

const ipOf = (packet: TcpPacket) => need(packet.ip, 'the IP header was not captured');
const hex = (value: number | undefined) =>
  value === undefined ? '?' : `0x${value.toString(16).padStart(4, '0')}`;
const checksums = { good: true, bad: false, offloaded: false } as const;

export const message: Claim[] = [
  {
    id: 'input-returns',
    at: 'send-1',
    says: 'input() returns what was typed, without the line end',
    check: (run) => {
      const exchange = exchangeOf(run);
      const typed = dataOf(need(exchange.input, 'the line was read with an earlier one'));
      const text = exchange.message.toString('latin1').replace(/^[\d.]+:/, '');
      return finding(typed.toString('latin1').startsWith(`${text}\n`), `read() brought ${quoted(typed)}`);
    },
  },
  {
    id: 'time-microseconds',
    at: 'send-2',
    says: 'The time is in seconds since 1970, with six digits behind the point',
    check: (run) => {
      const [stamp] = need(
        exchangeOf(run)
          .message.toString('latin1')
          .match(/^\d+\.\d+/),
        'no time in the message',
      );
      const written = Number(stamp) * 1e9;
      const call = exchangeOf(run).sends[0];
      const off = Math.abs(written - (call.start + Number(run.client.realtimeOffset)));
      // Python drops zeros at the end, so there may be fewer digits.
      return finding(
        /\.\d{1,6}$/.test(stamp) && off < 60e9,
        `${stamp}, ${duration(off)} off the clock at send()`,
      );
    },
  },
  {
    id: 'time-twice',
    at: 'send-3',
    says: 'The clock is read twice: for current_time and again for the message',
    check: (run) => {
      const calls = beforeSend(run, exchangeOf(run));
      if (!run.clientCalls.some(({ name }) => name === 'clock_gettime'))
        throw new NotVisible('reading the clock is no call into the kernel');
      const reads = calls.filter(({ name }) => name === 'clock_gettime').length;
      return finding(reads === 2, `${reads} clock_gettime() between input and send()`);
    },
  },
  {
    id: 'message-format',
    at: 'send-3',
    says: 'The message is the time, a colon and the text',
    check: (run) => {
      const { message } = exchangeOf(run);
      return finding(/^\d{10}\.\d{1,6}:/.test(message.toString('latin1')), quoted(message));
    },
  },
  {
    id: 'utf8',
    at: 'send-4',
    says: "Each character of the message becomes its UTF-8 byte: '1' 0x31, ':' 0x3A, 'H' 0x48, 'o' 0x6F",
    check: (run) => {
      const { message } = hello(run);
      const bytes = `${message.subarray(0, 1).toString('hex')} … ${message.subarray(-6).toString('hex')}`;
      return finding(/^31 … 3a48656c6c6f$/.test(bytes), bytes);
    },
  },
  {
    id: 'message-26',
    at: 'send-4',
    says: 'The encoded message is 26 bytes long',
    check: (run) => {
      const { messageLength } = hello(run);
      return finding(messageLength === 26, `${messageLength} bytes`);
    },
  },
  {
    id: 'sendall-loop',
    at: 'send-5a',
    says: 'sendall() calls send() until all is sent; here the first takes everything',
    check: (run) => {
      const { sends, messageLength } = exchangeOf(run);
      return finding(
        sends.length === 1,
        `${sends.length} send() of ${sends.map(({ result }) => result).join(', ')} of ${messageLength} bytes`,
      );
    },
  },
  {
    id: 'sendall-returns',
    at: 'send-5a',
    says: 'sendall() returns when the bytes are in the send buffer, not when they were read',
    check: (run) => {
      const { sends, reads } = exchangeOf(run);
      const [send, read] = [sends.at(-1)!, need(reads[0], 'the server read nothing')];
      const toEnd = `send() returned ${apart(send.end, read.end)} the server's recv()`;
      // On two processors the reader may be done first: then nothing shows.
      if (send.end > read.end) throw new NotVisible(toEnd);
      return finding(true, toEnd);
    },
  },
  {
    id: 'send-then-packet',
    at: 'send-5b',
    says: 'The packet is made and sent after sendall() has copied the bytes',
    check: (run) => {
      const [send, packet] = [exchangeOf(run).sends[0], messageSegment(run)];
      return finding(
        packet.at > send.end,
        `on the wire ${apart(packet.at, send.end)} send() returned, from within it`,
      );
    },
  },
];

export const segment: Claim[] = [
  {
    id: 'one-segment',
    at: 'segment-1',
    says: 'The message fits into one segment',
    check: (run) => {
      messageSegment(run);
      const count = exchangeOf(run).messagePackets.length;
      const mss = stateAfter(exchangeOf(run).sends[0], run.clientEnd?.fd)?.tcp?.mss;
      return finding(count === 1, `${count}${mss === undefined ? '' : `; one may carry ${mss} bytes`}`);
    },
  },
  {
    id: 'tcp-header-20',
    at: 'segment-2',
    says: 'The TCP header has 20 bytes',
    check: (run) => {
      const { headerLength, options } = messageSegment(run).tcp;
      const names = options.map(({ name, length }) => `${name} ${length}`).join(', ');
      return finding(headerLength === 20, `${headerLength} bytes${names && `, options: ${names}`}`);
    },
  },
  {
    id: 'segment-ports',
    at: 'segment-2',
    says: "It goes from the client's port to the server's",
    check: (run) => {
      const { sourcePort, destinationPort } = messageSegment(run).tcp;
      const wanted = [portOf(run.clientEnd?.local), portOf(run.clientEnd?.remote)];
      return finding(
        sourcePort === wanted[0] && destinationPort === wanted[1],
        `${sourcePort} to ${destinationPort}`,
      );
    },
  },
  {
    id: 'segment-seq-1001',
    at: 'segment-2',
    says: 'Its sequence number is 1001: it goes on from the handshake',
    check: (run) => {
      const { seq, relativeSeq } = messageSegment(run).tcp;
      return finding(relativeSeq === 1, `${seq}, the SYN's plus ${relativeSeq}`);
    },
  },
  {
    id: 'segment-ack-2001',
    at: 'segment-2',
    says: 'It acknowledges 2001: nothing has come yet but the SYN-ACK',
    check: (run) => {
      const { ack, relativeAck } = messageSegment(run).tcp;
      return finding(relativeAck === 1, `${ack}, the SYN-ACK's plus ${relativeAck}`);
    },
  },
  {
    id: 'segment-flags',
    at: 'segment-2',
    says: 'Its flags are PSH and ACK',
    check: (run) => {
      const flags = messageSegment(run).tcp.flags.toSorted();
      return finding(flags.join() === 'ACK,PSH', flags.join(', '));
    },
  },
  {
    id: 'window-65535',
    at: 'segment-2',
    says: 'Its window is 65535',
    check: (run) => {
      const { window, scaledWindow } = messageSegment(run).tcp;
      const scaled = scaledWindow === undefined ? '' : `, scaled ${scaledWindow}`;
      return finding(window === 65535 || scaledWindow === 65535, `${window}${scaled}`);
    },
  },
  {
    id: 'tcp-checksum',
    at: 'segment-2',
    says: 'It has a checksum against errors',
    check: (run) => {
      const { checksum, checksumStatus: status = 'unknown' } = messageSegment(run).tcp;
      if (status === 'unknown') throw new NotVisible('the checksum could not be checked');
      const why = status === 'offloaded' ? ': left to a network card, which there is not' : '';
      return finding(checksums[status], `${hex(checksum)}, ${status}${why}`);
    },
  },
  {
    id: 'ip-header-20',
    at: 'segment-3',
    says: 'The IP header has 20 bytes',
    check: (run) => {
      const { headerLength, version } = ipOf(messageSegment(run));
      return finding(headerLength === 20, `${headerLength} bytes, IPv${version}`);
    },
  },
  {
    id: 'ip-addresses',
    at: 'segment-3',
    says: "Its addresses are the client's and the server's",
    check: (run) => {
      const { source, destination } = ipOf(messageSegment(run));
      const wanted = [run.clientEnd?.local?.[0], run.clientEnd?.remote?.[0]];
      return finding(source === wanted[0] && destination === wanted[1], `${source} to ${destination}`);
    },
  },
  {
    id: 'ip-protocol-6',
    at: 'segment-3',
    says: 'Its protocol is 6, TCP',
    check: (run) => {
      const { protocol } = ipOf(messageSegment(run));
      return finding(protocol === 6, String(protocol));
    },
  },
  {
    id: 'ip-ttl-64',
    at: 'segment-3',
    says: 'Its time to live is 64',
    check: (run) => {
      const { ttl } = ipOf(messageSegment(run));
      return finding(ttl === 64, String(ttl));
    },
  },
  {
    id: 'ip-total-66',
    at: 'segment-3',
    says: 'Its total length is 66 bytes',
    check: (run) => {
      hello(run);
      const packet = messageSegment(run);
      const { totalLength, headerLength } = ipOf(packet);
      const sum = `${headerLength} IP + ${packet.tcp.headerLength} TCP + ${packet.tcp.payloadLength} data`;
      return finding(totalLength === 66, `${totalLength} bytes: ${sum}`);
    },
  },
  {
    id: 'ethernet-macs',
    at: 'segment-4',
    says: 'The frame goes from one network card to another',
    check: (run) => {
      const { source, destination } = need(messageSegment(run).link, 'the frame was not captured');
      return finding(
        source !== destination,
        `${source} to ${destination}, on ${messageSegment(run).interface}`,
      );
    },
  },
  {
    id: 'ethernet-trailer',
    at: 'segment-4',
    says: 'The frame adds 14 bytes in front and 4 behind',
    check: (run) => {
      const packet = messageSegment(run);
      need(packet.link, 'the frame was not captured');
      const around = packet.length - ipOf(packet).totalLength;
      return finding(around === 18, `${around} bytes around the IP packet`);
    },
  },
  {
    id: 'wire-84',
    at: 'segment-5',
    says: 'That makes 84 bytes on the wire',
    check: (run) => {
      hello(run);
      const { length } = messageSegment(run);
      return finding(length === 84, `${length} bytes`);
    },
  },
  {
    id: 'travel-time',
    at: 'network',
    says: 'The way through the network takes 1 to 100 ms',
    check: (run) => {
      const { sends, woken } = exchangeOf(run);
      const wake = need(woken, 'nothing woke the server');
      const took = wake.end - sends[0].start;
      return finding(took >= 1e6 && took <= 100e6, `${duration(took)} from send() to the server's waking`);
    },
  },
];
