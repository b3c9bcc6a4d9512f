// The walkthrough's message on its way out: typed, stamped, encoded, handed to the kernel.

import type { Conversation, Exchange } from '../../analyse/dialogue.ts';
import { dataOf } from '../../analyse/sockets.ts';
import { duration } from '../../words.ts';
import { apart, type Claim, finding, NotVisible, need, quoted } from './claim.ts';
import { exchangeOf, hello, messageSegment } from './parts.ts';

// The client's calls from the line's coming to the first send.
const beforeSend = (run: Conversation, exchange: Exchange) =>
  run.clientCalls.filter(
    ({ start, end }) => start >= (exchange.input?.end ?? -Infinity) && end <= exchange.sends[0].start,
  );

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
