// The loops on the simulated kernel: a conversation of each.

import { describe, expect, test } from 'vitest';
import { packInet } from '../../src/kernel/structs/sockaddr.ts';
import { serve as serveEpoll } from '../../src/programs/epoll-server.ts';
import { serve as serveSelect } from '../../src/programs/select-server.ts';
import { World } from '../../src/sim/world.ts';

const HOST = Uint8Array.of(127, 0, 0, 1);
const PORT = 12345;

describe.each([
  ['select', serveSelect],
  ['epoll', serveEpoll],
])('the %s loop on the simulated kernel', (_, serve) => {
  test('answers a client, and ends without a descriptor left', () => {
    const world = new World({ keepsOutput: true });
    let reply = '';
    world.addPeer('client', function* () {
      const { ports } = world.localhost;
      yield { until: () => world.localhost.listenerFor(HOST, PORT) !== null, what: 'connect', shared: ports };
      const fd = yield ['socket', 2, 1, 0];
      yield ['connect', fd, packInet(HOST, PORT)];
      yield ['send', fd, Buffer.from('Hello'), 0];
      const buffer = Buffer.alloc(100);
      const n = yield ['recv', fd, buffer, 0];
      reply = buffer.toString('latin1', 0, n);
      yield ['close', fd];
    });
    expect(world.run(() => serve('127.0.0.1', PORT))).toEqual({ reason: 'quiet', violation: null });
    expect(reply).toBe('1700000000.0:Hello');
    expect(world.program.stdout.text).toBe(
      "Accepted connection from ('127.0.0.1', 32768)\n[127.0.0.1:32768] 1700000000.0:b'Hello'\n",
    );
  });
});
