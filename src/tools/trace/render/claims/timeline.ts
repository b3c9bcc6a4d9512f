// The walkthrough's timeline: what is before what, and how long it takes.

import { isInput } from '../../analyse/dialogue.ts';
import { apart, type Claim, delay, finding, need } from './claim.ts';
import { captured, exchangeOf, receiveOf, responseAck, shownOf } from './parts.ts';

export const timeline: Claim[] = [
  {
    id: 'timeline-connect',
    at: 'timeline',
    says: 'From connect() to accept() it takes 30 ms, three packets of 10 ms each',
    check: (run) => {
      const [connect, accept] = [need(run.connect, 'no connect()'), need(run.accept, 'no accept()')];
      return delay(accept.end - connect.start, 30);
    },
  },
  {
    id: 'timeline-prompt',
    at: 'timeline',
    says: 'The client prompts for input only after accept() has returned',
    check: (run) => {
      const accept = need(run.accept, 'no accept()');
      const input = need(run.clientCalls.find(isInput), 'the client read no input');
      return finding(
        input.start > accept.end,
        `read(0) began ${apart(input.start, accept.end)} accept() returned`,
      );
    },
  },
  {
    id: 'timeline-ack-first',
    at: 'timeline',
    says: 'The message is acknowledged before select() returns',
    check: (run) => {
      const packet = captured(exchangeOf(run).messageAck, 'the acknowledgement of the message');
      const woken = need(exchangeOf(run).woken, 'nothing woke the server');
      return finding(packet.at <= woken.end, `ACK ${apart(packet.at, woken.end)} ${woken.name}() returned`);
    },
  },
  {
    id: 'timeline-client-ack-first',
    at: 'timeline',
    says: 'The response is acknowledged before recv() returns',
    check: (run) => {
      const [packet, receive] = [responseAck(run), receiveOf(run)];
      return finding(packet.at <= receive.end, `ACK ${apart(packet.at, receive.end)} recv() returned`);
    },
  },
  {
    id: 'timeline-server-last',
    at: 'timeline',
    says: 'The server is back in select() after the client has its response',
    check: (run) => {
      const [again, receive] = [
        need(exchangeOf(run).waitsAgain, 'the server waited no more'),
        receiveOf(run),
      ];
      return finding(
        again.start > receive.end,
        `${again.name}() began ${apart(again.start, receive.end)} recv() returned`,
      );
    },
  },
  {
    id: 'timeline-206-ms',
    at: 'timeline',
    says: 'From Enter to the printed line it takes 206 ms',
    check: (run) => {
      const input = need(exchangeOf(run).input, 'the line was read with an earlier one');
      return delay(shownOf(run).end - input.end, 206);
    },
  },
];
