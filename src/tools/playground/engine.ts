// Runs a script of the playground on a simulated kernel, from its beginning to its end, and keeps what happened: the
// server's calls with the lines that they come from, the clients' calls, the packets, and after each step the state of
// every process and of the kernel.

import type { SocketState } from '../../interpose/recorder/recording.ts';
import type { CallName } from '../../kernel/calls.ts';
import { POLLIN } from '../../kernel/constants/select.ts';
import { SIGINT, SIGTERM } from '../../kernel/constants/signal.ts';
import { MSG_DONTWAIT, MSG_NOSIGNAL, SHUT_WR } from '../../kernel/constants/socket.ts';
import type { Bytes } from '../../kernel/native.ts';
import { bytesOf as memoryOf } from '../../sim/bytes.ts';
import type { ChoiceKind, Chooser } from '../../sim/choices.ts';
import { CallError, type Calling, type PeerSocket, type ProcessCalls } from '../../sim/client.ts';
import { EpollFile } from '../../sim/epoll.ts';
import type { Packet } from '../../sim/network.ts';
import type { OpenFile } from '../../sim/open-file.ts';
import type { Process } from '../../sim/process.ts';
import type { CallRecord, CallWatcher, OpenCall } from '../../sim/run-record.ts';
import { TcpSocket } from '../../sim/tcp.ts';
import { type Violation, World } from '../../sim/world.ts';
import { callTexts, type Watched, watcher } from '../simulated/call-watcher.ts';
import { recordingText } from '../simulated/recording.ts';
import { stateOf } from '../simulated/socket-state.ts';
import { type Action, bytesOf, type Cut, type Script, sentence } from './script.ts';

export const PORT = 12345;
const LOCAL = '127.0.0.1';
const SERVER = '10.0.0.1';

/** A program as a function that serves at an address, and never returns by itself. */
export type Program = (host: string, port: number) => unknown;

/** A descriptor as it is shown. */
export interface Shown {
  readonly fd: number;
  /** 'listening', 'established', 'epoll', 'a duplicate of stderr': what it leads to. */
  readonly what: string;
  /** null: it is no socket. */
  readonly socket: SocketState | null;
}

/** What a server's wait was asked for, and what it answered: the lists rfds and rlist of the documented one. */
export interface Waited {
  readonly call: string;
  readonly asked: readonly number[];
  /** null: it has not returned yet. */
  readonly ready: readonly number[] | null;
}

/** How everything stands behind a step. */
export interface State {
  readonly seconds: number;
  readonly server: readonly Shown[];
  /** By client, from 1 on. */
  readonly clients: ReadonlyMap<number, ClientState>;
  readonly waited: Waited | null;
  /** How much of the run's stdout was written by then. */
  readonly printed: number;
  /** How many packets were sent by then. */
  readonly packets: number;
}

export interface ClientState {
  readonly descriptors: readonly Shown[];
  readonly received: string;
  readonly isReading: boolean;
}

/** A line of the program's source. */
export interface Line {
  readonly file: string;
  readonly line: number;
}

/** Something that happened. */
export interface Step {
  /** 'server', 'client 1', or 'you' for what is no call. */
  readonly who: string;
  readonly text: string;
  /** The server's line; null: it is no call of the server's, it is not known, or was not asked for. */
  readonly line: Line | null;
  /** How many calls of the server had begun: an action may come before the next. */
  readonly calls: number;
  /** Of the script's actions, how many had begun. */
  readonly actions: number;
  /** null: it was not asked for. */
  readonly state: State | null;
}

/** A packet as it is shown. */
export interface Sent {
  /** Whose connection it belongs to. */
  readonly client: number;
  readonly fromServer: boolean;
  readonly flags: string;
  readonly length: number;
  readonly sequence: number;
  readonly acknowledged: number;
  readonly window: number;
  readonly isLost: boolean;
  readonly data: Uint8Array | null;
}

export interface Run {
  readonly steps: readonly Step[];
  readonly packets: readonly Sent[];
  readonly stdout: string;
  /** The server has ended: its last step says how. */
  readonly isOver: boolean;
  /** What is wrong with how it stands at the end, in a sentence; '' for nothing. */
  readonly problem: string;
  /** Lines of JSON, as `rfds trace --replay` takes them; null: it was not asked for. */
  readonly recording: string | null;
}

export interface RunOptions {
  /**
   * Notes from which line of the program what is under way above a function was called; what it returns finds out.
   * Without it no step has a line.
   */
  lineAbove?: (below: (...args: never[]) => unknown) => () => Line | null;
  /** Whether the run is told as a recording, too. */
  records?: boolean;
  /** Of which steps the state and the line are wanted, [first, end). Of all, without it. */
  states?: readonly [first: number, end: number];
}

/** Runs it. Throws what is wrong with the script, such as a client that sends before it has connected. */
export function run(script: Script, program: Program, options: RunOptions = {}): Run {
  return new Playing(script, program, options).play();
}

/** What is wrong with an action where it stands; '' for nothing. */
export function wrongWith(actions: readonly Action[], i: number, latency: number): string {
  const action = actions[i];
  if (action.do === 'lose' && latency === 0)
    return 'nothing is lost within a machine: give the network a latency';
  if (!('client' in action)) return '';
  const { client } = action;
  const before = actions.slice(0, i).filter((one) => 'client' in one && one.client === client);
  const isThere = before.some((one) => one.do === 'connect');
  const isGone = before.some((one) => one.do === 'close' || one.do === 'reset');
  if (action.do === 'connect') return isThere ? `client ${client} has connected already` : '';
  if (!isThere) return `client ${client} has not connected yet`;
  if (isGone) return `client ${client} has closed`;
  if (action.do === 'send' && before.some((one) => one.do === 'shutdown'))
    return `client ${client} sends no more`;
  return '';
}

/** Seconds between two actions, beside the way there and back: the server comes to rest. */
const REST = 0.001;
/** Until a lost segment has been sent again. */
const RESENT = 1.5;

class Playing implements Chooser {
  readonly #script: Script;
  readonly #program: Program;
  readonly #world: World;
  readonly #steps: Step[] = [];
  /** When each action comes, in seconds; and the end. */
  readonly #times: readonly number[];
  readonly #isFar: boolean;
  readonly #clients = new Map<number, ProcessCalls>();
  readonly #received = new Map<number, Buffer[]>();
  readonly #notReading = new Set<number>();
  /** The client of each port that a SYN came from. */
  readonly #ports = new Map<number, number>();
  readonly #watcher: CallWatcher;
  readonly #lineAbove: NonNullable<RunOptions['lineAbove']>;
  readonly #records: boolean;
  readonly #states: readonly [first: number, end: number];
  #serverCalls = 0;
  // The actions that have begun.
  #begun = 0;
  // A client is in the midst of an action that comes before the server's next call.
  #isActing = false;
  // The server's call under way, while no step tells of it yet.
  #open: Pick<OpenCall, 'name' | 'args' | 'before'> | null = null;
  #waited: Waited | null = null;
  #cut: Cut | null = null;
  #loses = false;

  constructor(script: Script, program: Program, { lineAbove, states, records = false }: RunOptions) {
    this.#records = records;
    this.#script = script;
    this.#program = program;
    const { latency, buffer, somaxconn } = script.settings;
    for (const i of script.actions.keys()) {
      const wrong = wrongWith(script.actions, i, latency);
      if (wrong !== '') throw new RangeError(`action ${i + 1}: ${wrong}`);
    }
    this.#isFar = latency > 0;
    this.#times = timesOf(script);
    this.#watcher = watcher(() => false, { keepsSockets: records });
    this.#lineAbove = lineAbove ?? (() => () => null);
    this.#states = states ?? [0, Number.POSITIVE_INFINITY];
    this.#world = new World({
      chooser: this,
      cuts: Number.MAX_SAFE_INTEGER,
      somaxconn,
      ...(buffer > 0 && { sendBuffer: buffer, receiveBuffer: buffer }),
      ...(this.#isFar && { addresses: [SERVER] }),
      isPrompt: true,
      reduces: false,
      keepsOutput: true,
      keepsRecord: true,
      maxPassedOver: Number.POSITIVE_INFINITY,
      watcher: { before: this.#before, after: this.#after },
    });
  }

  play(): Run {
    const world = this.#world;
    const { settings, actions } = this.#script;
    let host = world.localhost;
    if (this.#isFar) {
      host = world.addHost('clients', '10.0.0.2');
      world.link(world.localhost, host, {
        latency: settings.latency / 1000,
        losses: Number.MAX_SAFE_INTEGER,
      });
    }
    const numbers = new Set(actions.flatMap((action) => ('client' in action ? [action.client] : [])));
    for (const number of [...numbers].sort())
      world.addProcess(`client ${number}`, (calls) => this.#client(calls, number), { host });
    world.addProcess('you', (calls) => this.#reader(calls), { goesFirst: false });

    const { reason, violation } = world.run(() => this.#program(this.#isFar ? SERVER : LOCAL, PORT));
    const isOver = reason !== 'quiet' || violation?.kind === 'killed' || violation?.kind === 'spin';
    if (isOver) this.#tell('server', endText(reason, violation));
    return {
      steps: this.#steps,
      packets: world.network.packets.map((packet) => this.#sentOf(packet)),
      stdout: world.program.stdout.text,
      isOver,
      problem: isOver || violation === null ? '' : violation.message,
      recording: this.#records ? recordingText(world, ['Made in the playground.']) : null,
    };
  }

  // ---- Chooser: what happens by itself, but for what an action asks for

  choose(_count: number, world: object, what: string, kind: ChoiceKind): number {
    if (what === 'where what is sent is cut' && this.#cut !== null) {
      const cut = this.#cut;
      this.#cut = null;
      return cut === 'byte' ? 1 : 2;
    }
    if (this.#loses && /^a segment is lost/.test(what)) {
      this.#loses = false;
      return 1;
    }
    // The server could go on, and an action is to come before.
    const { wait } = (world as World).program;
    const isEarly = this.#isActing || this.#isEarly();
    return kind === 'turn' && isEarly && (wait === null || wait.ready()) ? 1 : 0;
  }

  #isEarly(): boolean {
    const early = this.#script.actions[this.#begun]?.early;
    return early !== undefined && this.#serverCalls >= early - 1;
  }

  // ---- The clients, and the reader

  // Until it is the turn of an action.
  *#turnOf(calls: ProcessCalls, i: number): Calling<void> {
    const at = this.#times[i];
    if (this.#script.actions[i].early === undefined) yield* calls.sleep(Math.max(at - calls.time, 0));
    else yield* calls.until(() => this.#begun === i && (this.#isEarly() || calls.time >= at - 1e-9));
    this.#begun = i + 1;
  }

  *#client(calls: ProcessCalls, number: number): Calling<void> {
    const { actions } = this.#script;
    const isOwn = (i: number) => {
      const action = actions[i];
      return action !== undefined && 'client' in action && action.client === number;
    };
    this.#clients.set(number, calls);
    this.#received.set(number, []);
    let sock: PeerSocket | null = null;
    for (const [i, action] of actions.entries()) {
      if (isOwn(i)) {
        yield* this.#turnOf(calls, i);
        this.#isActing = action.early !== undefined;
        sock = yield* this.#act(calls, sock, action as ClientAction);
        this.#isActing = false;
      }
      if (sock === null || (isOwn(i + 1) && actions[i + 1].early !== undefined)) continue;
      // What the server has answered by then.
      yield* calls.sleep(Math.max((this.#times[i] + 2 * this.#times[i + 1]) / 3 - calls.time, 0));
      yield* this.#receive(calls, sock, number);
    }
    yield* calls.stopReading();
  }

  *#act(calls: ProcessCalls, sock: PeerSocket | null, action: ClientAction): Calling<PeerSocket | null> {
    try {
      switch (action.do) {
        case 'connect':
          return yield* calls.connect([this.#isFar ? SERVER : LOCAL, PORT], { waits: false });
        case 'send': {
          this.#cut = action.cut ?? null;
          const flags = MSG_DONTWAIT | (MSG_NOSIGNAL ?? 0);
          yield* calls.tryCall('send', sock!.fd, bytesOf(action.text), flags);
          this.#cut = null;
          return sock;
        }
        case 'shutdown':
          yield* calls.tryCall('shutdown', sock!.fd, SHUT_WR);
          return sock;
        case 'stop':
          this.#notReading.add(action.client);
          this.#tell(calls.name, 'stops reading: what it is sent stays in its receive buffer');
          return sock;
        case 'read':
          this.#notReading.delete(action.client);
          this.#tell(calls.name, 'reads again');
          return sock;
        case 'close':
          yield* sock!.close();
          return null;
        case 'reset':
          yield* sock!.reset();
          return null;
      }
    } catch (error) {
      // A call that failed has told of itself.
      if (!(error instanceof CallError)) throw error;
      return null;
    }
  }

  *#receive(calls: ProcessCalls, sock: PeerSocket, number: number): Calling<void> {
    if (this.#notReading.has(number)) return;
    const process = this.#processOf(number);
    for (;;) {
      const file = process?.file(sock.fd);
      if (!(file instanceof TcpSocket) || (file.poll() & POLLIN) === 0 || file.isReset) return;
      const buffer = Buffer.alloc(Math.min(Math.max(file.received.length, 1), 4096));
      const n = yield* calls.tryCall('recv', sock.fd, buffer, MSG_DONTWAIT);
      if (n <= 0) return;
    }
  }

  #processOf(number: number): Process | undefined {
    return this.#world.peers.find(({ name }) => name === `client ${number}`)?.process;
  }

  *#reader(calls: ProcessCalls): Calling<void> {
    const world = this.#world;
    for (const [i, action] of this.#script.actions.entries()) {
      if ('client' in action) {
        // An action that is to come early comes now, where it has not: its condition is asked again.
        yield* calls.sleep(Math.max(this.#times[i] - calls.time, 0));
        continue;
      }
      yield* this.#turnOf(calls, i);
      if (action.do === 'lose') this.#loses = true;
      if (action.do === 'descriptors') world.program.maxDescriptors = limitOf(world.program, action.left);
      this.#tell('you', sentence(action));
      if (action.do === 'signal')
        world.sendSignal(world.program, action.name === 'SIGINT' ? SIGINT : SIGTERM);
    }
    yield* calls.sleep(Math.max(this.#times.at(-1)! - calls.time, 0));
    this.#tellOpen();
    yield* calls.stopReading();
  }

  // ---- What happened

  readonly #before: CallWatcher['before'] = (process, name, args) => {
    const before = this.#watcher.before(process, name, args);
    if (process !== this.#world.program) {
      this.#tellOpen();
      return before;
    }
    this.#serverCalls++;
    this.#open = { name, args, before };
    const asked = askedOf(process, name, args);
    if (asked !== null) this.#waited = { call: name, asked, ready: null };
    return before;
  };

  readonly #after: CallWatcher['after'] = (process, name, args, result, before) => {
    const kept = this.#watcher.after(process, name, args, result, before) as Watched;
    const call = { name, result, kept, process } as unknown as CallRecord;
    const isServer = process === this.#world.program;
    const wasTold = isServer && this.#open === null;
    if (isServer) {
      this.#open = null;
      if (kept.rest.ready !== undefined && this.#waited !== null)
        this.#waited = { ...this.#waited, ready: kept.rest.ready };
    } else {
      this.#onClientCall(process, name, args, result);
    }
    if (callTexts.isTold(call))
      this.#tell(
        isServer ? 'server' : process.name,
        () => (wasTold ? callTexts.returned(call) : callTexts.whole(call)),
        isServer,
      );
    return kept;
  };

  #onClientCall(process: Process, name: CallName, args: readonly unknown[], result: number): void {
    const number = numberOf(process);
    if (name === 'recv' && result > 0)
      this.#received.get(number)!.push((args[1] as Buffer).subarray(0, result));
    if (name !== 'connect') return;
    const file = process.file(args[0] as number);
    if (file instanceof TcpSocket) this.#ports.set(file.localPort, number);
  }

  // The server waits in its call, and something else happens: the call is a step of its own.
  #tellOpen(): void {
    const open = this.#open;
    if (open === null) return;
    this.#open = null;
    const call = { ...open, process: this.#world.program } as OpenCall;
    if (!callTexts.isTold(call)) return;
    this.#tell('server', `${callTexts.begun(call)} waits`, true);
  }

  // The text of a call is made when it is read.
  #tell(who: string, text: string | (() => string), hasLine = false): void {
    const [first, end] = this.#states;
    const { length } = this.#steps;
    const isWanted = length >= first && length < end;
    const lineOf = hasLine && isWanted ? this.#lineAbove(World.prototype.call as () => unknown) : () => null;
    this.#steps.push({
      who,
      get text() {
        return typeof text === 'string' ? text : text();
      },
      get line() {
        return lineOf();
      },
      calls: this.#serverCalls,
      actions: this.#begun,
      state: isWanted ? this.#state() : null,
    });
  }

  #sentOf({ from, flags, data, sequence, acknowledged, window, isLost }: Packet): Sent {
    const fromServer = from.localPort === PORT;
    const port = fromServer ? from.remotePort : from.localPort;
    return {
      client: this.#ports.get(port) ?? 0,
      fromServer,
      flags,
      length: data?.length ?? 0,
      sequence,
      acknowledged,
      window,
      isLost,
      data,
    };
  }

  #state(): State {
    const { program, network, nanoseconds } = this.#world;
    const clients = new Map<number, ClientState>();
    for (const number of this.#clients.keys()) {
      const process = this.#processOf(number)!;
      if (process.descriptors.length > 3)
        clients.set(number, {
          descriptors: descriptorsOf(process),
          received: Buffer.concat(this.#received.get(number)!).toString('latin1'),
          isReading: !this.#notReading.has(number),
        });
    }
    return {
      seconds: nanoseconds / 1e9,
      server: descriptorsOf(program),
      clients,
      waited: this.#waited,
      printed: program.stdout.text.length,
      packets: network.packets.length,
    };
  }
}

const numberOf = ({ name }: Process) => Number(name.replace('client ', ''));

type ClientAction = Extract<Action, { client: number }>;

function timesOf({ settings, actions }: Script): number[] {
  const between = REST + (6 * settings.latency) / 1000;
  const times: number[] = [];
  let time = 0;
  for (const [i, action] of actions.entries()) {
    time += between;
    times.push(time);
    if (action.do === 'wait') time += action.seconds;
    // What is lost is what the next action brings about.
    if (actions[i - 1]?.do === 'lose') time += RESENT;
  }
  return [...times, time + between];
}

// RLIMIT_NOFILE with which so many more can be opened.
function limitOf({ descriptors }: Process, left: number | null): number {
  if (left === null) return 1024;
  let fd = 0;
  for (let free = 0; ; fd++) {
    if (descriptors[fd] !== undefined) continue;
    if (free++ === left) return fd;
  }
}

function descriptorsOf(process: Process): Shown[] {
  const shown: Shown[] = [];
  for (let fd = 3; fd < process.descriptors.length; fd++) {
    const file = process.file(fd);
    if (file === null) continue;
    shown.push({ fd, what: whatIs(process, file), socket: stateOf(process, fd) });
  }
  return shown;
}

function whatIs({ stdout, stderr }: Process, file: OpenFile): string {
  if (file instanceof EpollFile) return 'epoll';
  if (file === stderr || file === stdout) return `a duplicate of ${file === stderr ? 'stderr' : 'stdout'}`;
  return file instanceof TcpSocket ? file.state : 'a file';
}

// Which descriptors a wait is asked about; null: it is no wait.
function askedOf(process: Process, name: CallName, args: readonly unknown[]): number[] | null {
  switch (name) {
    case 'select': {
      if (args[1] === null) return [];
      const set = memoryOf(args[1] as Bytes);
      const fds: number[] = [];
      for (let fd = 0; fd < (args[0] as number); fd++) if (set[fd >> 3] & (1 << (fd & 7))) fds.push(fd);
      return fds;
    }
    case 'poll': {
      if (args[2] === 0) return null;
      const fds = memoryOf(args[0] as Bytes);
      const view = new DataView(fds.buffer, fds.byteOffset, fds.byteLength);
      return Array.from({ length: args[1] as number }, (_, i) => view.getInt32(8 * i, true));
    }
    case 'epoll_wait': {
      const file = process.file(args[0] as number);
      return file instanceof EpollFile ? file.watched : [];
    }
    default:
      return null;
  }
}

function endText(reason: string, violation: Violation | null): string {
  return violation?.message ?? `the program has ${reason}`;
}
