// The servers' log: a line on stderr for each client that is turned away or dropped. stdout carries the
// documented lines and nothing else. A stderr that is not read stops no server: lines that it does not take
// are dropped, and counted.

import { OSError } from '../../builtins.ts';
import { POLLOUT } from '../../select.ts';
import { PollFds } from '../../structs.ts';
import * as sys from '../../syscalls.ts';

const STDERR = 2;

const pollfds = new PollFds(1);
let linesDropped = 0;

/** Logs a line, or drops and counts it where stderr is full. */
export function warn(message: string): void {
  warnOfDroppedLines();
  if (linesDropped > 0 || !writeLine(message)) linesDropped++;
}

/** Logs how many lines were dropped, if any were and stderr takes lines again. */
export function warnOfDroppedLines(): void {
  if (linesDropped > 0 && writeLine(`stderr was full: ${linesDropped} lines like these were dropped`))
    linesDropped = 0;
}

// write(2) itself, for these loops do not return to Node's, which writes later; and poll(2) before it. stderr
// stays blocking, because it may be a terminal that other programs share: a pipe that is writable takes a line of
// up to PIPE_BUF bytes at once, unless another process fills it in between.
function writeLine(message: string): boolean {
  pollfds.set(0, STDERR, POLLOUT);
  return (
    sys.poll(pollfds.memory, 1, 0) > 0 && sys.write(STDERR, Buffer.from(`rfds server: ${message}\n`)) > 0
  );
}

/** '127.0.0.1:40000'; 'None' for a client that was gone before accept. */
export function peerName(address: unknown): string {
  return Array.isArray(address) ? `${address[0]}:${address[1]}` : 'None';
}

/**
 * Logs that a client is dropped, and why. Throws the error again if it is no system call's, and if it comes
 * from writing to stdout: there the client is not to blame.
 */
export function warnDropped(peer: string, error: unknown): void {
  if (!(error instanceof OSError) || error.syscall === 'write') throw error;
  warn(`dropped ${peer}: ${error.message}`);
}
