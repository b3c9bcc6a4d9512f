// The adapters that stand in for other packages: what those packages' own tests (npm run peers) do not ask.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { waiting } from '../../src/async.ts';
import { Epoll } from '../../src/node/compat/epoll.ts';
import { createSocket, type RemoteInfo, type Socket } from '../../src/node/compat/unix-dgram.ts';
import * as sys from '../../src/syscalls.ts';
import { isLinux } from '../support/platform.ts';
import { module, run } from '../support/signalled.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rfds-compat-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  expect(waiting()).toBe(0);
});

const server = (listener?: (buf: Buffer, rinfo: RemoteInfo) => void) => {
  const sock = createSocket('unix_dgram', listener);
  sock.bind(path.join(folder, 'server'));
  return sock;
};
const received = (sock: Socket) =>
  new Promise<[Buffer, RemoteInfo]>((resolve) =>
    sock.once('message', (...args) => resolve(args as [Buffer, RemoteInfo])),
  );

describe('unix-dgram', () => {
  test('has messages with their bounds, an empty one too, and tells who sent them', async () => {
    const sock = server();
    const client = createSocket('unix_dgram');
    const came: [string, string | null][] = [];
    const done = new Promise<void>((resolve) => {
      sock.on('message', (buf, { path }) => {
        came.push([String(buf), path]);
        if (came.length === 3) resolve();
      });
    });
    const first = received(sock);
    client.send(Buffer.from('one'), 0, 3, path.join(folder, 'server'));
    await first; // The kernel looks for the sender's name when the message is received.
    client.bind(path.join(folder, 'client'));
    client.send(Buffer.from('xtwox'), 1, 3, path.join(folder, 'server'));
    client.send(Buffer.alloc(0), 0, 0, path.join(folder, 'server'));
    await done;
    const name = path.join(folder, 'client');
    expect(came).toEqual([
      ['one', null],
      ['two', name],
      ['', name],
    ]);
    sock.close();
    client.close();
  });

  test('may be closed in its own callback, with more messages waiting, and a second time throws EBADF', async () => {
    let messages = 0;
    const sock = server(() => {
      messages++;
      sock.close();
    });
    const client = createSocket('unix_dgram');
    for (let i = 0; i < 5; i++) client.send(Buffer.from('x'), 0, 1, path.join(folder, 'server'));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(messages).toBe(1);
    expect(() => sock.close()).toThrow(expect.objectContaining({ code: -sys.EBADF, syscall: 'close' }));
    client.close();
  });

  test('connects again to a server that was replaced', async () => {
    const first = server();
    const client = createSocket('unix_dgram');
    client.connect(path.join(folder, 'server'));
    first.close();
    let refused: (Error & { code?: number }) | undefined;
    client.send(Buffer.from('x'), (error) => {
      refused = error;
    });
    expect(refused?.code).toBe(-sys.ECONNREFUSED);
    rmSync(path.join(folder, 'server'));
    const second = server();
    client.connect(path.join(folder, 'server'));
    const message = received(second);
    client.send(Buffer.from('again'));
    expect(String((await message)[0])).toBe('again');
    second.close();
    client.close();
  });

  test('runs in workers, and ends with them', async () => {
    const { stdout, status } = await run(`
      import { Worker } from 'node:worker_threads';
      const code = \`
        import { createSocket } from ${JSON.stringify(module('node/compat/unix-dgram')).slice(1, -1)};
        import { parentPort, threadId } from 'node:worker_threads';
        const name = '\\\\0rfds-compat-' + process.pid + '-' + threadId;
        const server = createSocket('unix_dgram', (buf) => parentPort.postMessage(String(buf)));
        server.bind(name);
        createSocket('unix_dgram').send(Buffer.from('hello'), 0, 5, name);
      \`;
      const workers = Array.from({ length: 4 }, () => new Worker(code, { eval: true }));
      const said = await Promise.all(workers.map((worker) => new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))));
      await Promise.all(workers.map((worker) => worker.terminate()));
      print(said.join(' '));`);
    expect([stdout, status]).toEqual(['hello hello hello hello\n', 0]);
  });
});

describe.runIf(isLinux)('epoll', () => {
  test('throws as epoll_ctl does, and for every method once it is closed', () => {
    const poller = new Epoll(() => {});
    expect(() => poller.add(98765, Epoll.EPOLLIN!)).toThrow(expect.objectContaining({ code: 'EBADF' }));
    expect(() => poller.remove(0)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    poller.close();
    expect(poller.closed).toBe(true);
    expect(() => poller.close()).toThrow("close can't be called after calling close");
    expect(() => poller.add(0, 1)).toThrow("add can't be called after calling close");
    expect(() => new Epoll(null as unknown as () => void)).toThrow(TypeError);
  });

  test('calls back once for EPOLLONESHOT, until it is modified, and may be closed in the callback', async () => {
    const fds = new Int32Array(2);
    sys.pipe(fds);
    const [reader, writer] = fds;
    let calls = 0;
    await new Promise<void>((resolve) => {
      const poller = new Epoll((_, fd, events) => {
        expect([fd, events & sys.EPOLLIN!]).toEqual([reader, sys.EPOLLIN]);
        if (++calls === 1) {
          setTimeout(() => {
            expect(calls).toBe(1);
            poller.modify(fd, Epoll.EPOLLIN! | Epoll.EPOLLONESHOT!);
          }, 20);
        } else {
          poller.close();
          resolve();
        }
      });
      poller.add(reader, Epoll.EPOLLIN! | Epoll.EPOLLONESHOT!);
      sys.write(writer, Buffer.from('x'));
    });
    expect(calls).toBe(2);
    sys.close(reader);
    sys.close(writer);
  });
});
