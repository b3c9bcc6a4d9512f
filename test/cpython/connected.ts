// What the carried-over cases of test_epoll and test_kqueue share.

import { type Socket, socket } from '../../src/socket.ts';

/** Two ends of a TCP connection over loopback. */
export function connected(): [client: Socket, server: Socket] {
  using listener = socket();
  listener.bind(['127.0.0.1', 0]);
  listener.listen();
  const client = socket();
  client.connect(listener.getsockname() as [string, number]);
  const [server] = listener.accept();
  return [client, server];
}
