// Worlds to explore: a loop of src/programs beside clients of many kinds, and what has to hold when a run ends. The
// tests of this folder, bench/sim.mjs and scripts/nightly.mjs share them. Nothing here knows of a test runner.

import {
  AF_INET,
  MSG_NOSIGNAL,
  SHUT_WR,
  SO_LINGER,
  SO_SNDTIMEO,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../src/kernel/constants/socket.ts';
import * as errno from '../../src/kernel/errno.ts';
import { packInet } from '../../src/kernel/structs/sockaddr.ts';
import { warnOfDroppedLines } from '../../src/programs/serving/log.ts';
import { SIGTERM, signal } from '../../src/signal.ts';
import type { Build } from '../../src/sim/explore.ts';
import type { Script } from '../../src/sim/peer.ts';
import { type Outcome, World, type WorldOptions } from '../../src/sim/world.ts';

export type Serve = (host: string, port: number) => unknown;

const HOST = Uint8Array.of(127, 0, 0, 1);
const PORT = 12345;
const address = packInet(HOST, PORT);
const GOODBYE = Uint8Array.of(0xff);
const LINGER_ZERO = new Uint8Array(Int32Array.of(1, 0).buffer);
const FIVE_SECONDS = new Uint8Array(BigInt64Array.of(5n, 0n).buffer);
const ECONNRESET = -errno.ECONNRESET;
const ECONNREFUSED = -errno.ECONNREFUSED;
const EPIPE = -errno.EPIPE;

/** How a client ends: 'any' leaves that to the schedule. */
export type End = 'close' | 'goodbye' | 'half-close' | 'reset' | 'unread' | 'any';
const ends: readonly End[] = ['close', 'goodbye', 'half-close', 'reset', 'unread'];

export interface ClientOptions {
  /** What it sends. By default each after the answer to the one before. */
  messages?: readonly string[];
  end?: End;
  /** Sends all before it receives anything. */
  floods?: boolean;
  /** How many bytes one recv takes. */
  receives?: number;
  /** For so many seconds it does nothing, between what it sends and what it receives. */
  sleeps?: number;
  /** By when, in seconds, it has to be done. */
  within?: number;
}

/** How clients fared. */
class Fates {
  /** Clients whose connection ended before they had all that they had a right to. */
  lost = 0;
  /** The program has ended, so that no one listens. */
  isStopped = false;
  readonly mayStop: boolean;

  constructor(mayStop: boolean) {
    this.mayStop = mayStop;
  }
}

// What is behind the timestamps.
const timestamps = /\d{10}\.\d+:/g;

/** A client: what it is answered is right, and ends only where it has to. */
function* client(world: World, fates: Fates, options: ClientOptions): Script {
  const { messages = ['ab', 'cd'], floods = false, receives = 1024 } = options;
  const { ports } = world.localhost;
  yield {
    until: () => fates.isStopped || world.localhost.listenerFor(HOST, PORT) !== null,
    what: 'a listener',
    shared: ports,
  };
  const fd = yield ['socket', AF_INET, SOCK_STREAM, 0];
  const connected = yield ['connect', fd, address];
  if (connected === ECONNREFUSED && (fates.mayStop || world.failures.length > 0)) return;
  if (connected < 0) throw new Error(`connect gave ${connected}`);
  let end = options.end ?? 'close';
  if (end === 'any') end = ends[world.choose(ends.length, 'how the client ends')];

  let sent = '';
  let text = '';
  const buffer = Buffer.alloc(receives);
  const answered = () => text.replace(timestamps, '');
  // Whether the connection is there yet.
  let isOpen = true;
  function* receive(): Script {
    const n = yield ['recv', fd, buffer, 0];
    if (n <= 0) {
      if (n !== 0 && n !== ECONNRESET && n !== EPIPE) throw new Error(`recv gave ${n}`);
      isOpen = false;
      return;
    }
    text += buffer.toString('latin1', 0, n);
    const got = answered();
    // The last part of a timestamp that is not whole yet.
    const known = got.replace(/\d{0,10}(\.\d*)?$/, '');
    if (!sent.startsWith(known)) throw new Error(`sent '${sent}', and got '${text}'`);
  }

  for (const message of messages) {
    const data = Buffer.from(message);
    for (let at = 0; at < data.length && isOpen; ) {
      const n = yield ['send', fd, data.subarray(at), MSG_NOSIGNAL];
      if (n < 0) isOpen = false;
      else at += n;
    }
    sent += message;
    if (end === 'unread' && message === messages.at(-1)) break;
    while (!floods && isOpen && answered() !== sent) yield* receive();
    if (!isOpen) break;
  }
  if (options.sleeps !== undefined) yield { sleep: options.sleeps };
  if (end === 'half-close' && isOpen) yield ['shutdown', fd, SHUT_WR];
  if (end !== 'unread') while (isOpen && answered() !== sent) yield* receive();
  if (!isOpen) fates.lost++;
  else if (end === 'goodbye' || end === 'half-close') {
    if (end === 'goodbye') yield ['send', fd, GOODBYE, MSG_NOSIGNAL];
    while (isOpen) yield* receive();
    if (answered() !== sent) throw new Error(`sent '${sent}', and got '${text}'`);
  }
  if (end === 'reset') yield ['setsockopt', fd, SOL_SOCKET, SO_LINGER, LINGER_ZERO];
  yield ['close', fd];
  const seconds = world.nanoseconds / 1e9;
  if (seconds > (options.within ?? seconds)) throw new Error(`it was done after ${seconds} s`);
}

/** A client that receives to the end, a few bytes at a time: all that was sent. */
export function* receiver(world: World, expected: string): Script {
  const { ports } = world.localhost;
  yield { until: () => world.localhost.listenerFor(HOST, PORT) !== null, what: 'a listener', shared: ports };
  const fd = yield ['socket', AF_INET, SOCK_STREAM, 0];
  yield ['connect', fd, address];
  let text = '';
  const buffer = Buffer.alloc(50);
  for (;;) {
    const n = yield ['recv', fd, buffer, 0];
    if (n <= 0) break;
    text += buffer.toString('latin1', 0, n);
  }
  if (text !== expected) throw new Error(`of ${expected.length} bytes, ${text.length} came: '${text}'`);
  yield ['close', fd];
}

/** A client that sends and sends, and receives nothing: it has to be stopped. */
function* flooder(world: World, most: number): Script {
  const { ports } = world.localhost;
  yield { until: () => world.localhost.listenerFor(HOST, PORT) !== null, what: 'a listener', shared: ports };
  const fd = yield ['socket', AF_INET, SOCK_STREAM, 0];
  yield ['connect', fd, address];
  yield ['setsockopt', fd, SOL_SOCKET, SO_SNDTIMEO, FIVE_SECONDS];
  const data = Buffer.alloc(8192, 0x61);
  for (let sent = 0; ; ) {
    // Waits until the server takes it, which is too long where the server has a limit.
    const n = yield ['send', fd, data, MSG_NOSIGNAL];
    if (n < 0) break;
    sent += n;
    if (sent > most)
      throw new Error(`the server has taken ${sent} bytes, and none of its answers was received`);
  }
  yield ['close', fd];
}

/** What XNU's calls may be made to fail with, as `defaultFaults` for Linux: want of memory is EAGAIN of select and poll. */
export const faultsOnXnu: NonNullable<WorldOptions['faultsOf']> = {
  accept: ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'ECONNABORTED'],
  recv: ['ECONNRESET', 'ETIMEDOUT', 'ENOMEM'],
  send: ['ECONNRESET', 'ENOBUFS'],
  kevent: ['EINTR'],
  poll: ['EAGAIN', 'EINTR'],
  select: ['EAGAIN', 'EINTR'],
};

class Stopped extends Error {}

/** What a loop is explored in: what builds the world, its options and what is looked at when a run has ended. */
export interface Scene {
  readonly build: Build;
  readonly world: Omit<WorldOptions, 'chooser'>;
  readonly check: (world: World, outcome: Outcome) => void;
}

export interface SceneOptions extends Omit<WorldOptions, 'chooser'> {
  clients?: readonly ClientOptions[];
  /** Another client that sends without receiving; it sends so many bytes at most. */
  flood?: number;
  /** Clients may be turned away, for want of descriptors. */
  turnedAway?: boolean;
  /** SIGTERM comes, whenever the schedule says; its handler throws, as that of programs/command.ts does. */
  terminates?: boolean;
}

export function scene(serve: Serve, options: SceneOptions = {}): Scene {
  const { clients = [{}, {}], flood, terminates = false, turnedAway = false, ...world } = options;
  const all = new WeakMap<World, Fates>();
  let before: World | null = null;
  return {
    world: { maxCalls: 20_000, ...world },
    build: (made) => {
      // The log counts the lines that stderr did not take; what it counts in a run must make none in the next.
      if (before?.failures.some(({ name }) => name === 'poll')) new World().run(warnOfDroppedLines);
      before = made;
      const fates = new Fates(terminates);
      all.set(made, fates);
      clients.forEach((one, i) => {
        made.addPeer(`client ${i + 1}`, () => client(made, fates, one), made.localhost, JSON.stringify(one));
      });
      if (flood !== undefined) made.addPeer('flooder', () => flooder(made, flood));
      if (!terminates) return () => untilShortage(made, serve, fates);
      return () => untilSignal(made, serve, fates);
    },
    check: (made, outcome) => {
      const { lost, isStopped } = all.get(made)!;
      if (terminates && outcome.reason !== 'returned')
        throw new Error(`SIGTERM did not end it: ${outcome.reason}`);
      if (turnedAway) return;
      if (lost > made.failures.length && !isStopped)
        throw new Error(`${lost} clients were dropped, and ${made.failures.length} calls failed`);
    },
  };
}

// A server that cannot watch its listener, for want of memory, ends.
function untilShortage(world: World, serve: Serve, fates: Fates): void {
  try {
    serve('127.0.0.1', PORT);
  } catch (error) {
    const failure = world.failures.find(({ errno }) => errno === (error as { code?: string }).code);
    if (failure?.name !== 'epoll_ctl' || failure.connections > 0) throw error;
    fates.isStopped = true;
  }
}

function untilSignal(world: World, serve: Serve, fates: Fates): void {
  signal(SIGTERM, () => {
    throw new Stopped();
  });
  world.addSignal(SIGTERM); // Not before: it would end the program.
  try {
    serve('127.0.0.1', PORT);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  } finally {
    fates.isStopped = true;
  }
}

/** blocks: the loop drops a client that does not take its answers in time. The scenes of issue 12: two clients with two messages and one fault, of whatever kind; three without. */
export function scenes(serve: Serve, blocks = false): Record<string, Scene> {
  const two: ClientOptions[] = [{}, {}];
  return {
    'two clients': scene(serve, { clients: two }),
    'two, one errno': scene(serve, { clients: two, faults: 1 }),
    'two, one cut': scene(serve, { clients: two, cuts: 1 }),
    'two, one short send': scene(serve, { clients: two, shortSends: 1 }),
    'two, one resets': scene(serve, { clients: [{ end: 'reset' }, {}] }),
    'two, one closes without reading': scene(serve, { clients: [{ end: 'unread' }, {}] }),
    'two, one sends 0xFF': scene(serve, { clients: [{ end: 'goodbye' }, {}] }),
    'two, one half-closes': scene(serve, { clients: [{ end: 'half-close' }, {}] }),
    'two, one sends without receiving, small buffers': scene(serve, {
      clients: [{ messages: ['abcdefgh', 'ijklmnop'], floods: true }, { messages: ['ab'] }],
      sendBuffer: 16,
      receiveBuffer: 16,
      turnedAway: blocks,
    }),
    'two, SIGTERM': scene(serve, { clients: two, terminates: true }),
    'three clients': scene(serve, {
      clients: [{ messages: ['a'] }, { messages: ['b'] }, { messages: ['c'] }],
    }),
    'three, two messages': scene(serve, { clients: [{}, {}, {}] }),
  };
}
