// A process beside the program under test: a generator that yields calls, and gets each one's result. It waits in a
// call until that can go on; until the schedule has it go on, the call is not made.

import { type CallName, callOf, positionOf } from '../kernel/calls.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT } from '../kernel/constants/select.ts';
import { BLOCKED, NotModelled, notModelled, type SimulatedCalls } from './calls.ts';
import type { Machine, Shared, Step } from './machine.ts';
import { StandardStream } from './pipe.ts';
import type { Process, Wait } from './process.ts';
import type { OpenCall, RunRecord } from './run-record.ts';
import { SocketFile } from './socket-file.ts';

/** A call that a peer makes: its name and arguments, as at the choke point; or a wait of its own. */
export type Request =
  | readonly [name: CallName, ...args: unknown[]]
  /** Until so many seconds have passed. */
  | { readonly sleep: number }
  /** Until something holds that other processes bring about. */
  | { readonly until: () => boolean; readonly what: string; readonly shared: Shared | null }
  /** Nothing more: what it has open stays open. */
  | { readonly stays: true };

/** What a peer does: a generator of requests, each of which gives a result. */
export type Script = Generator<Request, void, number>;

export class Peer implements Step {
  readonly process: Process;
  /** What distinguishes what it does: those of one kind do the same. Without one, its name. */
  readonly kind: string;
  readonly #machine: Machine;
  readonly #calls: SimulatedCalls;
  readonly #script: Script;
  #request: Request | null = null;
  #wait: Wait | null = null;
  /** Until a time comes. */
  isAsleep = false;
  /** How many connections it has begun. */
  connects = 0;
  /** What its script threw. */
  error: unknown = undefined;
  /** Called after each of its calls. */
  readonly #onCall: (peer: Peer, name: CallName, args: readonly unknown[], result: number) => void;
  readonly #record: RunRecord | null;
  #open: OpenCall | null = null;

  constructor(
    process: Process,
    calls: SimulatedCalls,
    script: Script,
    onCall: (peer: Peer, name: CallName, args: readonly unknown[], result: number) => void,
    record: RunRecord | null,
    kind = process.name,
  ) {
    this.process = process;
    this.kind = kind;
    this.#machine = process.machine;
    this.#calls = calls;
    this.#script = script;
    this.#onCall = onCall;
    this.#record = record;
  }

  get name(): string {
    return this.process.name;
  }

  /** It has ended: its script returned, or threw. */
  hasEnded = false;

  /** Runs the script up to its first call that others could see. */
  start(): void {
    this.#resume(0);
  }

  /** What it would do next, for a story. */
  get label(): string {
    const request = this.#request;
    if (request === null) return `${this.name} ends`;
    return Array.isArray(request) ? `${this.name}: ${request[0]}` : `${this.name} goes on`;
  }

  /** Within a call, which it has begun. */
  get isWaiting(): boolean {
    return this.#wait !== null;
  }

  /** What it waits for, where it can never come: 'recv'. */
  get waitsIn(): string {
    const request = this.#request;
    if (request === null) return 'nothing';
    if (Array.isArray(request)) return request[0];
    return 'what' in request ? (request as { what: string }).what : 'sleep';
  }

  get shared(): Shared | null {
    if (this.#wait !== null) return this.#wait.shared;
    const request = this.#request;
    if (request === null) return this.process.shared;
    if (!Array.isArray(request))
      return 'shared' in request ? (request as { shared: Shared | null }).shared : null;
    return sharedOf(this.process, request[0], request.slice(1));
  }

  isEnabled(): boolean {
    if (this.hasEnded || this.isAsleep) return false;
    if (this.#wait !== null) return this.#wait.ready();
    const request = this.#request!;
    if (!Array.isArray(request)) return 'until' in request && (request as { until(): boolean }).until();
    return !wouldWait(this.process, request[0], request.slice(1));
  }

  take(): void {
    const request = this.#request!;
    if (!Array.isArray(request)) {
      this.#resume(0);
      return;
    }
    let result: number;
    if (this.#wait !== null) {
      result = this.#wait.finish();
    } else {
      if (request[0] === 'connect') this.connects++;
      result = this.#call(request);
    }
    if (this.error !== undefined) {
      this.#end();
      return;
    }
    if (result === BLOCKED) {
      this.#waitOn(this.process.wait!);
      return;
    }
    this.#wait = null;
    this.#finish(result);
    this.#resume(result);
  }

  #call(request: readonly unknown[]): number {
    const [name, ...args] = request as [CallName, ...unknown[]];
    this.#open = this.#record?.begin(this.process, name, args) ?? null;
    const call = this.#calls[name as keyof SimulatedCalls] as ((...args: unknown[]) => number) | undefined;
    try {
      return call === undefined ? notModelled(name)() : call.apply(this.#calls, args);
    } catch (error) {
      // Its own, and none of the program's.
      if (!(error instanceof NotModelled)) throw error;
      this.error = error;
      return BLOCKED;
    }
  }

  #finish(result: number): void {
    const [name, ...args] = this.#request as readonly [CallName, ...unknown[]];
    if (this.#open !== null) this.#record!.end(this.#open, result);
    this.#open = null;
    this.#onCall(this, name, args, result);
  }

  #waitOn(wait: Wait): void {
    const isNew = this.#wait === null;
    this.#wait = wait;
    if (!isNew || wait.deadline === Number.POSITIVE_INFINITY) return;
    const timer = wait.deadline - this.#machine.nanoseconds;
    this.#machine.after(timer, `${this.name}: ${this.waitsIn} times out`, wait.shared, () => {
      if (this.#wait !== wait) return;
      this.#wait = null;
      const result = wait.timedOut();
      this.#finish(result);
      this.#resume(result);
    });
  }

  // Up to the next request that touches what others may: calls of its own are made at once.
  #resume(result: number): void {
    let given = result;
    for (;;) {
      let next: IteratorResult<Request, void>;
      try {
        next = this.#script.next(given);
      } catch (error) {
        this.error = error ?? new Error('undefined was thrown');
        this.#end();
        return;
      }
      if (next.done) {
        this.#end();
        return;
      }
      const request = next.value;
      this.#request = request;
      if (!Array.isArray(request)) {
        if ('sleep' in request) this.#sleep(request.sleep);
        else if ('stays' in request) this.hasEnded = true;
        return;
      }
      if (!isLocal(this.process, request[0], request.slice(1))) return;
      given = this.#call(request);
      if (this.error !== undefined) {
        this.#end();
        return;
      }
      if (given === BLOCKED) throw new Error(`${request[0]} of ${this.name} waits`);
      this.#finish(given);
    }
  }

  #sleep(seconds: number): void {
    this.isAsleep = true;
    this.#machine.after(seconds * 1e9, `${this.name} wakes up`, this.process.shared, () => {
      this.isAsleep = false;
      this.#resume(0);
    });
  }

  // A process that ends closes its descriptors; one that threw keeps them, so that nothing else changes.
  #end(): void {
    this.hasEnded = true;
    this.#request = null;
    if (this.error === undefined) this.process.closeAll();
  }
}

/** What a call touches that other processes may touch too; null: anything. */
export function sharedOf(process: Process, name: CallName, args: readonly unknown[]): Shared | null {
  const call = callOf(name)!;
  if (call.blocks?.until === 'event') return null;
  if (name === 'connect' || name === 'bind' || name === 'listen') return process.host.ports;
  const at = positionOf(call, call.fd ?? 'fd', args.length);
  const file = at < 0 ? null : process.file(args[at] as number);
  return file === null ? process.shared : file.shared;
}

/** Whether no other process can see that the call was made, nor change what it does. */
export function isLocal(process: Process, name: CallName, args: readonly unknown[]): boolean {
  switch (name) {
    case 'socket':
    case 'clock_gettime':
    case 'fcntl':
    case 'getsockname':
    case 'setsockopt':
    case 'epoll_create1':
    case 'take_pending_signals':
    case 'own_fd':
    case 'catch_signal':
    case 'restore_signal':
    case 'sigaction':
      return true;
    case 'write':
    case 'close':
      return process.file(args[0] as number) instanceof StandardStream;
    default:
      return false;
  }
}

// Whether a call would wait at once, having done nothing.
function wouldWait(process: Process, name: CallName, args: readonly unknown[]): boolean {
  const { blocks } = callOf(name)!;
  if (blocks === undefined || blocks.until === 'event' || blocks.until === 'connected') return false;
  const file = process.file(args[0] as number);
  if (file === null || file.nonblocking) return false;
  // With a timeout it has to begin: SO_RCVTIMEO, SO_SNDTIMEO.
  if (
    file instanceof SocketFile &&
    (blocks.until === 'readable' ? file.receiveTimeoutNs : file.sendTimeoutNs) > 0
  )
    return false;
  const events = file.poll();
  return (events & (blocks.until === 'readable' ? ANY_IN : ANY_OUT)) === 0;
}

const ANY_IN = POLLIN | POLLERR | POLLHUP;
const ANY_OUT = POLLOUT | POLLERR | POLLHUP;
