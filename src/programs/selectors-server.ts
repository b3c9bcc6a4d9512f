// The documented server on selectors.DefaultSelector: kqueue, epoll, poll or select, whichever is
// best here, through one interface. With non-blocking sockets.

import type { InetAddress } from '../kernel/structs/sockaddr.ts';
import { DefaultSelector, EVENT_READ } from '../selectors.ts';
import { Conversations } from './serving/connections.ts';

/** Serves until a signal handler throws; then closes every descriptor. */
export function serve(host: string, port: number, ready?: (address: InetAddress) => void): never {
  using selector = new DefaultSelector();
  using conversations = new Conversations(host, port, (connection) => {
    if (connection.watched === 0) selector.register(connection, connection.wanted);
    else if (connection.wanted === 0) selector.unregister(connection);
    else selector.modify(connection, connection.wanted);
  });
  selector.register(conversations.server_socket, EVENT_READ);
  ready?.(conversations.address);

  while (true) {
    for (const [{ fd }, events] of selector.select()) conversations.ready(fd, events);
    conversations.converse();
  }
}
