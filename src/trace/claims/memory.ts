// The walkthrough's memory states and its summary of operations.

import { type Conversation, isWait, mirrored, portOf } from '../conversation.ts';
import { stateAfter } from '../memory.ts';
import { numbersAt } from '../packets.ts';
import type { CallLine, SocketState } from '../recording.ts';
import { addressText } from '../sockets.ts';
import {
  apart,
  type Claim,
  captured,
  exchangeOf,
  finding,
  messageSegment,
  NotVisible,
  need,
  quoted,
  watchedBy,
} from './claim.ts';

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

/** Whether calls of these names come in this order, and which are missing. */
const inOrder = (calls: CallLine[], names: string[][]) => {
  need(calls[0], 'no calls were recorded');
  let at = -1;
  const missing: string[] = [];
  for (const alternatives of names) {
    const next = calls.findIndex(({ name }, i) => i > at && alternatives.includes(name));
    if (next < 0) missing.push(alternatives[0]);
    else at = next;
  }
  const asked = names.map(([name]) => name).join(', ');
  return finding(
    missing.length === 0,
    missing.length === 0 ? asked : `no ${missing.join(', no ')} in that place`,
  );
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

export const summary: Claim[] = [
  {
    id: 'three-packets',
    at: 'summary-client',
    says: 'The handshake is three packets',
    check: (run) => {
      const { syn, synAck, ack } = run.wire.handshake;
      captured(ack ?? synAck ?? syn, 'the handshake');
      const first = exchangeOf(run).messagePackets[0]?.at ?? Infinity;
      const count = run.wire.packets.filter(({ at }) => at < first).length;
      return finding(count === 3, `${count} before the message`);
    },
  },
  {
    id: 'client-order',
    at: 'summary-client',
    says: 'The client does connect, sendall, recv, in this order',
    check: (run) => inOrder(run.clientCalls, [['connect'], ['send'], ['recv']]),
  },
  {
    id: 'server-order',
    at: 'summary-server',
    says: 'The server does bind, listen, select, accept, recv, sendall, in this order',
    check: (run) =>
      inOrder(run.serverCalls, [
        ['bind'],
        ['listen'],
        ['select', 'poll', 'epoll_wait', 'kevent'],
        ['accept', 'accept4'],
        ['recv'],
        ['send'],
      ]),
  },
  {
    id: 'select-many',
    at: 'summary-server',
    says: 'One select() watches several sockets',
    check: (run) => {
      const counts = run.serverCalls.filter(isWait).map((call) => watchedBy(run, call).length);
      need(counts[0], 'the server did not wait');
      return finding(Math.max(...counts) > 1, `up to ${Math.max(...counts)} in ${counts.length} calls`);
    },
  },
  {
    id: 'accept-from-queue',
    at: 'summary-server',
    says: 'accept() takes the connection out of the queue',
    check: (run) => {
      const before = need(
        stateAfter(run.wokenToAccept, run.listener?.fd)?.acceptQueue,
        'the queue was not looked at',
      );
      const calls = run.serverCalls.filter(({ start }) => start >= (run.accept?.start ?? Infinity));
      const after = calls.map((call) => stateAfter(call, run.listener?.fd)?.acceptQueue).find(Boolean);
      const text = after === undefined ? '' : `, ${after.length} after it`;
      return finding(before.length > (after?.length ?? 0), `${before.length} in it before accept()${text}`);
    },
  },
  {
    id: 'waits-for-ack',
    at: 'summary-sending',
    says: 'When sending, the kernel waits for the ACK of the recipient',
    check: (run) => {
      const [packet, ack] = [
        messageSegment(run),
        captured(exchangeOf(run).messageAck, 'the acknowledgement'),
      ];
      return finding(
        ack.at > packet.at,
        `ACK ${apart(ack.at, packet.at)} the message; send() did not wait for it`,
      );
    },
  },
  {
    id: 'ethernet-checksum',
    at: 'summary-receiving',
    says: 'When receiving, the kernel verifies the checksum of the Ethernet frame',
    check: (run) => {
      const packet = messageSegment(run);
      const ip = need(packet.ip, 'the IP header was not captured');
      need(packet.link, 'the frame was not captured');
      return finding(
        packet.length - 14 > ip.totalLength,
        `none on ${packet.interface}: nothing stands behind the IP packet`,
      );
    },
  },
  {
    id: 'ip-checksum',
    at: 'summary-receiving',
    says: 'There is an IP checksum to verify',
    check: (run) => {
      const { checksum, checksumStatus } = need(messageSegment(run).ip, 'the IP header was not captured');
      if (checksum === undefined) throw new NotVisible('IPv6 has none');
      return finding(
        checksumStatus === 'good',
        `0x${checksum.toString(16).padStart(4, '0')}, ${checksumStatus}`,
      );
    },
  },
];
