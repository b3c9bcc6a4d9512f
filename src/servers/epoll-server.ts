// The documented server on epoll(7), Linux, level-triggered, with non-blocking sockets. The kernel
// keeps the list, so that a call costs by the clients that are ready and not by all there are.

import type { InetAddress } from '../address.ts';
import { EpollEvents } from '../epoll.ts';
import { fromEpoll, toEpoll } from '../events.ts';
import { EPOLLIN, epoll } from '../select.ts';
import { Conversations } from './conversations.ts';

/** Serves until a signal handler throws; then closes every descriptor. */
export function serve(host: string, port: number, ready?: (address: InetAddress) => void): never {
  using poller = epoll();
  using conversations = new Conversations(host, port);
  poller.register(conversations.server_socket, EPOLLIN);
  ready?.(conversations.address);

  const events = new EpollEvents(1024);
  while (true) {
    const n = poller.wait(events);
    for (let i = 0; i < n; i++) {
      const connection = conversations.ready(events.fd(i), fromEpoll(events.events(i)));
      if (connection === undefined || connection.wanted === connection.watched) continue;
      if (connection.wanted === 0) {
        poller.unregister(connection);
        conversations.forget(connection);
      } else {
        if (connection.watched === 0) poller.register(connection, toEpoll(connection.wanted));
        else poller.modify(connection, toEpoll(connection.wanted));
        connection.watched = connection.wanted;
      }
    }
  }
}
