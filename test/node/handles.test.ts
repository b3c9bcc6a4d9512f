// Options and TCP_INFO of Node's live sockets.

import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { expect, test } from 'vitest';
import { descriptorOf, getsockopt, setsockopt, tcpInfo } from '../../src/net.ts';
import * as sys from '../../src/syscalls.ts';

async function connected(): Promise<[server: net.Server, client: net.Socket, peer: net.Socket]> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
  const [[peer]] = await Promise.all([once(server, 'connection'), once(client, 'connect')]);
  return [server, client, peer];
}

test('an option of a live net.Socket is read and set, and Node goes on with it', async () => {
  const [server, client, peer] = await connected();
  expect(getsockopt(client, sys.IPPROTO_TCP, sys.TCP_NODELAY)).toBe(0);
  setsockopt(client, sys.IPPROTO_TCP, sys.TCP_NODELAY, 1);
  expect(getsockopt(client, sys.IPPROTO_TCP, sys.TCP_NODELAY)).not.toBe(0);
  client.end('x');
  const [data] = await once(peer, 'data');
  expect(String(data)).toBe('x');
  peer.end();
  server.close();
});

test('TCP_INFO of a live connection says that it is established, and a round trip time', async () => {
  const [server, client, peer] = await connected();
  expect(tcpInfo(client)).toMatchObject({ state: 'ESTABLISHED', rttMicros: expect.any(Number) });
  client.destroy();
  peer.destroy();
  server.close();
});

test('a listener and a datagram socket have a descriptor, without a warning; a closed one has none', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const datagrams = dgram.createSocket('udp4').bind(0, '127.0.0.1');
  await once(datagrams, 'listening');
  expect(getsockopt(server, sys.SOL_SOCKET, sys.SO_ACCEPTCONN)).toBe(1);
  expect(getsockopt(datagrams, sys.SOL_SOCKET, sys.SO_TYPE)).toBe(sys.SOCK_DGRAM);
  setsockopt(datagrams, sys.SOL_SOCKET, sys.SO_RCVBUF, 65536);
  expect(sys.fcntl(descriptorOf(datagrams), sys.F_GETFD, 0)).toBe(sys.FD_CLOEXEC);
  server.close();
  datagrams.close();
  await once(server, 'close');
  expect(() => descriptorOf(server)).toThrow('there is no descriptor');
  await new Promise(setImmediate);
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
});

test('what is no socket of Node is a TypeError, and an unknown option the kernel error', async () => {
  expect(() => descriptorOf({} as net.Socket)).toThrow(TypeError);
  expect(() => descriptorOf(null as unknown as net.Socket)).toThrow(TypeError);
  expect(() => descriptorOf(new net.Socket())).toThrow('there is no descriptor');
  const [server, client, peer] = await connected();
  expect(() => getsockopt(client, sys.SOL_SOCKET, 9999)).toThrow(
    expect.objectContaining({ code: 'ENOPROTOOPT', syscall: 'getsockopt' }),
  );
  client.destroy();
  peer.destroy();
  server.close();
});
