// The calls and packets of a conversation that claims are about. Each throws NotVisible where a
// recording lacks it.

import type { CallLine } from '../../../../interpose/recorder/recording.ts';
import type { Conversation, Exchange } from '../../analyse/dialogue.ts';
import { memories } from '../../analyse/memory.ts';
import type { TcpPacket } from '../../analyse/packets.ts';
import { NotVisible, need } from './claim.ts';

/** The conversation's first message. */
export const exchangeOf = (run: Conversation): Exchange => need(run.exchanges[0], 'no message was sent');

/** The first message, if it is the walkthrough's. */
export function hello(run: Conversation): Exchange {
  const exchange = exchangeOf(run);
  if (!exchange.message.toString('latin1').endsWith(':Hello')) {
    throw new NotVisible('the first message was not Hello');
  }
  return exchange;
}

/** A packet, if it was really captured. */
export const captured = (packet: TcpPacket | undefined, what: string): TcpPacket => {
  const seen = need(packet, `no packet was captured: ${what}`);
  if (seen.inferred) throw new NotVisible(`not captured, only inferred: ${what}`);
  return seen;
};

/** The segment that brought the message, and the one that brought the response. */
export const messageSegment = (run: Conversation) =>
  captured(exchangeOf(run).messagePackets[0], 'the message');
export const responseSegment = (run: Conversation) =>
  captured(exchangeOf(run).responsePackets[0], 'the response');

/** A call of a name by one of the two, if it made one. */
export const callOf = (calls: CallLine[], name: string, who: string): CallLine =>
  need(
    calls.find((call) => call.name === name),
    `the ${who} made no call ${name}()`,
  );

/** The descriptors that a wait of the server's watched for reading. */
export const watchedBy = (run: Conversation, wait: CallLine): number[] =>
  need(memories(run.serverCalls).get(wait)?.rfds, 'what it watched was not recorded');

export const connectOf = ({ connect }: Conversation) => need(connect, 'the client did not connect');
export const acceptOf = ({ accept }: Conversation) => need(accept, 'the server accepted nobody');

/** Of the first message: the server's first recv() and send(), the client's first recv() and what it printed. */
export const readOf = (run: Conversation) => need(exchangeOf(run).reads[0], 'the server read nothing');
export const answerOf = (run: Conversation) =>
  need(exchangeOf(run).answers[0], 'the server answered nothing');
export const receiveOf = (run: Conversation) =>
  need(exchangeOf(run).receives[0], 'the client received nothing');
export const shownOf = (run: Conversation) => need(exchangeOf(run).shown, 'the client printed nothing');

/** The wait that the message ended. */
export const wokenOf = (run: Conversation) => need(exchangeOf(run).woken, 'nothing woke the server');

export const messageAck = (run: Conversation) =>
  captured(exchangeOf(run).messageAck, 'the acknowledgement of the message');
export const responseAck = (run: Conversation) =>
  captured(exchangeOf(run).responseAck, 'the acknowledgement of the response');
