// Sends that never wait, on blocking sockets, where the kernel heeds MSG_DONTWAIT and where it does not.

import { describe, expect, test, vi } from 'vitest';
import { afterTest } from '../support/cleanup.ts';

/** The modules, loaded anew: send-dontwait.ts finds out what the kernel does when it is loaded. */
async function load() {
  vi.resetModules();
  return {
    ...(await import('../../src/programs/serving/send-dontwait.ts')),
    ...(await import('../../src/programs/serving/sendall-timeout.ts')),
    ...(await import('../support/sockets.ts')),
    sys: await import('../../src/syscalls.ts'),
  };
}

/** With XNU's send(2): it does not look at MSG_DONTWAIT, only at O_NONBLOCK. */
async function loadAsOnXnu(): ReturnType<typeof load> {
  vi.doMock('../../src/socket.ts', async (original) => ({
    ...(await original<typeof import('../../src/socket.ts')>()),
    SOCK_NONBLOCK: undefined,
  }));
  afterTest(() => vi.doUnmock('../../src/socket.ts'));
  const modules = await load();
  const { sys } = modules;
  const detach = sys.attach((name, call) => {
    if (name !== 'send') return call;
    return (fd, buf, offset, length, flags) => {
      // It would wait for ever: the tests have one thread.
      const isBlocking = (sys.fcntl(fd as number, sys.F_GETFL, 0) & sys.O_NONBLOCK) === 0;
      const result = call(fd, buf, offset, length, flags);
      if (result === -sys.EAGAIN && isBlocking) throw new Error('send() blocks');
      return result;
    };
  });
  afterTest(detach);
  return modules;
}

describe.each([
  ['where send(2) heeds MSG_DONTWAIT', load],
  ['where it does not (XNU)', loadAsOnXnu],
])('%s', (_, prepare) => {
  test('what the kernel does not take is 0 bytes sent, and the socket blocks as before', async () => {
    const { sendDontwait, pair, sys } = await prepare();
    const [near] = pair();
    const chunk = Buffer.alloc(65536);
    let sent = 0;
    for (let n = 1; n > 0; sent += n) n = sendDontwait(near, chunk);
    expect(sent).toBeGreaterThan(0);
    expect(near.gettimeout()).toBeNull();
    expect(sys.fcntl(near.fileno(), sys.F_GETFL, 0) & sys.O_NONBLOCK).toBe(0);
  });

  test('a peer that never reads is a timeout', async () => {
    const { sendallWithin, pair } = await prepare();
    const [near] = pair();
    expect(() => sendallWithin(near, Buffer.alloc(1 << 22), 0.01)).toThrow(/send timed out after 0.01 s/);
  });

  test('a peer that is gone is its error, and the socket blocks as before', async () => {
    const { sendDontwait, pair } = await prepare();
    const [near, far] = pair();
    far.close();
    expect(() => sendDontwait(near, Buffer.from('x'))).toThrow(expect.objectContaining({ code: 'EPIPE' }));
    expect(near.gettimeout()).toBeNull();
  });
});

test('where it is heeded, a send is one call', async () => {
  const { sendDontwait, pair, sys } = await load();
  const [near] = pair();
  const calls: unknown[] = [];
  afterTest(
    sys.attach((name, call) => (...args) => {
      calls.push([name, (args[4] as number) & sys.MSG_DONTWAIT]);
      return call(...args);
    }),
  );
  expect(sendDontwait(near, Buffer.from('Hello'))).toBe(5);
  expect(calls).toEqual(process.platform === 'linux' ? [['send', sys.MSG_DONTWAIT]] : expect.any(Array));
});
