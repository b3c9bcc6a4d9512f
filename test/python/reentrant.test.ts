// A signal's handler that makes the calls that it interrupted: neither call sees or spoils what the other received.

import { afterEach, expect, test } from 'vitest';
import { SIG_DFL, SIGALRM, signal } from '../../src/signal.ts';
import { SOCK_DGRAM, type Socket } from '../../src/socket.ts';
import { withAlarms } from '../support/alarms.ts';
import { pair } from '../support/sockets.ts';

afterEach(() => {
  signal(SIGALRM, SIG_DFL);
});

test.each<[string, (sock: Socket) => Buffer]>([
  ['recv', (sock) => sock.recv(64)],
  ['recvfrom', (sock) => sock.recvfrom(64)[0]],
  ['recvmsg', (sock) => sock.recvmsg(64)[0]],
])(
  'a handler that receives while %s waits takes nothing of it, and both get their own bytes',
  (_, receive) => {
    const [near, far] = pair();
    const [nearInHandler, farInHandler] = pair(SOCK_DGRAM);
    const sent: string[] = [];
    const received: Buffer[] = [];
    let own: Buffer | undefined;
    withAlarms(
      (count) => {
        sent.push(`in handler ${count}`);
        farInHandler.send(Buffer.from(`in handler ${count}`));
        received.push(receive(nearInHandler));
        if (count === 3) far.send(Buffer.from('the interrupted call'));
      },
      () => {
        own = receive(near);
      },
    );
    expect(String(own)).toBe('the interrupted call');
    // Handlers may run within handlers: in any order.
    expect(sent.length).toBeGreaterThanOrEqual(3);
    expect(received.map(String).sort()).toEqual(sent.sort());
  },
);
