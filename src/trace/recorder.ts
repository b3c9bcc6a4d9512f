// Records every call at the choke point, if RFDS_TRACE names a file: what was asked and answered,
// when, from which line, and the kernel's state behind it. Format: recording.ts.
// Above: syscalls.ts, which alone uses it. Below: call-args.ts, frames.ts, socket-state.ts, looks.ts.
//
// Records are kept as they are and become text in bulk: before a call that may block, when there are
// many, and when the process ends. Whoever kills the process finds everything up to the call it slept in.

import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { getEnvironmentData, isMainThread, setEnvironmentData, threadId } from 'node:worker_threads';
import { MSG_DONTWAIT } from '../constants/socket.ts';
import { errorcode } from '../errno.ts';
import type { Syscalls } from '../native.ts';
import { argumentsOf, type CallName, forms } from './call-args.ts';
import type { Form, Kept } from './call-form.ts';
import { Depth, type Stack, stackAbove, takeFrameLines } from './frames.ts';
import { isReady, monotonic, realtimeOffset, takeNoted, threadCpu } from './looks.ts';
import { Pauser } from './pause.ts';
import { type CallLine, type ProcessLine, type SocketState, VERSION } from './recording.ts';
import { isNonblocking, learn, look, lookAtAll } from './socket-state.ts';
import { TraceFile } from './trace-file.ts';

/** So many records are written at once at most. */
const MOST = 256;

type Call = (...args: unknown[]) => number;

interface Entry {
  name: CallName;
  form: Form;
  n: number;
  kept: Kept;
  result: number;
  start: number;
  end: number;
  cpu: number;
  stack: Stack;
  sockets: SocketState[];
  observed: string[];
}

// What the threads of a process share: the number of the next call and of the next frame, and whether
// the process has its line.
const [CALLS, FRAMES, PROCESS] = [0, 1, 2];
const KEY = 'rfds.trace';

function shared(): Int32Array {
  const theirs = getEnvironmentData(KEY);
  if (theirs instanceof Int32Array) return theirs;
  const counters = new Int32Array(new SharedArrayBuffer(12));
  // A thread whose parent does not record cannot share: its numbers begin elsewhere.
  if (!isMainThread) counters.fill(threadId * 1_000_000, 0, 2);
  setEnvironmentData(KEY, counters as never);
  return counters;
}

/** The calls, each recorded in the file; those that never enter the kernel as they are. */
export function recorded(calls: Syscalls, path: string): Syscalls {
  const file = new TraceFile(path);
  if (!file.open) return calls;
  const step = process.env.RFDS_TRACE_STEP;
  const pauser = step && isMainThread ? new Pauser(Number(step)) : null;
  const recorder = new Recorder(file, process.env.RFDS_TRACE_STATE ?? 'call', pauser);
  process.on('exit', () => recorder.end());
  const wrapped = Object.entries(calls).map(([name, call]) => {
    const form = forms[name as CallName];
    return [name, form === undefined ? call : recorder.wrap(name as CallName, form, call as Call)];
  });
  return Object.fromEntries(wrapped);
}

class Recorder {
  readonly #file: TraceFile;
  readonly #state: string;
  readonly #pauser: Pauser | null;
  readonly #counters = shared();
  readonly #nextFrame: () => number;
  #entries: Entry[] = [];
  #ends = false;

  constructor(file: TraceFile, state: string, pauser: Pauser | null) {
    this.#file = file;
    this.#state = state;
    this.#pauser = pauser;
    this.#nextFrame = () => Atomics.add(this.#counters, FRAMES, 1);
    if (Atomics.exchange(this.#counters, PROCESS, 1) === 0)
      this.#file.append(`${JSON.stringify(processLine())}\n`);
  }

  wrap(name: CallName, form: Form, call: Call): Call {
    const recorder = this;
    const depth = new Depth();
    return function recordedCall(...args: unknown[]): number {
      if (!recorder.#file.open) return call(...args);
      const before = recorder.#prepare(name, form, args);
      if (recorder.#pauser) recorder.#pause(recorder.#pauser, name, form, args, recordedCall);
      const cpu = threadCpu();
      const start = monotonic();
      const result = call(...args);
      const end = monotonic();
      const spent = threadCpu() - cpu;
      recorder.#pauser?.after(result < 0 ? `${result} ${errorcode(result)}` : String(result));
      recorder.#record(name, form, args, before, result, start, end, spent, recordedCall, depth);
      return result;
    };
  }

  // What must be done before the call. A wrong argument is the call's to refuse.
  #prepare(name: CallName, form: Form, args: unknown[]): unknown {
    try {
      if (this.#entries.length > 0 && (this.#entries.length >= MOST || mayBlock(name, args))) this.flush();
      return form.before?.(args);
    } catch {
      return undefined;
    }
  }

  #pause(pauser: Pauser, name: CallName, form: Form, args: unknown[], below: Call): void {
    try {
      const { at } = stackAbove(below, this.#nextFrame, new Depth());
      this.#write([]);
      const kept = form.keep ? form.keep(args, -1, form.before?.(args)) : args;
      const texts = argumentsOf(form, kept, -1).map(({ text }) => text);
      pauser.before(`${name}(${texts.join(', ')})`, at);
    } catch {
      // A wrong argument is the call's to refuse.
    }
  }

  #record(
    name: CallName,
    form: Form,
    args: unknown[],
    before: unknown,
    result: number,
    start: number,
    end: number,
    cpu: number,
    below: Call,
    depth: Depth,
  ): void {
    try {
      const kept = form.keep ? form.keep(args, result, before) : args;
      const fd = form.fd?.(kept, result);
      learn(name, args, fd, result);
      const sockets = this.#sockets(name, fd, result);
      const n = Atomics.add(this.#counters, CALLS, 1);
      const stack = stackAbove(below, this.#nextFrame, depth);
      this.#entries.push({
        name,
        form,
        n,
        kept,
        result,
        start,
        end,
        cpu,
        stack,
        sockets,
        observed: takeNoted(),
      });
      if (this.#ends) this.flush();
      if (name === 'close' && args[0] === this.#file.fd && result === 0)
        this.#file.fail('its descriptor was closed');
    } catch (error) {
      this.#file.fail(`the recorder failed: ${(error as Error).message}`);
    }
  }

  #sockets(name: CallName, fd: number | undefined, result: number): SocketState[] {
    if (this.#state === 'all') return lookAtAll();
    if (this.#state === 'none' || fd === undefined || fd < 0 || name === 'close') return [];
    const fds = result >= 0 && (name === 'accept' || name === 'accept4') ? [fd, result] : [fd];
    return fds.map(look).filter((state) => state !== undefined);
  }

  /** From now on nothing is kept back: other listeners may make calls while the process ends. */
  end(): void {
    this.#ends = true;
    this.flush();
  }

  flush(): void {
    const entries = this.#entries;
    if (entries.length === 0 || !this.#file.open) return;
    this.#entries = [];
    this.#write(entries);
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

function callLine({
  name,
  form,
  n,
  kept,
  result,
  start,
  end,
  cpu,
  stack,
  sockets,
  observed,
}: Entry): CallLine {
  const fd = form.fd?.(kept, result);
  const data = form.data?.(kept);
  const detail = form.detail?.(kept, result);
  return {
    type: 'call',
    pid: process.pid,
    thread: isMainThread ? 0 : threadId,
    n,
    name,
    args: argumentsOf(form, kept, result),
    result,
    ...(result < 0 && { errno: errorcode(result) }),
    ...(detail && { detail }),
    start,
    end,
    cpu,
    ...(fd !== undefined && fd >= 0 && { fd }),
    ...(data &&
      data.length > 0 && { data: Buffer.from(data.buffer, data.byteOffset, data.length).toString('base64') }),
    ...(form.ready && { ready: form.ready(kept, result) }),
    stack: stack.stack,
    at: stack.at,
    ...(sockets.length > 0 && { sockets }),
    ...(observed.length > 0 && { observed }),
  };
}

function processLine(): ProcessLine {
  const role = process.env.RFDS_TRACE_ROLE;
  const { bun, deno, node } = process.versions as Record<string, string | undefined>;
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return {
    type: 'process',
    version: VERSION,
    pid: process.pid,
    role: role === 'server' || role === 'client' ? role : null,
    argv: process.argv,
    platform: process.platform,
    arch: process.arch,
    kernel: release(),
    runtime: bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node ${node}`,
    rfds: version,
    start: monotonic(),
    realtimeOffset: String(realtimeOffset()),
  };
}

// Whether a call may sleep. Of a descriptor that is not known to be non-blocking the kernel is asked;
// who waits for events sleeps, mostly.
function mayBlock(name: CallName, args: unknown[]): boolean {
  const fd = args[0] as number;
  switch (name) {
    case 'select':
    case 'pselect':
    case 'ppoll':
    case 'kevent':
    case 'connect':
      return true;
    case 'poll':
      return args[2] !== 0;
    case 'epoll_wait':
    case 'epoll_pwait':
      return args[3] !== 0;
    case 'recv':
    case 'send':
    case 'recvfrom':
    case 'sendto':
    case 'recvmsg':
    case 'sendmsg':
      if (flagsOf(name, args) & MSG_DONTWAIT) return false;
      return !isNonblocking(fd) && !isReady(fd, name.startsWith('recv') ? 'read' : 'write');
    case 'accept':
    case 'accept4':
    case 'read':
      return !isNonblocking(fd) && !isReady(fd, 'read');
    case 'write':
      return !isNonblocking(fd) && !isReady(fd, 'write');
    default:
      return false;
  }
}

// Behind recvfrom's and sendto's flags there are addresses.
function flagsOf(name: CallName, args: unknown[]): number {
  const behind = name === 'recvfrom' ? 2 : name === 'sendto' ? 1 : 0;
  return args.at(-1 - behind) as number;
}
