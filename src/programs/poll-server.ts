// The documented server on poll(2), with non-blocking sockets. What it cures in select-server.ts:
// a client that does not read holds up no other, and descriptors may be any number. What it keeps:
// the kernel scans every descriptor every time. epoll-server.ts cures that.

import { fromPoll, toPoll } from '../python/selectors/masks.ts';
import { POLLIN, poll } from '../select.ts';
import type { InetAddress } from '../socket.ts';
import type { PollFds } from '../structs.ts';
import { Connections } from './serving/connections.ts';
import type { LimitOptions } from './serving/limits.ts';

/** Serves until a signal handler throws; then closes every descriptor. */
export function serve(
  host: string,
  port: number,
  ready?: (address: InetAddress) => void,
  limits: LimitOptions = {},
): never {
  const poller = poll();
  using connections = new Connections(
    host,
    port,
    (connection) => {
      if (connection.interest === 0) poller.unregister(connection);
      else poller.register(connection, toPoll(connection.interest));
    },
    { limits },
  );
  poller.register(connections.server_socket, POLLIN);
  ready?.(connections.address);

  while (true) {
    let pollfds: PollFds;
    try {
      const { timeout } = connections;
      pollfds = poller.wait(timeout === null ? null : timeout * 1000);
    } catch (error) {
      connections.onWaitError(error);
      continue;
    }
    for (let i = 0, left = pollfds.ready; left > 0; i++) {
      const revents = pollfds.revents(i);
      if (revents === 0) continue;
      left--;
      connections.onReady(pollfds.fd(i), fromPoll(revents));
    }
    connections.serveReady();
  }
}
