// The walkthrough's server answering.

import { portOf } from '../../analyse/sockets.ts';
import { apart, type Claim, finding, NotVisible, quoted } from './claim.ts';
import { answerOf, exchangeOf, hello, responseSegment } from './parts.ts';

export const responding: Claim[] = [
  {
    id: 'response-format',
    at: 'receive-7',
    says: "The response is the server's time, a colon and what was received",
    check: (run) => {
      const { message, response } = exchangeOf(run);
      const text = response.toString('latin1');
      const stamp = text.match(/^\d+\.\d+:/)?.[0] ?? '';
      return finding(
        stamp !== '' && text.slice(stamp.length) === message.toString('latin1'),
        quoted(response),
      );
    },
  },
  {
    id: 'decoded',
    at: 'receive-7',
    says: 'The bytes are decoded to text and encoded again',
    check: () => {
      throw new NotVisible(
        'no call does it; our server sends the bytes on as they came, be they UTF-8 or not',
      );
    },
  },
  {
    id: 'response-45',
    at: 'receive-8',
    says: 'The response is 45 bytes long',
    check: (run) => {
      hello(run);
      const { responseLength } = exchangeOf(run);
      return finding(responseLength === 45, `${responseLength} bytes`);
    },
  },
  {
    id: 'response-one-send',
    at: 'receive-9a',
    says: 'One send() takes all of the response',
    check: (run) => {
      answerOf(run);
      const { answers, responseLength } = exchangeOf(run);
      const counts = answers.map(({ result }) => result).join(', ');
      return finding(
        answers.length === 1 && answers[0].result === responseLength,
        `${answers.length} send() of ${counts} bytes`,
      );
    },
  },
  {
    id: 'response-ports',
    at: 'receive-9b',
    says: "It goes from the server's port and address to the client's",
    check: (run) => {
      const { tcp, ip } = responseSegment(run);
      const wanted = [portOf(run.serverEnd?.local), portOf(run.serverEnd?.remote)];
      return finding(
        tcp.sourcePort === wanted[0] && tcp.destinationPort === wanted[1],
        `${ip?.source}:${tcp.sourcePort} to ${ip?.destination}:${tcp.destinationPort}`,
      );
    },
  },
  {
    id: 'response-seq-2001',
    at: 'receive-9b',
    says: 'Its sequence number is 2001',
    check: (run) => {
      const { seq, relativeSeq } = responseSegment(run).tcp;
      return finding(relativeSeq === 1, `${seq}, the SYN-ACK's plus ${relativeSeq}`);
    },
  },
  {
    id: 'response-ack-1027',
    at: 'receive-9b',
    says: 'It acknowledges 1027: 1001 and the 26 bytes',
    check: (run) => {
      hello(run);
      const { ack, relativeAck } = responseSegment(run).tcp;
      return finding(
        relativeAck === 27,
        `${ack}, the SYN's plus ${relativeAck}: the walkthrough's ${1000 + relativeAck}`,
      );
    },
  },
  {
    id: 'response-85',
    at: 'receive-9b',
    says: 'It is about 85 bytes on the wire',
    check: (run) => {
      hello(run);
      const { length } = responseSegment(run);
      return finding(Math.abs(length - 85) <= 5, `${length} bytes`);
    },
  },
  {
    id: 'response-sent',
    at: 'receive-9c',
    says: 'It leaves through a network interface',
    check: (run) => {
      const packet = responseSegment(run);
      return finding(
        true,
        `seen on ${packet.interface}, ${apart(packet.at, answerOf(run).end)} send() returned`,
      );
    },
  },
];
