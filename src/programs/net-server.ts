// The documented server on node:net: the pure-Node twin, for comparison. The calls are libuv's
// (epoll or kqueue underneath, recv of up to 64 KiB); lines and answers are the same bytes.

import { createServer, type Socket } from 'node:net';
import { repr, time } from '../builtins.ts';
import type { InetAddress } from '../socket.ts';
import { warn } from './serving/log.ts';

/** Serves until the signal aborts; then closes every connection. Rejects if it cannot listen. */
export function serve(
  host: string,
  port: number,
  stop: AbortSignal,
  ready?: (address: InetAddress) => void,
): Promise<void> {
  const clients = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    clients.add(client);
    client.on('close', () => clients.delete(client));
    onConnection(client);
  });

  return new Promise((resolve, reject) => {
    server.on('error', reject);
    process.stdout.on('error', reject);
    server.on('close', resolve);
    stop.addEventListener('abort', () => {
      server.close();
      for (const client of clients) client.destroy();
    });
    server.listen({ host, port, backlog: 128 }, () => {
      const address = server.address() as { address: string; port: number };
      try {
        ready?.([address.address, address.port]);
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** Not builtins' print: this loop returns to Node's, which writes later what stdout does not take at once. */
function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function onConnection(client: Socket): void {
  const { remoteAddress, remotePort } = client;
  const address = remoteAddress === undefined ? null : [remoteAddress, remotePort];
  print(`Accepted connection from ${repr(address)}`);

  client.on('data', (chunk) => {
    // What recv(1024) would have given, one after the other.
    for (let start = 0; start < chunk.length; start += 1024) {
      const data = chunk.subarray(start, start + 1024);
      if (data[0] === 0xff) {
        client.removeAllListeners('data');
        client.destroySoon(); // Once what is unsent is sent.
        return;
      }
      const timestamp = String(time());
      print(`[${remoteAddress}:${remotePort}] ${timestamp}:${repr(data)}`);
      const took = client.write(Buffer.concat([Buffer.from(`${timestamp}:`), data]));
      if (!took) client.pause();
    }
  });
  client.on('drain', () => client.resume());
  client.on('end', () => client.end());
  client.on('error', (error) => warn(`dropped ${remoteAddress}:${remotePort}: ${error.message}`));
}
