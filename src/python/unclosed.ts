// Objects that own a descriptor. If one is lost (garbage, and its descriptor open) a warning says so: it
// is never closed silently, for the number may be in use still.

import { isMainThread } from 'node:worker_threads';
import { loadedLedger } from '../interpose/loaded-ledger.ts';
import { F_GETFD } from '../kernel/constants/fcntl.ts';
import { kernel } from '../kernel/fast-calls.ts';

interface Held {
  readonly what: string;
  readonly fd: number;
}

// It neither runs when the process ends nor keeps it from ending.
const owners = new FinalizationRegistry<Held>(({ what, fd }) => {
  // Beneath the choke point: this call is not the program's, and no layer observes it.
  if (kernel.fcntl(fd, F_GETFD, 0) < 0) return;
  const made = loadedLedger()?.madeAt(fd) ?? 'RFDS_LEDGER=1 tells where it was made';
  process.emitWarning(`${what} was lost with its descriptor ${fd} open (${made})`, {
    type: 'ResourceWarning',
    code: 'RFDS_LOST',
  });
});

/** The object owns a descriptor from now on. */
export function owns(owner: object, what: string, fd: number): void {
  if (fd < 0) return;
  owners.register(owner, { what, fd }, owner);
  // A worker's descriptors end with it, also when it is terminated.
  if (!isMainThread) kernel.own_fd(fd, 1);
}

/** It owns none any more: closed, or given up. */
export function disowns(owner: object, fd: number): void {
  owners.unregister(owner);
  if (!isMainThread) kernel.own_fd(fd, 0);
}
