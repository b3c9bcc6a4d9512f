// What keeps a server alive that the documented loop would not survive. Above: the servers.

import { monotonic } from '../../python/builtins/time.ts';
import { BlockingIOError, OSError, TimeoutError } from '../../python/errors.ts';
import { POLLOUT, poll } from '../../select.ts';
import { MSG_DONTWAIT, type Socket } from '../../socket.ts';
import * as sys from '../../syscalls.ts';

/** A line on stderr: stdout carries the documented lines and nothing else. */
export function warn(message: string): void {
  sys.write(2, Buffer.from(`rfds server: ${message}\n`));
}

/**
 * Says which client was lost, and why. What is no system call's error is thrown on, and so is
 * that of writing to stdout: there the client is not to blame.
 */
export function dropped(client_socket: Socket, error: unknown): void {
  if (!(error instanceof OSError) || error.syscall === 'write') throw error;
  warn(`dropped ${client_socket}: ${error.message}`);
}

/**
 * sendall that gives up when the peer leaves its data unread for so many seconds: throws
 * TimeoutError. Ordinarily it is the one call send(2), with MSG_DONTWAIT; only when the send
 * would block does it wait, with poll(2).
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
