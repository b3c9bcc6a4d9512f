// sendall() with a deadline on a blocking socket: a client that does not read cannot hold up the loop for ever.

import { BlockingIOError, monotonic, TimeoutError } from '../../builtins.ts';
import { POLLOUT, poll } from '../../select.ts';
import { MSG_DONTWAIT, type Socket } from '../../socket.ts';

/**
 * Sends all of the data; throws TimeoutError when the peer has not taken it after so many seconds, and
 * OSError as send does. Ordinarily it is the one call send(2), with MSG_DONTWAIT; only when the send would
 * block does it wait, with poll(2). The socket stays blocking: settimeout() would cost fcntl(2) calls.
 */
export function sendallWithin(client_socket: Socket, data: Uint8Array, seconds: number): void {
  let rest = data;
  let deadline: number | undefined;
  for (;;) {
    try {
      const sent = client_socket.send(rest, MSG_DONTWAIT);
      if (sent === rest.length) return;
      rest = rest.subarray(sent);
    } catch (error) {
      if (!(error instanceof BlockingIOError)) throw error;
      deadline ??= monotonic() + seconds;
      const writable = poll();
      writable.register(client_socket, POLLOUT);
      const left = Math.max(deadline - monotonic(), 0);
      if (writable.poll(left * 1000).length === 0)
        throw new TimeoutError(`send timed out after ${seconds} s`);
    }
  }
}
