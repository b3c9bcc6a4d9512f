// The choke point: every kernel call of the package passes through the names exported here (and the addon's own
// calls through those of own-calls.ts). rfds/syscalls exports all of this file.
//
// The exports are live bindings. With nothing attached they lead to the addon and cost nothing;
// attach() puts a layer around all of them at once.

import { kernel } from './fast-calls.ts';
import type { Calls, Syscalls } from './native.ts';
import { rebindOwnCalls } from './own-calls.ts';

export type { Bytes, Syscalls } from './native.ts';

export let {
  socket,
  socketpair,
  bind,
  listen,
  accept,
  accept4,
  connect,
  getsockname,
  getpeername,
  getsockopt,
  setsockopt,
  recv,
  send,
  recvfrom,
  sendto,
  shutdown,
  recvmsg,
  sendmsg,
  recvmmsg,
  sendmmsg,
  read,
  write,
  readv,
  writev,
  splice,
  close,
  fcntl,
  dup,
  dup2,
  dup3,
  pipe,
  pipe2,
  ioctl,
  select,
  pselect,
  poll,
  ppoll,
  epoll_create,
  epoll_create1,
  epoll_ctl,
  epoll_wait,
  epoll_pwait,
  epoll_pwait2,
  kqueue,
  kevent,
  eventfd,
  pidfd_open,
  pidfd_getfd,
  signalfd,
  timerfd_create,
  timerfd_settime,
  timerfd_gettime,
  if_nametoindex,
  if_indextoname,
  if_nameindex,
  sigaction,
  pthread_sigmask,
  setitimer,
  getitimer,
  clock_gettime,
  getaddrinfo,
  getnameinfo,
  gai_strerror,
  gethostname,
  sethostname,
}: Syscalls = kernel;

/** A call at the choke point, whichever it is: its result, or the negative errno. */
export type Call = (...args: unknown[]) => number;

/** Given a call and what is beneath it, returns what is to stand there instead: a function that may make the call. */
export type Layer = (name: keyof Calls, call: Call) => Call;

/** Stands between a caller and the kernel: makes the call, or answers in its place. */
export type Interposer = (name: keyof Calls, call: Call, args: unknown[]) => number;

// From the kernel upward. Each attachment is an entry of its own, also of a layer that is attached twice.
interface Attached {
  readonly layer: Layer;
}
const observers: Attached[] = [];
const interposers: Attached[] = [];

/**
 * Puts a layer around every call of this thread, and returns what takes it off again. There may be any
 * number: the one attached last is nearest to the program, but those that only observe (the recorder, the
 * ledger) always stand beneath those that may answer in the kernel's place, so that what is recorded is what
 * the kernel was asked. Whenever one is attached or taken off, every layer is asked again for its functions.
 * Throws TypeError for a layer that is no function or returns none, and what it throws itself; it is not
 * attached then.
 */
export function attach(layer: Layer, { observes = false } = {}): () => void {
  if (typeof layer !== 'function')
    throw new TypeError(`attach(): layer must be a function, got ${typeof layer}`);
  const stack = observes ? observers : interposers;
  const attached: Attached = { layer };
  const detach = () => {
    const at = stack.indexOf(attached);
    if (at < 0) return;
    stack.splice(at, 1);
    connectAll();
  };
  stack.push(attached);
  try {
    connectAll();
  } catch (error) {
    detach();
    throw error;
  }
  return detach;
}

const asLayer =
  (interposer: Interposer): Layer =>
  (name, call) =>
  (...args) =>
    interposer(name, call, args);

let detachInterposer: (() => void) | null = null;

/** attach() for one interposer at a time: it takes the place of the last one; null takes that away. */
export function interpose(interposer: Interposer | null): void {
  if (interposer !== null && typeof interposer !== 'function')
    throw new TypeError(`interpose(): interposer must be a function or null, got ${typeof interposer}`);
  detachInterposer?.();
  detachInterposer = interposer && attach(asLayer(interposer));
}

/** attach() for a function that makes every call it is given, and observes it. */
export function observe(observer: Interposer): () => void {
  if (typeof observer !== 'function')
    throw new TypeError(`observe(): observer must be a function, got ${typeof observer}`);
  return attach(asLayer(observer), { observes: true });
}

function connectAll(): void {
  const layers = [...observers, ...interposers];
  const calls = layers.reduce(through, kernel);
  ({
    socket,
    socketpair,
    bind,
    listen,
    accept,
    accept4,
    connect,
    getsockname,
    getpeername,
    getsockopt,
    setsockopt,
    recv,
    send,
    recvfrom,
    sendto,
    shutdown,
    recvmsg,
    sendmsg,
    recvmmsg,
    sendmmsg,
    read,
    write,
    readv,
    writev,
    splice,
    close,
    fcntl,
    dup,
    dup2,
    dup3,
    pipe,
    pipe2,
    ioctl,
    select,
    pselect,
    poll,
    ppoll,
    epoll_create,
    epoll_create1,
    epoll_ctl,
    epoll_wait,
    epoll_pwait,
    epoll_pwait2,
    kqueue,
    kevent,
    eventfd,
    pidfd_open,
    pidfd_getfd,
    signalfd,
    timerfd_create,
    timerfd_settime,
    timerfd_gettime,
    if_nametoindex,
    if_indextoname,
    if_nameindex,
    sigaction,
    pthread_sigmask,
    setitimer,
    getitimer,
    clock_gettime,
    getaddrinfo,
    getnameinfo,
    gai_strerror,
    gethostname,
    sethostname,
  } = calls);
  rebindOwnCalls(calls);
}

function through(calls: Calls, { layer }: Attached): Calls {
  const wrapped = Object.entries(calls).map(([name, call]) => {
    const around = layer(name as keyof Calls, call as Call);
    if (typeof around !== 'function')
      throw new TypeError(`attach(): layer must return a function for ${name}, got ${typeof around}`);
    return [name, around];
  });
  return Object.fromEntries(wrapped);
}
