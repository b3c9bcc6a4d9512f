// Objects that own a descriptor. If one is lost (garbage, and its descriptor open) a warning says so: it
// is never closed silently, for the number may be in use still.

import { loadedLedger } from '../interpose/loaded-ledger.ts';
import { F_GETFD } from '../kernel/constants/fcntl.ts';
import { kernel } from '../kernel/fast-calls.ts';
import * as own from '../kernel/own-calls.ts';

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
  // A worker's descriptors end with it, also when it is terminated. A simulated kernel's are nothing to this one.
  if (fd >= 0 && own.own_fd(fd, 1) === 0) owners.register(owner, { what, fd }, owner);
}

/** It owns none any more: closed, or given up. */
export function disowns(owner: object, fd: number): void {
  owners.unregister(owner);
  if (fd >= 0) own.own_fd(fd, 0);
}
