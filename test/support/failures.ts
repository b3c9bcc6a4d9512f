// What can fail of the calls that a program makes: each of them, with each errno that the table of calls has for it.

import { type CallName, callNames, callOf, errnosOf } from '../../src/kernel/calls.ts';
import * as numbers from '../../src/kernel/errno.ts';

/** A call that fails: the n-th of its name, with an errno. */
export interface Failure {
  readonly call: CallName;
  readonly nth: number;
  readonly error: string;
}

const isErrno = (name: string) => (numbers as unknown as Record<string, unknown>)[name] !== undefined;

/** The errnos that a call may give, of those that this platform has. */
export const errnosHere = (call: CallName): string[] => errnosOf(callOf(call)!).filter(isErrno);

/** Every failure of calls that were made so often. What the addon has of its own is no call. */
export function failuresOf(counts: ReadonlyMap<CallName, number>): Failure[] {
  return callNames
    .filter((call) => !callOf(call)!.own)
    .flatMap((call) =>
      Array.from({ length: counts.get(call) ?? 0 }, (_, i) =>
        errnosHere(call).map((error) => ({ call, nth: i + 1, error })),
      ).flat(),
    );
}
