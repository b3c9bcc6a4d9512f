// send() that takes no longer than the kernel's copying, on a socket that blocks.

import { BlockingIOError } from '../../builtins.ts';
import { MSG_DONTWAIT, SOCK_NONBLOCK, type Socket } from '../../socket.ts';

// Whether send(2) heeds it. Linux's does, which is known by its constants (a simulated one's, too). XNU's does not look
// at it when the buffer is full, but at the socket's SS_NBIO, which O_NONBLOCK sets (sosendcheck() in
// bsd/kern/uipc_socket.c); its recv(2) does look.
const isHeeded = SOCK_NONBLOCK !== undefined;

/**
 * Sends what the kernel takes at once, and returns how many bytes that was: 0 if the call would have had to wait.
 * Throws OSError as send does. send(2) with MSG_DONTWAIT; where the kernel does not heed that, O_NONBLOCK is set
 * around it, with two fcntl(2) calls more.
 */
export function sendDontwait(sock: Socket, data: Uint8Array): number {
  if (!isHeeded) sock.setblocking(false);
  try {
    return sock.send(data, MSG_DONTWAIT);
  } catch (error) {
    if (error instanceof BlockingIOError) return 0;
    throw error;
  } finally {
    if (!isHeeded) sock.setblocking(true);
  }
}
