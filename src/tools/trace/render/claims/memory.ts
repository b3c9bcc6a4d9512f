// The walkthrough's memory states.

import type { CallLine, SocketState } from '../../../../interpose/recorder/recording.ts';
import { type Conversation, mirrored } from '../../analyse/dialogue.ts';
import { stateAfter } from '../../analyse/memory.ts';
import { numbersAt } from '../../analyse/packets.ts';
import { portOf } from '../../analyse/sockets.ts';
import { addressText } from '../../words.ts';
import { type Claim, finding, NotVisible, need, quoted } from './claim.ts';
import { exchangeOf } from './parts.ts';

const state = (call: CallLine | undefined, fd: number | undefined): SocketState =>
  need(stateAfter(call, fd), 'the socket was not looked at');
const afterSend = (run: Conversation) => state(exchangeOf(run).sends.at(-1), run.clientEnd?.fd);
const beforeRead = (run: Conversation) => state(exchangeOf(run).woken, run.serverEnd?.fd);

/** A side's sequence numbers right before a call. */
const numbers = (run: Conversation, call: CallLine | undefined, side: 'clientEnd' | 'serverEnd') => {
  if (!run.wire.captured) throw new NotVisible('the packets were not captured');
  const at = need(call, 'the call was not recorded').start;
  return need(numbersAt(run.wire, portOf(run[side]?.local), at), 'no packet yet');
};

export const memory: Claim[] = [
  {
    id: 'memory-addresses',
    at: 'memory-client',
    says: "The client's local and remote address are the server socket's, the other way round",
    check: (run) => {
      const [client, server] = [need(run.clientEnd, 'no client'), need(run.serverEnd, 'no connection')];
      need(client.local && server.local, 'no addresses were looked at');
      return finding(
        mirrored(client, server),
        `${addressText(client.local)} to ${addressText(client.remote)}, and ${addressText(server.local)} to ${addressText(server.remote)}`,
      );
    },
  },
  {
    id: 'memory-send-buffer',
    at: 'memory-client',
    says: 'Its send buffer still holds the message when the server has it',
    check: (run) => {
      const { sendQueue } = afterSend(run);
      return finding(sendQueue > 0, `${sendQueue} bytes unacknowledged after send()`);
    },
  },
  {
    id: 'memory-recv-empty',
    at: 'memory-client',
    says: 'Its receive buffer is empty',
    check: (run) => {
      const { receiveQueue } = afterSend(run);
      return finding(receiveQueue === 0, `${receiveQueue} bytes in it after send()`);
    },
  },
  {
    id: 'memory-listening',
    at: 'memory-server-before',
    says: "The listening socket's state is LISTENING, its address 0.0.0.0:12345",
    check: (run) => {
      const listener = need(run.listener, 'the server did not listen');
      const states = run.serverCalls.flatMap(({ sockets = [] }) =>
        sockets.filter(({ fd }) => fd === listener.fd),
      );
      const name = need(states.at(-1)?.tcp?.state, 'the listener was not looked at');
      const local = addressText(listener.local);
      return finding(name.startsWith('LISTEN') && local === '0.0.0.0:12345', `${name}, ${local}`);
    },
  },
  {
    id: 'server-fd-5',
    at: 'memory-server-before',
    says: 'The connection has descriptor 5 in the server',
    check: ({ serverEnd }) => {
      const { fd } = need(serverEnd, 'the server accepted nobody');
      return finding(fd === 5, `descriptor ${fd}`);
    },
  },
  {
    id: 'memory-recv-buffer',
    at: 'memory-server-before',
    says: "Before recv(), the server's receive buffer has the bytes of the message",
    check: (run) => {
      const data = need(beforeRead(run).receiveQueueData, 'it was not looked into');
      const bytes = Buffer.from(data, 'base64');
      return finding(bytes.equals(exchangeOf(run).message), quoted(bytes));
    },
  },
  {
    id: 'memory-ack-1027',
    at: 'memory-server-before',
    says: 'Before recv(), its numbers are 2001 and 1027, the 26 bytes being counted already',
    check: (run) => {
      const { seq, ack } = numbers(run, exchangeOf(run).reads[0], 'serverEnd');
      return finding(seq === 1 && ack === 27, `the first numbers plus ${seq} and plus ${ack}`);
    },
  },
  {
    id: 'memory-consumed',
    at: 'memory-server-after',
    says: 'After recv(), the receive buffer is empty',
    check: (run) => {
      const { receiveQueue } = state(exchangeOf(run).reads.at(-1), run.serverEnd?.fd);
      return finding(receiveQueue === 0, `${receiveQueue} bytes in it`);
    },
  },
  {
    id: 'memory-response-buffer',
    at: 'memory-server-after',
    says: "The response stands in the server's send buffer",
    check: (run) => {
      const { sendQueue } = state(exchangeOf(run).answers.at(-1), run.serverEnd?.fd);
      return finding(
        sendQueue === exchangeOf(run).responseLength,
        `${sendQueue} bytes unacknowledged after send()`,
      );
    },
  },
];
