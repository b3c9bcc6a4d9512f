// The walkthrough's server receiving the message.

import { argumentValue } from '../../../../interpose/recorder/recording.ts';
import { timestamps } from '../../analyse/delays.ts';
import type { Conversation } from '../../analyse/dialogue.ts';
import { stateAfter } from '../../analyse/memory.ts';
import { dataOf, portOf } from '../../analyse/sockets.ts';
import {
  apart,
  type Claim,
  callText,
  finding,
  lasted,
  NotVisible,
  need,
  quoted,
  slept,
  spent,
} from './claim.ts';
import { answerOf, exchangeOf, messageAck, messageSegment, readOf, watchedBy, wokenOf } from './parts.ts';

// The server's calls between reading and answering.
const between = (run: Conversation) => {
  const [read, answer] = [readOf(run), answerOf(run)];
  return run.serverCalls.filter(({ start, end }) => start >= read.end && end <= answer.start);
};

export const receiving: Claim[] = [
  {
    id: 'select-wakes-on-data',
    at: 'receive',
    says: 'select() wakes and reports the client socket alone',
    check: (run) => {
      const ready = need(wokenOf(run).ready, 'what it reported was not recorded');
      return finding(ready.length === 1 && ready[0] === run.serverEnd?.fd, `ready: [${ready.join(', ')}]`);
    },
  },
  {
    id: 'still-in-rfds',
    at: 'receive-1',
    says: 'The client socket is in rfds still',
    check: (run) => {
      const fds = watchedBy(run, wokenOf(run));
      return finding(
        fds.includes(run.serverEnd?.fd ?? -1),
        `${wokenOf(run).name}() watched [${fds.join(', ')}]`,
      );
    },
  },
  {
    id: 'recv-1024',
    at: 'receive-2',
    says: 'The server asks recv() for at most 1024 bytes',
    check: (run) => {
      return finding(argumentValue(readOf(run), 'len') === 1024, callText(readOf(run)));
    },
  },
  {
    id: 'checksum-verified',
    at: 'receive-2a',
    says: "The receiving kernel has verified the message's checksum",
    check: (run) => {
      const { checksumStatus: status = 'unknown' } = messageSegment(run).tcp;
      if (status !== 'offloaded') throw new NotVisible(`it is ${status}; who looked is not to be seen`);
      return finding(false, 'there was none to verify: it was never computed on this way');
    },
  },
  {
    id: 'ack-before-recv',
    at: 'receive-2a',
    says: 'The kernel has acknowledged the message before recv(), with a packet of its own',
    check: (run) => {
      const [packet, read] = [messageAck(run), readOf(run)];
      const kind = packet.tcp.payloadLength === 0 ? 'an ACK alone' : 'together with the response';
      const holds = packet.tcp.payloadLength === 0 && packet.at <= read.start;
      return finding(holds, `${kind}, ${apart(packet.at, read.start)} recv()`);
    },
  },
  {
    id: 'in-receive-buffer',
    at: 'receive-2a',
    says: 'The payload is in the receive buffer before recv()',
    check: (run) => {
      const state = need(stateAfter(wokenOf(run), run.serverEnd?.fd), 'the socket was not looked at');
      return finding(
        state.receiveQueue === exchangeOf(run).messageLength,
        `${state.receiveQueue} bytes in it when ${wokenOf(run).name}() returned`,
      );
    },
  },
  {
    id: 'recv-at-once',
    at: 'receive-2a',
    says: 'recv() returns at once, for the data is there',
    check: (run) =>
      finding(!slept(run.recording, readOf(run)) || lasted(readOf(run)) < 1e6, spent(readOf(run))),
  },
  {
    id: 'recv-is-message',
    at: 'receive-2a',
    says: 'One recv() returns all of the message',
    check: (run) => {
      const { reads, message } = exchangeOf(run);
      const first = dataOf(readOf(run));
      return finding(reads.length === 1 && first.equals(message), `${reads.length} recv(): ${quoted(first)}`);
    },
  },
  {
    id: 'no-goodbye',
    at: 'receive-3',
    says: 'It does not begin with 0xFF and is not empty: the connection stays',
    check: (run) => {
      const [data, read] = [dataOf(readOf(run)), readOf(run)];
      return finding(
        data[0] !== 0xff && read.result > 0,
        `${read.result} bytes, the first 0x${data[0]?.toString(16)}`,
      );
    },
  },
  {
    id: 'getpeername-twice',
    at: 'receive-4',
    says: "getpeername() is called twice, for the port and for the address, and gives the client's",
    check: (run) => {
      const calls = between(run).filter(({ name }) => name === 'getpeername');
      const text = calls[0]?.args[1]?.text ?? '';
      return finding(calls.length === 2, `${calls.length} getpeername()${text && `: ${text}`}`);
    },
  },
  {
    id: 'server-later',
    at: 'receive-5',
    says: "The server's timestamp is later than the client's",
    check: (run) => {
      const { server, sent } = timestamps(exchangeOf(run));
      need(server && sent, 'no timestamps in the response');
      return finding(Number(server) > Number(sent), `${server} and ${sent}`);
    },
  },
  {
    id: 'server-prints',
    at: 'receive-6',
    says: "The server prints the client's address, its own time and the data as Python's repr",
    check: (run) => {
      const line = dataOf(need(exchangeOf(run).printed, 'it printed nothing'));
      const form = /^\[[\d.]+:(\d+)\] \d+\.\d+:b'.*'\n$/s;
      const port = Number(line.toString('latin1').match(form)?.[1]);
      return finding(port === portOf(run.clientEnd?.local), quoted(line));
    },
  },
];
