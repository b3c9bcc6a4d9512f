// The limits of `rfds server`, each with its line on stderr, in processes of their own; in virtual time, and with more
// cases, they are in test/sim.

import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Flooder } from '../support/flood.ts';
import { cli, loops, Program, Server, within } from '../support/programs.ts';
import { Visitor } from '../support/visitor.ts';

const limited = loops.filter((loop) => loop !== 'node');

/** Sends without receiving until the server has said something on stderr. */
async function floodUntilLogged(server: Server): Promise<Flooder> {
  const flooder = new Flooder(server.port);
  await server.has(new RegExp(`Accepted .*, ${flooder.port}\\)`));
  while (server.stderr === '') {
    try {
      flooder.flood(1 << 20);
    } catch (error) {
      // The server has dropped it, and its line is on the way.
      expect(['ECONNRESET', 'EPIPE']).toContain((error as NodeJS.ErrnoException).code);
      await server.has(/\n/, 'stderr');
    }
    await pause(10);
  }
  return flooder;
}

describe.concurrent.each(limited)('the %s loop', (loop) => {
  test('turns a client away that comes while --max-connections are there', async () => {
    await using server = await Server.start(loop, { args: ['--max-connections', '1'] });
    const first = await Visitor.connect(server.port);
    await first.ask('Hello');
    const second = await Visitor.connect(server.port);
    await second.dismissed();
    await first.ask('Hello again');
    await first.leave();
    await server.has(/\n/, 'stderr');
    expect(server.stderr).toBe('rfds server: turned a client away: 1 connection is the limit\n');
  });

  test('drops a client that is idle for --idle-timeout', async () => {
    await using server = await Server.start(loop, { args: ['--idle-timeout', '0.4'] });
    const visitor = await Visitor.connect(server.port);
    await visitor.ask('Hello');
    await visitor.dismissed();
    await server.has(/\n/, 'stderr');
    expect(server.stderr).toBe(`rfds server: dropped 127.0.0.1:${visitor.localPort}: idle for 0.4 s\n`);
  });

  test('drops a client that does not take its answers within --send-timeout', async () => {
    await using server = await Server.start(loop, { args: ['--send-timeout', '0.4'] });
    using flooder = await floodUntilLogged(server);
    expect(server.stderr).toBe(
      `rfds server: dropped 127.0.0.1:${flooder.port}: send timed out after 0.4 s\n`,
    );
    const visitor = await Visitor.connect(server.port);
    await visitor.ask('Hello');
    await visitor.leave();
  });

  test.skipIf(loop === 'select')('drops a client that leaves more than --max-unsent', async () => {
    await using server = await Server.start(loop, { args: ['--max-unsent', '100000'] });
    using flooder = await floodUntilLogged(server);
    const line = new RegExp(
      `^rfds server: dropped 127\\.0\\.0\\.1:${flooder.port}: 10\\d{4} bytes are unsent, the limit is 100000\n$`,
    );
    expect(server.stderr).toMatch(line);
  });
});

async function rfdsServer(...args: string[]) {
  await using program = new Program(process.execPath, [cli, 'server', ...args]);
  return { status: await within(program.exited, 'the end of rfds'), ...program };
}

test.each([
  ['--max-connections', '0', /It must be a whole number, 1-999999999/],
  ['--max-unsent', '1.5', /It must be a whole number, 1-999999999/],
  ['--idle-timeout', '0', /It must be a number above 0, such as 30 or 0\.5/],
  ['--send-timeout', 'x', /It must be a number above 0, such as 30 or 0\.5/],
])('%s %s is wrong usage, with status 2', async (option, value, text) => {
  const { status, stderr } = await rfdsServer(option, value);
  expect(stderr).toMatch(text);
  expect(status).toBe(2);
});

test.each([
  ['select', '--max-unsent', /--max-unsent is not for --loop select/],
  ['node', '--idle-timeout', /the limits are not for --loop node/],
])('--loop %s does not take %s: wrong usage, with status 2', async (loop, option, text) => {
  const { status, stderr } = await rfdsServer('--loop', loop, option, '1');
  expect(stderr).toMatch(text);
  expect(status).toBe(2);
});

test('--help says what the limits are without the options', async () => {
  const { stdout, status } = await rfdsServer('--help');
  expect(status).toBe(0);
  const text = stdout.replace(/\s+/g, ' ');
  expect(text).toMatch(/--max-connections <number> .*?default: no limit/);
  expect(text).toMatch(/--idle-timeout <seconds> .*?default: no limit/);
  expect(text).toMatch(/--max-unsent <bytes> .*?default: none is dropped; from 65536 on it is not read from/);
  expect(text).toMatch(/--send-timeout <seconds> .*?default: 5 for select.*?else no limit/);
});
