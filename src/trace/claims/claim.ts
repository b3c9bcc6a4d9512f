// What a claim of the walkthrough is, and what its check may ask of a conversation.
// Above: the files beside it, one for each part of the walkthrough. Below: conversation.ts.

import type { Conversation, Exchange } from '../conversation.ts';
import { duration } from '../delays.ts';
import { memories } from '../memory.ts';
import type { TcpPacket } from '../packets.ts';
import type { CallLine } from '../recording.ts';

export { slept } from '../conversation.ts';

export type Verdict = 'seen' | 'contradicted' | 'not visible';

export interface Finding {
  verdict: Verdict;
  /** What the run shows of it; where it shows nothing, why. */
  measured: string;
}

export interface Claim {
  id: string;
  /** The id of its anchor: where it stands in the walkthrough. */
  at: string;
  /** In our words. */
  says: string;
  check(run: Conversation): Finding;
}

/** A run does not show it: thrown by a check, for checkClaims to catch. */
export class NotVisible extends Error {}

/** The value, if the recording has it. what: what the recording lacks. */
export function need<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new NotVisible(what);
  return value;
}

export const finding = (holds: boolean, measured: string): Finding => ({
  verdict: holds ? 'seen' : 'contradicted',
  measured,
});

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

export const lasted = (call: CallLine) => call.end - call.start;

/** The descriptors that a wait of the server's watched for reading. */
export const watchedBy = (run: Conversation, wait: CallLine): number[] =>
  need(memories(run.serverCalls).get(wait)?.rfds, 'what it watched was not recorded');

/** 'it took 1.2 s, with 30 µs of CPU time' */
export const spent = (call: CallLine) =>
  `${call.name}() took ${duration(lasted(call))}, with ${duration(call.cpu)} of CPU time`;

/** '0.5 ms before' or 'after', of a time and another. */
export const apart = (at: number, other: number) =>
  `${duration(Math.abs(at - other))} ${at <= other ? 'before' : 'after'}`;

/** Bytes that are text, for a table. */
export const quoted = (bytes: Uint8Array) => {
  const text = [...JSON.stringify(Buffer.from(bytes).toString('utf8')).slice(1, -1)];
  return `'${text.length > 64 ? `${text.slice(0, 63).join('')}…` : text.join('')}'`;
};
