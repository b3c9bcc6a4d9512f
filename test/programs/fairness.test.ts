// No client, however much it sends, holds up another, a new one, or a signal.

import { describe, expect, test } from 'vitest';
import { faultyServer } from '../support/faulty-server.ts';
import { Flooder } from '../support/flood.ts';
import { loops, Server, within } from '../support/programs.ts';
import { Visitor } from '../support/visitor.ts';

/** A message of 1024 bytes is a line; a loop may serve a few of them before it looks at the others. */
const LINES_AT_MOST = 8;
const BACKLOG = 65536;

const linesOf = (port: number, stdout: string) =>
  stdout.split('\n').filter((line) => line.startsWith(`[127.0.0.1:${port}] `)).length;

describe.each(loops)('the %s loop', (loop) => {
  test('answers a new client before it has answered all that another sent', async () => {
    await using server = await Server.start(loop);
    using flooder = new Flooder(server.port);
    await server.has(new RegExp(`Accepted .*, ${flooder.port}\\)`));
    // All of it waits when the server looks again: the flood, the new client, and what that says.
    server.kill('SIGSTOP');
    expect(flooder.flood(4 * BACKLOG)).toBeGreaterThanOrEqual(BACKLOG);
    const visitor = await Visitor.connect(server.port);
    await visitor.send('Hello');
    server.kill('SIGCONT');
    await visitor.answered('Hello'.length);
    await server.has(new RegExp(`:${visitor.localPort}\\] .*Hello`));
    const [before] = server.stdout.split(`[127.0.0.1:${visitor.localPort}]`);
    expect(linesOf(flooder.port, before)).toBeLessThanOrEqual(LINES_AT_MOST);
    visitor.socket.destroy();
  });

  test.skipIf(loop === 'node')('ends on SIGTERM before it has answered all that a client sent', async () => {
    await using server = await faultyServer(loop, 'recv SIGTERM');
    using flooder = new Flooder(server.port);
    await server.has(new RegExp(`Accepted .*, ${flooder.port}\\)`));
    server.kill('SIGSTOP');
    expect(flooder.flood(4 * BACKLOG)).toBeGreaterThanOrEqual(BACKLOG);
    server.kill('SIGCONT');
    expect(await within(server.exited, 'the end of the server')).toBe(143);
    expect(linesOf(flooder.port, server.stdout)).toBeLessThanOrEqual(LINES_AT_MOST);
  });
});
