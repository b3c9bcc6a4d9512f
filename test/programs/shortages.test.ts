// What a server does when the kernel is short of something, or its own output of readers: the clients that it
// has are served on.

import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { faultyServer } from '../support/faulty-server.ts';
import { Flooder } from '../support/flood.ts';
import { FullPipe } from '../support/full-pipe.ts';
import { isLinux } from '../support/platform.ts';
import { cli, freePort, loops, Program, Server, within } from '../support/programs.ts';
import { Visitor } from '../support/visitor.ts';

const shortages: [loop: string, fault: string, logged: RegExp][] = [
  ['select', 'select ENOMEM', /^rfds server: dropped 127\.0\.0\.1:\d+: select ENOMEM\n$/],
  ['poll', 'poll ENOMEM', /^rfds server: dropped 127\.0\.0\.1:\d+: poll ENOMEM\n$/],
];
if (isLinux) {
  for (const loop of ['epoll', 'epoll-edge', 'selectors']) {
    for (const name of ['ENOSPC', 'ENOMEM']) {
      const logged = new RegExp(`^rfds server: turned a client away: epoll_ctl ${name}\n$`);
      shortages.push([loop, `epoll_ctl ${name}`, logged]);
    }
  }
}

test.each(shortages)(
  'the %s loop turns one client away on %s, and serves the others',
  async (loop, fault, logged) => {
    await using server = await faultyServer(loop, fault);
    const first = await Visitor.connect(server.port);
    await first.ask('Hello');
    const second = await Visitor.connect(server.port);
    await second.ask('Hello');
    const third = await Visitor.connect(server.port);
    await third.dismissed();
    await first.ask('Hello again');
    await second.ask('Hello again');
    expect(server.stderr).toMatch(logged);
    await first.leave();
    await second.leave();
  },
);

// What a wait may lack: Linux says ENOMEM, macOS EAGAIN.
const noMemory = ['select', 'poll'].flatMap((loop) => ['ENOMEM', 'EAGAIN'].map((name) => [loop, name]));

test.each(noMemory)(
  'the %s loop, whose wait fails with %s before there is a client, waits until there is memory, and logs one line',
  async (loop, name) => {
    // Of select every second call is the pause in between, which needs no memory; of poll the second is the log's.
    const when = loop === 'select' ? '1..9' : '1';
    const wrap = ['env', `RFDS_FAULTS=${loop}:error=${name}:when=${when}`];
    await using server = await Server.start(loop, { wrap });
    const visitor = await Visitor.connect(server.port);
    await visitor.ask('Hello');
    expect(server.stderr).toBe(`rfds server: no client to turn away: ${loop} ${name}\n`);
    await visitor.leave();
  },
);

test('the select loop ends by a signal though its wait goes on failing', async () => {
  await using server = await Server.start('select', { wrap: ['env', 'RFDS_FAULTS=select:error=ENOMEM'] });
  await server.has(/no client to turn away: select ENOMEM\n/, 'stderr');
  expect(await server.stop('SIGTERM')).toBe(143);
});

test.each(loops.filter((loop) => loop !== 'node'))(
  'the %s loop serves its clients while one can be neither accepted nor turned away, and logs one line',
  async (loop) => {
    await using server = await faultyServer(loop, 'accept ENFILE');
    const first = await Visitor.connect(server.port);
    await first.ask('Hello');
    const second = await Visitor.connect(server.port);
    await second.ask('Hello');
    const third = await Visitor.connect(server.port);
    await server.has(/\n/, 'stderr');
    await first.ask('Hello again');
    await second.ask('Hello again');
    // It is accepted once there are descriptors again.
    await third.ask('Hello');
    expect(server.stderr).toMatch(/^rfds server: a client waits: accept4? ENFILE, .*\n$/);
    for (const visitor of [first, second, third]) await visitor.leave();
  },
);

describe.each(loops)('the %s loop', (loop) => {
  test('serves its clients while its stderr is full, and says then how many lines that cost', async () => {
    using stderr = new FullPipe();
    const wrap = ['sh', '-c', 'pipe="$0"; exec "$@" 2>"$pipe"', stderr.path];
    await using server = await Server.start(loop, { wrap });
    const visitor = await Visitor.connect(server.port);
    for (let i = 0; i < 3; i++) {
      const leaving = await Visitor.connect(server.port);
      await leaving.ask('Hello');
      await leaving.reset();
      await visitor.ask('Hello');
    }
    // Once more: it may have been answered before the last reset was seen.
    await visitor.ask('Hello');
    expect(stderr.read()).toBe('');
    const last = await Visitor.connect(server.port);
    await last.ask('Hello');
    expect(stderr.read()).toBe('rfds server: stderr was full: 3 lines like these were dropped\n');
    await last.reset();
    for (let i = 0; i < 2; i++) await visitor.ask('Hello');
    expect(stderr.read()).toMatch(
      new RegExp(`^rfds server: dropped 127\\.0\\.0\\.1:${last.localPort}: (recv|read) ECONNRESET\n$`),
    );
    await visitor.leave();
  });
});

test('the node loop reads no more from its clients while its stdout is full', async () => {
  const limit = 4 << 20;
  using stdout = new FullPipe();
  const port = await freePort();
  const own = [
    process.execPath,
    cli,
    'server',
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
    '--loop',
    'node',
  ];
  const args = ['-c', 'pipe="$0"; exec "$@" >"$pipe"', stdout.path, ...own];
  await using server = new Program('sh', args);
  await server.has(/Listening/, 'stderr');
  using flooder = new Flooder(port);
  let [sent, answered] = [0, 0];
  // Until nothing was taken or answered in twenty attempts: the rest is in the kernel's buffers.
  for (let quiet = 0; quiet < 20 && answered < limit; quiet++) {
    const [more, answers] = [flooder.flood(65536), flooder.drain()];
    sent += more;
    answered += answers;
    if (more > 0 || answers > 0) quiet = -1;
    await pause(5);
  }
  expect(answered).toBeLessThan(limit / 4);

  let printed = 0;
  const readOn = async () => {
    for (; answered < sent; answered += flooder.drain()) {
      printed += stdout.read().length;
      await pause(1);
    }
  };
  await within(readOn(), 'the rest of the answers');
  expect(printed).toBeGreaterThan(answered / 2);
});
