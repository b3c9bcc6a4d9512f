// What a server puts up with: how many clients, and of each how long it may be idle, how much of its answers it may
// leave unsent, and for how long. `rfds server` has options for them (docs/server.md).

import { monotonic } from '../../builtins.ts';

/** The limits that may be given; Infinity, or none given, is no limit. */
export interface LimitOptions {
  /** How many clients there may be at once: one more is turned away. */
  maxConnections?: number;
  /** For how many seconds a client may neither send nor take a byte before it is dropped. */
  idleTimeout?: number;
  /** How many bytes of its answers a client may leave unsent: with more it is dropped. */
  maxUnsent?: number;
  /** How many seconds a client has to take what is unsent before it is dropped. */
  sendTimeout?: number;
}

/** All of them. */
export type Limits = Readonly<Required<LimitOptions>>;

const NONE: Limits = {
  maxConnections: Number.POSITIVE_INFINITY,
  idleTimeout: Number.POSITIVE_INFINITY,
  maxUnsent: Number.POSITIVE_INFINITY,
  sendTimeout: Number.POSITIVE_INFINITY,
};

/** The limits of a loop: those that were given, else its defaults, else none. */
export function limitsOf(given: LimitOptions, defaults: LimitOptions = {}): Limits {
  const limits = { ...NONE, ...defaults };
  for (const name of Object.keys(NONE) as (keyof Limits)[]) limits[name] = given[name] ?? limits[name];
  return limits;
}

/** Whether any of them is a time. */
export function hasTimeout({ idleTimeout, sendTimeout }: Limits): boolean {
  return idleTimeout !== Number.POSITIVE_INFINITY || sendTimeout !== Number.POSITIVE_INFINITY;
}

// No kernel takes every number of seconds (epoll_wait: 24 days); the loop only waits again.
const LONGEST_WAIT = 86400;

/** How many seconds a loop may wait from now (both monotonic) until a deadline; null: for ever, for Infinity. */
export function waitUntil(deadline: number, now: number): number | null {
  return deadline === Number.POSITIVE_INFINITY ? null : Math.min(Math.max(deadline - now, 0), LONGEST_WAIT);
}

/** The time of one turn of a loop, on the monotonic clock: read once, when it is first asked for. */
export class TurnClock {
  #now = -1;

  get now(): number {
    if (this.#now < 0) this.#now = monotonic();
    return this.#now;
  }

  /** The next turn begins: what was read before is not its time. */
  restart(): void {
    this.#now = -1;
  }
}
