// The documented server on node:net: the pure-Node twin, for comparison. The calls are libuv's
// (epoll or kqueue underneath, recv of up to 64 KiB); lines and answers are the same bytes.

import { createServer, type Socket } from 'node:net';
import { repr, time } from '../builtins.ts';
import type { InetAddress } from '../socket.ts';
import { peerName, warn, warnOfDroppedLines } from './serving/log.ts';

/** How many bytes one recv takes for a message, as documented. */
const RECV_SIZE = 1024;

const empty = Buffer.alloc(0);

/** Serves until the signal aborts; then closes every connection. Rejects if it cannot listen. */
export function serve(
  host: string,
  port: number,
  stop: AbortSignal,
  ready?: (address: InetAddress) => void,
): Promise<void> {
  const clients = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    clients.add(client);
    client.on('close', () => clients.delete(client));
    converse(client);
  });

  return new Promise((resolve, reject) => {
    server.on('error', reject);
    process.stdout.on('error', reject);
    process.stdout.on('drain', onStdoutDrain);
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

// The clients that wait until stdout takes lines again, in the order in which they are to go on: what is read
// while it does not would fill the memory.
const waitingForStdout = new Set<() => void>();

function onStdoutDrain(): void {
  const all = [...waitingForStdout];
  waitingForStdout.clear();
  for (const goOn of all) goOn();
}

/** The conversation with a client that is paused. */
function converse(client: Socket): void {
  const { remoteAddress, remotePort } = client;
  const address: InetAddress | null = remoteAddress === undefined ? null : [remoteAddress, remotePort!];
  // What was read and is not answered yet.
  let unanswered: Buffer = empty;
  let hasEnded = false;
  let isAccepted = false;
  let isScheduled = false;

  const goOn = () => {
    isScheduled = false;
    if (client.destroyed || client.writableNeedDrain) return;
    if (process.stdout.writableNeedDrain) waitingForStdout.add(schedule);
    else if (!isAccepted) accept();
    else if (unanswered.length > 0) answer();
    else readOn();
  };
  // In the next turn of the event loop, so that the other clients come first.
  const schedule = () => {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(goOn);
  };

  const accept = () => {
    isAccepted = true;
    warnOfDroppedLines();
    print(`Accepted connection from ${repr(address)}`);
    client.resume();
  };
  // Answers what recv(1024) would have given.
  const answer = () => {
    const data = unanswered.subarray(0, RECV_SIZE);
    unanswered = unanswered.subarray(RECV_SIZE);
    if (data[0] === 0xff) {
      unanswered = empty;
      client.removeAllListeners('data');
      client.resume();
      client.destroySoon(); // Once what is unsent is sent.
      return;
    }
    let timestamp: string;
    try {
      timestamp = String(time());
    } catch (error) {
      client.destroy(error as Error);
      return;
    }
    print(`[${remoteAddress}:${remotePort}] ${timestamp}:${repr(data)}`);
    client.write(Buffer.concat([Buffer.from(`${timestamp}:`), data]));
    if (unanswered.length > 0 || client.writableNeedDrain || process.stdout.writableNeedDrain) {
      client.pause();
      schedule();
    } else {
      readOn();
    }
  };
  // A stream may end while it is paused, too.
  const readOn = () => {
    if (hasEnded) client.end();
    else if (client.isPaused()) client.resume();
  };

  client.on('data', (chunk) => {
    unanswered = chunk;
    answer();
  });
  client.on('drain', schedule);
  client.on('end', () => {
    hasEnded = true;
    if (unanswered.length === 0) client.end();
  });
  client.on('error', (error) => warn(`dropped ${peerName(address)}: ${error.message}`));
  client.on('close', () => waitingForStdout.delete(schedule));
  goOn();
}
