// Makes calls fail, or move fewer bytes, or come late, at the choke point of a real kernel. What it answers is what a
// kernel may answer (fault-contract.ts): a call that fails was not made, unless the kernel itself would have made it,
// as close(2). Each fault is kept, and told in the recording, which stands beneath and saw nothing of it.

import { type CallName, callOf } from '../kernel/calls.ts';
import { EPOLL_CTL_DEL, EPOLLET, EV_ADD, EV_CLEAR, EV_DELETE } from '../kernel/constants/select.ts';
import { errorcode } from '../kernel/errno.ts';
import { kernel as realKernel } from '../kernel/fast-calls.ts';
import type { Bytes } from '../kernel/native.ts';
import { EpollEvents } from '../kernel/structs/epoll-event.ts';
import { Kevents } from '../kernel/structs/kevent.ts';
import { attach, type Call } from '../kernel/syscalls.ts';
import { originOf } from './call-site.ts';
import {
  type Asked,
  descriptorOf,
  endConnection,
  type Kernel,
  madeFirst,
  reasonAgainstError,
  reasonAgainstShort,
  shortened,
} from './fault-contract.ts';
import { checkFault, type Fault, parseFaults, type Rule } from './fault-rules.ts';
import { loadedRecorder } from './recorder/loaded-recorder.ts';

/** Something that was done to a call, or could not be. */
export interface Injected {
  readonly call: CallName;
  /** Which of the calls of that name, from 1. */
  readonly nth: number;
  /** The descriptor that it is about; -1: none, or many. */
  readonly fd: number;
  /** 'passed over': it was due, but no kernel would do that to this call. */
  readonly kind: 'error' | 'short' | 'delay' | 'passed over';
  /** The errno by its name. */
  readonly error: string | null;
  /** The whole of it in one line. */
  readonly text: string;
}

export interface InjectOptions {
  /** Of what is left to chance: the same seed, the same choices. 1 where absent. */
  seed?: number;
  /** A line on stderr for each. */
  log?: boolean;
  /** Called for each. It must make no call. */
  onInjected?: (injected: Injected) => void;
}

/** Faults that are injected until they are taken off. */
export interface Faults extends Disposable {
  /** What happened so far: the last 1000. */
  readonly injected: readonly Injected[];
  /** From now on every call is made as it is. */
  detach(): void;
}

export interface LayerOptions extends InjectOptions {
  /** That of the copy of rfds whose calls are to fail. */
  attachTo?: typeof attach;
  /** What is asked about descriptors; the addon, beneath the choke point, where absent. */
  kernel?: Kernel;
}

/** How many of what was injected are kept. */
const MOST_KEPT = 1000;

export class FaultLayer implements Faults {
  readonly injected: Injected[] = [];
  readonly #rules: readonly Rule[];
  readonly #options: LayerOptions;
  readonly #kernel: Kernel;
  readonly #counts = new Map<CallName, number>();
  /** By name: the descriptor on which a call was answered EINTR last; the next one is made. */
  readonly #interrupted = new Map<CallName, number>();
  /** By epoll or kqueue: what it watches edge-triggered. */
  readonly #edges = new Map<number, Set<number>>();
  readonly #detach: () => void;
  #random: number;

  constructor(faults: readonly Fault[], options: LayerOptions) {
    this.#rules = faults.map(checkFault);
    this.#options = options;
    this.#kernel = options.kernel ?? realKernel;
    // Never 0, and different for neighbouring seeds.
    this.#random = Math.imul((options.seed ?? 1) ^ 0x9e3779b9, 0x85ebca6b) | 1;
    this.#detach = (options.attachTo ?? attach)((name, call) => this.#around(name, this.#watch(name, call)));
  }

  detach(): void {
    this.#detach();
  }

  [Symbol.dispose](): void {
    this.detach();
  }

  #around(name: CallName, call: Call): Call {
    const rules = this.#rules.filter(({ names }) => names.includes(name));
    if (rules.length === 0) return call;
    const row = callOf(name)!;
    const faulty: Call = (...args) => {
      const nth = (this.#counts.get(name) ?? 0) + 1;
      this.#counts.set(name, nth);
      const fd = descriptorOf(row, args);
      const isEdgeTriggered = [...this.#edges.values()].some((fds) => fds.has(fd));
      return new Injection(this, { name, row, args, fd, isEdgeTriggered }, nth, call, faulty).make(rules);
    };
    return faulty;
  }

  // Follows what is watched edge-triggered.
  #watch(name: CallName, call: Call): Call {
    if (name !== 'epoll_ctl' && name !== 'kevent' && name !== 'close') return call;
    return (...args) => {
      const result = call(...args);
      if (result < 0) return result;
      const [one, two, three, four] = args;
      if (name === 'close') {
        this.#edges.delete(one as number);
        for (const fds of this.#edges.values()) fds.delete(one as number);
      } else if (name === 'epoll_ctl') {
        const isEdge =
          two !== EPOLL_CTL_DEL && (new EpollEvents(four as Bytes).events(0) & (EPOLLET ?? 0)) !== 0;
        this.#setEdge(one as number, three as number, isEdge);
      } else if (two !== null) {
        const changes = new Kevents(two as Bytes);
        for (let i = 0; i < (three as number); i++) {
          const flags = changes.flags(i);
          if (flags & ((EV_ADD ?? 0) | (EV_DELETE ?? 0)))
            this.#setEdge(one as number, changes.ident(i), (flags & (EV_CLEAR ?? 0)) !== 0);
        }
      }
      return result;
    };
  }

  #setEdge(watcher: number, fd: number, isEdge: boolean): void {
    const fds = this.#edges.get(watcher) ?? new Set();
    if (isEdge) fds.add(fd);
    else fds.delete(fd);
    this.#edges.set(watcher, fds);
  }

  get kernel(): Kernel {
    return this.#kernel;
  }

  /** Whether a rule is for this call: by its number, and by chance. */
  isDue({ first, last, step, chance }: Rule, nth: number): boolean {
    if (nth < first || nth > last || (nth - first) % step !== 0) return false;
    return chance === 1 || this.#nextRandom() < chance;
  }

  // 0 … 1. xorshift32.
  #nextRandom(): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    return (x >>> 0) / 2 ** 32;
  }

  /** Whether the call is made again after an EINTR that was injected: it is not interrupted twice. */
  takesUp({ name, fd }: Asked): boolean {
    const isAgain = this.#interrupted.get(name) === fd;
    this.#interrupted.delete(name);
    return isAgain;
  }

  interrupted({ name, fd }: Asked): void {
    this.#interrupted.set(name, fd);
  }

  keep(injected: Injected): void {
    this.injected.push(injected);
    if (this.injected.length > MOST_KEPT) this.injected.shift();
    loadedRecorder()?.note(injected.text);
    if (this.#options.log) this.#kernel.write(2, Buffer.from(`rfds faults: ${injected.text}\n`));
    this.#options.onInjected?.(injected);
  }
}

/** What was done of a call that is told as failed. */
const done: Partial<Record<CallName, string>> = {
  close: 'the kernel has closed it',
  connect: 'the kernel has gone on to connect it',
  kevent: 'the kernel has made its changes',
};

const standStill = new Int32Array(new SharedArrayBuffer(4));

/** One call to which something may happen. */
class Injection {
  readonly #faults: FaultLayer;
  readonly #asked: Asked;
  readonly #nth: number;
  readonly #call: Call;
  readonly #below: Call;

  /** below: what the program called. */
  constructor(faults: FaultLayer, asked: Asked, nth: number, call: Call, below: Call) {
    this.#faults = faults;
    this.#asked = asked;
    this.#nth = nth;
    this.#call = call;
    this.#below = below;
  }

  make(rules: readonly Rule[]): number {
    const isAgain = this.#faults.takesUp(this.#asked);
    let { args } = this.#asked;
    for (const rule of rules) {
      if (!this.#faults.isDue(rule, this.#nth)) continue;
      if (rule.delayMs > 0) this.#delay(rule.delayMs);
      if (rule.error !== null && !(rule.error === 'EINTR' && isAgain)) {
        const result = this.#fail(rule.error, rule.errno);
        if (result !== null) return result;
      }
      if (rule.short > 0) args = this.#shorten(rule.short) ?? args;
    }
    return this.#call(...args);
  }

  #delay(milliseconds: number): void {
    this.#tell('delay', null, `is made ${milliseconds} ms late: injected`);
    Atomics.wait(standStill, 0, 0, milliseconds);
  }

  // What the call returns; null: it is to be made.
  #fail(error: string, errno: number): number | null {
    const { name } = this.#asked;
    const { kernel } = this.#faults;
    const reason = reasonAgainstError(this.#asked, error, kernel);
    if (reason !== null) {
      this.#tell('passed over', error, `cannot fail with ${error}: ${reason}`);
      return null;
    }
    let what = 'the kernel was not asked';
    const first = madeFirst(this.#asked, error);
    if (first !== null) {
      const result = this.#call(...first);
      if (result < 0 && !(error === 'EINPROGRESS' && result === -errno)) {
        const own = errorcode(result);
        this.#tell('passed over', error, `is not told as ${error}: it failed by itself, ${own}`);
        return result;
      }
      what = done[name]!;
    } else if (endConnection(this.#asked, error, kernel)) {
      what = 'the kernel was not asked, but to shut the connection down';
    }
    if (error === 'EINTR') this.#faults.interrupted(this.#asked);
    this.#tell('error', error, `fails with ${error}: injected, ${what}`);
    return -errno;
  }

  #shorten(most: number): unknown[] | null {
    const { row, args } = this.#asked;
    const shorter = shortened(row, args, most);
    if (shorter === null) return null;
    const reason = reasonAgainstShort(this.#asked, shorter.of, this.#faults.kernel);
    if (reason !== null) {
      this.#tell('passed over', null, `cannot be short: ${reason}`);
      return null;
    }
    this.#tell('short', null, `is made for ${most} of ${shorter.of} bytes: injected`);
    return shorter.args;
  }

  #tell(kind: Injected['kind'], error: string | null, what: string): void {
    const { name, fd } = this.#asked;
    const { at } = originOf(name, this.#below);
    const text = `${name} #${this.#nth} (${fd < 0 ? '' : `descriptor ${fd}, `}at ${at}) ${what}`;
    this.#faults.keep({ call: name, nth: this.#nth, fd, kind, error, text });
  }
}

/**
 * Injects faults into the calls of this thread, until they are taken off: as objects, or as the text of RFDS_FAULTS
 * ('recv:error=ECONNRESET:when=3'). Where several are due, delays add up, and the first error stands. Throws
 * RangeError for a call that there is not, for an errno that it does not give, and for wrong numbers; TypeError for what
 * is no fault. docs/faults.md
 */
export function inject(faults: string | Fault | readonly Fault[], options: InjectOptions = {}): Faults {
  if (typeof faults === 'string') {
    const { faults: parsed, ...asked } = parseFaults(faults);
    return new FaultLayer(parsed, { ...asked, ...options });
  }
  const list: readonly unknown[] = Array.isArray(faults) ? faults : [faults];
  for (const one of list)
    if (typeof one !== 'object' || one === null)
      throw new TypeError(
        `inject(): a fault must be an object or a string, got ${one === null ? 'null' : typeof one}`,
      );
  return new FaultLayer(list as readonly Fault[], options);
}
