// connect(2) as C has it, for experiments: no call is made again.

import { packSockaddr } from '../../structs.ts';
import { AF_INET, connect, F_GETFL, F_SETFL, fcntl, O_NONBLOCK } from '../../syscalls.ts';

/** The result, or the negative errno. */
export function connectOnce(
  fd: number,
  address: readonly [host: string, port: number],
  { waits = true }: { waits?: boolean } = {},
): number {
  const flags = fcntl(fd, F_GETFL, 0);
  if (!waits) fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  const result = connect(fd, packSockaddr(AF_INET, address, 'connect'));
  if (!waits) fcntl(fd, F_SETFL, flags);
  return result;
}
