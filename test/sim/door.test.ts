// rfds/sim as users have it: processes as generators and as scripts, clients and servers, and what they are told.

import { describe, expect, test } from 'vitest';
import { run as runClient } from '../../src/programs/client.ts';
import { serve } from '../../src/programs/select-server.ts';
import { CallError, type Calling, explore, NotModelled, type ScriptStep, World } from '../../src/sim.ts';
import { AF_UNIX, create_server, SOCK_STREAM, socket } from '../../src/socket.ts';

const ADDRESS: readonly [string, number] = ['127.0.0.1', 12345];
const serveHere = () => serve(...ADDRESS);

/** One connection after another: what a client sent is sent back when it has ended its stream. */
function echo(): void {
  const listener = create_server(['127.0.0.1', 12345]);
  for (;;) {
    const [conn] = listener.accept();
    const parts: Buffer[] = [];
    for (let part = conn.recv(1024); part.length > 0; part = conn.recv(1024)) parts.push(part);
    conn.sendall(Buffer.concat(parts));
    conn.close();
  }
}

const quiet = { reason: 'quiet', violation: null };

describe('a process as a generator', () => {
  test('connects when someone listens, sends, receives and closes', () => {
    const world = new World();
    const seen: unknown[] = [];
    world.addProcess('client', function* (client) {
      const sock = yield* client.connect(ADDRESS);
      seen.push(yield* sock.send('Hello'), yield* sock.getsockname());
      seen.push(String(yield* sock.recv(1024)), client.name, client.time);
      yield* sock.close();
    });
    expect(world.run(serveHere)).toEqual(quiet);
    expect(seen).toEqual([5, ['127.0.0.1', 32768], '1700000000.0:Hello', 'client', 0]);
  });

  test('ends its stream, and receives to the end', () => {
    const world = new World();
    const seen: string[] = [];
    world.addProcess('client', function* (client) {
      const sock = yield* client.connect(ADDRESS);
      yield* sock.send('Hello');
      yield* sock.shutdown();
      seen.push(String(yield* sock.recvExactly(2)), String(yield* sock.recvAll()));
    });
    expect(world.run(echo)).toEqual(quiet);
    expect(seen).toEqual(['He', 'llo']);
  });

  test('is refused where nobody listens and it does not wait, with an error that it can catch', () => {
    const world = new World();
    const errors: unknown[] = [];
    world.addProcess('client', function* (client) {
      try {
        yield* client.connect(ADDRESS, { waits: false });
      } catch (error) {
        errors.push(error);
      }
    });
    expect(world.run(() => {})).toEqual({ reason: 'returned', violation: null });
    expect(errors).toEqual([expect.any(CallError)]);
    expect(errors[0]).toMatchObject({
      code: 'ECONNREFUSED',
      syscall: 'connect',
      message: 'connect(127.0.0.1:12345) failed: ECONNREFUSED',
    });
  });

  test('sleeps in virtual time', () => {
    const world = new World();
    const times: number[] = [];
    world.addProcess('client', function* (client) {
      times.push(client.time);
      yield* client.sleep(3600.5);
      times.push(client.time);
    });
    world.run(() => {});
    expect(times).toEqual([0, 3600.5]);
  });

  test('waits for what others bring about', () => {
    const world = new World();
    const order: string[] = [];
    world.addProcess('second', function* (process) {
      yield* process.until(() => order.length > 0);
      order.push('second');
    });
    world.addProcess('first', function* (process) {
      yield* process.sleep(1);
      order.push('first');
    });
    world.run(() => {});
    expect(order).toEqual(['first', 'second']);
  });

  test('may reset, which the program is told of', () => {
    const world = new World();
    world.addProcess('client', function* (client) {
      yield* (yield* client.connect(ADDRESS)).reset();
    });
    const program = () => {
      const [conn] = create_server(['127.0.0.1', 12345]).accept();
      conn.recv(1);
    };
    expect(world.run(program).violation).toMatchObject({
      kind: 'error',
      message: expect.stringContaining('ConnectionResetError'),
    });
  });

  test('connects to a UNIX socket', () => {
    const world = new World();
    const seen: string[] = [];
    world.addProcess('client', function* (client) {
      const sock = yield* client.connect('/run/echo');
      yield* sock.send('Hello');
      seen.push(String(yield* sock.recv(10)));
    });
    world.run(() => {
      const listener = socket(AF_UNIX, SOCK_STREAM);
      listener.bind('/run/echo');
      listener.listen();
      const [conn] = listener.accept();
      conn.sendall(conn.recv(10));
      conn.close();
      listener.close();
    });
    expect(seen).toEqual(['Hello']);
  });

  test('of which a call fails breaks the run, and the violation says whose it was', () => {
    const world = new World();
    world.addProcess('client 7', function* (client): Calling<void> {
      yield* client.connect(ADDRESS, { waits: false });
    });
    expect(world.run(() => {}).violation).toMatchObject({
      kind: 'peer',
      message: 'client 7: CallError: connect(127.0.0.1:12345) failed: ECONNREFUSED',
    });
  });

  test('whose call is not modelled breaks the run, too, and the program is not blamed', () => {
    const world = new World();
    world.addProcess('client', function* (client) {
      yield* client.call('getaddrinfo', 'localhost', null, new Int32Array(4), Buffer.alloc(64));
    });
    const { violation } = world.run(() => {});
    expect(violation).toMatchObject({
      kind: 'peer',
      message: 'client: NotModelled: the simulated kernel does not model getaddrinfo()',
    });
    expect(violation!.cause).toBeInstanceOf(NotModelled);
  });

  test('that waits for what never comes is a deadlock, and it says where', () => {
    const world = new World();
    world.addProcess('client', [{ connect: ADDRESS }]);
    expect(world.run(() => {}).violation).toMatchObject({
      kind: 'deadlock',
      message: 'client waits in connect to 127.0.0.1:12345, where nobody listens for what will never come',
    });
  });

  test('has no way to an address of no host', () => {
    const world = new World();
    world.addProcess('client', [{ connect: ['10.0.0.9', 80] }]);
    expect(world.run(() => {}).violation?.message).toBe(
      'client: RangeError: connect(): no host of this world has the address 10.0.0.9',
    );
  });
});

describe('a process as a script', () => {
  test('takes its steps, however the answer is cut', () => {
    const world = new World();
    world.addProcess('client', [
      { connect: ADDRESS },
      { send: 'Hello' },
      { wait: 0.25 },
      { send: Buffer.from(' again') },
      'shutdown',
      { receive: 3 },
      { expect: 'lo aga' },
      { expect: 'in' },
      'expectEnd',
      'close',
      { connectAtOnce: ADDRESS },
      'reset',
    ]);
    expect(world.run(echo).violation?.message).toContain('ConnectionResetError');
  });

  test.each<[string, ScriptStep[], string]>([
    [
      'other bytes',
      [{ connect: ADDRESS }, { send: 'Hello' }, 'shutdown', { expect: 'Howdy' }],
      'client: Unexpected: expected "Howdy", received "Hello"',
    ],
    [
      'an early end',
      [{ connect: ADDRESS }, { send: 'Hello' }, 'shutdown', { expect: 'Hello!' }],
      'client: Unexpected: expected "Hello!", and the stream ended behind "Hello"',
    ],
    [
      'no bytes at all',
      [{ connect: ADDRESS }, 'shutdown', { expect: 'Hello!' }],
      'client: Unexpected: expected "Hello!", and the stream ended before the first byte',
    ],
    [
      'more bytes',
      [{ connect: ADDRESS }, { send: 'Hello' }, 'shutdown', { receive: 1 }, 'expectEnd'],
      'client: Unexpected: expected the end of the stream, received "ello"',
    ],
  ])('that receives %s is a violation that says so', (_, steps, message) => {
    const world = new World();
    world.addProcess('client', steps);
    expect(world.run(echo).violation).toMatchObject({ kind: 'peer', message });
  });

  test('that stops reading blocks a program that sends more than the buffers hold', () => {
    const world = new World({ sendBuffer: 4096, receiveBuffer: 4096 });
    world.addProcess('client', [{ connect: ADDRESS }, 'stopReading']);
    let sent = 0;
    const { reason, violation } = world.run(() => {
      const [conn] = create_server(['127.0.0.1', 12345]).accept();
      for (;;) sent += conn.send(Buffer.alloc(1024));
    });
    expect({ reason, violation, sent }).toEqual({ ...quiet, sent: 8192 });
  });

  test.each<[unknown, RegExp]>([
    [['hello'], /^step 1 of the script: 'hello' is none; a step is one of 'accept', 'expectEnd', /],
    [[{ connect: 80 }], /^step 1 of the script: connect takes \[host, port\], or a path$/],
    [['close', { send: 5 }], /^step 2 of the script: send takes text or bytes$/],
    [[{ send: 'a', wait: 1 }], /^step 1 of the script: \{"send":"a","wait":1\} is none; /],
    [[{ receive: 0 }], /receive takes a number of bytes$/],
    [[{ wait: -1 }], /wait takes seconds$/],
  ])('%j is none, which is said at once', (steps, message) => {
    expect(() => new World().addProcess('client', steps as ScriptStep[])).toThrow(message);
  });

  test('that sends without a connection says which step does', () => {
    const world = new World();
    world.addProcess('client', [{ wait: 1 }, { send: 'Hello' }]);
    expect(world.run(() => {}).violation?.message).toBe(
      'client: TypeError: step 2 of the script: send without a connection',
    );
  });

  test('may be the server, and the program its client: the documented one', () => {
    const world = new World({ keepsOutput: true, input: 'Hello\nYou\n' });
    world.addProcess('server', [
      { listen: ADDRESS },
      'accept',
      { expect: '1700000000.0:Hello' },
      { send: '1700000000.0:1700000000.0:Hello' },
      { expect: '1700000000.0:You' },
      { send: '1700000000.0:1700000000.0:' },
      { wait: 1.5 },
      { send: 'You' },
      'expectEnd',
      'close',
    ]);
    const outcome = world.run(() => runClient('127.0.0.1', 12345, false));
    expect(outcome).toEqual({ reason: 'returned', violation: null });
    expect(world.program.stdout.text).toBe(
      'Type messages and press Enter\nTo quit: Ctrl+C or Ctrl+D\n' +
        '> 1700000000.0:1700000000.0:1700000000.0:Hello\n' +
        '> 1700000001.5:1700000000.0:1700000000.0:You\n> \n',
    );
  });
});

test('explore() visits every schedule of generators and scripts together', () => {
  const { found, isComplete, runs } = explore((world) => {
    world.addProcess('one', [
      { connect: ADDRESS },
      { send: 'one' },
      'shutdown',
      { expect: 'one' },
      'expectEnd',
    ]);
    world.addProcess('two', function* (client) {
      const sock = yield* client.connect(ADDRESS);
      yield* sock.send('two');
      yield* sock.shutdown();
      yield* sock.expect('two');
    });
    return echo;
  });
  expect(found).toBe(null);
  expect(isComplete).toBe(true);
  expect(runs).toBeGreaterThan(10);
});
