// The servers' log: a line on stderr for each client that is turned away or dropped. stdout carries the
// documented lines and nothing else.

import { OSError } from '../../builtins.ts';
import type { Socket } from '../../socket.ts';
import * as sys from '../../syscalls.ts';

/** Writes one line to stderr. write(2) itself: these loops do not return to Node's, which writes later. */
export function warn(message: string): void {
  sys.write(2, Buffer.from(`rfds server: ${message}\n`));
}

/**
 * Logs that a client is dropped, and why. Throws the error again if it is no system call's, and if it comes
 * from writing to stdout: there the client is not to blame.
 */
export function warnDropped(client_socket: Socket, error: unknown): void {
  if (!(error instanceof OSError) || error.syscall === 'write') throw error;
  warn(`dropped ${client_socket}: ${error.message}`);
}
