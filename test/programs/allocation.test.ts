// The poll and epoll loops allocate nothing per message once warm: a million messages
// leave the heap as it was.

import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Load, Sample } from '../../src/tools/compare/load.ts';
import { isLinux } from '../support/platform.ts';
import { Program, within } from '../support/programs.ts';

const program = fileURLToPath(new URL('./allocation-server.mjs', import.meta.url));
const loadProgram = fileURLToPath(new URL('../../dist/tools/compare/load.js', import.meta.url));

/** The smallest object is 16 bytes: one for every 32nd message would be beyond the slack. */
const MESSAGES = 1_000_000;
/** Room for what the messages do not cost: clients that come and go, the second's digits. */
const SLACK = 500_000;
const DEADLINE = 120_000;

/** Puts messages on a server, and returns how many it answered. */
async function answered(server: Program, port: number, messages: number): Promise<number> {
  const load: Load = {
    port,
    pid: server.pid,
    connections: 10,
    idle: 0,
    size: 64,
    warmupSeconds: 0,
    seconds: 100,
    messages,
  };
  await using client = new Program(process.execPath, [loadProgram, JSON.stringify(load)]);
  expect(await within(client.exited, 'the end of the load', DEADLINE)).toBe(0);
  return (JSON.parse(client.stdout) as Sample).messages;
}

/** How many bytes the server's heap has in use. */
async function used(server: Program): Promise<number> {
  const from = server.stderr.length;
  server.kill('SIGUSR2');
  return Number((await server.has(/used (\d+)\n/, 'stderr', from))[1]);
}

describe.skipIf(!isLinux)('a million messages (Linux: the load runs on epoll)', () => {
  test.each(['epoll', 'poll'])(
    'leave the heap of the %s loop as it was',
    async (loop) => {
      // Nothing is collected before 64 MiB are allocated: 16 bytes for a message would show.
      const node = [process.execPath, '--min-semi-space-size=64', '--max-semi-space-size=64', program, loop];
      await using server = new Program('sh', ['-c', 'exec "$0" "$@" >/dev/null', ...node]);
      const port = Number((await server.has(/port (\d+)\n/, 'stderr'))[1]);
      await answered(server, port, 50_000);

      const before = await used(server);
      expect(await answered(server, port, MESSAGES)).toBeGreaterThanOrEqual(MESSAGES);
      expect(Math.abs((await used(server)) - before)).toBeLessThan(SLACK);
    },
    DEADLINE,
  );
});
