// The choke point: every syscall of the package passes through the names exported here.
// Above: the Python-shaped modules, and programs that want the raw layer. Below: gate.ts, native.ts.
//
// The exports are live bindings. Plain, they lead to the addon and cost nothing; interpose() and
// observe() put a fault or an observer in front of all of them at once.

import { batch as atOnce, ENTRY_WORDS, kernel, RECV, SEND, WRITE } from './gate.ts';
import { book } from './ledger-book.ts';
import type { Syscalls } from './native.ts';
import { recorded } from './trace/recorder.ts';

export type { Bytes, Syscalls } from './native.ts';

// RFDS_TRACE names a file that every call is to be recorded in. An interposer stands above that.
const tracePath = process.env.RFDS_TRACE;
const base = tracePath ? recorded(kernel, tracePath) : kernel;

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
  read,
  write,
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
  kqueue,
  kevent,
  eventfd,
  signalfd,
  timerfd_create,
  timerfd_settime,
  timerfd_gettime,
  if_nametoindex,
  if_indextoname,
  if_nameindex,
  sigaction,
  overhear,
  set_wakeup_fd,
  setitimer,
  getitimer,
  signals_noted,
  clock_gettime,
}: Syscalls = base;

export let batch = base === kernel ? atOnce : oneByOne;

/** Stands between a caller and the kernel: makes the call, or answers in its place. */
export type Interposer = (
  name: keyof Syscalls,
  call: (...args: unknown[]) => number,
  args: unknown[],
) => number;

let top: Interposer | null = null;
// Undermost first. They only look, so that any number of them may stand one upon the other.
const observers: Interposer[] = [];

/**
 * Sends every call through interposer from now on; null takes it away again. There is one at a
 * time, for the whole thread: for fault injection. It stands above the observers and the recorder.
 */
export function interpose(interposer: Interposer | null): void {
  if (interposer !== null && typeof interposer !== 'function')
    throw new TypeError(`interpose(): interposer must be a function or null, got ${typeof interposer}`);
  top = interposer;
  connectAll();
}

/** Sends every call of the thread through one more observer, above those there are; returns what takes it away. */
export function observe(observer: Interposer): () => void {
  if (typeof observer !== 'function')
    throw new TypeError(`observe(): observer must be a function, got ${typeof observer}`);
  observers.push(observer);
  connectAll();
  return () => {
    const at = observers.indexOf(observer);
    if (at >= 0) observers.splice(at, 1);
    connectAll();
  };
}

function connectAll(): void {
  const layers = top === null ? observers : [...observers, top];
  const calls = layers.reduce(through, base);
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
    read,
    write,
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
    kqueue,
    kevent,
    eventfd,
    signalfd,
    timerfd_create,
    timerfd_settime,
    timerfd_gettime,
    if_nametoindex,
    if_indextoname,
    if_nameindex,
    sigaction,
    overhear,
    set_wakeup_fd,
    setitimer,
    getitimer,
    signals_noted,
    clock_gettime,
  } = calls);
  batch = calls === kernel ? atOnce : oneByOne;
}

function through(calls: Syscalls, layer: Interposer): Syscalls {
  const wrapped = Object.entries(calls).map(([name, call]) => [
    name,
    (...args: unknown[]) => layer(name as keyof Syscalls, call as never, args),
  ]);
  return Object.fromEntries(wrapped);
}

// RFDS_LEDGER=1: the ledger of descriptors is kept from the start (ledger.ts).
if (process.env.RFDS_LEDGER === '1') observe(book.observer());

// A batch whose calls can be seen.
function oneByOne(buf: ArrayBuffer, words: Int32Array, n: number): void {
  const calls: Record<number, Syscalls['recv']> = { [RECV]: recv, [SEND]: send, [WRITE]: write };
  for (let at = 0; at < n * ENTRY_WORDS; at += ENTRY_WORDS) {
    const [number, fd, offset, length, flags] = words.subarray(at);
    words[at] = calls[number](fd, buf, offset, length, flags);
  }
}
