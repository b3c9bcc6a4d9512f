// Where a server listens.

import type { InetAddress, Socket } from '../../socket.ts';

/**
 * The address that a listening socket was bound to. Asked of the kernel (getsockname(2)) only for a port of
 * the kernel's choice: else the caller knows it, and the documented calls stay alone.
 */
export function boundAddress(server_socket: Socket, host: string, port: number): InetAddress {
  return port === 0 ? (server_socket.getsockname() as InetAddress) : [host || '0.0.0.0', port];
}
