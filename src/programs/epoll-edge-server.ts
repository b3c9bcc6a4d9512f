// The documented server on epoll(7), Linux, edge-triggered: the kernel tells once of what is new, so
// that a client is heard until EAGAIN, one recv more than level-triggered, and is watched for both
// events all the time, without a call when what it wants changes. Beside it: epoll-server.ts.

import type { InetAddress } from '../kernel/structs/sockaddr.ts';
import { EVENT_READ } from '../python/selectors/masks.ts';
import { EPOLLET, EPOLLIN, EPOLLOUT, epoll } from '../select.ts';
import { converseOn } from './epoll-server.ts';
import { Conversations } from './serving/connections.ts';

const EDGES = EPOLLIN | EPOLLOUT | (EPOLLET ?? 0);

/** Serves until a signal handler throws; then closes every descriptor. */
export function serve(host: string, port: number, ready?: (address: InetAddress) => void): never {
  using poller = epoll();
  using conversations = new Conversations(
    host,
    port,
    ({ fd, wanted, watched }) => {
      if (watched === 0) poller.register(fd, EDGES);
      else if (wanted === 0) poller.unregister(fd);
      // Edges came and went while nobody wanted to read: EPOLL_CTL_MOD tells of them again.
      else if (wanted & ~watched & EVENT_READ) poller.modify(fd, EDGES);
    },
    true,
  );
  ready?.(conversations.address);
  converseOn(poller, conversations);
}
