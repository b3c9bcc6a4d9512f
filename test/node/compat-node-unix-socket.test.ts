// The adapter that stands in for node-unix-socket: what its own specs (npm run peers) do not ask.

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { waiting } from '../../src/async.ts';
import {
  closeFd,
  createReuseportFd,
  DgramSocket,
  SeqpacketServer,
  SeqpacketSocket,
} from '../../src/node/compat/node-unix-socket.ts';
import { AF_UNIX, SOCK_SEQPACKET, socketpair } from '../../src/socket.ts';
import { isLinux } from '../support/platform.ts';
import { module, run } from '../support/signalled.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rfds-node-unix-socket-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  expect(waiting()).toBe(0);
});
const at = (name: string) => path.join(folder, name);
const pair = () => socketpair(AF_UNIX, SOCK_SEQPACKET).map((sock) => new SeqpacketSocket(sock.detach()));

describe.runIf(isLinux)('seqpacket', () => {
  test('messages that wait for space come whole, in order, before the end; the callbacks too', async () => {
    const [near, far] = pair();
    const bytes = Buffer.alloc(60_000);
    let written = 0;
    for (let i = 0; i < 50; i++) {
      bytes.fill(i);
      near.write(bytes, 0, bytes.length, () => written++);
    }
    near.end();
    const came: number[] = [];
    far.on('data', (data: Buffer) => {
      expect(data.length).toBe(bytes.length);
      came.push(data[0]);
    });
    await once(far, 'end');
    expect(came).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(written).toBe(50);
    far.end();
    await Promise.all([once(near, 'close'), once(far, 'close')]);
    expect(() => near.write(bytes)).toThrow('SeqpacketSocket has been destroyed');
  });

  test('what is written before it is connected is sent then, and connect comes once', async () => {
    const server = new SeqpacketServer();
    server.listen(at('server'));
    const client = new SeqpacketSocket();
    let connects = 0;
    client.connect(at('server'), () => connects++);
    client.write(Buffer.from('early'));
    const [peer, address] = await once(server, 'connection');
    const [data] = await once(peer, 'data');
    expect([String(data), address, connects]).toEqual(['early', '', 1]);
    for (const one of [server, client, peer]) one.close();
    for (const one of [server, client, peer]) one.close(); // Again does nothing.
    expect(() => server.listen(at('other'))).toThrow('SeqpacketServer has been closed');
  });

  test('may be closed in its own callback with more messages waiting, and reports a peer that is gone', async () => {
    const [near, far] = pair();
    let messages = 0;
    far.on('data', () => {
      messages++;
      far.close();
    });
    for (let i = 0; i < 5; i++) near.write(Buffer.from('x'));
    const [error] = await once(
      near.on('data', () => {}),
      'error',
    );
    expect([messages, error.code]).toEqual([1, 'ECONNRESET']);
    await once(near, 'close');
  });

  test('a descriptor that is no seqpacket socket, a size that is none: errors', () => {
    const [near, far] = pair();
    expect(() => near.setInternalReadBufferSize(0)).toThrow(RangeError);
    expect(() => near.write(Buffer.from('abc'), 2, 2)).toThrow(RangeError);
    expect(() => new SeqpacketSocket(98765)).toThrow(expect.objectContaining({ code: 'EBADF' }));
    near.close();
    far.close();
  });
});

describe('datagrams', () => {
  test('wait while the receiver has no space, and all come', async () => {
    const server = new DgramSocket();
    server.bind(at('server'));
    const client = new DgramSocket();
    client.bind(at('client'));
    const came: string[] = [];
    const all = new Promise<void>((resolve) => {
      server.on('data', (data: Buffer, from: string) => {
        expect(from).toBe(at('client'));
        if (came.push(String(data)) === 200) resolve();
      });
    });
    for (let i = 0; i < 200; i++) client.sendTo(Buffer.from(`x${i}`), 1, `${i}`.length, at('server'));
    await all;
    expect(came).toEqual(Array.from({ length: 200 }, (_, i) => `${i}`));
    for (const one of [server, client, client]) one.close();
    expect(() => client.sendTo(Buffer.from('x'), 0, 1, at('server'))).toThrow('DgramSocket has been closed');
  });

  test('what cannot be sent is told to the callback, or is an error that closes the socket', async () => {
    const client = new DgramSocket();
    const told = await new Promise<Error | undefined>((resolve) => {
      client.sendTo(Buffer.from('x'), 0, 1, at('none'), resolve);
    });
    expect(told).toMatchObject({ code: 'ENOENT', message: 'send ENOENT: No such file or directory' });
    const closed = new Promise((resolve) => client.once('close', resolve));
    const failed = once(client, 'error');
    client.sendTo(Buffer.from('x'), 0, 1, at('none'));
    expect((await failed)[0]).toMatchObject({ code: 'ENOENT' });
    await closed;
  });
});

test('descriptors for SO_REUSEPORT: two of one port; a port that is taken without it, a host that is none', () => {
  const one = createReuseportFd(0, '127.0.0.1');
  closeFd(one);
  expect(() => closeFd(one)).toThrow(expect.objectContaining({ code: 'EBADF' }));
  expect(() => createReuseportFd(0, 'localhost')).toThrow('invalid host');
  expect(() => createReuseportFd(0, '192.0.2.1')).toThrow(expect.objectContaining({ code: 'EADDRNOTAVAIL' }));
});

test.runIf(isLinux)('unref lets the process end, and workers end with their sockets', async () => {
  const { stdout, status } = await run(`
    import { Worker } from 'node:worker_threads';
    import { SeqpacketServer, SeqpacketSocket } from ${module('node/compat/node-unix-socket')};
    const code = \`
      import { DgramSocket, SeqpacketServer, SeqpacketSocket } from ${JSON.stringify(module('node/compat/node-unix-socket')).slice(1, -1)};
      import { parentPort, threadId } from 'node:worker_threads';
      const name = '\\\\0rfds-nus-' + process.pid + '-' + threadId;
      const server = new SeqpacketServer();
      server.on('connection', (peer) => peer.on('data', (data) => parentPort.postMessage(String(data))));
      server.listen(name);
      const client = new SeqpacketSocket();
      client.connect(name, () => client.write(Buffer.from('hello')));
      new DgramSocket().bind(name + '-dgram');
    \`;
    const workers = Array.from({ length: 4 }, () => new Worker(code, { eval: true }));
    const said = await Promise.all(workers.map((worker) => new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))));
    await Promise.all(workers.map((worker) => worker.terminate()));
    print(said.join(' '));
    const server = new SeqpacketServer();
    const name = '\\0rfds-nus-' + process.pid;
    server.on('connection', (peer) => peer.unref());
    server.listen(name);
    const client = new SeqpacketSocket();
    client.connect(name, () => {
      client.unref();
      setTimeout(() => server.unref(), 20);
    });
    process.on('exit', () => print('ended'));`);
  expect([stdout, status]).toEqual(['hello hello hello hello\nended\n', 0]);
});
