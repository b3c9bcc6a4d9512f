// What is kept of a run: its calls, and what was chosen, in the order in which they happened. Most of it has the same
// virtual time, so that every event has a number, too.

import type { CallName } from '../kernel/calls.ts';
import type { Moment } from './machine.ts';
import type { Process } from './process.ts';

export interface CallRecord {
  readonly kind: 'call';
  readonly process: Process;
  readonly name: CallName;
  readonly result: number;
  readonly start: Moment;
  readonly end: Moment;
  /** What the watcher made of it. */
  readonly kept: unknown;
}

/** A step of the world, or what was chosen within one. */
export interface ChoiceRecord {
  readonly kind: 'choice';
  /** Which it was of how many; 0 is what ordinarily happens. */
  readonly choice: number;
  readonly count: number;
  /** What then happened: 'client: send', 'a segment is lost'. */
  readonly what: string;
  /** The process that went on; null: the network, a timer, or a choice within a call. */
  readonly process: Process | null;
  /** A choice within a call: how it ends, or what becomes of what it sends. */
  readonly isWithin: boolean;
  readonly at: Moment;
}

/** Is told of each call of every process, before and after it: for what its memory has at that time. */
export interface CallWatcher {
  before(process: Process, name: CallName, args: readonly unknown[]): unknown;
  after(process: Process, name: CallName, args: readonly unknown[], result: number, before: unknown): unknown;
}

/** A call under way. */
export interface OpenCall {
  readonly process: Process;
  readonly name: CallName;
  readonly args: readonly unknown[];
  readonly start: Moment;
  readonly before: unknown;
}

export class RunRecord {
  readonly entries: (CallRecord | ChoiceRecord)[] = [];
  readonly #clock: { readonly nanoseconds: number };
  readonly #watcher: CallWatcher | null;
  readonly #open: OpenCall[] = [];
  #order = 0;

  constructor(clock: { readonly nanoseconds: number }, watcher: CallWatcher | null) {
    this.#clock = clock;
    this.#watcher = watcher;
  }

  moment(): Moment {
    return { order: this.#order++, ns: this.#clock.nanoseconds };
  }

  /** The calls that have not returned. */
  get open(): readonly OpenCall[] {
    return this.#open;
  }

  begin(process: Process, name: CallName, args: readonly unknown[]): OpenCall {
    const start = this.moment();
    const call = { process, name, args, start, before: this.#watcher?.before(process, name, args) };
    this.#open.push(call);
    return call;
  }

  end(call: OpenCall, result: number): void {
    const { process, name, args, start, before } = call;
    this.#open.splice(this.#open.indexOf(call), 1);
    const kept = this.#watcher?.after(process, name, args, result, before);
    this.entries.push({ kind: 'call', process, name, result, start, end: this.moment(), kept });
  }

  chosen(choice: number, count: number, what: string, process: Process | null, isWithin = false): void {
    this.entries.push({ kind: 'choice', choice, count, what, process, isWithin, at: this.moment() });
  }
}
