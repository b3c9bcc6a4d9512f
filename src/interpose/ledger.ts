// The ledger of descriptors: where each was made, which were never closed, closed twice, or closed while an
// epoll, a poll or a select still watched them. On from start() to stop(), or with RFDS_LEDGER=1 from the
// first call, and told on stderr when the program ends. Above: programs, index.ts. Below: syscalls.ts,
// ledger-book.ts.

import { attach } from '../kernel/syscalls.ts';
import { book, type Finding, type Opened } from './ledger-book.ts';

export type { Finding, Opened, Origin } from './ledger-book.ts';

let end: (() => void) | null = null;

/**
 * Begins a new ledger for this thread. It sees what passes through rfds; a descriptor that Node or
 * another thread closes is no leak, but no double close either.
 */
export function start(): void {
  end?.();
  end = attach(book.layer(), { observes: true });
}

/** Ends the ledger: what was found, with the descriptors that are open still as leaks. */
export function stop(): Finding[] {
  end?.();
  end = null;
  return book.close();
}

/** The descriptors that are open, of those made since start(). */
export function open(): Opened[] {
  return book.open;
}

/** What was found so far; leaks are only known at the end. */
export function findings(): Finding[] {
  return book.findings;
}
