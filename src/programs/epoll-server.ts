// The documented server on epoll(7), Linux, level-triggered, with non-blocking sockets. The kernel
// keeps the list, so that a call costs by the clients that are ready and not by all there are.

import { fromEpoll, toEpoll } from '../python/selectors/masks.ts';
import { EPOLLIN, type Epoll, epoll } from '../select.ts';
import type { InetAddress } from '../socket.ts';
import { EpollEvents } from '../structs.ts';
import { Connections } from './serving/connections.ts';
import type { LimitOptions } from './serving/limits.ts';

/** Serves until a signal handler throws; then closes every descriptor. */
export function serve(
  host: string,
  port: number,
  ready?: (address: InetAddress) => void,
  limits: LimitOptions = {},
): never {
  using poller = epoll();
  using connections = new Connections(
    host,
    port,
    (connection) => {
      const events = toEpoll(connection.interest);
      if (connection.registered === 0) poller.register(connection, events);
      else if (connection.interest === 0) poller.unregister(connection);
      else poller.modify(connection, events);
    },
    { limits },
  );
  ready?.(connections.address);
  serveOn(poller, connections);
}

/** The loop itself, which epoll-edge-server.ts has too. */
export function serveOn(poller: Epoll, connections: Connections): never {
  poller.register(connections.server_socket, EPOLLIN);
  const events = new EpollEvents(1024);
  while (true) {
    const n = poller.wait(events, connections.timeout);
    for (let i = 0; i < n; i++) connections.onReady(events.fd(i), fromEpoll(events.events(i)));
    connections.serveReady();
  }
}
