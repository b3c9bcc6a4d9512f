// The limits of the server loops, on the simulated kernel: for Linux's loops and, as if on macOS, XNU's.

import { describe, expect, test } from 'vitest';
import type { LimitOptions } from '../../src/programs/serving/limits.ts';
import type { Calling, PeerSocket, ProcessCalls } from '../../src/sim/client.ts';
import { World, type WorldOptions } from '../../src/sim/world.ts';
import type { InetAddress } from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';

type Serve = (
  host: string,
  port: number,
  ready?: (address: InetAddress) => void,
  limits?: LimitOptions,
) => never;

const HOST = '127.0.0.1';
const PORT = 12345;
const ADDRESS: readonly [string, number] = [HOST, PORT];
const quiet = { reason: 'quiet', violation: null };
const worldOf = (options: WorldOptions = {}) => new World({ keepsOutput: true, ...options });

/** Runs a loop in a world; returns what it logged, a line each. */
function run(world: World, serve: Serve, limits: LimitOptions): string[] {
  expect(world.run(() => serve(HOST, PORT, undefined, limits))).toEqual(quiet);
  return world.program.stderr.text
    .split('\n')
    .slice(0, -1)
    .map((line) => line.replace('rfds server: ', ''));
}

/** Sends a message every so many seconds, and expects each answer; then leaves. */
function* talk(client: ProcessCalls, times: number, seconds: number): Calling<number> {
  const sock = yield* client.connect(ADDRESS);
  for (let i = 0; i < times; i++) {
    yield* sock.send('Hello');
    yield* sock.recv(1024);
    yield* client.sleep(seconds);
  }
  yield* sock.close();
  return times;
}

const bulk = (size: number) => Buffer.alloc(size, 'x');

/** Takes answers until so many bytes of what bulk() made have come back, besides the times. */
function* take(sock: PeerSocket, size: number): Calling<number> {
  let taken = 0;
  while (taken < size) {
    const data = yield* sock.recv(size - taken);
    if (data.length === 0) break;
    for (const byte of data) if (byte === 0x78) taken++;
  }
  return taken;
}

/** Connects, receives nothing but the end, and returns when that came. */
function* wait(client: ProcessCalls): Calling<number> {
  const sock = yield* client.connect(ADDRESS);
  yield* sock.expectEnd();
  yield* sock.close();
  return client.time;
}

/** The cases, for loops that the platform has; select's answers do not wait in the server. */
export function limitCases(loops: readonly [name: string, serve: Serve][]): void {
  describe.each(loops)('the %s loop', (_, serve) => {
    test('drops a client that has been idle, when the time is over; one that talks stays', () => {
      const world = worldOf();
      const ends: number[] = [];
      let talked = 0;
      world.addProcess('silent', function* (client) {
        ends.push(yield* wait(client));
      });
      world.addProcess('stops', function* (client) {
        yield* client.sleep(5);
        const sock = yield* client.connect(ADDRESS);
        yield* client.sleep(20);
        yield* sock.send('Hello');
        yield* sock.recv(1024);
        yield* sock.expectEnd();
        ends.push(client.time);
        yield* sock.close();
      });
      world.addProcess('talks', function* (client) {
        talked = yield* talk(client, 20, 20);
      });
      const logged = run(world, serve, { idleTimeout: 30 });
      expect(logged).toEqual([
        expect.stringMatching(/^dropped 127\.0\.0\.1:\d+: idle for 30 s$/),
        expect.stringMatching(/^dropped 127\.0\.0\.1:\d+: idle for 30 s$/),
      ]);
      expect(ends.map((seconds) => Math.round(seconds * 10) / 10)).toEqual([30, 55]);
      expect(talked).toBe(20);
    });

    test('drops idle clients one after another, each at its own time or a tenth of a second later', () => {
      const world = worldOf();
      const late: number[] = [];
      for (let i = 0; i < 8; i++) {
        world.addProcess(`client ${i}`, function* (client) {
          yield* client.sleep(i * 0.03);
          late.push((yield* wait(client)) - (1 + i * 0.03));
        });
      }
      expect(run(world, serve, { idleTimeout: 1 })).toHaveLength(8);
      expect(late).toHaveLength(8);
      for (const seconds of late) {
        expect(seconds).toBeGreaterThan(-0.001);
        expect(seconds).toBeLessThan(0.102);
      }
    });

    test('turns one client more than there may be away, and serves the next once one has left', () => {
      const world = worldOf();
      const served: string[] = [];
      const serves = (who: string, from: number, until: number) =>
        world.addProcess(who, function* (client) {
          yield* client.sleep(from);
          const sock = yield* client.connect(ADDRESS);
          yield* sock.send('Hello');
          yield* sock.recv(1024);
          served.push(who);
          yield* client.sleep(until - from);
          yield* sock.close();
        });
      serves('first', 0, 10);
      serves('second', 1, 20);
      world.addProcess('third', function* (client) {
        yield* client.sleep(5);
        expect(yield* wait(client)).toBe(5);
      });
      serves('fourth', 15, 20);
      expect(run(world, serve, { maxConnections: 2 })).toEqual([
        'turned a client away: 2 connections are the limit',
      ]);
      expect(served).toEqual(['first', 'second', 'fourth']);
    });

    test('drops a client that takes nothing of its answers within the time, and serves the others', () => {
      const world = worldOf({ sendBuffer: 4096, receiveBuffer: 4096 });
      let talked = 0;
      let left = 0;
      world.addProcess('deaf', function* (client) {
        const sock = yield* client.connect(ADDRESS);
        // Until the server drops it.
        for (;;) {
          const sent = yield* client.tryCall('send', sock.fd, bulk(1000), 0);
          if (sent < 0) break;
        }
        left = client.time;
      });
      world.addProcess('talks', function* (client) {
        talked = yield* talk(client, 10, 1);
      });
      const logged = run(world, serve, { sendTimeout: 7 });
      expect(logged).toEqual([expect.stringMatching(/^dropped 127\.0\.0\.1:\d+: send timed out after 7 s$/)]);
      expect(left).toBeGreaterThanOrEqual(7);
      expect(left).toBeLessThan(7.2);
      expect(talked).toBe(10);
    });

    test('without limits waits for ever, and reads the clock once for a message', () => {
      const waits: unknown[] = [];
      const clockReads = (messages: number) => {
        let reads = 0;
        const detach = sys.attach((name, call) => (...args) => {
          if (name === 'select') waits.push(args[4]);
          if (name === 'poll') waits.push(args[2]);
          if (name === 'epoll_wait') waits.push(args[3]);
          if (name === 'kevent' && args[4] !== 0) waits.push(args[5]);
          if (name === 'clock_gettime') reads++;
          return call(...args);
        });
        const world = worldOf();
        world.addProcess('client', (client) => talk(client, messages, 100_000));
        expect(run(world, serve, {})).toEqual([]);
        detach();
        return reads;
      };
      expect(clockReads(7) - clockReads(2)).toBe(5);
      expect(waits.length).toBeGreaterThan(9);
      expect(waits.every((timeout) => timeout === null || timeout === -1)).toBe(true);
    });
  });

  describe.each(loops.filter(([name]) => name === 'select'))('the %s loop', (_, serve) => {
    test('does not count the time for which it waits until a client takes its answer as idle', () => {
      // Of so many answers the last one waits: one more or less, and another does.
      for (let messages = 6; messages <= 12; messages++) {
        const world = worldOf({ sendBuffer: 4096, receiveBuffer: 4096 });
        let answer = '';
        world.addProcess('late', function* (client) {
          const sock = yield* client.connect(ADDRESS);
          for (let i = 0; i < messages; i++) {
            yield* sock.send(bulk(1000));
            yield* client.sleep(0.01);
          }
          yield* client.sleep(25);
          yield* take(sock, messages * 1000);
          yield* client.sleep(15);
          yield* sock.send('Hello');
          answer = String(yield* sock.recv(1024));
          yield* sock.close();
        });
        // What waits in the kernel's buffers is sent; only where more waits, the client is not idle for 25 s.
        const logged = run(world, serve, { idleTimeout: messages < 9 ? 50 : 20, sendTimeout: 100 });
        expect([messages, logged]).toEqual([messages, []]);
        expect(answer).toMatch(/^\d+\.\d+:Hello$/);
      }
    });
  });

  describe.each(loops.filter(([name]) => name !== 'select'))('the %s loop', (_, serve) => {
    test('drops a client that leaves more unsent than there may be', () => {
      const world = worldOf({ sendBuffer: 4096, receiveBuffer: 4096 });
      world.addProcess('deaf', function* (client) {
        const sock = yield* client.connect(ADDRESS);
        for (;;) {
          const sent = yield* client.tryCall('send', sock.fd, bulk(1000), 0);
          if (sent < 0) break;
        }
      });
      const [line, ...more] = run(world, serve, { maxUnsent: 200_000 });
      expect(more).toEqual([]);
      const [, bytes] = /^dropped 127\.0\.0\.1:\d+: (\d+) bytes are unsent, the limit is 200000$/.exec(line)!;
      expect(Number(bytes)).toBeGreaterThan(200_000);
      expect(Number(bytes)).toBeLessThan(200_000 + 1100);
    });

    test('keeps a client that takes its answers slowly, while it sends and afterwards', () => {
      const world = worldOf({ sendBuffer: 4096, receiveBuffer: 4096 });
      const BEHIND = 30;
      const MESSAGES = 90;
      let took = 0;
      world.addProcess('slow', function* (client) {
        const sock = yield* client.connect(ADDRESS);
        for (let i = 0; i < MESSAGES; i++) {
          yield* sock.send(bulk(1000));
          if (i >= BEHIND) took += yield* take(sock, 1000);
          yield* client.sleep(i < BEHIND ? 0.01 : 3);
        }
        // Now it sends nothing; the last answers wait in the kernel.
        while (took < (MESSAGES - 10) * 1000) {
          took += yield* take(sock, 1000);
          yield* client.sleep(3);
        }
        yield* sock.shutdown();
        took += yield* take(sock, 11 * 1000);
      });
      // 30 answers of 3 s each are unsent at a time, and more come all the time.
      expect(run(world, serve, { idleTimeout: 10, sendTimeout: 100 })).toEqual([]);
      expect(took).toBe(MESSAGES * 1000);
    });

    test('sends all of a backlog of many answers, in their order, to one who takes them in the end', () => {
      const world = worldOf({ sendBuffer: 4096, receiveBuffer: 4096 });
      const COUNT = 300;
      let text = '';
      world.addProcess('bulk', function* (client) {
        const sock = yield* client.connect(ADDRESS);
        for (let i = 0; i < COUNT; i++) {
          yield* sock.send(`${String(i).padStart(3, '0')}${'x'.repeat(1021)}`);
          yield* client.sleep(0.001);
        }
        yield* sock.shutdown();
        text = (yield* sock.recvAll()).toString('latin1');
      });
      expect(run(world, serve, { maxUnsent: 10_000_000 })).toEqual([]);
      const numbers = [...text.matchAll(/:(\d{3})x/g)].map(([, number]) => Number(number));
      expect(numbers).toEqual(Array.from({ length: COUNT }, (_, i) => i));
    });
  });
}
