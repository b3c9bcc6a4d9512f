// The three delays of the walkthrough: by the timestamps that the programs wrote into their lines, and
// by the clock of the recording.

import type { Exchange } from './dialogue.ts';
import { dataOf } from './sockets.ts';

/** In nanoseconds; undefined where the recording lacks a time. */
export interface Delays {
  toServer?: number;
  back?: number;
  roundTrip?: number;
}

// 1700000000.123456 is too long for a number to be exact to the nanosecond: digits, then.
function nanoseconds(seconds: string): bigint {
  const [whole, fraction = ''] = seconds.split('.');
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9));
}

/** The times at the head of what the client printed: received, by the server, sent. As they are written. */
export function timestamps(exchange: Exchange): { received?: string; server?: string; sent?: string } {
  const printed = exchange.shown === undefined ? '' : dataOf(exchange.shown).toString('latin1');
  const [, received] = printed.match(/^(\d+\.\d+):/) ?? [];
  const [, server, sent] = exchange.response.toString('latin1').match(/^(\d+\.\d+):(\d+\.\d+):/) ?? [];
  return { ...(received && { received }), ...(server && { server }), ...(sent && { sent }) };
}

/** By the timestamps in the messages, as the walkthrough does it. */
export function delaysByTimestamps(exchange: Exchange): Delays {
  const { received, server, sent } = timestamps(exchange);
  const between = (from: string | undefined, to: string | undefined) =>
    from === undefined || to === undefined ? undefined : Number(nanoseconds(to) - nanoseconds(from));
  return known(between(sent, server), between(server, received), between(sent, received));
}

/** By the calls: from the start of a send to the end of the recv that had its bytes. */
export function delaysByCalls(exchange: Exchange): Delays {
  const between = (from: number | undefined, to: number | undefined) =>
    from === undefined || to === undefined ? undefined : to - from;
  const received = exchange.receives.at(-1)?.end;
  return known(
    between(exchange.sends[0]?.start, exchange.reads[0]?.end),
    between(exchange.answers[0]?.start, received),
    between(exchange.sends[0]?.start, received),
  );
}

function known(toServer?: number, back?: number, roundTrip?: number): Delays {
  return {
    ...(toServer !== undefined && { toServer }),
    ...(back !== undefined && { back }),
    ...(roundTrip !== undefined && { roundTrip }),
  };
}

/** The least of times, of which there may be more than a call takes arguments. */
export const earliest = (times: number[]) => times.reduce((least, at) => Math.min(least, at), Infinity);

/** 'T+0.000123', the seconds after zero. */
export function clock(at: number, zero: number): string {
  const micros = Math.round((at - zero) / 1e3);
  return `T${micros < 0 ? '-' : '+'}${(Math.abs(micros) / 1e6).toFixed(6)}`;
}
