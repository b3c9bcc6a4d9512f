// The walkthrough's packet with the message: what TCP, IP and Ethernet put around it, and its way.

import { stateAfter } from '../../analyse/memory.ts';
import type { TcpPacket } from '../../analyse/packets.ts';
import { portOf } from '../../analyse/sockets.ts';
import { duration } from '../../words.ts';
import { type Claim, finding, NotVisible, need } from './claim.ts';
import { exchangeOf, hello, messageSegment } from './parts.ts';

const ipOf = (packet: TcpPacket) => need(packet.ip, 'the IP header was not captured');
const hex = (value: number | undefined) =>
  value === undefined ? '?' : `0x${value.toString(16).padStart(4, '0')}`;
const checksums = { good: true, bad: false, offloaded: false } as const;

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
