// START HERE. The documented server: one select() loop over a list called rfds, a line of
// TypeScript for a line of Python. Read next: python/select/select.ts, kernel/syscalls.ts.
//
// It survives what kills the Python: resets, bytes that are not UTF-8, running out of
// descriptors or memory, a peer that never reads. What it keeps, because the document has it so:
//   · Blocking sockets: a peer that does not read holds up all the others until it is dropped, after
//     sendTimeout seconds; on some kernels so does a client that is gone before accept().
//     poll-, epoll-, kqueue- and selectors-server.ts cure that.
//   · select() scans every descriptor every time, and cannot take any from FD_SETSIZE (1024) on:
//     clients beyond are turned away. poll-server.ts cures the limit, epoll-server.ts both.
//   · recv(1024) is taken for a message, but TCP has none: two may come as one, one as two.
//   · 0xFF, telnet's IAC, is taken for a goodbye, though honest data may begin with it too.
//   The last two are the conversation itself: every sibling answers with the same bytes.

import { bytes, f, print, remove, repr, time } from '../builtins.ts';
import { FD_SETSIZE } from '../select.ts';
import { AF_INET, type InetAddress, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, socket } from '../socket.ts';
import { Acceptor, boundAddress } from './serving/acceptor.ts';
import { closeAll } from './serving/close-all.ts';
import { selectWithin } from './serving/idle-clients.ts'; // select(), but for --idle-timeout
import { type LimitOptions, limitsOf } from './serving/limits.ts';
import { warnDropped } from './serving/log.ts';
import { sendallWithin } from './serving/sendall-timeout.ts';

/** sendTimeout is how many seconds a client may leave its answer unread before it is dropped. maxUnsent: nothing waits. */
const defaults = { sendTimeout: 5 };

/** Serves until a signal handler throws; then closes every descriptor. */
export function serve(
  host: string,
  port: number,
  ready?: (address: InetAddress) => void,
  given: LimitOptions = {},
): never {
  const { maxConnections, idleTimeout, sendTimeout } = limitsOf(given, defaults);
  using acceptor = new Acceptor(FD_SETSIZE, maxConnections);
  const select = selectWithin(idleTimeout, acceptor);
  const server_socket = socket(AF_INET, SOCK_STREAM);
  const rfds = [server_socket];
  try {
    server_socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    server_socket.bind([host, port]);
    server_socket.listen();
    ready?.(boundAddress(server_socket, host, port));

    while (true) {
      let rlist: typeof rfds;
      try {
        [rlist] = select(rfds, [], []);
      } catch (error) {
        acceptor.dropLast(rfds, error);
        continue;
      }

      if (rlist.includes(server_socket)) {
        const accepted = acceptor.accept(server_socket, rfds.length - 1);
        if (accepted !== null) {
          const [client_socket, client_address] = accepted;
          rfds.push(client_socket);
          print(`Accepted connection from ${repr(client_address)}`);
        }
        remove(rlist, server_socket);
      }

      for (const client_socket of rlist) {
        if (!rfds.includes(client_socket)) continue;
        try {
          const data = client_socket.recv(1024);
          if (data[0] === 0xff || data.length === 0) {
            remove(rfds, client_socket);
            client_socket.close();
          } else {
            const client_port = (client_socket.getpeername() as InetAddress)[1];
            const client_ip = (client_socket.getpeername() as InetAddress)[0];
            const timestamp = time();
            print(f`[${client_ip}:${client_port}] ${timestamp}:${data}`);
            const response_bytes = bytes`${timestamp}:${data}`;
            sendallWithin(client_socket, response_bytes, sendTimeout);
          }
        } catch (error) {
          warnDropped(acceptor.peerOf(client_socket), error);
          if (rfds.includes(client_socket)) remove(rfds, client_socket);
          client_socket.close();
        }
      }
    }
  } finally {
    closeAll(rfds);
  }
}
