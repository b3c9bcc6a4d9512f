// What mutants are hunted with: worlds in which each loop and each part of the Python layer meets what it has to
// survive; visited at random, in turn, until something breaks or the time is over. Bundled with each mutant. The worlds
// are those of the platform that the process is on: Linux, or macOS in one that is started as if there.

import { platform } from '../../src/kernel/platform.ts';
import { serve as epollEdge } from '../../src/programs/epoll-edge-server.ts';
import { serve as epoll } from '../../src/programs/epoll-server.ts';
import { serve as kqueue } from '../../src/programs/kqueue-server.ts';
import { serve as poll } from '../../src/programs/poll-server.ts';
import { serve as select } from '../../src/programs/select-server.ts';
import { serve as selectors } from '../../src/programs/selectors-server.ts';
import { EpollSelector, KqueueSelector, PollSelector, SelectSelector } from '../../src/selectors.ts';
import { SIGTERM } from '../../src/signal.ts';
import { explore } from '../../src/sim/explore.ts';
import { type LimitedServe, limitScenes } from './limit-scenes.ts';
import { blast, echoOver, patternOf, waiting, waits } from './waiting-programs.ts';
import {
  type ClientOptions,
  faultsOnXnu,
  receiver,
  type Scene,
  type SceneOptions,
  type Serve,
  scene,
} from './worlds.ts';

export type Platform = 'linux' | 'darwin';

export const loops: Record<string, Serve> = { select, poll, epoll, 'epoll-edge': epollEdge, selectors };

export const loopsOn: Record<Platform, Record<string, Serve>> = {
  linux: loops,
  darwin: { select, poll, kqueue, selectors },
};

const selectorsOn = {
  linux: [SelectSelector, PollSelector, EpollSelector],
  // The others are Linux's, call by call.
  darwin: [KqueueSelector],
};

const waitsOn = { linux: ['select', 'poll', 'epoll', 'recv'], darwin: ['kqueue'] };

/** The names of what is hunted in on a platform: see allScenes(). */
export const namesOn = (on: Platform): string[] => [
  ...Object.keys(loopsOn[on]),
  ...selectorsOn[on].map(({ name }) => name),
  'sendall',
  ...waitsOn[on].map((name) => `waits: ${name}`),
];

const any: ClientOptions = { end: 'any' };
const many = Array.from({ length: 12 }, (_, i) => String.fromCharCode(97 + i).repeat(3));
const long = 'abcdefghijklmnopqrstuvw'.repeat(100);

// Those that an echo server without any care for memory survives.
const withoutShortages = {
  accept4: ['ECONNABORTED'],
  recv: ['ECONNRESET', 'ETIMEDOUT'],
  send: ['ECONNRESET'],
  select: ['EINTR'],
  poll: ['EINTR'],
  epoll_wait: ['EINTR'],
  kevent: ['EINTR'],
};

const faults: SceneOptions = platform === 'darwin' ? { faultsOf: faultsOnXnu } : {};

/**
 * A client that sends all, and receives nothing until the server can do no more. Both buffers are full and 65,536 bytes unsent, so that the server
 * reads no more, when some is left; and one edge of writing lets it send more than that.
 */
function paused(serve: Serve): Scene {
  const data = Buffer.alloc(345 * 1024, 'a');
  return {
    world: { sendBuffer: 210_000, receiveBuffer: 65536, isPrompt: true },
    build: (world) => {
      world.addProcess('client', function* (client) {
        const sock = yield* client.connect(['127.0.0.1', 12345]);
        yield* sock.send(data);
        yield* client.sleep(1);
        let left = data.length;
        while (left > 0) {
          const part = yield* sock.recv(65536);
          if (part.length === 0) throw new Error(`the stream ends ${left} bytes before its end`);
          for (const byte of part) if (byte === 0x61) left--;
        }
        yield* sock.close();
      });
      return () => serve('127.0.0.1', 12345);
    },
    check: () => {},
  };
}

/** Worlds for a server of the documented conversation, or one that only echoes. */
function serverScenes(name: string, serve: Serve, options: SceneOptions = {}): Record<string, Scene> {
  const blocks = name === 'select';
  return {
    clients: scene(serve, { clients: [any, any], faults: 1, cuts: 2, shortSends: 2, ...faults, ...options }),
    three: scene(serve, { clients: [any, any, any] }),
    'small buffers': scene(serve, {
      clients: [{ messages: many.slice(0, 6), floods: true, end: 'any', receives: 7 }, any],
      sendBuffer: 32,
      receiveBuffer: 32,
      turnedAway: blocks,
    }),
    descriptors: scene(serve, {
      clients: [{ sleeps: 1 }, { sleeps: 1 }, { sleeps: 1 }, any],
      maxDescriptors: 8,
      turnedAway: true,
    }),
    long: scene(serve, { clients: [{ messages: [long], end: 'any' }, { messages: many }], cuts: 2 }),
    'full buffers': scene(serve, {
      clients: [{ messages: [long], floods: true, end: 'half-close' }, { messages: ['a'] }],
      sendBuffer: 700,
      receiveBuffer: 700,
      turnedAway: blocks,
    }),
    stuck: scene(serve, {
      clients: [
        { messages: [long], floods: true, sleeps: 60 },
        { messages: ['a', 'b'], within: 20 },
      ],
      isPrompt: true,
      sendBuffer: 700,
      receiveBuffer: 700,
      turnedAway: blocks,
    }),
    signal: scene(serve, { clients: [any, any], terminates: true }),
    ...(blocks
      ? {}
      : {
          pause: paused(serve),
          flood: scene(serve, {
            clients: [{ messages: ['a'] }],
            flood: 400_000,
            sendBuffer: 8192,
            receiveBuffer: 8192,
          }),
        }),
  };
}

/** All worlds of this process's platform, by the name of the loop or program and their own. */
export function allScenes(): Record<string, Record<string, Scene>> {
  const found: Record<string, Record<string, Scene>> = {};
  const here: Platform = platform === 'darwin' ? 'darwin' : 'linux';
  for (const [name, serve] of Object.entries(loopsOn[here])) {
    found[name] = {
      ...serverScenes(name, serve),
      ...limitScenes(serve as LimitedServe, name === 'select'),
    };
  }
  for (const Selector of selectorsOn[here]) {
    const serve = echoOver(() => new Selector());
    const {
      flood: _,
      descriptors: __,
      signal: ___,
      ...rest
    } = serverScenes('', serve, {
      faultsOf: withoutShortages,
    });
    found[Selector.name] = rest;
  }
  found.sendall = {
    sendall: {
      world: { sendBuffer: 64, receiveBuffer: 64 },
      build: (world) => {
        world.addPeer('client', () => receiver(world, patternOf(300)));
        const program = blast(300, () => {
          world.addSignal(SIGTERM);
          world.addSignal(SIGTERM);
        });
        return () => program('127.0.0.1', 12345);
      },
      check: () => {},
    },
  };
  for (const name of waitsOn[here]) {
    const wait = waits[name];
    const one = (sendsAfterHandlers: number): Scene => ({
      world: {},
      build: (world) => {
        const program = waiting(wait, sendsAfterHandlers);
        world.addSignal(SIGTERM, 0.25);
        world.addSignal(SIGTERM, 0.5);
        return program;
      },
      check: (_world, { reason }) => {
        if (reason !== 'returned') throw new Error(`the wait does not end: ${reason}`);
      },
    });
    found[`waits: ${name}`] = { 'times out': one(9), 'is readable': one(2) };
  }
  return found;
}

export interface HuntOptions {
  seconds?: number;
  runs?: number;
  seed?: number;
  shrinks?: boolean;
}

/** What JSON can say. */
export interface Hunted {
  /** Where it was found: 'epoll, small buffers'; null: nowhere. */
  readonly where: string | null;
  /** What it broke. */
  readonly message: string | null;
  readonly schedule: string | null;
  readonly runs: number;
  readonly seconds: number;
}

/** Visits the worlds of these programs at random, some runs of each in turn. */
export function hunt(names: readonly string[], options: HuntOptions = {}): Hunted {
  const { seconds = 1e9, runs = 1e9, seed = 1, shrinks = true } = options;
  const began = performance.now();
  const spent = () => (performance.now() - began) / 1000;
  const all = allScenes();
  const scenes = names.flatMap((name) =>
    Object.entries(all[name]).map(([what, one]) => ({ where: `${name}, ${what}`, one })),
  );
  let made = 0;
  for (let round = 0; made < runs && spent() < seconds; round++) {
    // Every world is visited, however few runs there are.
    const each = Math.min(20 * 2 ** Math.min(round, 5), Math.ceil(runs / scenes.length));
    for (const { where, one } of scenes) {
      if (made >= runs || spent() >= seconds) break;
      const { found, runs: some } = explore(one.build, {
        visit: 'random',
        runs: Math.min(each, runs - made),
        seconds: seconds - spent(),
        seed: seed + round * 100_000,
        world: one.world,
        check: one.check,
        shrinks,
      });
      made += some;
      if (found !== null) {
        const { violation, schedule } = found;
        return { where, message: violation.message, schedule, runs: made, seconds: spent() };
      }
    }
  }
  return { where: null, message: null, schedule: null, runs: made, seconds: spent() };
}
