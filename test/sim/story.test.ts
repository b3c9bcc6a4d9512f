// The story of a schedule: who did what, in which order, from which line, and where it was chosen.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SIGTERM, signal } from '../../src/signal.ts';
import { type Build, explore, replay, story } from '../../src/sim.ts';
import { create_server } from '../../src/socket.ts';

const ADDRESS: readonly [string, number] = ['127.0.0.1', 12345];

/** Answers whatever comes first, as if a message were one recv(): the mistake of every beginner. */
function answersOnce(): void {
  const listener = create_server(['127.0.0.1', 12345]);
  const [conn] = listener.accept();
  conn.sendall(conn.recv(100));
  conn.close();
  listener.close();
}

const asks: Build = (world) => {
  world.addProcess('client', [
    { connect: ADDRESS },
    { send: 'Hello' },
    { expect: 'Hello' },
    'expectEnd',
    'close',
  ]);
  return answersOnce;
};

/** Without the numbers of this file's lines. */
const placeless = (text: string) => text.replace(/story\.test\.ts:\d+/g, 'story.test.ts:N');

/** The lines of who does what: [star or '', who, what]. */
const lines = (text: string) =>
  [...text.matchAll(/^ *\d+ ([* ]) (.{7,16}?) {2}(.*?)(?: {2,}\S+:\d+)?$/gm)].map(([, star, who, what]) => [
    star.trim(),
    who.trim(),
    what.trim(),
  ]);

describe('story()', () => {
  test('tells the shortest schedule that breaks a program, with a star at what made it', () => {
    const { found } = explore(asks, { world: { cuts: 1 } });
    const { schedule } = found!;
    expect(placeless(story(asks, found!))).toBe(
      `\
client: Unexpected: expected "Hello", and the stream ended behind "H"

On the simulated kernel, schedule '${schedule}'. A star (*) stands where something else happens than would by itself.

  1   program  socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3  test/sim/story.test.ts:N
  2   program  setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1]) = 0          test/sim/story.test.ts:N
  3   program  bind(3, 127.0.0.1:12345) = 0                              test/sim/story.test.ts:N
  4   program  listen(3, 128) = 0                                        test/sim/story.test.ts:N
  5   program  accept4(3, …, SOCK_CLOEXEC) waits                         test/sim/story.test.ts:N
  6   client   socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
  7   client   connect(3, 127.0.0.1:12345) = 0
  8   program  accept4() = 4
  9   program  recv(4, …, 100) waits                                     test/sim/story.test.ts:N
 10   client   send(3, "Hello", 5) = 5
 11 * world    of 5 bytes that are sent, the first one arrives alone
 12   program  recv() = 1
 13   program  send(4, "H", 1, MSG_NOSIGNAL) = 1                         test/sim/story.test.ts:N
 14   program  close(4) = 0                                              test/sim/story.test.ts:N
 15   program  close(3) = 0                                              test/sim/story.test.ts:N
 16   client   recv(3, "H", 5) = 1
 17   client   recv(3, "", 4) = 0

client: Unexpected: expected "Hello", and the stream ended behind "H"
`,
    );
  });

  test('has the star at the process that went on although the program could', () => {
    const build: Build = (world) => {
      world.addProcess('client', [
        { connect: ADDRESS },
        { send: 'A' },
        { send: 'B' },
        { expect: 'A' },
        'stopReading',
      ]);
      return () => {
        const [conn] = create_server(['127.0.0.1', 12345]).accept();
        const data = conn.recv(100);
        if (data.length > 1) throw new Error(`at once: ${data}`);
        conn.sendall(data);
        conn.recv(100);
        conn.recv(100);
      };
    };
    const { found } = explore(build);
    const told = story(build, found!);
    expect(told).toMatch(/^error: the program threw Error: at once: AB\n/);
    const starred = lines(told).filter(([star]) => star !== '');
    expect(starred).toEqual([['*', 'client', 'send(3, "B", 1) = 1']]);
  });

  test('of the ordinary run has no star', () => {
    const told = story(asks, { schedule: '' });
    expect(told).toMatch(
      /^On the simulated kernel, schedule ''\. All that happens is what happens by itself\.\n/,
    );
    expect(lines(told).filter(([star]) => star !== '')).toEqual([]);
    expect(lines(told).at(-1)).toEqual(['', 'client', 'close(3) = 0']);
  });

  test('is the same each time, and gives the line in which a call was made', () => {
    const one = story(asks, { schedule: '' });
    expect(story(asks, { schedule: '' })).toBe(one);
    const accept = one.split('\n').find((text) => text.includes('accept4(3'))!;
    const [, number] = /story\.test\.ts:(\d+)$/.exec(accept)!;
    const source = readFileSync(new URL(import.meta.url), 'utf8').split('\n');
    expect(source[Number(number) - 1]).toContain('listener.accept();');
  });

  test('says when virtual time goes on', () => {
    const waits: Build = (world) => {
      world.addProcess('client', [{ connect: ADDRESS }, { wait: 1.5 }, { send: 'Hello' }, { receive: 5 }]);
      return answersOnce;
    };
    const told = story(waits, { schedule: '' });
    expect(told).toMatch(/\n {7}1\.5 s\n/);
    expect(told.indexOf('1.5 s')).toBeGreaterThan(told.indexOf('connect('));
    expect(told.indexOf('1.5 s')).toBeLessThan(told.indexOf('send('));
  });

  test('says which call was made to fail, and how', () => {
    const { found } = explore(asks, { world: { faults: 1, faultsOf: { accept4: ['EMFILE'] } } });
    const told = story(asks, found!);
    expect(told).toMatch(/^error: the program threw OSError: /);
    const starred = lines(told).filter(([star]) => star !== '');
    expect(starred).toEqual([['*', 'world', 'accept4 fails with EMFILE']]);
    expect(told).toMatch(/accept4\(3, .*\) = -1 EMFILE/);
  });

  test('says which call never returned, and of whom', () => {
    const build: Build = (world) => {
      world.addProcess('client', [{ connect: ADDRESS }, { receive: 1 }]);
      return answersOnce;
    };
    const told = story(build, { schedule: '' });
    expect(told).toMatch(/^deadlock: client waits in recv for what will never come\n/);
    expect(lines(told).at(-1)).toEqual(['', 'program', 'recv(4, …, 100) never returns']);
  });

  test('tells of a signal', () => {
    const build: Build = (world) => {
      world.addSignal(SIGTERM, 2);
      return () => {
        let isStopped = false;
        const before = signal(SIGTERM, () => {
          isStopped = true;
          throw new Error('stop');
        });
        const listener = create_server(['127.0.0.1', 12345]);
        try {
          listener.accept();
        } catch (error) {
          if (!isStopped) throw error;
        } finally {
          listener.close();
          signal(SIGTERM, before);
        }
      };
    };
    const told = lines(story(build, { schedule: '' }));
    expect(told).toContainEqual(['', 'world', `signal ${SIGTERM} comes`]);
    expect(told).toContainEqual(['', 'program', 'accept4() = -1 EINTR']);
  });

  test('has the message of a check of the user’s own', () => {
    const check = () => {
      throw new Error('nobody said goodbye');
    };
    const { found } = explore(asks, { check });
    expect(story(asks, found!)).toMatch(/^nobody said goodbye\n[\s\S]*\n\nnobody said goodbye\n$/);
  });

  test('needs the bounds that the schedule was found with, which are kept with it', () => {
    const { found } = explore(asks, { world: { cuts: 1 } });
    expect(found!.options).toMatchObject({ cuts: 1 });
    expect(replay(asks, found!.schedule, found!.options).outcome.violation).toMatchObject({
      message: found!.violation.message,
    });
    expect(replay(asks, found!.schedule).outcome.violation).toBe(null);
  });
});
