// Worlds for the limits of the loops: clients that a limit is there for, each of which has to be dropped or turned away
// in its time, and clients that must not be. Time passes only when nothing else may happen, so that these times hold in
// every schedule.

import type { LimitOptions } from '../../src/programs/serving/limits.ts';
import type { Calling, PeerSocket, ProcessCalls } from '../../src/sim/client.ts';
import type { World, WorldOptions } from '../../src/sim/world.ts';
import type { Scene } from './worlds.ts';

export type LimitedServe = (host: string, port: number, ready: undefined, limits: LimitOptions) => unknown;

const HOST = '127.0.0.1';
const PORT = 12345;
const MESSAGE = 'x'.repeat(1000);

type Behaviour = (client: ProcessCalls) => Calling<void>;

function limited(
  serve: LimitedServe,
  limits: LimitOptions,
  behaviours: Record<string, Behaviour>,
  options: Omit<WorldOptions, 'chooser'> = {},
): Scene {
  return {
    world: { isPrompt: true, ...options },
    build: (world: World) => {
      for (const [name, behaviour] of Object.entries(behaviours)) world.addProcess(name, behaviour);
      return () => serve(HOST, PORT, undefined, limits);
    },
    check: () => {},
  };
}

const connect = (client: ProcessCalls) => client.connect([HOST, PORT]);

function mustBe(what: string, value: number, least: number, most: number): void {
  if (value < least || value > most) throw new Error(`${what}: ${value}, and not ${least} to ${most}`);
}

/** Receives answers until so many bytes of messages have come back, besides the times. */
function* take(sock: PeerSocket, size: number): Calling<void> {
  let left = size;
  while (left > 0) {
    const data = yield* sock.recv(left);
    if (data.length === 0) throw new Error('it is dropped');
    for (const byte of data) if (byte === 0x78) left--;
  }
}

/** Says nothing, and is dropped from a time on. */
const silent = (seconds: number, from = 0): Behaviour =>
  function* (client) {
    yield* client.sleep(from);
    const sock = yield* connect(client);
    yield* sock.expectEnd();
    mustBe('it was dropped after s', client.time - from, seconds, seconds + 0.2);
    yield* sock.close();
  };

/** Says a word now and then, and is answered. */
const talking = (times: number, seconds: number, from = 0): Behaviour =>
  function* (client) {
    yield* client.sleep(from);
    const sock = yield* connect(client);
    for (let i = 0; i < times; i++) {
      yield* sock.send('x');
      yield* take(sock, 1);
      yield* client.sleep(seconds);
    }
    yield* sock.close();
  };

/** Sends a message every so many seconds and receives nothing, until the server has dropped it. */
const deaf = (seconds: number, most: { sent?: number; time?: number }): Behaviour =>
  function* (client) {
    const sock = yield* connect(client);
    const data = Buffer.from(MESSAGE);
    let sent = 0;
    for (;;) {
      const n = yield* client.tryCall('send', sock.fd, data, 0);
      if (n < 0) break;
      sent += n;
      mustBe('it has sent', sent, 0, most.sent ?? sent);
      if (seconds > 0) yield* client.sleep(seconds);
    }
    mustBe('it was dropped after s', client.time, 0, most.time ?? client.time);
  };

/** Sends messages, receives each some messages later, and then the rest. */
const behind = (messages: number, lag: number, seconds: number): Behaviour =>
  function* (client) {
    const sock = yield* connect(client);
    for (let i = 0; i < messages; i++) {
      yield* sock.send(MESSAGE);
      if (i >= lag) yield* take(sock, MESSAGE.length);
      if (seconds > 0) yield* client.sleep(seconds);
    }
    yield* client.sleep(1);
    yield* take(sock, Math.min(lag, messages) * MESSAGE.length);
    yield* sock.close();
  };

/** Sends messages, waits, and receives them one by one, the last ten without waiting. */
const slow = (messages: number, wait: number, seconds: number): Behaviour =>
  function* (client) {
    const sock = yield* connect(client);
    yield* sock.send(MESSAGE.repeat(messages));
    yield* client.sleep(wait);
    for (let i = 0; i < messages; i++) {
      yield* take(sock, MESSAGE.length);
      if (messages - i > 10) yield* client.sleep(seconds);
    }
    yield* sock.close();
  };

const small = { sendBuffer: 4096, receiveBuffer: 4096 };

/** blocks: the loop waits for each client to take its answers. */
export function limitScenes(serve: LimitedServe, blocks: boolean): Record<string, Scene> {
  return {
    idle: limited(
      serve,
      { idleTimeout: 10 },
      { silent: silent(10), later: silent(10, 5), last: silent(10, 30), talks: talking(4, 7) },
    ),
    connections: limited(
      serve,
      { maxConnections: 2 },
      {
        first: talking(1, 10),
        second: talking(1, 20),
        third: silent(0, 5),
        fourth: talking(1, 5, 15),
      },
    ),
    'send timeout': limited(serve, { sendTimeout: 7 }, { deaf: deaf(0.5, { time: 13 }) }, small),
    'slow and in time': limited(serve, { sendTimeout: 7 }, { slow: behind(40, 7, 0.4) }, small),
    ...(blocks
      ? {
          'waited for': limited(
            serve,
            { idleTimeout: 20, sendTimeout: 100 },
            { late, talks: talking(2, 10) },
            small,
          ),
        }
      : {
          'late and in time': limited(serve, { sendTimeout: 7 }, { slow: behind(40, 15, 0.4) }, small),
          // All is taken after 9.5 s, what was unsent first after 4 s.
          'later and in time': limited(serve, { sendTimeout: 7 }, { slow: slow(30, 4, 0.25) }, small),
          'not idle': limited(serve, { idleTimeout: 10 }, { slow: slow(30, 3, 3) }, small),
          unsent: limited(serve, { maxUnsent: 20_000 }, { deaf: deaf(0, { sent: 40_000 }) }, small),
          'less unsent': limited(serve, { maxUnsent: 20_000 }, { slow: behind(22, 22, 0) }, small),
        }),
  };
}

/** The server waits for it for longer than it may be idle. That does not count. */
function* late(client: ProcessCalls): Calling<void> {
  const sock = yield* connect(client);
  // Eight answers fit into the buffers. The last one waits.
  for (let i = 0; i < 9; i++) {
    yield* sock.send(MESSAGE);
    yield* client.sleep(0.01);
  }
  yield* client.sleep(25);
  yield* take(sock, 9 * MESSAGE.length);
  yield* client.sleep(15);
  yield* sock.send('x');
  yield* take(sock, 1);
  yield* sock.close();
}
