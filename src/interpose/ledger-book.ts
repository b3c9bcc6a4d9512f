// What the ledger writes down: each descriptor that a call made, with the line that asked for it, and what
// was done wrong with it. Looks only, at the calls and their results.
// Above: syscalls.ts (RFDS_LEDGER=1), ledger.ts, owner.ts. Below: gate.ts, control.ts, source-map.ts.

import { fstatSync, writeSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CallName, calls, type Call as Row } from '../kernel/calls.ts';
import { F_GETFD } from '../kernel/constants/fcntl.ts';
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, POLLNVAL } from '../kernel/constants/select.ts';
import { EBADF } from '../kernel/errno.ts';
import { kernel } from '../kernel/fast-calls.ts';
import { layout, root } from '../kernel/native.ts';
import type { Call, Layer } from '../kernel/syscalls.ts';
import { madeDescriptors } from './made-descriptors.ts';
import { originalPlace } from './source-map.ts';

/** A line of the program, "server.ts:12", and the stack that led from it to the call. */
export interface Origin {
  readonly call: string;
  readonly at: string;
  readonly stack: string;
}

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

/** Where the call that is under way came from: the stack above a function, and its first line that is not ours. */
function originOf(call: string, below: Call): Origin {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 30;
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, below);
  Error.stackTraceLimit = stackTraceLimit;
  // The text of the stack, and the source maps, are only made when somebody looks.
  return {
    call,
    get at() {
      return placeIn(holder.stack ?? '');
    },
    get stack() {
      return holder.stack?.replace(/^.*\n/, '') ?? '';
    },
  };
}

function placeIn(stack: string): string {
  for (const [, script, line, column] of stack.matchAll(
    /^\s+at .*?\(?((?:file:\/\/)?\/[^()\n]*):(\d+):(\d+)\)?$/gm,
  )) {
    const file = script.startsWith('file:') ? fileURLToPath(script) : script;
    const ours = path.relative(root, file);
    if (/^(src|dist)\/(?!programs\/)/.test(ours)) continue;
    const place = originalPlace({ file, line: Number(line), column: Number(column) });
    if (place === null) continue; // What the compiler added.
    const near = path.relative(process.cwd(), place.file);
    return `${near.startsWith('..') ? place.file : near}:${place.line}`;
  }
  return 'somewhere';
}

function fileOf(fd: number): string {
  try {
    const { dev, ino } = fstatSync(fd);
    return `${dev}:${ino}`;
  } catch {
    return '';
  }
}

const ints = (bytes: unknown): Int32Array =>
  ArrayBuffer.isView(bytes)
    ? new Int32Array(
        Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).buffer.slice(
          bytes.byteOffset,
          bytes.byteOffset + (bytes.byteLength & ~3),
        ),
      )
    : new Int32Array(bytes as ArrayBuffer);

class Book {
  #open = new Map<number, Entry>();
  /** Those of the program's numbers that were closed, and were not given out again. */
  #closed = new Map<number, { made: Origin; closed: Origin }>();
  /** By epoll descriptor: what it watches, and where that was asked for. */
  #watched = new Map<number, Map<number, Origin>>();
  #findings: Finding[] = [];
  #atExit = false;

  /** Begins anew: what looks at every call from now on. */
  layer(): Layer {
    this.#open.clear();
    this.#closed.clear();
    this.#watched.clear();
    this.#findings = [];
    if (!this.#atExit) process.on('exit', () => this.#tellAtExit());
    this.#atExit = true;
    return (name, call) => {
      const observed: Call = (...args) => {
        const result = call(...args);
        this.#enter(name, args, result, () => originOf(name, observed));
        return result;
      };
      return observed;
    };
  }

  /** What is open, of what was made since the start. */
  get open(): Opened[] {
    return [...this.#open.values()].filter((entry) => this.#isOpen(entry));
  }

  /** What was found so far. */
  get findings(): Finding[] {
    return [...this.#findings];
  }

  /** Where a descriptor was made, if that is known. */
  madeAt(fd: number): string | undefined {
    const made = this.#open.get(fd)?.made;
    return made && `made by ${made.call} at ${made.at}`;
  }

  /** Somebody else closes the descriptor from now on. */
  handOver(fd: number): void {
    this.#open.delete(fd);
  }

  #isOpen({ fd, file }: Entry): boolean {
    return kernel.fcntl(fd, F_GETFD, 0) >= 0 && fileOf(fd) === file;
  }

  #enter(name: CallName, args: unknown[], result: number, origin: () => Origin): void {
    const call: Row = calls[name];
    if (name === 'close') this.#close(args[0] as number, result, origin);
    else if (result < 0 && name !== 'select' && name !== 'pselect') return;
    else if (call.makes) for (const fd of madeDescriptors(call, args, result)) this.#opened(fd, origin());
    else if (name === 'epoll_ctl') this.#watch(args as number[], origin);
    else if (name === 'poll' || name === 'ppoll') this.#asked(args, origin);
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

  #asked([memory, nfds]: unknown[], origin: () => Origin): void {
    const bytes = Buffer.from(ArrayBuffer.isView(memory) ? memory.buffer : (memory as ArrayBuffer));
    const size = layout['sizeof pollfd']!;
    for (let i = 0; i < (nfds as number); i++) {
      if ((bytes.readInt16LE(i * size + layout['pollfd.revents']!) & POLLNVAL) === 0) continue;
      this.#stale('poll', bytes.readInt32LE(i * size + layout['pollfd.fd']!), origin);
    }
  }

  #selected([nfds, ...sets]: unknown[], origin: () => Origin): void {
    for (const set of sets.slice(0, 3)) {
      if (set === null || set === undefined) continue;
      const words = ints(set);
      for (let fd = 0; fd < (nfds as number); fd++) {
        if ((words[fd >> 5] & (1 << (fd & 31))) !== 0) this.#stale('select', fd, origin);
      }
    }
  }

  #stale(where: string, fd: number, origin: () => Origin): void {
    const entry = this.#closed.get(fd);
    if (entry !== undefined) this.#closedIn(where, fd, entry.made, entry.closed, origin());
  }

  /** Adds what is open still to the findings, and returns them all. */
  close(): Finding[] {
    for (const { fd, made } of this.open) {
      const text = `descriptor ${fd} was never closed: made by ${made.call} at ${made.at}`;
      this.#findings.push({ kind: 'leak', fd, made, text });
    }
    this.#open.clear();
    return this.findings;
  }

  #tellAtExit(): void {
    const told = this.close().map(({ text }) => `rfds ledger: ${text}\n`);
    this.#findings = [];
    if (told.length > 0) writeSync(2, told.join(''));
  }
}

// This module may be loaded twice in a thread: imported, and bundled for RFDS_LEDGER. They share one ledger.
const shared = globalThis as { [key: symbol]: Book | undefined };
const key = Symbol.for('rfds.ledger');

shared[key] ??= new Book();

/** This thread's ledger. A descriptor that another thread closes is seen to be closed, but not where. */
export const book: Book = shared[key];
