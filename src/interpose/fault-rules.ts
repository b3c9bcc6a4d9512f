// What calls are to be made to fail, and when: as objects and as the text of RFDS_FAULTS, whose words are those of
// strace's --inject. Both are checked against the table of calls: an errno that a call never gives is an error here.

import { type CallName, callNames, callOf, errnosOf } from '../kernel/calls.ts';
import * as numbers from '../kernel/errno.ts';

/** Which of the calls, counted from 1 for each name: from first to last (none: without an end), every step-th (none: 1). */
export interface When {
  readonly first: number;
  readonly last?: number;
  readonly step?: number;
}

/** One thing that is to go wrong: of error and short at most one, delayMs alone or with either. */
export interface Fault {
  /** The call's name in rfds/syscalls; '*': every call that it can happen to. */
  readonly call: CallName | '*';
  /** The errno by its name, 'ECONNRESET': one that kernel/calls.ts has for the call. */
  readonly error?: string;
  /** At most so many bytes (1 or more) are received, sent, read or written. */
  readonly short?: number;
  /** Milliseconds to stand still before the call. */
  readonly delayMs?: number;
  /** None: each of them. A number: that one alone. */
  readonly when?: number | When;
  /** How likely it is for each of those, above 0 and up to 1; by the seed. */
  readonly chance?: number;
}

/** What RFDS_FAULTS says. */
export interface FaultsText {
  readonly faults: Fault[];
  readonly seed?: number;
  readonly log: boolean;
}

/** A fault that was checked. */
export interface Rule {
  readonly names: readonly CallName[];
  readonly error: string | null;
  /** Positive, as in errno.h. */
  readonly errno: number;
  /** 0: as many as asked for. */
  readonly short: number;
  readonly delayMs: number;
  readonly first: number;
  readonly last: number;
  readonly step: number;
  readonly chance: number;
}

/** The calls that a program makes by these names: the addon's own and those of libc's resolver are none. */
const ordinary = callNames.filter((name) => !callOf(name)!.own);

/** Whether the bytes of a call can be fewer: not those of several messages at once. */
export function movesBytes(name: CallName): boolean {
  const { args, receives, sends } = callOf(name)!;
  return / (bytes|iovec)$/.test(args[receives ?? sends ?? ''] ?? '');
}

const MAX_DELAY_MS = 3_600_000;

/** Checks a fault. Throws RangeError, in one line, for what cannot be. */
export function checkFault(fault: Fault): Rule {
  const { call, error, short, delayMs, when, chance = 1 } = fault;
  if (call !== '*' && !ordinary.includes(call)) throw new RangeError(`there is no call ${String(call)}`);
  if (error !== undefined && short !== undefined)
    throw new RangeError(`${call}: an error and a short transfer exclude each other`);
  if (error === undefined && short === undefined && delayMs === undefined)
    throw new RangeError(`${call}: what is to happen is missing: error, short or delay`);
  if (short !== undefined && !(Number.isSafeInteger(short) && short >= 1))
    throw new RangeError(`${call}: short must be a number of bytes from 1 on, got ${short}`);
  if (delayMs !== undefined && !(delayMs >= 0 && delayMs <= MAX_DELAY_MS))
    throw new RangeError(`${call}: delay must be 0-${MAX_DELAY_MS} ms, got ${delayMs}`);
  if (!(chance > 0 && chance <= 1))
    throw new RangeError(`${call}: chance must be above 0 and at most 1, got ${chance}`);
  return {
    names: namesOf(fault),
    error: error ?? null,
    errno: error === undefined ? 0 : (numbers as unknown as Record<string, number>)[error],
    short: short ?? 0,
    delayMs: delayMs ?? 0,
    ...checkWhen(call, typeof when === 'number' ? { first: when, last: when } : (when ?? { first: 1 })),
    chance,
  };
}

function checkWhen(call: string, { first, last = Number.POSITIVE_INFINITY, step = 1 }: When) {
  const isCount = (n: number) => Number.isSafeInteger(n) && n >= 1;
  if (!isCount(first) || !isCount(step) || !(last === Number.POSITIVE_INFINITY || isCount(last)))
    throw new RangeError(`${call}: when counts calls from 1 on`);
  if (last < first) throw new RangeError(`${call}: when ends, at ${last}, before it begins, at ${first}`);
  return { first, last, step };
}

function namesOf({ call, error, short }: Fault): CallName[] {
  let names = call === '*' ? ordinary : [call];
  if (error !== undefined) {
    if ((numbers as unknown as Record<string, unknown>)[error] === undefined || !/^E[A-Z0-9]+$/.test(error))
      throw new RangeError(`${call}: there is no errno ${error} here`);
    names = names.filter((name) => errnosOf(callOf(name)!).includes(error));
    if (names.length === 0) throw new RangeError(notGiven(call, error));
  }
  if (short !== undefined) {
    names = names.filter(movesBytes);
    if (names.length === 0) throw new RangeError(`${call} moves no bytes that could be fewer`);
  }
  return names;
}

function notGiven(call: CallName | '*', error: string): string {
  if (call === '*') return `no call gives ${error}`;
  const given = errnosOf(callOf(call)!);
  if (given.length === 0) return `${call} gives no errno`;
  return `${call} does not give ${error}, but ${given.join(' ')}`;
}

// ---- The text

/**
 * 'recv:error=ECONNRESET:when=3,send:short=1:chance=0.1,seed=7,log'. Throws RangeError, in one line, for what is wrong,
 * errnos and names too.
 */
export function parseFaults(text: string): FaultsText {
  const faults: Fault[] = [];
  let seed: number | undefined;
  let log = false;
  for (const item of text.split(',').map((part) => part.trim())) {
    if (item === 'log') log = true;
    else if (/^seed=\d{1,10}$/.test(item)) seed = Number(item.slice(5));
    else faults.push(parseFault(item));
  }
  for (const fault of faults) checkFault(fault);
  return { faults, log, ...(seed !== undefined && { seed }) };
}

function parseFault(item: string): Fault {
  const [call, ...fields] = item.split(':');
  if (fields.length === 0)
    throw new RangeError(
      `'${item}' is neither a fault, as recv:error=ECONNRESET:when=3, nor seed=number nor log`,
    );
  const fault: { -readonly [name in keyof Fault]: Fault[name] } = { call: call as CallName };
  const seen = new Set<string>();
  for (const field of fields) {
    const [name, value, ...more] = field.split('=');
    if (seen.has(name)) throw new RangeError(`'${item}' has ${name} twice`);
    seen.add(name);
    if (value === undefined || value === '' || more.length > 0)
      throw new RangeError(`'${item}': '${field}' is no field, as error=ECONNRESET`);
    if (name === 'error') fault.error = value;
    else if (name === 'short') fault.short = numberIn(value, item);
    else if (name === 'delay') fault.delayMs = numberIn(value, item);
    else if (name === 'chance') fault.chance = numberIn(value, item);
    else if (name === 'when') fault.when = parseWhen(value, item);
    else throw new RangeError(`'${item}': there is no field ${name}: error, short, delay, when, chance`);
  }
  return fault;
}

function numberIn(value: string, item: string): number {
  if (!/^\d{1,9}(\.\d{1,9})?$/.test(value)) throw new RangeError(`'${item}': '${value}' is no number`);
  return Number(value);
}

// strace's: FIRST, FIRST+, FIRST+STEP, FIRST..LAST, FIRST..LAST+STEP.
function parseWhen(value: string, item: string): When {
  const found = /^(\d{1,9})(?:\.\.(\d{1,9}))?(\+(\d{1,9})?)?$/.exec(value);
  if (found === null)
    throw new RangeError(`'${item}': '${value}' is no when: 3, 3+, 3+2, 3..9 or 3..9+2, counted from 1`);
  const [, first, last, plus, step] = found;
  const end = last ?? (plus === undefined ? first : undefined);
  return {
    first: Number(first),
    ...(end !== undefined && { last: Number(end) }),
    ...(step !== undefined && { step: Number(step) }),
  };
}
