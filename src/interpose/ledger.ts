// The ledger of descriptors: where each was made, which were never closed, closed twice, or closed while an
// epoll, a poll or a select still watched them. On from start() to stop(), or with RFDS_LEDGER=1 from the
// first call, and reported on stderr when the program ends. It only observes the calls and their results.

import { fstatSync, writeSync } from 'node:fs';
import { type CallName, calls, type Call as Row } from '../kernel/calls.ts';
import { F_GETFD } from '../kernel/constants/fcntl.ts';
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, POLLNVAL } from '../kernel/constants/select.ts';
import { EBADF } from '../kernel/errno.ts';
import { kernel } from '../kernel/fast-calls.ts';
import type { Bytes } from '../kernel/native.ts';
import { FdSet } from '../kernel/structs/fd-set.ts';
import { PollFds } from '../kernel/structs/pollfd.ts';
import { attach, type Call, type Layer } from '../kernel/syscalls.ts';
import { type Origin, originOf } from './call-site.ts';
import { loadLedger } from './loaded-ledger.ts';
import { capacitiesOf, madeDescriptors } from './made-descriptors.ts';

export type { Origin } from './call-site.ts';

/** A descriptor that was made and is not closed yet. */
export interface Opened {
  readonly fd: number;
  readonly made: Origin;
}

/**
 * What was found. A leak: open when the program ended. A double close: a number that was the program's,
 * and is not open any more. Closed while registered: in an epoll, or in a poll or select that still asks.
 */
export interface Finding {
  readonly kind: 'leak' | 'double close' | 'closed while registered';
  readonly fd: number;
  /** Where it was made; for a leak that is all there is. */
  readonly made?: Origin;
  /** Where it was closed first. */
  readonly closed?: Origin;
  /** The call that showed it: the second close, or the one that still asks. */
  readonly seen?: Origin;
  /** The whole of it in one line. */
  readonly text: string;
}

interface Entry extends Opened {
  /** Which file it is, so that a number that was closed elsewhere and given out again is not taken for it. */
  readonly file: string;
}

function fileOf(fd: number): string {
  try {
    const { dev, ino } = fstatSync(fd);
    return `${dev}:${ino}`;
  } catch {
    return '';
  }
}

class Ledger {
  #open = new Map<number, Entry>();
  /** Those of the program's numbers that were closed, and were not given out again. */
  #closed = new Map<number, { made: Origin; closed: Origin }>();
  /** By epoll descriptor: what it watches, and where that was asked for. */
  #watched = new Map<number, Map<number, Origin>>();
  #findings: Finding[] = [];
  #atExit = false;

  #detach: (() => void) | null = null;

  /** Begins anew, as the observer of every call from now on. */
  start(attachTo: typeof attach): void {
    this.#detach?.();
    this.#open.clear();
    this.#closed.clear();
    this.#watched.clear();
    this.#findings = [];
    if (!this.#atExit) process.on('exit', () => this.#reportAtExit());
    this.#atExit = true;
    const layer: Layer = (name, call) => {
      const row: Row = calls[name];
      const observed: Call = (...args) => {
        const capacities = capacitiesOf(row, args);
        const result = call(...args);
        this.#enter(name, args, result, capacities, () => originOf(name, observed));
        return result;
      };
      return observed;
    };
    this.#detach = attachTo(layer, { observes: true });
  }

  /** Sees no more calls; what is open still is added to the findings. */
  stop(): Finding[] {
    this.#detach?.();
    this.#detach = null;
    return this.#end();
  }

  /** What is open, of what was made since the start. */
  get open(): Opened[] {
    return [...this.#open.values()].filter((entry) => this.#isOpen(entry));
  }

  /** What was found so far. */
  get findings(): Finding[] {
    return [...this.#findings];
  }

  madeAt(fd: number): string | undefined {
    const made = this.#open.get(fd)?.made;
    return made && `made by ${made.call} at ${made.at}`;
  }

  handOver(fd: number): void {
    this.#open.delete(fd);
  }

  #isOpen({ fd, file }: Entry): boolean {
    return kernel.fcntl(fd, F_GETFD, 0) >= 0 && fileOf(fd) === file;
  }

  #enter(
    name: CallName,
    args: unknown[],
    result: number,
    capacities: Int32Array | null,
    origin: () => Origin,
  ): void {
    const call: Row = calls[name];
    if (name === 'close') this.#close(args[0] as number, result, origin);
    else if (result < 0 && name !== 'select' && name !== 'pselect') return;
    else if (call.makes)
      for (const fd of madeDescriptors(call, args, result, capacities)) this.#opened(fd, origin());
    else if (name === 'epoll_ctl') this.#watch(args as number[], origin);
    else if (name === 'poll' || name === 'ppoll') this.#polled(args, origin);
    else if (result === -EBADF) this.#selected(args, origin);
  }

  #opened(fd: number, made: Origin): void {
    if (fd < 0) return;
    this.#closed.delete(fd);
    this.#open.set(fd, { fd, made, file: fileOf(fd) });
  }

  #close(fd: number, result: number, origin: () => Origin): void {
    const before = this.#closed.get(fd);
    if (result === -EBADF && before !== undefined) {
      const seen = origin();
      const text = `descriptor ${fd} was closed twice: made by ${before.made.call} at ${before.made.at}, closed at ${before.closed.at}, and again at ${seen.at}`;
      this.#findings.push({ kind: 'double close', fd, ...before, seen, text });
    }
    const entry = this.#open.get(fd);
    if (result === -EBADF || entry === undefined) return;
    const closed = origin();
    this.#open.delete(fd);
    this.#closed.set(fd, { made: entry.made, closed });
    this.#watched.delete(fd);
    for (const [epfd, files] of this.#watched) {
      const seen = files.get(fd);
      if (seen !== undefined) this.#closedIn(`epoll ${epfd}`, fd, entry.made, closed, seen);
      files.delete(fd);
    }
  }

  #closedIn(where: string, fd: number, made: Origin, closed: Origin, seen: Origin): void {
    if (this.#findings.some((finding) => finding.fd === fd && finding.closed === closed)) return;
    const text = `descriptor ${fd} was closed while registered in ${where}: made by ${made.call} at ${made.at}, closed at ${closed.at}, registered by ${seen.call} at ${seen.at}`;
    this.#findings.push({ kind: 'closed while registered', fd, made, closed, seen, text });
  }

  // The kernel forgets a closed descriptor in an epoll only with its last copy, so it is told at close();
  // poll and select are told when they ask for one that is closed.
  #watch([epfd, op, fd]: number[], origin: () => Origin): void {
    const files = this.#watched.get(epfd) ?? new Map<number, Origin>();
    this.#watched.set(epfd, files);
    if (op === EPOLL_CTL_ADD) files.set(fd, origin());
    else if (op === EPOLL_CTL_DEL) files.delete(fd);
  }

  #polled([memory, nfds]: unknown[], origin: () => Origin): void {
    const fds = new PollFds(memory as Bytes);
    for (let i = 0; i < (nfds as number); i++)
      if (fds.revents(i) & POLLNVAL) this.#stale('poll', fds.fd(i), origin);
  }

  #selected([nfds, ...sets]: unknown[], origin: () => Origin): void {
    for (const set of sets.slice(0, 3)) {
      if (set === null || set === undefined) continue;
      for (const fd of new FdSet(set as Bytes).fds(nfds as number)) this.#stale('select', fd, origin);
    }
  }

  #stale(where: string, fd: number, origin: () => Origin): void {
    const entry = this.#closed.get(fd);
    if (entry !== undefined) this.#closedIn(where, fd, entry.made, entry.closed, origin());
  }

  #end(): Finding[] {
    for (const { fd, made } of this.open) {
      const text = `descriptor ${fd} was never closed: made by ${made.call} at ${made.at}`;
      this.#findings.push({ kind: 'leak', fd, made, text });
    }
    this.#open.clear();
    return this.findings;
  }

  #reportAtExit(): void {
    const lines = this.#end().map(({ text }) => `rfds ledger: ${text}\n`);
    this.#findings = [];
    if (lines.length > 0) writeSync(2, lines.join(''));
  }
}

// This thread's ledger. A descriptor that another thread closes is seen to be closed, but not where.
const ledger = loadLedger(() => new Ledger());

/**
 * Begins a new ledger for this thread. It sees what passes through rfds; a descriptor that Node or
 * another thread closes is no leak, but no double close either. attachTo: the attach() of the copy of rfds
 * whose calls it is to see.
 */
export function start(attachTo: typeof attach = attach): void {
  ledger.start(attachTo);
}

/** Ends the ledger: what was found, with the descriptors that are open still as leaks. */
export function stop(): Finding[] {
  return ledger.stop();
}

/** The descriptors that are open, of those made since start(). */
export function open(): Opened[] {
  return ledger.open;
}

/** What was found so far; leaks are only known at the end. */
export function findings(): Finding[] {
  return ledger.findings;
}

/** Where a descriptor was made: 'made by socket at server.ts:12'. undefined if that is not known. */
export function madeAt(fd: number): string | undefined {
  return ledger.madeAt(fd);
}

/** From now on the descriptor is closed by what is not rfds: it is no leak. */
export function handOver(fd: number): void {
  ledger.handOver(fd);
}
