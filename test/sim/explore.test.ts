// explore(): all schedules, with those left out that differ in the order of independent steps only; at random; shrunk,
// replayed, and bounded.

import { describe, expect, test } from 'vitest';
import { BlockingIOError } from '../../src/builtins.ts';
import { serve as serveEdge } from '../../src/programs/epoll-edge-server.ts';
import { serve as serveEpoll } from '../../src/programs/epoll-server.ts';
import { serve as servePoll } from '../../src/programs/poll-server.ts';
import { serve as serveSelect } from '../../src/programs/select-server.ts';
import { RandomChooser } from '../../src/sim/choices.ts';
import { type Build, type ExploreOptions, explore, replay, World } from '../../src/sim.ts';
import { create_server, type Socket } from '../../src/socket.ts';
import { type SceneOptions, scene } from './worlds.ts';

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
