// The documented server on selectors.DefaultSelector: kqueue, epoll, poll or select, whichever is
// best here, through one interface. With non-blocking sockets.

import { DefaultSelector, EVENT_READ, type SelectorKey } from '../selectors.ts';
import type { InetAddress } from '../socket.ts';
import { Connections } from './serving/connections.ts';
import type { LimitOptions } from './serving/limits.ts';

/** Serves until a signal handler throws; then closes every descriptor. */
export function serve(
  host: string,
  port: number,
  ready?: (address: InetAddress) => void,
  limits: LimitOptions = {},
): never {
  using selector = new DefaultSelector();
  using connections = new Connections(
    host,
    port,
    (connection) => {
      if (connection.registered === 0) selector.register(connection, connection.interest);
      else if (connection.interest === 0) selector.unregister(connection);
      else selector.modify(connection, connection.interest);
    },
    { limits },
  );
  selector.register(connections.server_socket, EVENT_READ);
  ready?.(connections.address);

  while (true) {
    let selected: [key: SelectorKey, events: number][];
    try {
      selected = selector.select(connections.timeout);
    } catch (error) {
      connections.onWaitError(error);
      continue;
    }
    for (const [{ fd }, events] of selected) connections.onReady(fd, events);
    connections.serveReady();
  }
}
