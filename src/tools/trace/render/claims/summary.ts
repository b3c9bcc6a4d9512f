// The walkthrough's summary of operations.

import type { CallLine } from '../../../../interpose/recorder/recording.ts';
import { isWait } from '../../analyse/dialogue.ts';
import { stateAfter } from '../../analyse/memory.ts';
import { apart, type Claim, finding, NotVisible, need } from './claim.ts';
import { captured, exchangeOf, messageSegment, watchedBy } from './parts.ts';

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
