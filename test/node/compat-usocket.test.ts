// The adapter that stands in for usocket: descriptors over UNIX streams, and what becomes of those that no one takes.

import { once } from 'node:events';
import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { waiting } from '../../src/async.ts';
import { UServer, USocket } from '../../src/node/compat/usocket.ts';
import { socketpair } from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';
import { module, run } from '../support/signalled.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rfds-usocket-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  expect(waiting()).toBe(0);
});

const pair = () => socketpair().map((sock) => new USocket({ fd: sock.detach() }));
const isOpen = (fd: number) => sys.fcntl(fd, sys.F_GETFD, 0) >= 0;
const closed = (...sockets: USocket[]) =>
  Promise.all(sockets.map((socket) => socket.closed || once(socket.destroy(), 'close')));

function fileWith(text: string): number {
  const name = path.join(folder, text);
  writeFileSync(name, text);
  return openSync(name, 'r');
}

function textOf(fd: number): string {
  const text = readFileSync(fd, 'utf8');
  closeSync(fd);
  return text;
}

describe('USocket', () => {
  test('writeWithFds: the descriptors come with their bytes, and the sender may close its own at once', async () => {
    const [near, far] = pair();
    const fds = [fileWith('one'), fileWith('two')];
    const came = once(far, 'fds');
    far.resume();
    expect(near.writeWithFds(Buffer.from('x'), fds)).toBe(true);
    for (const fd of fds) closeSync(fd);
    const [received] = await came;
    expect(received.map(textOf)).toEqual(['one', 'two']);
    await closed(near, far);
  });

  test('descriptors that wait for space are sent then, as they were when they were written', async () => {
    const [near, far] = pair();
    near.write(Buffer.alloc(1_000_000)); // More than the kernel takes at once.
    const fd = fileWith('later');
    expect(near.writeWithFds(Buffer.from('end'), [fd])).toBe(false);
    closeSync(fd);
    let bytes = 0;
    far.on('data', (data: Buffer) => {
      bytes += data.length;
    });
    const [received] = await once(far, 'fds');
    expect(received.map(textOf)).toEqual(['later']);
    near.end();
    await once(far, 'end');
    expect(bytes).toBe(1_000_003);
    await closed(near, far);
  });

  test("read(size, count) gives usocket's { data, fds }, null until there are enough; unshift gives back", async () => {
    const [near, far] = pair();
    const fd = fileWith('file');
    near.write({ data: Buffer.from('message'), fds: [fd], callback: () => closeSync(fd) });
    await once(far, 'readable');
    expect(far.read(7, 2)).toBeNull();
    expect(far.read(8, 1)).toBeNull();
    const message = far.read(7, 1)!;
    expect([String(message.data), message.fds.length]).toEqual(['message', 1]);
    far.unshift(message.data, message.fds);
    const again = far.read(7, null)!;
    expect([String(again.data), again.fds.map(textOf)]).toEqual(['message', ['file']]);
    await closed(near, far);
  });

  test('descriptors that no one takes are closed with it, and duplicates that were not sent', async () => {
    const [near, far] = pair();
    const fd = fileWith('lost');
    near.writeWithFds(Buffer.from('x'), [fd]);
    await once(far, 'readable');
    const kept = far.read(1, null)!.fds;
    far.unshift(null, kept);
    const [received] = kept.length > 0 ? kept : [-1];
    near.write(Buffer.alloc(1_000_000));
    near.writeWithFds(Buffer.from('x'), [fd]);
    const unsent = Array.from({ length: 64 }, (_, n) => n).filter((n) => isOpen(n) && isFile(n, fd));
    await closed(near, far);
    expect(isOpen(received)).toBe(false);
    // The caller's own is open, the duplicate that was to be sent is not.
    expect(unsent.filter(isOpen)).toEqual([fd]);
    closeSync(fd);
  });

  test('what is no descriptor, no bytes, too many: an error, and nothing is left open', async () => {
    const [near, far] = pair();
    const fd = fileWith('file');
    expect(() => near.writeWithFds(Buffer.from('x'), [fd, 98765])).toThrow(
      expect.objectContaining({ code: 'EBADF' }),
    );
    expect(() => near.writeWithFds(Buffer.alloc(0), [fd])).toThrow(RangeError);
    expect(() => near.writeWithFds(Buffer.from('x'), Array(254).fill(fd))).toThrow(RangeError);
    expect(Array.from({ length: 64 }, (_, n) => n).filter((n) => isOpen(n) && isFile(n, fd))).toEqual([fd]);
    expect(() => near.write([fd])).toThrow(RangeError); // Alone: the kernel would drop them.
    expect(() => near.write({ data: 7 as unknown as Buffer })).toThrow(TypeError);
    closeSync(fd);
    await closed(near, far);
  });

  test('connects to a server, is answered, and closes once both have ended', async () => {
    const server = new UServer();
    const name = path.join(folder, 'server');
    server.listen({ path: name, backlog: 4 });
    await once(server, 'listening');
    const accepted = once(server, 'connection');
    const client = new USocket(name);
    await once(client, 'connected');
    client.end({ data: Buffer.from('question') });
    const [peer] = (await accepted) as [USocket];
    let asked = '';
    peer.on('data', (data) => {
      asked += data;
    });
    await once(peer, 'end');
    peer.end(`answer to ${asked}`);
    const answer: Buffer[] = [];
    client.on('data', (data) => answer.push(data));
    await Promise.all([once(client, 'close'), once(peer, 'close')]);
    expect(String(Buffer.concat(answer))).toBe('answer to question');
    expect([client.fd, peer.fd]).toEqual([undefined, undefined]);
    server.close();
    server.close();
  });

  test('no server, a socket that is connected, one that is not: errors that say so', async () => {
    const [error] = await once(new USocket(path.join(folder, 'none')), 'error');
    expect(error).toMatchObject({ code: 'ENOENT', syscall: 'connect' });
    const [near, far] = pair();
    expect(() => near.connect('x')).toThrow('already connected');
    expect(() => new USocket().connect({})).toThrow(TypeError);
    const loose = new USocket();
    loose.write('x');
    expect((await once(loose, 'error'))[0].message).toBe('USocket not connected');
    await closed(near, far);
    const server = new UServer();
    server.listen(path.join(folder, 'missing', 'server'));
    expect((await once(server, 'error'))[0]).toMatchObject({ code: 'ENOENT', syscall: 'bind' });
  });

  test('may be destroyed in its own callback, twice, with more to read', async () => {
    const [near, far] = pair();
    far.on('fds', (fds: number[]) => {
      far.destroy();
      far.destroy();
      far.closeFds(fds);
    });
    far.resume();
    const fd = fileWith('file');
    near.on('error', () => {});
    for (let i = 0; i < 5; i++) near.writeWithFds(Buffer.from('x'), [fd]);
    await once(far, 'close');
    closeSync(fd);
    await closed(near);
  });

  test('unref: a socket that is read from does not keep the process alive; a server that pauses accepts later', async () => {
    const { stdout, status } = await run(`
      import { USocket } from ${module('node/compat/usocket')};
      const [near, far] = socketpair().map((sock) => new USocket({ fd: sock.detach() }));
      near.unref().on('data', () => {});
      far.on('data', () => {}).unref();
      process.on('exit', () => print('ended'));`);
    expect([stdout, status]).toEqual(['ended\n', 0]);

    const server = new UServer();
    server.pause();
    const name = path.join(folder, 'paused');
    server.listen(name);
    await once(server, 'listening');
    const client = new USocket(name);
    let isAccepted = false;
    const accepted = once(server, 'connection').then(([peer]) => {
      isAccepted = true;
      return peer as USocket;
    });
    await once(client, 'connected');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isAccepted).toBe(false);
    server.resume();
    await closed(client, await accepted);
    server.close();
  });

  test('runs in workers, and ends with them', async () => {
    const { stdout, status } = await run(`
      import { Worker } from 'node:worker_threads';
      const code = \`
        import { USocket } from ${JSON.stringify(module('node/compat/usocket')).slice(1, -1)};
        import { socketpair } from ${JSON.stringify(module('socket')).slice(1, -1)};
        import { parentPort } from 'node:worker_threads';
        const [near, far] = socketpair().map((sock) => new USocket({ fd: sock.detach() }));
        far.on('fds', (fds) => parentPort.postMessage(fds.length)).resume();
        near.writeWithFds(Buffer.from('x'), [0, 1]);
      \`;
      const workers = Array.from({ length: 4 }, () => new Worker(code, { eval: true }));
      const said = await Promise.all(workers.map((worker) => new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))));
      await Promise.all(workers.map((worker) => worker.terminate()));
      print(said.join(' '));`);
    expect([stdout, status]).toEqual(['2 2 2 2\n', 0]);
  });
});

function isFile(a: number, b: number): boolean {
  const [one, other] = [fstatSync(a), fstatSync(b)];
  return one.ino === other.ino && one.dev === other.dev;
}
