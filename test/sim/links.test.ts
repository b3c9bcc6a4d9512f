// Hosts and links: virtual time, latency, segments, and losses that are sent again, in order.

import { describe, expect, test } from 'vitest';
import { serve } from '../../src/programs/select-server.ts';
import { type Calling, type Chooser, explore, type Link, type ProcessCalls, World } from '../../src/sim.ts';
import { create_server } from '../../src/socket.ts';

const SERVER: readonly [string, number] = ['10.0.0.1', 12345];
const addresses = ['10.0.0.1'];
/** Of the schedules that are all visited: more of them at night. */
const LOSSES = Number(process.env.RFDS_SIM_LOSSES ?? 1);

/** Loses the n-th segment of these flags (from 0), and does everything else as it happens by itself. */
function losing(flags: string, ...which: number[]): Chooser & { lost: number } {
  let seen = 0;
  return {
    lost: 0,
    choose(_count, _world, what) {
      if (what !== `a segment is lost: ${flags}` || !which.includes(seen++)) return 0;
      this.lost++;
      return 1;
    },
  };
}

function worldWith(
  link: Partial<Link>,
  client: (process: ProcessCalls) => Calling<unknown>,
  chooser?: Chooser,
): World {
  const world = new World({ addresses, keepsRecord: true, ...(chooser && { chooser }) });
  const far = world.addHost('far', '10.0.0.2');
  world.link(world.localhost, far, link);
  world.addProcess('client', client, { host: far });
  return world;
}

/** Accepts one connection and receives to its end, in pieces. */
function received(): { pieces: Buffer[]; program: () => void } {
  const pieces: Buffer[] = [];
  const program = () => {
    const listener = create_server(['10.0.0.1', 12345]);
    const [conn] = listener.accept();
    for (let piece = conn.recv(65536); piece.length > 0; piece = conn.recv(65536)) pieces.push(piece);
    conn.close();
    listener.close();
  };
  return { pieces, program };
}

const returned = { reason: 'returned', violation: null };

describe('latency', () => {
  test('is one way: a connection takes it twice, and so does an answer', () => {
    const times: number[] = [];
    const world = worldWith({ latency: 0.05 }, function* (client) {
      const sock = yield* client.connect(SERVER);
      times.push(client.time);
      yield* sock.send('Hello');
      times.push(client.time);
      const answer = yield* sock.recv(100);
      times.push(client.time);
      expect(String(answer)).toBe('1700000000.15:Hello');
      yield* sock.close();
    });
    expect(world.run(() => serve(...SERVER))).toEqual({ reason: 'quiet', violation: null });
    expect(times).toEqual([0.1, 0.1, 0.2]);
    // And so does the end of the stream, both ways.
    expect(world.nanoseconds / 1e9).toBeCloseTo(0.3, 9);
  });

  test('decides who comes first, and not the order in which they began', () => {
    const world = new World({ addresses });
    for (const [name, address, latency] of [
      ['slow', '10.0.0.2', 0.3],
      ['quick', '10.0.0.3', 0.01],
    ] as const) {
      const host = world.addHost(name, address);
      world.link(world.localhost, host, { latency });
      world.addProcess(name, [{ connect: SERVER }, { send: name }, 'close'], { host });
    }
    const order: string[] = [];
    world.run(() => {
      const listener = create_server(['10.0.0.1', 12345]);
      for (let i = 0; i < 2; i++) {
        const [conn, [host]] = listener.accept();
        order.push(`${host} ${conn.recv(100)} at ${Math.round(world.nanoseconds / 1e6)} ms`);
        conn.close();
      }
      listener.close();
    });
    expect(order).toEqual(['10.0.0.3 quick at 30 ms', '10.0.0.2 slow at 900 ms']);
  });

  test('is what a refusal takes, too', () => {
    const times: number[] = [];
    const world = worldWith({ latency: 0.05 }, function* (client) {
      try {
        yield* client.connect(SERVER, { waits: false });
      } catch (error) {
        expect(error).toMatchObject({ code: 'ECONNREFUSED' });
        times.push(client.time);
      }
    });
    expect(world.run(() => {})).toEqual(returned);
    expect(times).toEqual([0.1]);
    expect(world.network.packets.map(({ flags }) => flags)).toEqual(['SYN', 'RST']);
  });

  test('without one, nothing takes time', () => {
    const world = worldWith({}, function* (client) {
      const sock = yield* client.connect(SERVER);
      yield* sock.send('Hello');
      yield* sock.close();
    });
    const { program, pieces } = received();
    expect(world.run(program)).toEqual(returned);
    expect([String(Buffer.concat(pieces)), world.nanoseconds]).toEqual(['Hello', 0]);
  });
});

test('a segment carries at most the MSS of its link', () => {
  const world = worldWith({ mss: 1000 }, function* (client) {
    const sock = yield* client.connect(SERVER);
    yield* sock.send('x'.repeat(2500));
    yield* sock.close();
  });
  expect(world.run(received().program)).toEqual(returned);
  const lengths = world.network.packets.flatMap(({ data }) => (data === null ? [] : [data.length]));
  expect(lengths).toEqual([1000, 1000, 500]);
});

describe('a lost segment', () => {
  const sendsThree = function* (client: ProcessCalls): Calling<void> {
    const sock = yield* client.connect(SERVER);
    yield* sock.send(`${'a'.repeat(1000)}${'b'.repeat(1000)}${'c'.repeat(1000)}`);
    yield* sock.close();
  };
  const all = `${'a'.repeat(1000)}${'b'.repeat(1000)}${'c'.repeat(1000)}`;

  test.each([
    ['the first', 0, [3000]],
    ['the second', 1, [1000, 2000]],
    ['the last', 2, [2000, 1000]],
  ])('is sent again, and those behind it wait for it: %s of three', (_, which, expected) => {
    for (const latency of [0, 0.05]) {
      const chooser = losing('PSH', which);
      const world = worldWith({ latency, mss: 1000, losses: 1 }, sendsThree, chooser);
      const { program, pieces } = received();
      expect(world.run(program)).toEqual(returned);
      expect(chooser.lost).toBe(1);
      expect(String(Buffer.concat(pieces))).toBe(all);
      // With latency each segment arrives by itself: what is received at once is not the point then.
      if (latency === 0) expect(pieces.map(({ length }) => length)).toEqual(expected);
      const sent = world.network.packets.filter(({ data }) => data !== null);
      expect(sent.map(({ isLost }) => isLost).filter(Boolean)).toHaveLength(1);
      expect(sent).toHaveLength(4);
      // After 0.2 s and the way there and back; and the way of what was lost.
      const again = sent.at(-1)!;
      expect(String.fromCharCode(again.data![0])).toBe('abc'[which]);
      expect(again.at.ns / 1e9).toBeCloseTo(2 * latency + 0.2 + 2 * latency, 9);
    }
  });

  test('that is lost again is sent after twice the time', () => {
    const chooser = losing('PSH', 0, 3);
    const world = worldWith({ losses: 2 }, sendsThree, chooser);
    const { program, pieces } = received();
    expect(world.run(program)).toEqual(returned);
    expect([chooser.lost, String(Buffer.concat(pieces))]).toEqual([2, all]);
    expect(world.nanoseconds).toBeCloseTo(0.6e9, -3);
  });

  test.each([
    ['SYN', 1],
    ['SYN-ACK', 1],
    ['FIN', 0.2],
  ])('may be a %s: it is sent again after %f s', (flags, seconds) => {
    const chooser = losing(flags, 0);
    const world = worldWith({ losses: 1 }, sendsThree, chooser);
    const { program, pieces } = received();
    expect(world.run(program)).toEqual(returned);
    expect([chooser.lost, String(Buffer.concat(pieces))]).toEqual([1, all]);
    expect(world.nanoseconds / 1e9).toBeCloseTo(seconds, 9);
  });

  test('is no second connection: a SYN that comes twice is one', () => {
    // The way there takes longer than the first timeout of a SYN.
    const times: number[] = [];
    const world = worldWith({ latency: 1.2 }, function* (client) {
      const sock = yield* client.connect(SERVER);
      times.push(client.time);
      yield* sock.send('Hello');
      yield* sock.close();
    });
    const { program, pieces } = received();
    expect(world.run(program)).toEqual(returned);
    expect(world.network.packets.filter(({ flags }) => flags === 'SYN')).toHaveLength(2);
    expect([times, String(Buffer.concat(pieces))]).toEqual([[2.4], 'Hello']);
  });

  test('in every place, with a cut besides, changes no byte: all schedules', () => {
    let longest = 0;
    const { found, isComplete, runs } = explore(
      (world) => {
        const far = world.addHost('far', '10.0.0.2');
        world.link(world.localhost, far, { latency: 0.01, mss: 4, losses: LOSSES });
        world.addProcess(
          'client',
          [{ connect: SERVER }, { send: 'Hello!' }, 'shutdown', { expect: 'Hello!' }, 'expectEnd', 'close'],
          { host: far },
        );
        return () => {
          const listener = create_server(['10.0.0.1', 12345]);
          const [conn] = listener.accept();
          const pieces: Buffer[] = [];
          for (let piece = conn.recv(100); piece.length > 0; piece = conn.recv(100)) pieces.push(piece);
          conn.sendall(Buffer.concat(pieces));
          conn.close();
          listener.close();
        };
      },
      {
        world: { addresses, cuts: 1, preemptions: 0 },
        check: (world) => {
          longest = Math.max(longest, world.nanoseconds);
        },
      },
    );
    expect(found).toBe(null);
    expect(isComplete).toBe(true);
    expect(runs).toBeGreaterThan(50);
    expect(longest).toBeGreaterThan(1e9);
  });
});
