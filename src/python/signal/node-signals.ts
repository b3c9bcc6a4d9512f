// signal() beside Node's own process.on(), which shares the process's table of dispositions with it
// (docs/signals.md).
//
// Signals that only Node listens for: its handler (libuv's) asks the kernel to restart recv, accept, connect,
// send, read and write, and its listener runs only once control is back in Node's loop: Ctrl+C would go dead in
// a program that blocks. So, when a call is about to block, that handler is chained: ours calls it, but the call
// is interrupted. It costs nothing until a program both listens and blocks.
//
// Signals that signal() set: libuv sets its own handler with the first listener and SIG_DFL with the last, and
// what was there is gone, if only for a moment in which a signal ends the process. So signal() adds a listener
// of its own, which does nothing and is the first and the last; what comes and goes between them changes
// nothing in the kernel.

import type { EventEmitter } from 'node:events';
import { constants } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import { SA_RESTART } from '../../kernel/constants/sigaction.ts';
import { SIGCHLD, SIGURG } from '../../kernel/constants/signal.ts';
import * as own from '../../kernel/own-calls.ts';
import * as sys from '../../kernel/syscalls.ts';
import { dispositions, harmless, nodesPending, takePending } from './pending.ts';

type Name = NodeJS.Signals;
type Listener = NodeJS.SignalsListener & { listener?: NodeJS.SignalsListener };

/** What signal() sets. */
export type Action = 'handler' | 'ignore' | 'default';

// Other runtimes have no libuv, or hide it: their listeners come and go as they like.
const isNode = process.versions.bun === undefined && process.versions.deno === undefined;
// Where kicks are sent by SIGURG (native/threads.cc).
const kicksBySigurg = process.platform === 'darwin';

// What signal() set. Signals that had a listener before that.
const actions = new Map<number, Action>();
const hadListeners = new Set<number>();
// The listeners of our own that hold libuv's handler, by signal.
const holders = new Map<number, () => void>();
// Signals that got a listener, and whose handler is not chained yet; and whether any is.
const unchained = new Set<number>();
let isAnyChained = false;
// Whether the process's listeners are followed: from the first call that may block, or signal(), so that
// importing this changes nothing.
let isFollowing = !isMainThread;
// While we move listeners ourselves.
let isMoving = false;

const numberOf = (name: string | symbol): number | undefined => constants.signals[name as Name];
// A signal may have several: SIGABRT and SIGIOT.
const namesOf = (signum: number) =>
  (Object.keys(constants.signals) as Name[]).filter((name) => numberOf(name) === signum);
const isHolder = (listener: unknown) => [...holders.values()].includes(listener as () => void);

/** Whether Node listens for a signal: one that signal() did not set, then. */
export function nodeListens(signum: number): boolean {
  return namesOf(signum).some((name) => process.listeners(name).some((listener) => !isHolder(listener)));
}

function followListeners(): void {
  isFollowing = true;
  for (const name of process.eventNames()) {
    const signum = numberOf(name);
    if (signum !== undefined && !harmless.has(signum)) unchained.add(signum);
  }
  // Behind Node's, which sets libuv's handler; and before Node's, which takes it away.
  process.on('newListener', onAdded);
  (process as EventEmitter).prependListener('removeListener', onRemoved);
}

function onAdded(name: string | symbol, listener: unknown): void {
  const signum = numberOf(name);
  if (signum === undefined || isMoving || isHolder(listener)) return;
  const action = actions.get(signum);
  if (action === 'handler') {
    // Both are called.
    own.pass_signal(signum, 1);
    return;
  }
  if (action !== undefined) {
    // libuv believes that its handler is there, if it has another listener already.
    if (namesOf(signum).some((name) => process.listenerCount(name) > 0)) own.restore_signal(signum, 1);
    // What was ignored is so again after the last listener.
    if (action === 'default') forget(signum);
  }
  if (harmless.has(signum)) {
    if (signum === SIGURG && kicksBySigurg) own.chain_signal(signum);
    return;
  }
  // At once, so that no signal is missed; the listener itself is there only when this has returned.
  chain(signum);
  queueMicrotask(() => watchListeners(signum));
}

function onRemoved(name: string | symbol, listener: unknown): void {
  const signum = numberOf(name);
  if (signum === undefined || isMoving) return;
  const holder = holders.get(signum);
  // process.removeAllListeners(name) means the program's.
  if (listener === holder) process.on(name as Name, holder as NodeJS.SignalsListener);
  else if (!nodeListens(signum)) onLastRemoved(signum);
}

function onLastRemoved(signum: number): void {
  const action = actions.get(signum);
  if (action === 'handler') own.pass_signal(signum, signum === SIGCHLD ? 1 : 0);
  else if (action === 'ignore') sys.sigaction(signum, 1);
  else if (signum === SIGURG && kicksBySigurg) queueMicrotask(() => own.chain_signal(signum));
}

/** Whether there may be signals that Node listens for. */
export function nodeMayListen(): boolean {
  if (!isFollowing) followListeners();
  return isAnyChained || unchained.size > 0;
}

function chain(signum: number): boolean {
  if (own.chain_signal(signum) !== 1) return false;
  isAnyChained = true;
  return true;
}

/** Chains Node's handlers; adds those that were not chained before to a set. */
export function chainHandlers(found?: Set<number>): void {
  if (!isFollowing) followListeners();
  if (unchained.size === 0) return;
  for (const signum of unchained) {
    unchained.delete(signum);
    if (actions.get(signum) === 'handler') continue;
    if (chain(signum)) found?.add(signum);
    watchListeners(signum);
  }
}

// Puts a function in the place of each listener of a chained signal that first notes that listeners run, so that
// no later call is interrupted for it. To the program it looks as once()'s does: listeners() and off() know the
// listener itself. A listener of our own beside them would be counted, and programs decide by that count whether
// a signal is to end them.
function watchListeners(signum: number): void {
  if (!isNode || actions.get(signum) === 'handler') return;
  for (const name of namesOf(signum)) {
    const listeners = process.rawListeners(name) as Listener[];
    if (listeners.every((listener) => watching.has(listener))) continue;
    const max = process.getMaxListeners();
    const isMany = max > 0 && 2 * listeners.length > max;
    isMoving = true;
    try {
      if (isMany) process.setMaxListeners(0);
      for (const listener of listeners.toReversed())
        process.prependListener(name, watching.has(listener) ? listener : watched(name, signum, listener));
      for (const listener of listeners) process.removeListener(name, listener);
    } finally {
      if (isMany) process.setMaxListeners(max);
      isMoving = false;
    }
  }
}

const watching = new WeakSet<Listener>();

function watched(name: Name, signum: number, listener: Listener): Listener {
  const isOnce = listener.listener !== undefined;
  const watcher: Listener = function (this: NodeJS.Process, ...args) {
    takePending();
    nodesPending.delete(signum);
    if (isOnce) process.removeListener(name, watcher);
    listener.apply(this, args);
  };
  watcher.listener = listener.listener ?? listener;
  watching.add(watcher);
  return watcher;
}

// Sees to it that libuv has a listener until release(): then the kernel's table is ours.
function hold(signum: number): void {
  const [name] = namesOf(signum);
  if (!isNode || name === undefined || holders.has(signum)) return;
  const holder = () => {};
  holders.set(signum, holder);
  process.on(name, holder);
  // libuv's handler, if it was not there before.
  own.save_signal(signum, 0);
}

function release(signum: number): void {
  const holder = holders.get(signum);
  if (holder === undefined) return;
  holders.delete(signum);
  process.removeListener(namesOf(signum)[0], holder);
}

function forget(signum: number): void {
  actions.delete(signum);
  hadListeners.delete(signum);
  dispositions.delete(signum);
}

/** For signal(): sets what happens. 0, or the negative errno of sigaction(2). */
export function setAction(signum: number, action: Action): number {
  if (!actions.has(signum)) {
    const saved = own.save_signal(signum, 1);
    if (saved < 0) return saved;
    if (!isFollowing) followListeners();
    if (nodeListens(signum)) hadListeners.add(signum);
  }
  if (action === 'default') return setDefault(signum);
  hold(signum);
  if (action === 'ignore') return set(signum, action, sys.sigaction(signum, 1));
  // child_process needs libuv's handler, whatever else there is.
  own.pass_signal(signum, signum === SIGCHLD ? 1 : 0);
  return set(signum, action, own.catch_signal(signum, 0));
}

function setDefault(signum: number): number {
  const result = signum === SIGCHLD ? own.restore_signal(signum, 1) : sys.sigaction(signum, 0);
  if (result >= 0) {
    actions.set(signum, 'default');
    release(signum);
  }
  return result;
}

function set(signum: number, action: Action, result: number): number {
  if (result >= 0) actions.set(signum, action);
  else if (!actions.has(signum)) release(signum);
  return result;
}

/** For siginterrupt(): whether the kernel restarts calls after the signal, which has a handler of signal()'s. */
export function setRestarting(signum: number, restarts: boolean): number {
  return own.catch_signal(signum, restarts ? SA_RESTART : 0);
}

/** For signal(signum, null): what was there before signal(). 0, or the negative errno of sigaction(2). */
export function restore(signum: number): number {
  if (!actions.has(signum)) return 0;
  const hadListener = hadListeners.has(signum);
  forget(signum);
  if (nodeListens(signum) || signum === SIGCHLD) {
    const result = own.restore_signal(signum, 1);
    release(signum);
    if (!harmless.has(signum)) unchained.add(signum);
    return result;
  }
  // With its last listener libuv sets SIG_DFL.
  release(signum);
  return hadListener ? sys.sigaction(signum, 0) : own.restore_signal(signum, 0);
}
