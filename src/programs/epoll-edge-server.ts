// The documented server on epoll(7), Linux, edge-triggered: the kernel reports only changes, so that a client is
// read from until EAGAIN, one recv more than level-triggered, over several turns of the loop if it sends much; and
// is registered for both events all the time, without a call when its interest changes. An edge of reading that came while
// a client was not read from is not lost: that it is read from again follows an edge of writing, and epoll reports with an
// edge all that the socket is ready for by then (ep_item_poll() in fs/eventpoll.c).

import { EPOLLET, EPOLLIN, EPOLLOUT, epoll } from '../select.ts';
import type { InetAddress } from '../socket.ts';
import { serveOn } from './epoll-server.ts';
import { Connections } from './serving/connections.ts';
import type { LimitOptions } from './serving/limits.ts';

const EDGES = EPOLLIN | EPOLLOUT | (EPOLLET ?? 0);

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
    ({ fd, interest, registered }) => {
      if (registered === 0) poller.register(fd, EDGES);
      else if (interest === 0) poller.unregister(fd);
    },
    { edgeTriggered: true, limits },
  );
  ready?.(connections.address);
  serveOn(poller, connections);
}
