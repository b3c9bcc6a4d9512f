// What ends or stalls the documented loop does neither here: peers that never read, descriptors
// used up, more clients than select can see, signals.

import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { BlockingIOError } from '../../src/python/errors.ts';
import { AF_INET, SO_RCVBUF, SOCK_STREAM, SOL_SOCKET, socket } from '../../src/socket.ts';
import { loops, Server, within } from '../support/programs.ts';
import { Visitor } from '../support/visitor.ts';

const alphabet = Buffer.from('abcdefghijklmnopqrstuvwxyz');
const CHUNK = 1024;
const repeated = Buffer.alloc(alphabet.length + CHUNK, alphabet);
/** A chunk of the letters from a to z, again and again, from a place in that stream on. */
const chunkFrom = (place: number) => repeated.subarray(place % alphabet.length).subarray(0, CHUNK);

/** What the server did not add: its answers are `time:letters`. */
const lettersOf = (text: string) => text.replaceAll(/[\d.:]+/g, '');

/** A client that sends without reading. */
class Glutton {
  readonly socket = socket(AF_INET, SOCK_STREAM);
  sent = 0;

  constructor(port: number) {
    this.socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096);
    this.socket.connect(['127.0.0.1', port]);
    this.socket.setblocking(false);
  }

  // While it waits, this process reads what the server prints: else that would stop the server.

  /** Sends until the server has stopped reading: nothing more was taken in twenty attempts. */
  async stuff(): Promise<void> {
    for (let quiet = 0; quiet < 20; await setTimeout(5)) quiet = this.#flood() ? 0 : quiet + 1;
  }

  #flood(): boolean {
    const before = this.sent;
    try {
      for (;;) this.sent += this.socket.send(chunkFrom(this.sent));
    } catch (error) {
      if (!(error instanceof BlockingIOError)) throw error;
      return this.sent > before;
    }
  }

  /** Reads until everything that was sent has come back; returns it without the server's times. */
  async digest(): Promise<string> {
    this.socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 1 << 20);
    let answered = '';
    while (answered.length < this.sent) {
      try {
        for (;;) answered += lettersOf(this.socket.recv(65536).toString('latin1'));
      } catch (error) {
        if (!(error instanceof BlockingIOError)) throw error;
        await setTimeout(1);
      }
    }
    return answered;
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }
}

describe.each(loops)('the %s loop', (loop) => {
  test('serves the others while one client never reads', async () => {
    await using server = await Server.start(loop);
    const visitor = await Visitor.connect(server.port);
    using glutton = new Glutton(server.port);
    await within(glutton.stuff(), 'the server to be stuffed');
    await visitor.ask('Hello');
    // The blocking loop gives the glutton up; the others keep what it does not read.
    if (loop === 'select') await server.has(/dropped .*: send timed out after 5 s\n/, 'stderr');
    await visitor.ask('Hello again');
    await visitor.leave();
  });

  test.skipIf(loop === 'select')('answers a slow reader in full (select gives it up after 5 s)', async () => {
    await using server = await Server.start(loop);
    using glutton = new Glutton(server.port);
    await within(glutton.stuff(), 'the server to be stuffed');
    const answered = await within(glutton.digest(), 'the whole answer');
    expect(answered === Buffer.alloc(glutton.sent, alphabet).toString()).toBe(true);
    expect(server.stderr).toBe('');
  });

  test('turns clients away when descriptors are used up, and takes them again when there are some', async () => {
    // Enough for Node to load its modules, of which it opens many at once.
    const limit = 120;
    await using server = await Server.start(loop, {
      wrap: ['sh', '-c', `ulimit -n ${limit}; exec "$@"`, 'sh'],
    });
    const visitors = await Promise.all(Array.from({ length: limit }, () => Visitor.connect(server.port)));
    await Promise.all(visitors.map((visitor) => visitor.ask('Hello')));
    const served = visitors.filter(({ ending }) => ending === '');
    expect(served.length).toBeGreaterThan(5);
    expect(served.length).toBeLessThan(limit);
    for (const visitor of served) expect(visitor.received).toMatch(/:Hello$/);

    const [first, ...others] = served;
    await first.leave();
    // The server has seen it leave once it has answered another.
    await others[0].ask('has it left?');
    const late = await Visitor.connect(server.port);
    await late.ask('Hello');
    expect(late.received).toMatch(/:Hello$/);
    await Promise.all([late, ...others].map((visitor) => visitor.leave()));
    if (loop !== 'node') expect(server.stderr).toMatch(/turned a client away: accept EMFILE\n/);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends its conversations on %s, with status %i', async (signal, status) => {
    await using server = await Server.start(loop);
    const visitor = await Visitor.connect(server.port);
    await visitor.ask('Hello');
    expect(await server.stop(signal)).toBe(status);
    await visitor.dismissed();
    expect(visitor.ending).toBe('end');
    expect(server.stderr).toBe('');
  });
});

test('the select loop turns away clients beyond FD_SETSIZE and goes on with the rest', async () => {
  await using server = await Server.start('select');
  const first = await Visitor.connect(server.port);
  const visitors: Visitor[] = [];
  do {
    expect(visitors.length).toBeLessThan(1100);
    visitors.push(await Visitor.connect(server.port));
    await visitors.at(-1)!.ask('Hello');
  } while (visitors.at(-1)!.ending === '');
  await first.ask('Hello');
  await visitors[0].leave();
  await first.ask('Hello again');
  const late = await Visitor.connect(server.port);
  await late.ask('Hello');
  expect(late.received).toMatch(/:Hello$/);
  expect(server.stderr).toMatch(/turned a client away: descriptor 1024 is beyond the loop's reach/);
  for (const visitor of [first, late, ...visitors]) visitor.socket.destroy();
});

// A reader of one line is gone before a client is let in, one of two before one says something.
test.each(loops.flatMap((loop) => [1, 2].map((lines) => [loop, lines] as const)))(
  'the %s loop ends with one line once its stdout is read no more (after line %i)',
  async (loop, lines) => {
    const reader = `for i in $(seq ${lines}); do IFS= read -r line; echo "$line"; done`;
    await using server = await Server.start(loop, { wrap: ['sh', '-c', `"$@" | (${reader})`, 'sh'] });
    const visitor = await Visitor.connect(server.port);
    if (lines === 2) await server.has(/Accepted/);
    // Until the reader has ended, a line more may still fit into the pipe.
    for (let i = 0; visitor.ending === ''; i++) await visitor.ask(`line ${i}`);
    await within(server.exited, 'the end of the pipeline');
    expect(server.stderr).toBe('rfds server: write EPIPE\n');
    visitor.socket.destroy();
  },
);
