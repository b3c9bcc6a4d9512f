// A connection changes hands between rfds' Socket and Node's net.Socket, in both directions.

import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { describe, expect, test } from 'vitest';
import { fromNetSocket, toNetSocket } from '../../src/net.ts';
import * as sock from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';
import { within } from '../support/programs.ts';

/** A listener of rfds', and a client of Node's that is connected to it. */
async function accepted(): Promise<[sock.Socket, net.Socket]> {
  using listener = sock.socket();
  listener.bind(['127.0.0.1', 0]);
  listener.listen();
  const client = net.connect((listener.getsockname() as [string, number])[1], '127.0.0.1');
  await once(client, 'connect');
  return [listener.accept()[0], client];
}

/** The two ends of a connection through Node: the server's is paused. */
async function connected(pauseOnConnect = true): Promise<[net.Socket, net.Socket, net.Server]> {
  const server = net.createServer({ pauseOnConnect });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
  const [[conn]] = await Promise.all([once(server, 'connection'), once(client, 'connect')]);
  return [conn, client, server];
}

const text = async (stream: net.Socket, length: number) => {
  let got = '';
  while (got.length < length) got += String((await within(once(stream, 'data'), 'data'))[0]);
  return got;
};

describe('toNetSocket', () => {
  test('gives a live net.Socket, and detaches the Socket', async () => {
    const [conn, client] = await accepted();
    const live = toNetSocket(conn);
    expect(conn.fileno()).toBe(-1);
    expect(live.remotePort).toBe(client.localPort);
    live.write('from the server');
    expect(await text(client, 15)).toBe('from the server');
    client.write('from the client');
    expect(await text(live, 15)).toBe('from the client');
    live.end();
    await within(once(client, 'end'), 'end');
    client.destroy();
  });

  test('works over a socketpair', async () => {
    const [a, b] = sock.socketpair();
    const live = toNetSocket(a);
    b.sendall(Buffer.from('hello'));
    expect(await text(live, 5)).toBe('hello');
    live.destroy();
    await within(once(live, 'close'), 'close');
    expect(b.recv(1)).toHaveLength(0);
    b.close();
  });

  test('refuses what was handed over or closed, with an Error', async () => {
    const [a, b] = sock.socketpair();
    const live = toNetSocket(a);
    expect(() => toNetSocket(a)).toThrow('closed, or was handed over already');
    b.close();
    expect(() => toNetSocket(b)).toThrow('closed, or was handed over already');
    live.destroy();
  });

  test('refuses what is not a connected stream, and leaves it as it was', () => {
    expect(() => toNetSocket({} as never)).toThrow(TypeError);
    expect(() => toNetSocket(new net.Socket() as never)).toThrow(TypeError);
    using datagrams = sock.socket(sock.AF_INET, sock.SOCK_DGRAM);
    expect(() => toNetSocket(datagrams)).toThrow(TypeError);
    using unconnected = sock.socket();
    expect(() => toNetSocket(unconnected)).toThrow('getpeername ENOTCONN');
    expect(unconnected.fileno()).toBeGreaterThan(2);
    expect(unconnected.getsockname()).toEqual(['0.0.0.0', 0]);
  });
});

describe('toNetSocket with onread', () => {
  const flagsOf = (fd: number) => sys.fcntl(fd, sys.F_GETFL, 0);

  test.each<[string, () => Uint8Array]>([
    [
      'throws',
      () => {
        throw new Error('no buffer today');
      },
    ],
    ['returns what is none', () => 'text' as never],
  ])('whose buffer() %s leaves the Socket as it was, blocking, and Node nothing', (_, buffer) => {
    const [a, b] = sock.socketpair();
    const fd = a.fileno();
    const flags = flagsOf(fd);
    const handles = () => process.getActiveResourcesInfo().length;
    const before = handles();
    const onread = { buffer, callback: () => true };
    expect(() => toNetSocket(a, { onread } as object)).toThrow(/no buffer today|must return a Uint8Array/);
    expect(a.fileno()).toBe(fd);
    expect(flagsOf(fd)).toBe(flags);
    expect(handles()).toBe(before);
    b.sendall(Buffer.from('still ours'));
    expect(String(a.recv(100))).toBe('still ours');
    a.close();
    b.close();
  });

  test('whose buffer() gives one has its callback called, and each buffer is asked for once', async () => {
    const [a, b] = sock.socketpair();
    const memory = [Buffer.alloc(4), Buffer.alloc(4)];
    const asked: Buffer[] = [];
    const received: string[] = [];
    const onread = {
      buffer() {
        asked.push(memory[asked.length % 2]);
        return asked.at(-1)!;
      },
      callback(length: number, buffer: Uint8Array) {
        received.push(Buffer.from(buffer.subarray(0, length)).toString());
        return true;
      },
    };
    const live = toNetSocket(a, { onread } as object);
    b.sendall(Buffer.from('abcdef'));
    b.close();
    await within(once(live, 'close'), 'close');
    expect(received.join('')).toBe('abcdef');
    expect(asked.slice(0, 2)).toEqual(memory);
  });
});

describe('fromNetSocket', () => {
  test('takes the connection over, blocking, and Node closes its side without an end', async () => {
    const [conn, client, server] = await connected();
    const closed = once(conn, 'close');
    const { socket, unread } = fromNetSocket(conn);
    await within(closed, 'close');
    expect(conn.destroyed).toBe(true);
    expect(unread).toHaveLength(0);
    expect(socket.getblocking()).toBe(true);
    expect(socket.family).toBe(sock.AF_INET);
    expect((socket.getpeername() as [string, number])[1]).toBe(client.localPort);
    client.write('ping');
    expect(String(socket.recv(100))).toBe('ping');
    socket.sendall(Buffer.from('pong'));
    expect(await text(client, 4)).toBe('pong');
    expect(client.readableEnded).toBe(false);
    socket.close();
    await within(once(client, 'end'), 'end');
    client.destroy();
    server.close();
  });

  test('hands over what Node has read already, and then nothing twice or lost', async () => {
    const [conn, client, server] = await connected(false);
    const seen: unknown[] = [];
    client.write('read by Node, ');
    while (conn.readableLength < 14) await new Promise((resolve) => setImmediate(resolve));
    conn.on('data', (chunk) => seen.push(chunk)).pause();
    client.write('read by rfds');
    const { socket, unread } = fromNetSocket(conn);
    socket.settimeout(5);
    let got = String(unread);
    while (got.length < 26) got += socket.recv(5);
    expect(got).toBe('read by Node, read by rfds');
    expect(unread.length).toBeGreaterThanOrEqual(14);
    expect(seen).toEqual([]);
    client.destroy();
    socket.close();
    server.close();
  });

  test('round trip: a socketpair through Node and back', () => {
    const [a, b] = sock.socketpair();
    const { socket } = fromNetSocket(toNetSocket(a, { pauseOnCreate: true }));
    expect(socket.family).toBe(sock.AF_UNIX);
    b.sendall(Buffer.from('still here'));
    expect(String(socket.recv(100))).toBe('still here');
    socket.close();
    b.close();
  });

  test('refuses what cannot be handed over, and Node goes on owning it', async () => {
    const [conn, client, server] = await connected();
    expect(() => fromNetSocket({} as never)).toThrow(TypeError);
    expect(() => fromNetSocket(new tls.TLSSocket(conn))).toThrow('TLS');
    expect(() => fromNetSocket(new net.Socket())).toThrow('is not connected');
    const connecting = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
    expect(() => fromNetSocket(connecting)).toThrow('is still connecting');
    connecting.destroy();
    expect(() => fromNetSocket(connecting)).toThrow('is destroyed');
    client.on('data', () => {});
    expect(() => fromNetSocket(client)).toThrow('must be paused');
    client.pause();
    client.write(Buffer.alloc(2 ** 24));
    expect(() => fromNetSocket(client)).toThrow(/has \d+ bytes still to write/);
    client.end();
    expect(() => fromNetSocket(client)).toThrow('has been ended');
    client.destroy();
    conn.destroy();
    server.close();
  });

  test('refuses a net.Socket that decodes, that was handed over, or whose descriptor is out of reach', async () => {
    const [conn, client, server] = await connected();
    conn.setEncoding('utf8');
    expect(() => fromNetSocket(conn)).toThrow('decodes');
    client.pause();
    const { socket } = fromNetSocket(client);
    expect(() => fromNetSocket(client)).toThrow('was handed over already');
    socket.close();
    Object.assign(conn, { _handle: { fd: undefined } });
    expect(() => fromNetSocket(conn)).toThrow('does not show its descriptor in this runtime');
    server.close();
  });
});
