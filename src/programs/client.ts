// The documented client: connect, then for each line typed send `time:line` and print the answer
// with the time it came.

import { bytes, ConnectionError, input, print, time } from '../builtins.ts';
import { POLLIN, POLLOUT, poll } from '../select.ts';
import { AF_INET, SOCK_STREAM, type Socket, socket } from '../socket.ts';
import { printable } from './serving/printable.ts';
import { ReplyParser } from './serving/reply-parser.ts';
import { sendDontwait } from './serving/send-dontwait.ts';

/**
 * Talks to the server until the end of stdin (Ctrl+D) or until a signal's handler throws (Ctrl+C).
 * isTerminal: whether stdout is one, see printable(). Throws OSError if it cannot connect, ConnectionError when
 * the server goes away.
 */
export function run(host: string, port: number, isTerminal: boolean): void {
  const server_socket = socket(AF_INET, SOCK_STREAM);
  try {
    server_socket.connect([host, port]);

    print('Type messages and press Enter');
    print('To quit: Ctrl+C or Ctrl+D');
    for (let line = input('> '); line !== null; line = input('> ')) {
      const message = bytes`${time()}:${line}`;
      const response = exchange(server_socket, message);
      print(`${time()}:`, printable(response, isTerminal));
    }
    print();
  } finally {
    server_socket.close();
  }
}

/**
 * Sends the message and receives the whole answer. In the ordinary case that is the documented
 * sendall and recv, a call each. A message that the kernel does not take at once is sent on while
 * the answer to its beginning is received already: else client and server could wait for each other.
 */
function exchange(server_socket: Socket, message: Buffer): Buffer {
  const reply = new ReplyParser(message);
  const received: Buffer[] = [];
  let unsent = message;
  for (let whole = false; !whole; ) {
    if (unsent.length > 0) unsent = unsent.subarray(sendDontwait(server_socket, unsent));
    if (unsent.length > 0 && !readable(server_socket)) continue;
    const data = server_socket.recv(65536);
    if (data.length === 0) throw new ConnectionError('the server closed the connection');
    received.push(data);
    whole = reply.push(data);
  }
  return Buffer.concat(received);
}

/** Waits until the socket is writable or readable; returns whether it is readable. */
function readable(server_socket: Socket): boolean {
  const poller = poll();
  poller.register(server_socket, POLLIN | POLLOUT);
  return poller.poll().some(([, revents]) => (revents & ~POLLOUT) !== 0);
}
