// sendall() with a deadline on a blocking socket: a client that does not read cannot hold up the loop for ever.

import { monotonic, TimeoutError } from '../../builtins.ts';
import { POLLOUT, poll } from '../../select.ts';
import type { Socket } from '../../socket.ts';
import { waitUntil } from './limits.ts';
import { sendDontwait } from './send-dontwait.ts';

/**
 * Sends all of the data; throws TimeoutError when the peer has not taken it after so many seconds (Infinity: it may
 * take for ever), and OSError as send does. Ordinarily it is the one call send(2), with MSG_DONTWAIT; only when the send would
 * block does it wait, with poll(2). The socket stays blocking: settimeout() would cost fcntl(2) calls.
 */
export function sendallWithin(client_socket: Socket, data: Uint8Array, seconds: number): void {
  let sent = sendDontwait(client_socket, data);
  if (sent === data.length) return;
  const deadline = monotonic() + seconds;
  const writable = poll();
  writable.register(client_socket, POLLOUT);
  while (sent < data.length) {
    const left = waitUntil(deadline, monotonic());
    if (writable.poll(left === null ? null : left * 1000).length === 0 && monotonic() >= deadline)
      throw new TimeoutError(`send timed out after ${seconds} s`);
    sent += sendDontwait(client_socket, data.subarray(sent));
  }
}
