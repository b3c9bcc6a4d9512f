// A world: simulated machines, their processes and their clock. The program under test runs as it is, in this thread;
// a call of it that would block lets the world go on. What may happen next is a list of steps: the next call of
// another process, the next piece of a stream, a signal; and at the end of the list, time passes to the next timer.

import { type CallName, callNames, callOf, errnosOf } from '../kernel/calls.ts';
import * as errno from '../kernel/errno.ts';
import type { Bytes } from '../kernel/native.ts';
import { platform } from '../kernel/platform.ts';
import { epoll_event } from '../kernel/structs/epoll-event.ts';
import { parseInet, parseInet6 } from '../kernel/structs/inet-text.ts';
import { kevent } from '../kernel/structs/kevent.ts';
import { attach, type Call } from '../kernel/syscalls.ts';
import { bytesOf } from './bytes.ts';
import { BLOCKED, notModelled, SimulatedCalls } from './calls.ts';
import { type ChoiceKind, type Chooser, Replay } from './choices.ts';
import { type Calling, ProcessCalls } from './client.ts';
import { DarwinCalls } from './darwin-calls.ts';
import { dependentOn, enabledOf, footprintOf } from './footprint.ts';
import { Hash, mix, together } from './hash.ts';
import type { Machine, Moment, Shared, SignalTarget, Step, Timer } from './machine.ts';
import { type Host, type Link, Network } from './network.ts';
import { Peer, type Script } from './peer.ts';
import { Process, type Wait } from './process.ts';
import { type CallWatcher, RunRecord } from './run-record.ts';
import { checkScript, isServer, play, type ScriptStep } from './script.ts';
import { States } from './states.ts';
import { TcpSocket } from './tcp.ts';
import { UnixNames } from './unix.ts';

export interface WorldOptions {
  /**
   * Whose kernel it is: ordinarily that of the platform that runs, whose constants and structs the program has. 'darwin'
   * takes a process that was started with RFDS_SIM_PLATFORM=darwin (docs/sim-darwin.md).
   */
  platform?: 'linux' | 'darwin';
  /** Who decides; without one, what ordinarily happens does. */
  chooser?: Chooser;
  /** How many times, at most, other processes go on between two calls of the program that do not wait. */
  preemptions?: number;
  /** How many times what is sent may be cut, so that its rest arrives later. */
  cuts?: number;
  /** How many sends may take fewer bytes than there is space for. */
  shortSends?: number;
  /** How many calls of the program may fail with an errno of faultsOf. */
  faults?: number;
  /** Which errnos a call may be made to fail with; without it those of defaultFaults. */
  faultsOf?: Readonly<Partial<Record<CallName, readonly string[]>>>;
  /** RLIMIT_NOFILE of the program. */
  maxDescriptors?: number;
  /** Whether the program may have ports below 1024. True without it. */
  isPrivileged?: boolean;
  /** Of the program's host, `localhost`, beside the loopback ones: '10.0.0.1'. */
  addresses?: readonly string[];
  /**
   * Whether a program that is ended while it waits, because nothing can happen any more, has to close what it had open
   * (`using`, finally). One that returns always has to.
   */
  mustCloseAll?: boolean;
  sendBuffer?: number;
  receiveBuffer?: number;
  somaxconn?: number;
  /** Keeps what is written to stdout and stderr. */
  keepsOutput?: boolean;
  /** Keeps the packets, and the calls with what was chosen. */
  keepsRecord?: boolean;
  /** Is told of each call where the record is kept, which keeps what it makes of them. */
  watcher?: CallWatcher;
  /** What the program reads from stdin, before its end. */
  input?: string | Uint8Array;
  /** Calls of the program in one run, at most: a run beyond that does not end. */
  maxCalls?: number;
  /** Waits of the program that find something ready, one after another, without anything having happened. */
  maxSpins?: number;
  /** Waits of the program that time out in a row, while nothing can ever happen: then the run ends. */
  maxTimeouts?: number;
  /** Waits of the program during which a client that sent something is passed over. */
  maxPassedOver?: number;
  /** true: time passes only when nothing else may happen, so that no process is slow. */
  isPrompt?: boolean;
  /**
   * false: other processes may go on before every call of the program, also before one that none of them can have to
   * do with. For comparison, and for nothing else.
   */
  reduces?: boolean;
  /**
   * What the program may remember where it waits for events, or asks epoll for some. 'calls': whatever its calls
   * ever gave. 'descriptors': of a connection, what the calls on it gave but EAGAIN, while it is open, and in which order those
   * that are open were accepted; whether there may be more to receive; the failures of other calls; and the time. So does a server loop, and then states are
   * told apart by what they are and not by how they came about, so that there are far fewer. explore() cannot see
   * whether it is true. TCP on one host, select, poll, epoll and kqueue only; other files throw.
   */
  memory?: 'calls' | 'descriptors';
  /**
   * Whether a process that has connected may do so again. false, as it is by default, leaves out more orders, and
   * `hasReconnected` says whether it was wrong; explore() begins anew then.
   */
  reconnects?: boolean;
}

/** The errnos that these calls may be made to fail with, whatever was asked of them: shortages, and what accept reports of a client. */
export const defaultFaults: NonNullable<WorldOptions['faultsOf']> = {
  accept: ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'ECONNABORTED'],
  accept4: ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'ECONNABORTED', 'EPROTO'],
  epoll_ctl: ['ENOMEM', 'ENOSPC'],
  poll: ['ENOMEM', 'EINTR'],
  select: ['ENOMEM', 'EINTR'],
  epoll_wait: ['EINTR'],
  kevent: ['EINTR'],
  recv: ['ECONNRESET', 'ETIMEDOUT', 'ENOMEM'],
  send: ['ECONNRESET', 'ENOBUFS'],
};

/** Thrown through the program when nothing can ever happen any more. No Error: a program that catches errors of its own lets it pass. */
export class WorldEnd {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** Thrown through the program when the chooser leaves the run: its rest is known. */
export class Stop {}

/** What a run breaks: see explore(). */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly kind: string;

  /** options: the error that was thrown is its cause. */
  constructor(kind: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** A call of the program that was made to fail. */
export interface Failure {
  readonly name: CallName;
  readonly errno: string;
  /** How many connections the program had then. */
  readonly connections: number;
}

/** How a run ended. */
export interface Outcome {
  /** Why nothing happens any more: 'returned', 'quiet', 'threw'. */
  readonly reason: string;
  /** What it broke; null: nothing. */
  readonly violation: Violation | null;
}

interface Pending extends Timer {
  readonly order: number;
  take(): void;
}

/** What date it is when a world begins: 2023-11-14, 22:13:20 UTC. */
export const EPOCH = 1_700_000_000;

export class World implements Machine {
  readonly platform: 'linux' | 'darwin';
  readonly somaxconn: number;
  readonly sendBuffer: number;
  readonly receiveBuffer: number;
  readonly keepsOutput: boolean;
  readonly keepsPackets: boolean;
  readonly network: Network;
  readonly localhost: Host;
  /** The process of the program under test. */
  readonly program: Process;
  readonly peers: Peer[] = [];
  /** What happened, where it is kept. */
  readonly record: RunRecord | null;
  /** Whether another process has connected more than once. */
  hasReconnected = false;
  /** The calls of the program that were made to fail. */
  readonly failures: Failure[] = [];
  nanoseconds = 0;
  readonly epochSeconds = EPOCH;

  readonly #chooser: Chooser;
  readonly #options: WorldOptions;
  readonly #names = new UnixNames();
  readonly #clock: Shared;
  readonly #calls: SimulatedCalls;
  readonly #steps: Step[] = [];
  readonly #timers: Pending[] = [];
  readonly #first: Peer[] = [];
  readonly #faultsOf: NonNullable<WorldOptions['faultsOf']>;
  readonly #reduces: boolean;
  readonly #reconnects: boolean;
  // Where states are what is, and not what happened.
  readonly #states: States | null;
  #shareds = 0;
  #processes = 0;
  #timerOrder = 0;
  #connections = 0;
  #hasEnded = false;
  #preemptions: number;
  #cuts: number;
  #shortSends: number;
  #faults: number;
  #callCount = 0;
  #spins = 0;
  #ownTimeouts = 0;
  // What ended the run.
  #ending: WorldEnd | Violation | Stop | null = null;
  #violation: Violation | null = null;

  // Of the step under way: who takes it, and what it touched.
  #actor: Shared;
  readonly #touched: Shared[] = [];
  // What was chosen in it; and how often, here or between steps.
  #chosen = 0;
  #choices = 0;
  #sumLow = 0;
  #sumHigh = 0;

  constructor(options: WorldOptions = {}) {
    this.#options = options;
    this.platform = platformOf(options.platform);
    this.#chooser = options.chooser ?? new Replay();
    this.somaxconn = options.somaxconn ?? (this.platform === 'linux' ? 4096 : 128);
    // tcp_wmem and tcp_rmem of Linux on loopback; tcp_sendspace and tcp_recvspace of XNU (bsd/netinet/tcp_usrreq.c).
    const isLinux = this.platform === 'linux';
    this.sendBuffer = options.sendBuffer ?? (isLinux ? 2_626_560 : 1448 * 256);
    this.receiveBuffer = options.receiveBuffer ?? (isLinux ? 131_072 : 1448 * 384);
    this.keepsOutput = options.keepsOutput ?? false;
    this.keepsPackets = options.keepsRecord ?? false;
    this.record = this.keepsPackets ? new RunRecord(this, options.watcher ?? null) : null;
    this.#preemptions = options.preemptions ?? Number.POSITIVE_INFINITY;
    this.#cuts = options.cuts ?? 0;
    this.#shortSends = options.shortSends ?? 0;
    this.#faults = options.faults ?? 0;
    this.#faultsOf = options.faultsOf ?? defaultFaults;
    this.#reduces = options.reduces ?? true;
    this.#reconnects = options.reconnects ?? false;
    this.#clock = this.newShared();
    this.network = new Network(this);
    this.localhost = this.network.addHost('localhost', (options.addresses ?? []).map(addressOf));
    this.program = this.#newProcess('program', this.localhost, options.maxDescriptors ?? 1024);
    this.program.isPrivileged = options.isPrivileged ?? true;
    this.#actor = this.program.shared;
    this.#states = options.memory === 'descriptors' ? new States(this.program, this.peers) : null;
    this.#calls = this.#callsOf(this.program);
    if (options.input !== undefined) this.program.stdin.toRead.push(Buffer.from(options.input));
  }

  // ---- Building

  /** A machine with addresses of its own: '10.0.0.2'. */
  addHost(name: string, ...addresses: string[]): Host {
    return this.network.addHost(name, addresses.map(addressOf));
  }

  /** The way between two machines; without one they are connected without latency. */
  link(one: Host, other: Host, options: Partial<Link> = {}): void {
    if (this.#states !== null) throw new RangeError("World.link: memory 'descriptors' knows of no links");
    this.network.connect(one, other, options);
  }

  /**
   * Another process, on this host or another one: what it does is a generator of calls, or a function that makes one.
   * kind: those of the same kind do the same.
   */
  addPeer(name: string, script: (process: Process) => Script, host = this.localhost, kind = name): Peer {
    const process = this.#newProcess(name, host, 1024);
    const peer = new Peer(
      process,
      this.#callsOf(process),
      script(process),
      this.#onPeerCall,
      this.record,
      kind,
    );
    this.peers.push(peer);
    this.#steps.push(peer);
    return peer;
  }

  /**
   * Another process: a generator function, which is given its calls, or a script. It ends when that returns, and its
   * descriptors are closed then. host: where it runs; without one, where the program does. goesFirst: it goes on until
   * it has to wait before the program begins, as a server that a client expects; so does a script that begins with
   * listen.
   */
  addProcess(
    name: string,
    behaviour: ((process: ProcessCalls) => Calling<unknown>) | readonly ScriptStep[],
    { host = this.localhost, goesFirst }: { host?: Host; goesFirst?: boolean } = {},
  ): Peer {
    if (typeof behaviour !== 'function') checkScript(behaviour);
    const peer = this.addPeer(
      name,
      (process) => {
        const calls = new ProcessCalls(process, this.#names);
        return (typeof behaviour === 'function' ? behaviour(calls) : play(calls, behaviour)) as Script;
      },
      host,
      typeof behaviour === 'function' ? name : `${host.name} ${JSON.stringify(behaviour)}`,
    );
    if (goesFirst ?? (typeof behaviour !== 'function' && isServer(behaviour))) this.#first.push(peer);
    return peer;
  }

  /** A signal to the program: at any time, or after so many seconds. */
  addSignal(signum: number, afterSeconds?: number): void {
    const { program } = this;
    const deliver = () => this.sendSignal(program, signum);
    if (afterSeconds !== undefined) {
      this.after(afterSeconds * 1e9, `signal ${signum} comes`, null, deliver);
      return;
    }
    const step: Step = {
      label: `signal ${signum} comes`,
      shared: null,
      reach: () => (program.wakeupFd < 0 ? [program.shared] : null),
      isEnabled: () => !this.#hasEnded,
      take: () => {
        this.removeStep(step);
        deliver();
      },
    };
    this.#steps.push(step);
  }

  #newProcess(name: string, host: Host, maxDescriptors: number): Process {
    return new Process(this, host, name, 1000 + this.#processes++, maxDescriptors);
  }

  #callsOf(process: Process): SimulatedCalls {
    const Calls = this.platform === 'darwin' ? DarwinCalls : SimulatedCalls;
    return new Calls(process, this.#names, this.#clock, EPOCH);
  }

  // ---- Running

  /**
   * Runs the program: what is called in this thread, until it returns, throws, or nothing can ever happen any more.
   * The other processes go on then, as far as they can.
   */
  run(program: () => unknown): Outcome {
    const leave = this.enter();
    let reason = 'returned';
    try {
      for (const peer of this.peers) this.#takeStep(peer.process.shared, () => peer.start());
      for (const peer of this.#first)
        while (peer.isEnabled()) this.#takeStep(peer.process.shared, () => peer.take());
      try {
        program();
        this.#hasEnded = true;
        if (this.#ending === null) this.#violation = this.#checkLeak();
        if (this.#violation === null) this.#drain();
      } catch (thrown) {
        // Whatever became of it in the program: its last errors may stand around it.
        const ending = this.#ending as WorldEnd | Violation | Stop | null;
        if (ending instanceof Stop) throw ending;
        if (ending instanceof WorldEnd) reason = ending.reason;
        else if (ending === null) {
          reason = 'threw';
          this.#violation = new Violation('error', `the program threw ${describeThrown(thrown)}`, {
            cause: thrown,
          });
        }
      }
    } finally {
      leave();
    }
    this.#violation ??= this.#checkEnd(reason);
    return { reason, violation: this.#violation };
  }

  /**
   * The calls of this thread are this world's from now on, until what is returned is called: for tests that are no one
   * function. run() does so itself. A call that waits for what will never come throws.
   */
  enter(): () => void {
    connect();
    const before = current;
    current = this;
    return () => {
      current = before;
    };
  }

  // After the program has returned, or has caught what ended the run, the others go on.
  #drain(): void {
    if (this.#ending !== null) throw this.#ending;
    for (;;) {
      const enabled = this.#enabled();
      if (enabled.length > 0)
        this.#takeChosen(enabled, this.#schedule(enabled.length, 'next', 'turn', 'ended'));
      else if (!this.#passTime(Number.POSITIVE_INFINITY)) return;
    }
  }

  #checkEnd(reason: string): Violation | null {
    for (const peer of this.peers) {
      if (peer.error !== undefined)
        return new Violation('peer', `${peer.name}: ${describeThrown(peer.error)}`, { cause: peer.error });
    }
    for (const peer of this.peers) {
      if (!peer.hasEnded)
        return new Violation('deadlock', `${peer.name} waits in ${peer.waitsIn} for what will never come`);
    }
    if (reason !== 'returned' && !this.#options.mustCloseAll) return null;
    return this.#checkLeak();
  }

  #checkLeak(): Violation | null {
    const left = this.program.descriptors.flatMap((descriptor, fd) => (descriptor && fd > 2 ? [fd] : []));
    if (left.length === 0) return null;
    return new Violation('leak', `the program left descriptors open: ${left.join(', ')}`);
  }

  /** A call of the program's. */
  call(name: CallName, args: unknown[]): number {
    if (this.#ending !== null) return this.#callAfterEnd(name, args);
    if (++this.#callCount > (this.#options.maxCalls ?? 100_000))
      this.#break(new Violation('endless', `the run has not ended after ${this.#callCount} calls`));
    if (callOf(name)!.blocks?.until !== 'event') this.#preempt(name, args);
    else this.#states?.forgetBefore(name, args);
    this.#about = this.#states?.connectionOf(name, args) ?? null;
    const open = this.record?.begin(this.program, name, args) ?? null;
    let result = this.#faults > 0 ? this.#fault(name, args) : 0;
    if (result !== 0) {
      this.#states?.learn(name, args, result, 0, this.#about);
    } else {
      this.#isInterrupted = false;
      result = this.#make(name, args);
    }
    if (open !== null) this.record!.end(open, result);
    return result;
  }

  #make(name: CallName, args: unknown[]): number {
    const call = this.#calls[name as keyof SimulatedCalls] as ((...args: unknown[]) => number) | undefined;
    if (call === undefined) return notModelled(name)();
    const outer = this.program.wait;
    this.#begin(this.program.shared);
    let result = call.apply(this.#calls, args);
    this.#finish(name, args, result);
    while (result === BLOCKED) {
      const wait = this.program.wait!;
      result = this.#await(name, args, wait);
    }
    this.program.wait = outer;
    return result;
  }

  // The step ends. One that only found out that it has to wait, for ever if need be, is no step: whether a call waited is
  // nothing that the program sees.
  #finish(name: CallName, args: readonly unknown[], result: number): void {
    if (result !== BLOCKED) this.#learn(name, args, result);
    else if (this.#touched.length === 0 && this.program.wait!.deadline === Number.POSITIVE_INFINITY) return;
    this.#commit();
  }

  // What the program knows by a call is a part of what happened to it: a call that only looks touches nothing.
  #learn(name: CallName, args: readonly unknown[], result: number): void {
    this.#chosen = mix(this.#chosen, result);
    const [first, size] = outputOf(name, args, result);
    for (let i = first; i >= 0 && i < args.length; i++) {
      if (args[i] === null || typeof args[i] !== 'object') continue;
      const memory = bytesOf(args[i] as Bytes);
      const end = Math.min(memory.length, size);
      for (let at = 0; at < end; at++)
        if (memory[at] !== 0) this.#chosen = mix(this.#chosen, at * 256 + memory[at]);
      this.#chosen = mix(this.#chosen, i);
    }
    if (this.#states === null) return;
    this.#states.learn(name, args, result, this.#chosen, this.#about);
    this.#chosen = 0;
  }

  // The connection that the program's call is about.
  #about: TcpSocket | null = null;

  // Until the program can go on: with what its call returns, or BLOCKED.
  #await(name: CallName, args: readonly unknown[], wait: Wait): number {
    const isEventWait = callOf(name)!.blocks?.until === 'event';
    let hasWaited = false;
    for (;;) {
      // What is ready comes before a signal, and a signal before the timeout. do_select(), ep_poll(), tcp_recvmsg().
      if (wait.ready()) {
        const others = this.#preemptions > 0 ? this.#othersBefore(name, args, isEventWait) : none;
        const choice = others.length === 0 ? 0 : this.#schedule(others.length + 1, name, 'turn', 'ready');
        if (choice > 0) {
          if (!hasWaited) this.#preemptions--;
          this.#takeChosen(others, choice - 1);
          continue;
        }
        if (isEventWait) this.#checkProgress(name);
        this.#ownTimeouts = 0;
        this.#begin(this.program.shared);
        const result = wait.finish();
        this.#finish(name, args, result);
        return result;
      }
      if (this.#isInterrupted || this.#isKicked(wait)) {
        this.#isInterrupted = false;
        this.#begin(this.program.shared);
        const result = wait.interrupted();
        this.#learn(name, args, result);
        this.#commit();
        return result;
      }
      if (wait.deadline <= this.nanoseconds) {
        // One that only looks: it may look later.
        const others = hasWaited || this.#preemptions <= 0 ? none : this.#enabled();
        const choice = others.length === 0 ? 0 : this.#schedule(others.length + 1, name, 'turn', 'late');
        if (choice > 0) {
          this.#preemptions--;
          this.#takeChosen(others, choice - 1);
          continue;
        }
        if (!hasWaited && isEventWait) this.#checkProgress(name);
        return this.#finishLate(name, args, wait);
      }
      hasWaited = true;
      const steps = this.#enabled();
      const next = this.#nextTime(wait.deadline);
      if (steps.length === 0 && next === Number.POSITIVE_INFINITY) this.#quiet();
      // Time passes last, if anything else may happen; and each of these once more is a choice.
      const timePasses =
        next < Number.POSITIVE_INFINITY && (steps.length === 0 || this.#options.isPrompt !== true);
      const count = steps.length + (timePasses ? 1 : 0);
      const choice = this.#schedule(count, name, count > steps.length ? 'time' : 'turn', 'waits');
      if (choice < steps.length) {
        this.#ownTimeouts = 0;
        this.#takeChosen(steps, choice);
      } else if (!this.#passTime(wait.deadline)) {
        this.#quiet();
      }
    }
  }

  // A signal that came before the call, and that the program has not taken: signal.cc's kick thread ends the call.
  #isKicked({ restarts }: Wait): boolean {
    const { pending, dispositions } = this.program;
    if (pending.length === 0) return false;
    if (!restarts) return true;
    return pending.some((signum) => {
      const disposition = dispositions.get(signum);
      return typeof disposition === 'object' && !disposition.restarts;
    });
  }

  // Nothing can ever happen any more. What the program has not done by now, it will never do. A client that does not
  // take what is sent to it has no claim to more.
  #quiet(): never {
    for (let fd = 0; fd < this.program.descriptors.length; fd++) {
      const file = this.program.file(fd);
      if (!(file instanceof TcpSocket)) continue;
      if (file.queue.length > 0)
        this.#break(
          new Violation('lost', `descriptor ${fd}: a client waits in the queue, and is not accepted`),
        );
      if (!file.hasSpace || file.unsent.length > 0) continue;
      // Unless it waits for its client to read what it was sent.
      if (file.received.length > 0)
        this.#break(
          new Violation('lost', `descriptor ${fd}: ${file.received.length} bytes came, and are not received`),
        );
      if (file.finReceived || file.isReset)
        this.#break(new Violation('leak', `descriptor ${fd}: the client is gone, and it is still open`));
    }
    this.#end(new WorldEnd('quiet'));
  }

  #finishLate(name: CallName, args: readonly unknown[], wait: Wait): number {
    // A program that only ever times out, with nothing else to come, has ended, too.
    if (
      ++this.#ownTimeouts > (this.#options.maxTimeouts ?? 3) &&
      this.#timers.length === 0 &&
      this.#enabled().length === 0
    )
      this.#quiet();
    this.#begin(this.program.shared);
    this.#mark(this.#clock);
    const result = wait.timedOut();
    this.#learn(name, args, result);
    this.#commit();
    return result;
  }

  // Other processes go on before a call that looks at what they touch, or touches what they look at.
  #preempt(name: CallName, args: readonly unknown[]): void {
    if (this.#steps.length === 0) return;
    while (this.#preemptions > 0) {
      const others = this.#othersBefore(name, args, false);
      if (others.length === 0) return;
      const choice = this.#schedule(others.length + 1, name, 'turn', 'before');
      if (choice === 0) return;
      this.#preemptions--;
      this.#takeChosen(others, choice - 1);
    }
  }

  #othersBefore(name: CallName, args: readonly unknown[], isEventWait: boolean): Step[] {
    if (isEventWait || !this.#reduces) return this.#enabled();
    const footprint = footprintOf(this.program, name, args);
    return dependentOn(footprint, this.#steps, this.program, this.#reconnects);
  }

  #enabled(): Step[] {
    return enabledOf(this.#steps);
  }

  #takeChosen(steps: readonly Step[], i: number): void {
    const step = steps[i];
    this.#recordTurn(step.label, step instanceof Peer ? step.process : null);
    const actor = step instanceof Peer ? step.process.shared : (step.shared ?? this.#clock);
    if (step instanceof Peer) this.#states?.tookStep(step);
    this.#takeStep(actor, () => step.take());
    if (step instanceof Peer && step.connects > 1) this.hasReconnected = true;
    if (step instanceof Peer && step.error !== undefined)
      this.#break(
        new Violation('peer', `${step.name}: ${describeThrown(step.error)}`, { cause: step.error }),
      );
  }

  #takeStep(actor: Shared, take: () => void): void {
    this.#spins = 0;
    this.#begin(actor);
    take();
    this.#commit();
  }

  #nextTime(deadline: number): number {
    let next = deadline;
    for (const { at } of this.#timers) if (at < next) next = at;
    return next;
  }

  // To the first timer, or the deadline of the wait; false if there is neither.
  #passTime(deadline: number): boolean {
    const at = this.#nextTime(deadline);
    if (at === Number.POSITIVE_INFINITY) return false;
    this.nanoseconds = Math.max(at, this.nanoseconds);
    this.#spins = 0;
    const due = this.#timers.filter((timer) => timer.at <= this.nanoseconds);
    if (due.length === 0) {
      if (this.#turn > 0) this.#recordTurn('time passes', null);
      return true;
    }
    due.sort((a, b) => a.at - b.at || a.order - b.order);
    const [timer] = due;
    this.#timers.splice(this.#timers.indexOf(timer), 1);
    this.#recordTurn(timer.label, null);
    this.#begin(timer.shared ?? this.#clock);
    this.touch(this.#clock);
    timer.take();
    this.#commit();
    return true;
  }

  // Wakeups without progress: the program waits, is woken, and does nothing about it.
  #checkProgress(name: CallName): void {
    const most = this.#options.maxPassedOver ?? 20;
    for (let fd = 3; fd < this.program.descriptors.length; fd++) {
      const file = this.program.file(fd);
      if (file instanceof TcpSocket && file.passOver() > most)
        this.#break(
          new Violation(
            'starvation',
            `descriptor ${fd} has bytes to receive, and was passed over ${most} times`,
          ),
        );
    }
    if (++this.#spins <= (this.#options.maxSpins ?? 50)) return;
    this.#break(
      new Violation('spin', `${name} returned ${this.#spins} times, and nothing happened in between`),
    );
  }

  #fault(name: CallName, args: readonly unknown[]): number {
    const errnos = this.#faultsOf[name];
    if (errnos === undefined || errnos.length === 0) return 0;
    const allowed = errnosOf(callOf(name)!);
    const named = errnos.filter((one) => allowed.includes(one) && !isTooLate(name, args, one));
    if (named.length === 0) return 0;
    this.#begin(this.program.shared);
    const choice = this.#ask(
      named.length + 1,
      `${name} fails`,
      'fault',
      (i) => `${name} fails with ${named[i - 1]}`,
    );
    this.#commit();
    if (choice === 0) return 0;
    this.#faults--;
    const { descriptors } = this.program;
    const connections = descriptors.filter((one) => one?.file instanceof TcpSocket && one.file.peer !== null);
    this.failures.push({ name, errno: named[choice - 1], connections: connections.length });
    return -(errno as unknown as Record<string, number>)[named[choice - 1]];
  }

  // While the program is unwound: what it closes is closed, and what would wait goes on.
  #callAfterEnd(name: CallName, args: unknown[]): number {
    const call = this.#calls[name as keyof SimulatedCalls] as ((...args: unknown[]) => number) | undefined;
    const result = call?.apply(this.#calls, args) ?? notModelled(name)();
    if (result === BLOCKED || ++this.#callCount > 1_000_000) throw new WorldEnd('ended');
    return result;
  }

  #break(violation: Violation): never {
    this.#violation ??= violation;
    this.#end(violation);
  }

  // Ends the run: what is thrown passes through the program, which closes what it has.
  #end(thrown: WorldEnd | Violation | Stop): never {
    this.#ending ??= thrown;
    throw thrown;
  }

  // What a process saw is a part of what happened to it.
  readonly #onPeerCall = (peer: Peer, name: CallName, args: readonly unknown[], result: number): void => {
    if (this.#states === null) this.#chosen = mix(this.#chosen, result);
    else this.#states.learnOf(peer, name, args, result);
  };

  #isInterrupted = false;

  sendSignal(process: SignalTarget, signum: number): void {
    this.touch(process.shared);
    if (process.receiveSignal(signum) && process === this.program) this.#isInterrupted = true;
  }

  killed(pid: number, signum: number): void {
    if (pid === this.program.pid) this.#break(new Violation('killed', `signal ${signum} ended the program`));
    for (const peer of this.peers) if (peer.process.pid === pid) peer.process.closeAll();
  }

  // ---- Machine: what the files need

  newShared(): Shared {
    return { id: ++this.#shareds, low: 0, high: 0 };
  }

  touch(shared: Shared): void {
    this.#spins = 0;
    this.#ownTimeouts = 0;
    this.#mark(shared);
  }

  #mark(shared: Shared): void {
    if (!this.#touched.includes(shared)) this.#touched.push(shared);
  }

  // ---- History: what happened to what, whatever came first of things that do not concern each other

  #begin(actor: Shared): void {
    this.#actor = actor;
    this.#touched.length = 0;
  }

  #commit(): void {
    const actor = this.#actor;
    if (this.#states !== null) {
      if (this.#chosen !== 0) this.#states.chosenFor(actor, this.#chosen);
      this.#chosen = 0;
      this.#choices = 0;
      return;
    }
    let low = mix(actor.low ^ this.#chosen, actor.id);
    let high = mix(actor.high ^ 0x5bd1e995, actor.id ^ Math.imul(this.#chosen, 0x27d4eb2f));
    this.#chosen = 0;
    this.#choices = 0;
    for (const { low: l, high: h, id } of this.#touched) {
      low = mix(low ^ l, id);
      high = mix(high ^ h, id + 0x9e37);
    }
    this.#set(actor, low, high);
    for (const shared of this.#touched) {
      if (shared !== actor) this.#set(shared, mix(low, shared.id), mix(high, shared.id));
    }
    this.#touched.length = 0;
  }

  #set(shared: Shared, low: number, high: number): void {
    this.#sumLow = (this.#sumLow - mix(shared.low, shared.id) + mix(low, shared.id)) | 0;
    this.#sumHigh = (this.#sumHigh - mix(shared.high, shared.id) + mix(high, shared.id)) | 0;
    shared.low = low;
    shared.high = high;
  }

  /**
   * A number for all that happened so far, what is under way, and how much of what is bounded is left: the same where
   * only the order of independent steps differs. 53 bits.
   */
  get state(): number {
    const budget =
      Math.min(this.#preemptions, 255) + 256 * (this.#cuts + 16 * (this.#shortSends + 16 * this.#faults));
    if (this.#states !== null) return this.#contents(this.#states, budget);
    const under = mix(mix(mix(budget, this.#choices), this.#chosen), this.nanoseconds | 0);
    return together(mix(this.#sumLow, under), mix(this.#sumHigh, under));
  }

  // What is now, and what is under way.
  #contents(states: States, budget: number): number {
    const hash = new Hash();
    hash.add(budget);
    hash.addText(this.#what);
    for (const n of [this.#choices, this.#chosen, this.#spins, this.#ownTimeouts, this.nanoseconds])
      hash.add(n);
    for (const { name, errno, connections } of this.failures) {
      hash.addText(name + errno);
      hash.add(connections);
    }
    for (const step of this.#steps) if (!(step instanceof Peer)) hash.addText(step.label);
    for (const { label, at } of this.#timers) {
      hash.addText(label);
      hash.add(at);
    }
    hash.addFlags(this.#isInterrupted, this.#hasEnded);
    states.addTo(hash, this.#asker, this.#hasEnded);
    return together(hash.low, hash.high);
  }

  // Of the choice: where it is made, and in whose step; null: between steps.
  #what = '';
  #asker: Shared | null = null;

  after(nanoseconds: number, label: string, shared: Shared | null, take: () => void): Timer {
    const timer: Pending = {
      at: this.nanoseconds + Math.max(nanoseconds, 0),
      order: this.#timerOrder++,
      label,
      shared,
      take,
      cancel: () => {
        const at = this.#timers.indexOf(timer);
        if (at >= 0) this.#timers.splice(at, 1);
      },
    };
    this.#timers.push(timer);
    return timer;
  }

  addStep(step: Step): void {
    this.#steps.push(step);
  }

  removeStep(step: Step): void {
    const at = this.#steps.indexOf(step);
    if (at >= 0) this.#steps.splice(at, 1);
  }

  // Whose turn it is. Of no step, so that it leaves no trace in the history.
  #schedule(
    count: number,
    what: string,
    kind: ChoiceKind,
    where: 'before' | 'ready' | 'late' | 'waits' | 'ended',
  ): number {
    this.#turn = 0;
    this.#turns = count;
    if (count === 1) return 0;
    this.#choices++;
    this.#what = what + where;
    this.#asker = null;
    const choice = this.#chooser.choose(count, this, what, kind);
    if (choice < 0) this.#end(new Stop());
    this.#turn = choice;
    return choice;
  }

  choose(count: number, what: string, describe?: (choice: number) => string): number {
    return this.#ask(count, what, 'any', describe);
  }

  #ask(count: number, what: string, kind: ChoiceKind, describe?: (choice: number) => string): number {
    if (count === 1) return 0;
    this.#choices++;
    this.#what = what;
    this.#asker = this.#actor;
    const choice = this.#chooser.choose(count, this, what, kind);
    if (choice < 0) this.#end(new Stop());
    this.#chosen = mix(this.#chosen, choice + 1);
    if (choice > 0) this.record?.chosen(choice, count, describe?.(choice) ?? what, null, true);
    return choice;
  }

  // What #schedule() gave last: which step, and out of how many.
  #turn = 0;
  #turns = 1;

  #recordTurn(what: string, process: Process | null): void {
    this.record?.chosen(this.#turn, this.#turns, what, process);
    this.#turn = 0;
    this.#turns = 1;
  }

  moment(): Moment {
    return this.record!.moment();
  }

  takes(n: number): number {
    if (this.#shortSends === 0 || n < 2 || this.#actor !== this.program.shared) return n;
    const choice = this.#ask(3, 'how many bytes a send takes', 'fault', (i) => {
      return `of ${n} bytes that fit, the send takes ${i === 1 ? 1 : n >> 1}`;
    });
    if (choice === 0) return n;
    this.#shortSends--;
    return choice === 1 ? 1 : n >> 1;
  }

  cut(data: Uint8Array | null): number {
    if (this.#cuts === 0 || data === null || data.length < 2 || this.#actor === this.program.shared) return 0;
    const before = this.#chosen;
    const choice = this.#ask(3, 'where what is sent is cut', 'fault', (i) => {
      const first = i === 1 ? 1 : Math.max(data.length >> 1, 1);
      return `of ${data.length} bytes that are sent, the first ${first === 1 ? 'one arrives' : `${first} arrive`} alone`;
    });
    // What is on its way says where it was cut, and nothing else does.
    if (this.#states !== null) this.#chosen = before;
    if (choice === 0) return 0;
    this.#cuts--;
    return choice === 1 ? 1 : Math.max(data.length >> 1, 1);
  }

  initialSequence(): number {
    return 1000 * ++this.#connections;
  }
}

const none: Step[] = [];
const nothing: readonly [first: number, size: number] = [-1, 0];

/**
 * The arguments that a call writes what it saw into, from the first on, and how many bytes of each. recv's are not
 * among them: to receive touches the connection, whose history has what was sent.
 */
function outputOf(
  name: CallName,
  args: readonly unknown[],
  result: number,
): readonly [first: number, size: number] {
  switch (name) {
    case 'select':
    case 'pselect':
      return [1, ((args[0] as number) + 7) >> 3];
    case 'poll':
    case 'ppoll':
      return [0, 8 * (args[1] as number)];
    case 'epoll_wait':
    case 'epoll_pwait':
    case 'epoll_pwait2':
      return [1, Math.max(result, 0) * epoll_event.size];
    case 'kevent':
      return [3, Math.max(result, 0) * kevent.size];
    case 'ioctl':
    case 'getsockopt':
    case 'clock_gettime':
    case 'timerfd_gettime':
      return [1, 64];
    default:
      return nothing;
  }
}

// kevent is interrupted only in its wait, when its changes have been made. bsd/kern/kern_event.c, kevent_internal().
function isTooLate(name: CallName, args: readonly unknown[], error: string): boolean {
  if (name !== 'kevent' || error !== 'EINTR') return false;
  const [, , nchanges, , nevents] = args as number[];
  return nchanges > 0 || nevents === 0;
}

function platformOf(wanted: WorldOptions['platform']): 'linux' | 'darwin' {
  const own = platform === 'darwin' ? 'darwin' : 'linux';
  if (wanted === undefined || wanted === own) return own;
  const how =
    wanted === 'darwin'
      ? 'start the process with RFDS_SIM_PLATFORM=darwin in its environment'
      : 'start it without RFDS_SIM_PLATFORM=darwin, on Linux';
  throw new Error(
    `World: platform '${wanted}' takes its constants and structs, and this process has those of '${own}': ${how}`,
  );
}

function addressOf(text: string): Uint8Array {
  const bytes = text.includes(':') ? parseInet6(text) : parseInet(text);
  if (bytes === null) throw new RangeError(`'${text}' is no numeric address`);
  return bytes;
}

function describeThrown(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
}

// ---- The choke point: the world that runs has it

let current: World | null = null;
let detach: (() => void) | null = null;

function connect(): void {
  detach ??= attach((name, call): Call => {
    return (...args) => (current === null ? call(...args) : current.call(name, args));
  });
}

/** Takes the simulated kernel off the choke point again; the next run puts it back. */
export function disconnect(): void {
  detach?.();
  detach = null;
}

/** The names of the calls that are not modelled. */
export const missing: readonly CallName[] = callNames.filter((name) => !(name in SimulatedCalls.prototype));
