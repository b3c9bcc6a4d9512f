// Records every call at the choke point, if RFDS_TRACE names a file: what was asked and answered,
// when, from which line, and the kernel's state behind it. Format: recording.ts.
//
// Records are kept as they are and become text in bulk: before a call that may block, when there are
// many, soon after the program has returned to the runtime's loop, and when the process ends. A process that
// is killed leaves everything up to the call it blocked in.

import { setTimeout } from 'node:timers';
import { getEnvironmentData, isMainThread, setEnvironmentData, threadId } from 'node:worker_threads';
import { argumentOf, type CallName, type Call as CallRow, heedsDontwait } from '../../kernel/calls.ts';
import { MSG_DONTWAIT, MSG_WAITFORONE } from '../../kernel/constants/socket.ts';
import { errorcode } from '../../kernel/errno.ts';
import { platform } from '../../kernel/platform.ts';
import type { Call, Layer } from '../../kernel/syscalls.ts';
import { Depth, type Stack, stackAbove, takeFrameLines } from '../call-site.ts';
import { capacitiesOf, madeDescriptors } from '../made-descriptors.ts';
import { decoders } from './call-decoders.ts';
import type { Decoder } from './decoders/decoder.ts';
import { isNonblocking, learn } from './known-sockets.ts';
import { setLoadedRecorder } from './loaded-recorder.ts';
import { callLine, type Entry, processLine } from './ndjson.ts';
import { Pauser } from './pause.ts';
import { isReady, monotonic, takeObserved, threadCpu } from './probes.ts';
import type { NoteLine, SocketState } from './recording.ts';
import { stateOf, statesOfAll } from './socket-state.ts';
import { TraceFile } from './trace-file.ts';

/** So many records are written at once at most. */
const MOST_ENTRIES = 256;
const FLUSH_DELAY_MS = 50;

/** Records every call that enters the kernel in the file. Null if it cannot be opened, which stderr says. */
export function recordTo(path: string): Layer | null {
  const file = new TraceFile(path);
  if (!file.open) return null;
  const step = process.env.RFDS_TRACE_STEP;
  const pauser = step && isMainThread ? new Pauser(Number(step)) : null;
  const recorder = new Recorder(file, process.env.RFDS_TRACE_STATE ?? 'call', pauser);
  process.on('exit', () => recorder.end());
  setLoadedRecorder(recorder);
  return (name, call) => {
    const decoder = decoders.get(name);
    // By libc's name: what the addon has of its own is recorded as the call that it makes.
    return decoder === undefined
      ? call
      : recorder.wrap((decoder.call.libc ?? name) as CallName, decoder, call);
  };
}

class Recorder {
  readonly #file: TraceFile;
  readonly #state: string;
  readonly #pauser: Pauser | null;
  #entries: Entry[] = [];
  #ends = false;
  #isTimed = false;

  constructor(file: TraceFile, state: string, pauser: Pauser | null) {
    this.#file = file;
    this.#state = state;
    this.#pauser = pauser;
    if (isFirst()) this.#file.append(`${JSON.stringify(processLine())}\n`);
  }

  wrap(name: CallName, decoder: Decoder, call: Call): Call {
    const recorder = this;
    const depth = new Depth();
    return function recordedCall(...args: unknown[]): number {
      if (!recorder.#file.open) return call(...args);
      const before = recorder.#prepare(decoder, args);
      const capacities = capacitiesOf(decoder.call, args);
      if (recorder.#pauser) recorder.#pause(recorder.#pauser, name, decoder, args, recordedCall);
      const entry: Entry = { ...unmade, name, decoder };
      entry.cpu = threadCpu();
      entry.start = monotonic();
      const result = call(...args);
      entry.end = monotonic();
      entry.cpu = threadCpu() - entry.cpu;
      entry.result = result;
      recorder.#pauser?.after(result < 0 ? `${result} ${errorcode(result)}` : String(result));
      recorder.#record(entry, args, before, capacities, recordedCall, depth);
      return result;
    };
  }

  // What must be done before the call. For a wrong argument the call itself throws.
  #prepare(decoder: Decoder, args: unknown[]): unknown[] | undefined {
    try {
      const { length } = this.#entries;
      if (length > 0 && (length >= MOST_ENTRIES || mayBlock(decoder.call, args))) this.flush();
      return decoder.before(args);
    } catch {
      return undefined;
    }
  }

  #pause(pauser: Pauser, name: CallName, decoder: Decoder, args: unknown[], below: Call): void {
    try {
      const { at } = stackAbove(below, nextFrame, new Depth());
      this.#write([]);
      const kept = decoder.keep(args, -1, decoder.before(args));
      const texts = decoder.arguments(kept, -1).map(({ text }) => text);
      pauser.before(`${name}(${texts.join(', ')})`, at);
    } catch {
      // For a wrong argument the call itself throws.
    }
  }

  #record(
    entry: Entry,
    args: unknown[],
    before: unknown[] | undefined,
    capacities: Int32Array | null,
    below: Call,
    depth: Depth,
  ): void {
    const { name, decoder, result } = entry;
    try {
      entry.kept = decoder.keep(args, result, before);
      entry.fd = decoder.fd(args, result);
      const made = madeDescriptors(decoder.call, args, result, capacities);
      learn(name, args, made, result);
      entry.sockets = this.#sockets(entry, made);
      entry.n = nextCall();
      entry.stack = stackAbove(below, nextFrame, depth);
      entry.observed = takeObserved();
      this.#entries.push(entry);
      if (this.#ends) this.flush();
      else if (!this.#isTimed) this.#flushSoon();
      if (name === 'close' && args[0] === this.#file.fd && result === 0)
        this.#file.fail('its descriptor was closed');
    } catch (error) {
      this.#file.fail(`the recorder failed: ${(error as Error).message}`);
    }
  }

  // Those that the call is about, and the sockets that it made.
  #sockets({ name, decoder, fd }: Entry, made: number[]): SocketState[] {
    if (this.#state === 'all') return statesOfAll();
    if (this.#state === 'none' || fd === undefined || fd < 0 || name === 'close') return [];
    const fds = decoder.call.makes?.what === 'socket' ? [...new Set([fd, ...made])] : [fd];
    return fds.map(stateOf).filter((state) => state !== undefined);
  }

  /** From now on nothing is kept back: other listeners may make calls while the process ends. */
  end(): void {
    this.#ends = true;
    this.flush();
  }

  // One timer at a time: in a program that never returns to the loop there would be ever more.
  #flushSoon(): void {
    this.#isTimed = true;
    const flush = () => {
      this.#isTimed = false;
      this.flush();
    };
    setTimeout(flush, FLUSH_DELAY_MS).unref();
  }

  flush(): void {
    const entries = this.#entries;
    if (entries.length === 0 || !this.#file.open) return;
    this.#entries = [];
    this.#write(entries);
  }

  /** What the reader must know beside the calls: that what the program was answered was not the kernel's answer, say. */
  note(text: string): void {
    if (!this.#file.open) return;
    const line: NoteLine = { type: 'note', at: monotonic(), text };
    this.flush();
    this.#file.append(`${JSON.stringify(line)}\n`);
  }

  // The frames that are new, and calls.
  #write(entries: Entry[]): void {
    try {
      const lines = takeFrameLines().map((line) =>
        JSON.stringify(line.type === 'frame' ? { pid: process.pid, ...line } : line),
      );
      for (const entry of entries) lines.push(JSON.stringify(callLine(entry)));
      if (lines.length > 0) this.#file.append(`${lines.join('\n')}\n`);
    } catch (error) {
      this.#file.fail(`the recorder failed: ${(error as Error).message}`);
    }
  }
}

const unmade = {
  n: -1,
  kept: [] as unknown[],
  fd: undefined as number | undefined,
  result: 0,
  start: 0,
  end: 0,
  cpu: 0,
  stack: { stack: [], at: null } as Stack,
  sockets: [] as SocketState[],
  observed: [] as string[],
};

/**
 * Whether a call may block. The kernel is asked about a descriptor that is not known to be non-blocking; a
 * call that waits for events blocks, mostly.
 */
function mayBlock(call: CallRow, args: unknown[]): boolean {
  if (call.blocks === undefined) return false;
  const { until, timeout, messages } = call.blocks;
  switch (until) {
    case 'event':
      return argumentOf(call, timeout!, args) !== 0;
    case 'connected':
      return true;
    case 'readable':
    case 'writable': {
      const flags = argumentOf(call, 'flags', args) as number;
      if (flags & MSG_DONTWAIT && heedsDontwait(call, platform)) return false;
      const fd = args[0] as number;
      if (isNonblocking(fd)) return false;
      // For a second message it may wait although the first is there.
      const isForMany =
        messages !== undefined &&
        (argumentOf(call, messages, args) as number) > 1 &&
        (flags & (MSG_WAITFORONE ?? 0)) === 0;
      return isForMany || !isReady(fd, until);
    }
  }
}

// ---- What the threads of a process share while they record

const [CALLS, FRAMES, PROCESS] = [0, 1, 2];
const KEY = 'rfds.trace';

let counters: Int32Array | undefined;

const next = (which: number) => {
  counters ??= shared();
  return Atomics.add(counters, which, 1);
};

function shared(): Int32Array {
  const theirs = getEnvironmentData(KEY);
  if (theirs instanceof Int32Array) return theirs;
  const ours = new Int32Array(new SharedArrayBuffer(12));
  // A thread whose parent does not record cannot share: its numbers begin elsewhere.
  if (!isMainThread) ours.fill((threadId % 2000) * 1_000_000, 0, 2);
  setEnvironmentData(KEY, ours as never);
  return ours;
}

const nextCall = () => next(CALLS);
const nextFrame = () => next(FRAMES);
/** Whether the caller is the first of the process to ask. */
const isFirst = () => next(PROCESS) === 0;
