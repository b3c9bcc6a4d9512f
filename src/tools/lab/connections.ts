// Connections on this host, for experiments that need no listener of their own.

import {
  create_server,
  type InetAddress,
  packLinger,
  SO_LINGER_SECONDS,
  SOL_SOCKET,
  type Socket,
  socket,
} from '../../socket.ts';

/** Both ends of a TCP connection: [client, server]. The server's was accepted. */
export function tcpPair(): [Socket<InetAddress>, Socket<InetAddress>] {
  using listener = create_server(['127.0.0.1', 0]) as Socket<InetAddress>;
  const client = socket();
  client.connect(listener.getsockname());
  const [server] = listener.accept();
  return [client, server];
}

/** Closes with a RST and not a FIN: lingers for 0 seconds. socket(7), SO_LINGER. */
export function reset(sock: Socket): void {
  sock.setsockopt(SOL_SOCKET, SO_LINGER_SECONDS, packLinger(true, 0));
  sock.close();
}
