// Sockets that are closed when a test is over, and peers that block, each in a thread of its own.

import { Worker } from 'node:worker_threads';
import { expect } from 'vitest';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  type InetAddress,
  SOCK_DGRAM,
  SOCK_STREAM,
  type Socket,
  socket,
  socketpair,
} from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';
import { afterTest } from './cleanup.ts';
import { within } from './programs.ts';

export const MSG = Buffer.from('One message, as good as any: \u1234\r\n');

interface Closable {
  close(): void;
}
/** The same, to be closed when the test is over. */
export function kept<T extends Closable>(sock: T): T {
  afterTest(() => {
    try {
      sock.close();
    } catch {
      // A test may have closed its descriptor behind its back.
    }
  });
  return sock;
}

/** Answers one kind of call in the kernel's place: with each result in turn, then the kernel's own. */
export function answering(name: string, ...results: number[]): unknown[][] {
  const seen: unknown[][] = [];
  afterTest(() => sys.interpose(null));
  sys.interpose((called, call, args) => {
    if (called !== name) return call(...args);
    seen.push(args);
    return results.shift() ?? call(...args);
  });
  return seen;
}

const hosts: Record<number, string> = { [AF_INET]: '127.0.0.1', [AF_INET6]: '::1' };

/** A socket bound to the loopback, at a port of the kernel's choice. */
export function bound(type: number = SOCK_STREAM, family: number = AF_INET): Socket {
  const sock = kept(socket(family, type));
  sock.bind([hosts[family], 0]);
  return sock;
}

export function listener(family: number = AF_INET): Socket {
  const server = bound(SOCK_STREAM, family);
  server.listen();
  return server;
}

export const addressOf = (sock: Socket) => sock.getsockname() as InetAddress;

/** A TCP connection: the server's end, the client's, and who listened. */
export function tcpPair(): { conn: Socket; client: Socket; server: Socket } {
  const server = listener();
  const client = kept(socket());
  client.connect(addressOf(server));
  return { conn: kept(server.accept()[0]), client, server };
}

/** Two connected sockets of AF_UNIX. */
export const pair = (type = SOCK_STREAM) => socketpair(AF_UNIX, type).map(kept) as [Socket, Socket];

/** A bound UDP socket, and another one with an address of its own. */
export function udpPair(family: number = AF_INET): { server: Socket; client: Socket } {
  return { server: bound(SOCK_DGRAM, family), client: bound(SOCK_DGRAM, family) };
}

/** Thrown errors, by their code. */
export const withCode = (code: string) => expect.objectContaining({ code });

const module = new URL('../../dist/socket.js', import.meta.url).href;

/**
 * Runs code in a thread of its own, where S is rfds/socket (of dist) and data what is given; resolves
 * to what the code returns, and fails if that takes too long.
 */
export function peer<Answer>(code: string, data: unknown): Promise<Answer> {
  const body = `
    const { parentPort, workerData: data } = require('node:worker_threads');
    import(${JSON.stringify(module)}).then(async (S) => {
      parentPort.postMessage(await (async () => { ${code} })());
    });`;
  const worker = new Worker(body, { eval: true, workerData: data });
  const answer = new Promise<Answer>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  return within(answer, 'the peer').finally(() => worker.terminate());
}
