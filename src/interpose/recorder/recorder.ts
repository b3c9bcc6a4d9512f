// Records every call at the choke point, if RFDS_TRACE names a file: what was asked and answered,
// when, from which line, and the kernel's state behind it. Format: recording.ts.
// Above: syscalls.ts, which alone uses it. Below: call-args.ts, frames.ts, socket-state.ts, looks.ts.
//
// Records are kept as they are and become text in bulk: before a call that may block, when there are
// many, soon after the program has returned to the runtime's loop, and when the process ends. Whoever
// kills the process finds everything up to the call it slept in.

import { setTimeout } from 'node:timers';
import { isMainThread } from 'node:worker_threads';
import { callOf } from '../../kernel/calls.ts';
import { errorcode } from '../../kernel/errno.ts';
import type { Call, Layer } from '../../kernel/syscalls.ts';
import { Depth, stackAbove, takeFrameLines } from '../call-site.ts';
import { argumentsOf, type CallName, forms } from './call-args.ts';
import { isFirst, nextCall, nextFrame } from './counters.ts';
import { type Form, int, type Kept } from './decoders/decoder.ts';
import { learn } from './known-sockets.ts';
import { mayBlock } from './may-block.ts';
import { callLine, type Entry, processLine } from './ndjson.ts';
import { Pauser } from './pause.ts';
import { monotonic, takeNoted, threadCpu } from './probes.ts';
import type { SocketState } from './recording.ts';
import { look, lookAtAll } from './socket-state.ts';
import { TraceFile } from './trace-file.ts';

/** So many records are written at once at most. */
const MOST = 256;
/** In milliseconds. */
const SOON = 50;

/** Records every call that enters the kernel in the file. Null if it cannot be opened, which stderr says. */
export function recordTo(path: string): Layer | null {
  const file = new TraceFile(path);
  if (!file.open) return null;
  const step = process.env.RFDS_TRACE_STEP;
  const pauser = step && isMainThread ? new Pauser(Number(step)) : null;
  const recorder = new Recorder(file, process.env.RFDS_TRACE_STATE ?? 'call', pauser);
  process.on('exit', () => recorder.end());
  return (name, call) => {
    const form = forms[name as CallName];
    return form === undefined ? call : recorder.wrap((callOf(name)?.libc ?? name) as CallName, form, call);
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
      const { at } = stackAbove(below, nextFrame, new Depth());
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
      const sockets = this.#sockets(name, kept, fd, result);
      const n = nextCall();
      const stack = stackAbove(below, nextFrame, depth);
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
      else if (!this.#isTimed) this.#flushSoon();
      if (name === 'close' && args[0] === this.#file.fd && result === 0)
        this.#file.fail('its descriptor was closed');
    } catch (error) {
      this.#file.fail(`the recorder failed: ${(error as Error).message}`);
    }
  }

  // Of accept also the new one, of socketpair both.
  #sockets(name: CallName, kept: Kept, fd: number | undefined, result: number): SocketState[] {
    if (this.#state === 'all') return lookAtAll();
    if (this.#state === 'none' || fd === undefined || fd < 0 || name === 'close') return [];
    const fds = [fd];
    if (result >= 0 && (name === 'accept' || name === 'accept4')) fds.push(result);
    if (result >= 0 && name === 'socketpair') fds.push(int(kept[3], 1));
    return fds.map(look).filter((state) => state !== undefined);
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
    setTimeout(flush, SOON).unref();
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
