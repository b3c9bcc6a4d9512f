// Readiness beside Node's event loop: any descriptor that the kernel can poll is waited for without blocking
// JavaScript. One epoll instance (macOS: one kqueue) for each environment, which one native thread waits for
// (native/readiness.cc). Interest is ONESHOT (EV_DISPATCH): it is armed from here, which epoll_ctl(2) allows while
// the thread waits, and the kernel looks at once whether the descriptor is ready already, so that no edge is lost.
//
// An event names its descriptor and the generation of its registration. Who closes a descriptor says so before
// (notify_closing): those that wait for it get an error, and events of the old registration find another generation.

import {
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  EPOLLRDHUP,
  EV_ADD,
  EV_DELETE,
  EV_DISPATCH,
  EV_ENABLE,
  EVFILT_READ,
  EVFILT_WRITE,
} from '../kernel/constants/select.ts';
import { EAGAIN, EBADF, EEXIST, ENOENT } from '../kernel/errno.ts';
import { refPoller, startPoller } from '../kernel/native.ts';
import * as own from '../kernel/own-calls.ts';
import { EpollEvents, epoll_event } from '../kernel/structs/epoll-event.ts';
import { Kevents } from '../kernel/structs/kevent.ts';
import { viewOf } from '../kernel/structs/struct.ts';
import * as sys from '../kernel/syscalls.ts';
import { check, OSError } from '../python/errors.ts';
import { type FileLike, filenoOf } from '../python/select/fileno.ts';

/** A direction to wait in. */
const READ = 1;
const WRITE = 2;
type Direction = typeof READ | typeof WRITE;

// What happened, as native/readiness.h has it on both systems: POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP.
const READS = 0x1 | 0x2 | 0x8 | 0x10 | (EPOLLRDHUP ?? 0);
const WRITES = 0x4 | 0x8 | 0x10;

export interface WaitOptions {
  /** Aborts the wait: the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
  /** false: the wait does not keep the process alive. */
  readonly ref?: boolean;
}

/** false: the callback does not keep the process alive. */
export type CallbackOptions = Pick<WaitOptions, 'ref'>;

interface Waiter {
  readonly direction: Direction;
  readonly isRef: boolean;
  /** Stays after an event: add_reader's and add_writer's. */
  readonly stays: boolean;
  ready(): void;
  fail(error: unknown): void;
}

interface Registration {
  readonly fd: number;
  /** Tells this registration from an earlier one of the same number. */
  readonly generation: number;
  readonly waiters: Set<Waiter>;
  /** The directions that the kernel will report. */
  armed: number;
  /** Whether epoll knows it, or each of a kqueue's filters does. */
  known: number;
}

const registrations = new Map<number, Registration>();
let queue = -1;
let generations = 0;
// Waits that keep the event loop alive.
let refs = 0;

const epollEvent = new EpollEvents(1);
const epollView = viewOf(epollEvent.memory);
const DATA_HIGH = epoll_event.members.data.offset + 4;
const kevents = new Kevents(1);

/** The poller's queue, which is made and waited for from the first wait on. */
function openQueue(): number {
  if (queue >= 0) return queue;
  const fd =
    EPOLLIN === undefined
      ? check(sys.kqueue(), 'kqueue')
      : check(sys.epoll_create1(EPOLL_CLOEXEC ?? 0), 'epoll_create1');
  const started = startPoller(fd, onEvents);
  if (started < 0) {
    sys.close(fd);
    check(started, 'pthread_create');
  }
  own.own_fd(fd, 1); // A worker's ends with it.
  queue = fd;
  return fd;
}

function onEvents(words: Int32Array): void {
  for (let i = 0; i < words.length; i += 3) {
    const registration = registrations.get(words[i]);
    // Of a registration that is gone: its number may be another's by now.
    if (registration === undefined || registration.generation !== words[i + 1]) continue;
    const happened = words[i + 2];
    registration.armed = EPOLLIN === undefined ? registration.armed & ~directionOf(happened) : 0;
    const directions = (happened & READS ? READ : 0) | (happened & WRITES ? WRITE : 0);
    let stays = false;
    for (const waiter of [...registration.waiters]) {
      if (!(waiter.direction & directions)) continue;
      if (waiter.stays) stays = true;
      else drop(registration, waiter);
      waiter.ready();
    }
    // Behind the callbacks, which run in microtasks of their own: what they have read is no event any more.
    if (stays) queueMicrotask(() => rearm(registration));
    else rearm(registration);
  }
}

// A kqueue's event is of one filter.
const directionOf = (happened: number) => (happened & 1 ? READ : 0) | (happened & 4 ? WRITE : 0);

function rearm(registration: Registration): void {
  // What was called may have taken it away.
  if (registrations.get(registration.fd) !== registration) return;
  try {
    arm(registration);
  } catch (error) {
    failAll(registration, error);
  }
}

// Has the kernel report what is waited for.
function arm(registration: Registration): void {
  let wanted = 0;
  for (const { direction } of registration.waiters) wanted |= direction;
  if ((wanted & ~registration.armed) === 0) return;
  if (EPOLLIN === undefined) armKqueue(registration, wanted);
  else armEpoll(registration, wanted);
  registration.armed = wanted;
}

function armEpoll(registration: Registration, wanted: number): void {
  const { fd, generation } = registration;
  const events =
    (wanted & READ ? EPOLLIN! | EPOLLRDHUP! : 0) | (wanted & WRITE ? EPOLLOUT! : 0) | EPOLLONESHOT!;
  epollEvent.set(0, fd, events);
  epollView.setInt32(DATA_HIGH, generation, true);
  const first = registration.known ? EPOLL_CTL_MOD! : EPOLL_CTL_ADD!;
  let result = sys.epoll_ctl(queue, first, fd, epollEvent.memory);
  // The number was closed and is another file's now; or the file is watched by this number from before.
  if (result === -ENOENT) result = sys.epoll_ctl(queue, EPOLL_CTL_ADD!, fd, epollEvent.memory);
  else if (result === -EEXIST) result = sys.epoll_ctl(queue, EPOLL_CTL_MOD!, fd, epollEvent.memory);
  check(result, 'epoll_ctl');
  registration.known = READ | WRITE;
}

function armKqueue(registration: Registration, wanted: number): void {
  const { fd, generation } = registration;
  for (const direction of [READ, WRITE] as const) {
    if (!(wanted & ~registration.armed & direction)) continue;
    const filter = direction === READ ? EVFILT_READ : EVFILT_WRITE;
    const flags = EV_ADD | EV_ENABLE | EV_DISPATCH;
    kevents.set(0, { ident: fd, filter, flags, fflags: 0, data: 0, udata: generation });
    check(sys.kevent(queue, kevents.memory, 1, null, 0, null), 'kevent');
    registration.known |= direction;
  }
}

function wait(fd: number, waiter: Waiter): void {
  openQueue();
  let registration = registrations.get(fd);
  if (registration === undefined) {
    generations = (generations + 1) | 0;
    registration = { fd, generation: generations, waiters: new Set(), armed: 0, known: 0 };
    registrations.set(fd, registration);
  }
  registration.waiters.add(waiter);
  if (waiter.isRef && refs++ === 0) refPoller(true);
  try {
    arm(registration);
  } catch (error) {
    drop(registration, waiter);
    if (registration.waiters.size === 0) forget(registration);
    throw error;
  }
}

function drop(registration: Registration, waiter: Waiter): void {
  if (!registration.waiters.delete(waiter)) return;
  if (waiter.isRef && --refs === 0) refPoller(false);
}

// The kernel knows it no longer; an event that is under way finds no registration of its generation.
function forget(registration: Registration): void {
  if (registrations.get(registration.fd) === registration) registrations.delete(registration.fd);
  if (registration.known === 0) return;
  if (EPOLLIN !== undefined) {
    sys.epoll_ctl(queue, EPOLL_CTL_DEL!, registration.fd, epollEvent.memory);
    return;
  }
  for (const direction of [READ, WRITE] as const) {
    if (!(registration.known & direction)) continue;
    const filter = direction === READ ? EVFILT_READ : EVFILT_WRITE;
    kevents.set(0, { ident: registration.fd, filter, flags: EV_DELETE, fflags: 0, data: 0, udata: 0 });
    sys.kevent(queue, kevents.memory, 1, null, 0, null);
  }
}

function failAll(registration: Registration, error: unknown): void {
  const waiters = [...registration.waiters];
  for (const waiter of waiters) drop(registration, waiter);
  forget(registration);
  for (const waiter of waiters) waiter.fail(error);
}

function waitFor(file: FileLike, direction: Direction, { signal, ref = true }: WaitOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const fd = filenoOf(file);
    const settle = () => signal?.removeEventListener('abort', onAbort);
    const waiter: Waiter = {
      direction,
      isRef: ref,
      stays: false,
      ready() {
        settle();
        resolve();
      },
      fail(error) {
        settle();
        reject(error);
      },
    };
    const onAbort = () => {
      const registration = registrations.get(fd);
      if (registration?.waiters.has(waiter)) {
        drop(registration, waiter);
        // Nobody waits: what the kernel reports still would be taken for the number's next owner's.
        if (registration.waiters.size === 0) forget(registration);
      }
      waiter.fail(signal!.reason);
    };
    wait(fd, waiter);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/**
 * Resolves once the descriptor is readable: there are bytes, a connection to accept, an end or an error. It may not be
 * so any more when the code that awaits runs, so that the descriptor should be non-blocking.
 *
 * Rejects with OSError: EBADF for what is no descriptor, or one that notify_closing() was called for; EPERM for a file
 * that the kernel cannot poll (epoll_ctl(2)); and with the signal's reason. TypeError for what has no descriptor.
 */
export function readable(file: FileLike, options: WaitOptions = {}): Promise<void> {
  return waitFor(file, READ, options);
}

/** The same for writing: there is space, or an error. */
export function writable(file: FileLike, options: WaitOptions = {}): Promise<void> {
  return waitFor(file, WRITE, options);
}

/** That a descriptor is ready, until EAGAIN was seen. After Tokio's AsyncFdReadyGuard. */
export interface Guard {
  /** EAGAIN was seen: the next guard waits for an event. Without it the next one comes at once. */
  clear(): void;
  /** Makes a raw call, and clears the readiness if it gives -EAGAIN: its result. */
  try(call: () => number): number;
}

/**
 * A guard each time the descriptor is ready. Ends when the loop is left; throws what readable() rejects with.
 *
 *     for await (const ready of readiness(fd)) {
 *       const n = ready.try(() => recv(fd, buffer, MSG_DONTWAIT));
 *       if (n === 0) break;
 *     }
 */
export async function* readiness(
  file: FileLike,
  { direction = 'readable', ...options }: WaitOptions & { direction?: 'readable' | 'writable' } = {},
): AsyncGenerator<Guard, never> {
  const towards = direction === 'readable' ? READ : WRITE;
  let isReady = false;
  const clear = () => {
    isReady = false;
  };
  const guard: Guard = {
    clear,
    try(call) {
      const result = call();
      if (result === -EAGAIN) clear();
      return result;
    },
  };
  for (;;) {
    options.signal?.throwIfAborted();
    if (!isReady) await waitFor(file, towards, options);
    isReady = true;
    yield guard;
  }
}

const readers = new Map<number, Waiter>();
const writers = new Map<number, Waiter>();

function addCallback(
  file: FileLike,
  direction: Direction,
  callback: () => void,
  { ref = true }: CallbackOptions,
): void {
  if (typeof callback !== 'function')
    throw new TypeError(`the callback must be a function, got ${typeof callback}`);
  const fd = filenoOf(file);
  const map = direction === READ ? readers : writers;
  removeCallback(fd, direction);
  const waiter: Waiter = {
    direction,
    isRef: ref,
    stays: true,
    // In a turn of its own: what it throws is an uncaught exception, and costs no other event.
    ready: () => queueMicrotask(() => map.get(fd) === waiter && callback()),
    fail: () => map.delete(fd),
  };
  map.set(fd, waiter);
  try {
    wait(fd, waiter);
  } catch (error) {
    map.delete(fd);
    throw error;
  }
}

function removeCallback(file: FileLike, direction: Direction): boolean {
  const fd = filenoOf(file);
  const map = direction === READ ? readers : writers;
  const waiter = map.get(fd);
  if (waiter === undefined) return false;
  map.delete(fd);
  const registration = registrations.get(fd);
  if (registration === undefined) return true;
  drop(registration, waiter);
  if (registration.waiters.size === 0) forget(registration);
  return true;
}

/** Calls callback whenever the descriptor is readable, again and again while it is; in place of an earlier one. asyncio's loop.add_reader. */
export function add_reader(file: FileLike, callback: () => void, options: CallbackOptions = {}): void {
  addCallback(file, READ, callback, options);
}

/** The same for writing. */
export function add_writer(file: FileLike, callback: () => void, options: CallbackOptions = {}): void {
  addCallback(file, WRITE, callback, options);
}

/** Whether there was a callback, which is called no more. */
export function remove_reader(file: FileLike): boolean {
  return removeCallback(file, READ);
}

/** The same of a writer. */
export function remove_writer(file: FileLike): boolean {
  return removeCallback(file, WRITE);
}

/**
 * Before a descriptor is closed: those that wait for it are rejected with OSError EBADF, callbacks are called no more, and
 * no event of it reaches the next owner of its number. trio's notify_closing.
 */
export function notify_closing(file: FileLike): void {
  const fd = filenoOf(file);
  readers.delete(fd);
  writers.delete(fd);
  const registration = registrations.get(fd);
  if (registration !== undefined) failAll(registration, new OSError(-EBADF, 'close'));
}

/** How many waits and callbacks there are. */
export function waiting(): number {
  let count = 0;
  for (const { waiters } of registrations.values()) count += waiters.size;
  return count;
}
