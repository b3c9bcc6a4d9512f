// What a claim of the walkthrough is, and what its check may ask of a conversation.

import type { CallLine } from '../../../../interpose/recorder/recording.ts';
import type { Conversation } from '../../analyse/dialogue.ts';
import { duration } from '../../words.ts';

export { slept } from '../../analyse/waiting.ts';

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

export const lasted = (call: CallLine) => call.end - call.start;

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

/** '[3, 5]' */
export const list = (fds: number[]) => `[${fds.join(', ')}]`;

/** Checks a delay of the walkthrough's, in milliseconds, to a tenth. */
export const delay = (nanos: number | undefined, walkthrough: number): Finding => {
  const measured = need(nanos, 'no timestamps');
  return finding(Math.abs(measured / 1e6 / walkthrough - 1) < 0.1, duration(measured));
};

/** 'recv(3, "Hello", 1024, 0)' */
export const callText = ({ name, args }: CallLine): string =>
  `${name}(${args.map(({ text }) => text).join(', ')})`;
