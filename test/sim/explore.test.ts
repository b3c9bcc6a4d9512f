// explore(): all schedules, with those left out that differ in the order of independent steps only; at random; shrunk,
// replayed, and bounded.

import { describe, expect, test } from 'vitest';
import { BlockingIOError } from '../../src/builtins.ts';
import { EAGAIN } from '../../src/kernel/errno.ts';
import { serve as serveEdge } from '../../src/programs/epoll-edge-server.ts';
import { serve as serveEpoll } from '../../src/programs/epoll-server.ts';
import { serve as servePoll } from '../../src/programs/poll-server.ts';
import { serve as serveSelect } from '../../src/programs/select-server.ts';
import { RandomChooser } from '../../src/sim/choices.ts';
import { type Build, type ExploreOptions, explore, replay, World, type WorldOptions } from '../../src/sim.ts';
import { create_server, type Socket } from '../../src/socket.ts';
import { type SceneOptions, type Serve, scene } from './worlds.ts';

const ADDRESS: readonly [string, number] = ['127.0.0.1', 12345];

const outcomeOf = (world: World) =>
  world
    .record!.entries.map((one) =>
      one.kind === 'call' && one.process === world.program ? `${one.name}=${one.result}` : '',
    )
    .filter(Boolean)
    .join(' ');

/** What the program's calls returned, in every run that was visited. */
function outcomes(build: Build, options: ExploreOptions): { seen: Set<string>; runs: number } {
  const seen = new Set<string>();
  const { found, isComplete, runs } = explore(build, {
    ...options,
    world: { ...options.world, keepsRecord: true },
    check: (world) => {
      seen.add(outcomeOf(world));
    },
  });
  expect({ found, isComplete }).toEqual({ found: null, isComplete: true });
  return { seen, runs };
}

/** Accepts two clients, and receives from the second and then from the first. */
function acceptsTwo(): void {
  const listener = create_server(ADDRESS);
  const clients: Socket[] = [listener.accept()[0], listener.accept()[0]];
  for (const client of clients.reverse()) {
    client.setblocking(false);
    try {
      client.recv(10);
    } catch {}
    client.close();
  }
  listener.close();
}

const twoClients: Build = (world) => {
  for (const name of ['one', 'two']) {
    world.addProcess(name, function* (process) {
      const sock = yield* process.connect(ADDRESS);
      yield* sock.send(name);
    });
  }
  return acceptsTwo;
};

describe('the reduction', () => {
  test.each<[string, (host: string, port: number) => unknown, SceneOptions]>([
    ['select, a cut', serveSelect, { clients: [{ messages: ['ab'] }], cuts: 1 }],
    ['poll, EINTR', servePoll, { clients: [{ messages: ['a'] }], faults: 1, faultsOf: { poll: ['EINTR'] } }],
    [
      'epoll, EMFILE',
      serveEpoll,
      { clients: [{ messages: [] }], faults: 1, faultsOf: { accept4: ['EMFILE'] } },
    ],
    ['epoll-edge', serveEdge, { clients: [{ messages: ['a'] }] }],
  ])('loses no outcome: %s', (_, serve, options) => {
    const { build, world } = scene(serve, options);
    const reduced = outcomes(build, { world });
    const all = outcomes(build, { world, reduces: false });
    expect(reduced.seen).toEqual(all.seen);
    expect(reduced.runs).toBeLessThan(all.runs / 3);
  });

  test('has every outcome of two clients that random schedules of all have', () => {
    const { seen } = outcomes(twoClients, {});
    expect(seen.size).toBeGreaterThan(3);
    for (let seed = 1; seed <= 1000; seed++) {
      const world = new World({ chooser: new RandomChooser(seed), reduces: false, keepsRecord: true });
      world.run(twoClients(world));
      expect(seen).toContain(outcomeOf(world));
    }
  });

  test('begins anew where a process connects a second time', () => {
    const build: Build = (world) => {
      world.addProcess('client', function* (process) {
        const first = yield* process.connect(ADDRESS);
        yield* first.send('a');
        yield* process.connect(ADDRESS);
      });
      return acceptsTwo;
    };
    expect(outcomes(build, {}).seen).toEqual(outcomes(build, { world: { reconnects: true } }).seen);
  });
});

/** It takes what comes with one recv for the whole message. */
function takesPartsForAll(): void {
  const listener = create_server(ADDRESS);
  const [client] = listener.accept();
  const data = String(client.recv(10));
  client.close();
  listener.close();
  if (data !== 'hello') throw new Error(`got '${data}'`);
}

const sendsHello: Build = (world) => {
  world.addProcess('client', [{ connect: ADDRESS }, { send: 'hello' }]);
  return takesPartsForAll;
};

/** The waits for events that may last: at one the program is between two turns. */
const waitsAt: Readonly<Record<string, { fds: number; timeout: number }>> = {
  select: { fds: 0, timeout: 4 },
  poll: { fds: 1, timeout: 2 },
  epoll_wait: { fds: 0, timeout: 3 },
};

/**
 * What the program's calls gave in every run that was visited: each behind what had come of the connections that were
 * open then, and the calls since the last wait.
 */
function turns(build: Build, options: ExploreOptions): { seen: Set<string>; runs: number } {
  const seen = new Set<string>();
  let talks = new Map<number, string>();
  let turn: string | null = null;
  let program: unknown;
  const watcher: NonNullable<WorldOptions['watcher']> = {
    before(process, name, args) {
      const wait = waitsAt[name];
      if (process !== program || wait === undefined) return;
      if (args[wait.fds] !== 0 && args[wait.timeout] !== 0) turn = '';
    },
    after(process, name, args, result) {
      // Only in the first run of all does the program install its handlers.
      if (process !== program || turn === null) return;
      const fd = args[name === 'epoll_ctl' ? 2 : 0] as number;
      const talk = talks.get(fd);
      turn += ` ${name}(${typeof fd === 'number' ? fd : ''})=${result}`;
      seen.add(`${[...talks].map((one) => one.join(':')).join(' ')} =>${turn}`);
      if (name === 'close') talks.delete(fd);
      else if (talk !== undefined && result !== -EAGAIN) talks.set(fd, `${talk} ${name}=${result}`);
      if (name.startsWith('accept') && result >= 0) talks.set(result, '');
    },
  };
  const { found, isComplete, runs } = explore(
    (world) => {
      talks = new Map();
      turn = null;
      program = world.program;
      return build(world);
    },
    { ...options, world: { ...options.world, keepsRecord: true, watcher } },
  );
  expect({ found, isComplete }).toEqual({ found: null, isComplete: true });
  return { seen, runs };
}

describe("memory: 'descriptors'", () => {
  const oneErrno: SceneOptions = { faults: 1, faultsOf: { recv: ['ECONNRESET'], accept4: ['ECONNABORTED'] } };

  type Row = [string, Serve, SceneOptions];

  const expectSame = (serve: Serve, options: SceneOptions, reduces: boolean) => {
    const { build, world } = scene(serve, options);
    const merged = turns(build, { world: { ...world, memory: 'descriptors' } });
    const all = turns(build, { world, reduces });
    expect(merged.seen).toEqual(all.seen);
    expect(merged.runs).toBeLessThan(all.runs / 2);
  };

  test.each<Row>([
    ['select, a cut', serveSelect, { clients: [{ messages: ['ab'] }], cuts: 1 }],
    ['select, a short send', serveSelect, { clients: [{ messages: ['a'] }], shortSends: 1 }],
    ['poll, EINTR', servePoll, { clients: [{ messages: ['a'] }], faults: 1, faultsOf: { poll: ['EINTR'] } }],
    [
      'epoll, EMFILE',
      serveEpoll,
      { clients: [{ messages: [] }], faults: 1, faultsOf: { accept4: ['EMFILE'] } },
    ],
    ['epoll-edge', serveEdge, { clients: [{ messages: ['a'] }] }],
  ])('loses no turn that there is without any reduction: %s', (_, serve, options) => {
    expectSame(serve, options, false);
  });

  test.each<Row>([
    ['select', serveSelect, { clients: [{ messages: ['a'] }, { messages: ['a'] }] }],
    ['select, SIGTERM', serveSelect, { clients: [{ messages: ['a'] }, { messages: [] }], terminates: true }],
    ['poll, an errno', servePoll, { clients: [{ messages: ['a'] }, { messages: [] }], ...oneErrno }],
    ['epoll, one resets', serveEpoll, { clients: [{ messages: ['a'], end: 'reset' }, { messages: [] }] }],
    ['epoll-edge', serveEdge, { clients: [{ messages: ['a'] }, { messages: [] }] }],
  ])('loses no turn of two clients: %s', (_, serve, options) => {
    expectSame(serve, options, true);
  });
});

describe('what is found', () => {
  test.each(['all', 'random'] as const)('is shrunk to its one cause, and replayed: %s', (visit) => {
    const { found } = explore(sendsHello, { visit, world: { cuts: 3 } });
    expect(found?.violation.message).toBe("the program threw Error: got 'h'");
    expect(found?.schedule).toMatch(/^(0(\*\d+)?\.)?1$/);
    const again = replay(sendsHello, found!.schedule, { cuts: 3 });
    expect(again.outcome.violation?.message).toBe(found?.violation.message);
  });

  test('is found with the fewest preemptions', () => {
    // It looks only once whether something came.
    const build: Build = (world: World) => {
      world.addProcess('client', [{ connect: ADDRESS }, { send: 'a' }]);
      return () => {
        const listener = create_server(ADDRESS);
        const [client] = listener.accept();
        client.setblocking(false);
        try {
          client.recv(1);
          throw new Error('it was there');
        } catch (error) {
          if ((error as Error).message === 'it was there') throw error;
        } finally {
          client.close();
          listener.close();
        }
      };
    };
    expect(explore(build, { preemptions: [0] })).toMatchObject({ found: null, isComplete: true });
    expect(explore(build, { preemptions: [0, 1] }).found).not.toBe(null);
  });

  test('the same seed makes the same runs', () => {
    const once = explore(sendsHello, { visit: 'random', seed: 7, world: { cuts: 1 } });
    expect(explore(sendsHello, { visit: 'random', seed: 7, world: { cuts: 1 } })).toEqual({
      ...once,
      seconds: expect.any(Number),
    });
  });
});

test('a program that keeps something from one run to the next is told', () => {
  let runs = 0;
  const build: Build = (world) => () => {
    world.choose(2 + runs++, 'what it keeps');
  };
  expect(() => explore(build)).toThrow('the run is another one with the same choices');
});

test('a program that asks in vain, again and again, spins', () => {
  const build: Build = () => () => {
    const listener = create_server(ADDRESS);
    listener.setblocking(false);
    for (;;) {
      try {
        listener.accept();
      } catch (error) {
        if (!(error instanceof BlockingIOError)) throw error;
      }
    }
  };
  expect(explore(build, { world: { maxCalls: 1000 } }).found?.violation.message).toBe(
    'the run has not ended after 1001 calls',
  );
});
