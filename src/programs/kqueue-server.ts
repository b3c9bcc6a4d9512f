// The documented server on kqueue(2), macOS, level-triggered, with non-blocking sockets. Reading and
// writing are two filters of one descriptor, each added and deleted by itself.
// Not run on a Mac yet.

import { EV_ADD, EV_DELETE, EVFILT_READ, EVFILT_WRITE, kevent, kqueue } from '../select.ts';
import { EVENT_READ, EVENT_WRITE } from '../selectors.ts';
import type { InetAddress } from '../socket.ts';
import { type Connection, Connections } from './serving/connections.ts';
import type { LimitOptions } from './serving/limits.ts';

/** How many events one call may bring. */
const MAX_EVENTS = 1024;

/** Serves until a signal handler throws; then closes every descriptor. */
export function serve(
  host: string,
  port: number,
  ready?: (address: InetAddress) => void,
  limits: LimitOptions = {},
): never {
  using queue = kqueue();
  using connections = new Connections(
    host,
    port,
    (connection) => {
      // Closing a descriptor takes its filters out of the queue.
      if (connection.interest !== 0) queue.control(changesOf(connection), 0, 0);
    },
    { limits },
  );
  queue.control([kevent(connections.server_socket, EVFILT_READ, EV_ADD)], 0, 0);
  ready?.(connections.address);

  while (true) {
    for (const { ident, filter } of queue.control(null, MAX_EVENTS, connections.timeout)) {
      connections.onReady(ident, filter === EVFILT_READ ? EVENT_READ : EVENT_WRITE);
    }
    connections.serveReady();
  }
}

function changesOf(connection: Connection) {
  const { interest, registered } = connection;
  return [
    { bit: EVENT_READ, filter: EVFILT_READ },
    { bit: EVENT_WRITE, filter: EVFILT_WRITE },
  ]
    .filter(({ bit }) => (interest & bit) !== (registered & bit))
    .map(({ bit, filter }) => kevent(connection, filter, interest & bit ? EV_ADD : EV_DELETE));
}
