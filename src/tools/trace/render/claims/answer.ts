// The walkthrough's client receiving the response, the delays, and both loops going round.

import { argumentValue } from '../../../../interpose/recorder/recording.ts';
import { delaysByCalls, delaysByTimestamps, timestamps } from '../../analyse/delays.ts';
import { isInput } from '../../analyse/dialogue.ts';
import { dataOf } from '../../analyse/sockets.ts';
import { duration } from '../../words.ts';
import {
  apart,
  type Claim,
  callText,
  delay,
  finding,
  NotVisible,
  need,
  quoted,
  slept,
  spent,
} from './claim.ts';
import { exchangeOf, receiveOf, responseAck, responseSegment, shownOf, watchedBy } from './parts.ts';

const milliseconds = (nanos: number | undefined) => need(nanos, 'no timestamps') / 1e6;

export const answering: Claim[] = [
  {
    id: 'client-recv-1024',
    at: 'client-10',
    says: 'The client asks recv() for at most 1024 bytes',
    check: (run) => {
      return finding(argumentValue(receiveOf(run), 'len') === 1024, callText(receiveOf(run)));
    },
  },
  {
    id: 'client-acks',
    at: 'client-10a',
    says: "The client's kernel acknowledges the response with a packet of its own",
    check: (run) => {
      const [packet, response] = [responseAck(run), responseSegment(run)];
      const kind = packet.tcp.payloadLength === 0 ? 'an ACK alone' : 'together with the next message';
      const plain = packet.tcp.payloadLength === 0 && !packet.tcp.flags.includes('FIN');
      return finding(plain, `${kind}, ${apart(packet.at, response.at)} the response`);
    },
  },
  {
    id: 'recv-waited',
    at: 'client-10b',
    says: 'recv() returns immediately',
    check: (run) => {
      const [receive, answer] = [
        receiveOf(run),
        need(exchangeOf(run).answers[0], 'the server answered nothing'),
      ];
      return finding(
        !slept(run.recording, receive),
        `it was called ${apart(receive.start, answer.start)} the server's send(): ${spent(receive)}`,
      );
    },
  },
  {
    id: 'recv-is-response',
    at: 'client-10b',
    says: 'One recv() returns all of the response',
    check: (run) => {
      const { receives, responseLength } = exchangeOf(run);
      return finding(
        receiveOf(run).result === responseLength,
        `${receives.length} recv() of ${responseLength} bytes`,
      );
    },
  },
  {
    id: 'client-prints',
    at: 'client-11',
    says: 'The client prints its own time, a colon and the response',
    check: (run) => {
      const line = dataOf(shownOf(run)).toString('latin1');
      const rest = line.replace(/^\d+\.\d+:/, '').trimStart();
      return finding(
        rest !== line && rest === `${exchangeOf(run).response.toString('latin1')}\n`,
        quoted(dataOf(shownOf(run))),
      );
    },
  },
  {
    id: 'three-times',
    at: 'output',
    says: 'The line has three times: received, by the server, sent; each later than the next',
    check: (run) => {
      const { received, server, sent } = timestamps(exchangeOf(run));
      need(received && server && sent, 'no line with three times');
      return finding(
        Number(received) > Number(server) && Number(server) > Number(sent),
        `${received}, ${server}, ${sent}`,
      );
    },
  },
  {
    id: 'delay-to-server',
    at: 'delays',
    says: 'Client to server takes 1.111111 s',
    check: (run) => delay(delaysByTimestamps(exchangeOf(run)).toServer, 1111.111),
  },
  {
    id: 'delay-back',
    at: 'delays',
    says: 'Server to client takes 1.111111 s',
    check: (run) => delay(delaysByTimestamps(exchangeOf(run)).back, 1111.111),
  },
  {
    id: 'delay-sum',
    at: 'delays',
    says: 'The round trip is the sum of both ways (2.222222 s)',
    check: (run) => {
      const { toServer, back, roundTrip } = delaysByTimestamps(exchangeOf(run));
      const sum = milliseconds(toServer) + milliseconds(back);
      const text = `${duration(need(roundTrip, 'no timestamps'))}; by the calls ${duration(delaysByCalls(exchangeOf(run)).roundTrip ?? 0)}`;
      return finding(Math.abs(sum - milliseconds(roundTrip)) < 1e-6, text);
    },
  },
  {
    id: 'client-loops',
    at: 'loop-client',
    says: 'The client goes back to input()',
    check: (run) => {
      const shown = shownOf(run);
      const next = run.clientCalls.find((call) => isInput(call) && call.start >= shown.end);
      const last = run.exchanges.length > 1 ? 'the next line was there already' : 'it ended';
      if (next === undefined) throw new NotVisible(last);
      return finding(true, `read(0) ${apart(next.start, shown.end)} the line was printed`);
    },
  },
  {
    id: 'server-loops',
    at: 'loop-server',
    says: 'The server goes back to select(), with the same rfds',
    check: (run) => {
      const again = need(exchangeOf(run).waitsAgain, 'the server waited no more');
      const fds = watchedBy(run, again);
      const before = watchedBy(run, need(exchangeOf(run).woken, 'nothing woke the server'));
      return finding(fds.join() === before.join(), `${again.name}() watches [${fds.join(', ')}]`);
    },
  },
];
