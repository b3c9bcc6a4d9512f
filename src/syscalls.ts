// The choke point: every syscall of the package passes through the names exported here.
// Above: the Python-shaped modules, and programs that want the raw layer. Below: gate.ts, native.ts.
//
// The exports are live bindings. Plain, they lead to the addon and cost nothing; interpose() puts
// an observer or a fault in front of all of them at once.

import { batch as atOnce, ENTRY_WORDS, kernel, RECV, SEND, WRITE } from './gate.ts';
import type { Syscalls } from './native.ts';

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
  shutdown,
  recvmsg,
  sendmsg,
  read,
  write,
  close,
  fcntl,
  dup,
  pipe2,
  select,
  poll,
  epoll_create1,
  epoll_ctl,
  epoll_wait,
  kqueue,
  kevent,
  sigaction,
  signals_noted,
  clock_gettime,
}: Syscalls = kernel;

export let batch = atOnce;

/** Stands between a caller and the kernel: makes the call, or answers in its place. */
export type Interposer = (
  name: keyof Syscalls,
  call: (...args: unknown[]) => number,
  args: unknown[],
) => number;

/**
 * Sends every call through interposer from now on; null takes it away again.
 * There is one at a time, for the whole thread: for recording and fault injection.
 */
export function interpose(interposer: Interposer | null): void {
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
    shutdown,
    recvmsg,
    sendmsg,
    read,
    write,
    close,
    fcntl,
    dup,
    pipe2,
    select,
    poll,
    epoll_create1,
    epoll_ctl,
    epoll_wait,
    kqueue,
    kevent,
    sigaction,
    signals_noted,
    clock_gettime,
  } = interposer === null ? kernel : through(interposer));
  batch = interposer === null ? atOnce : oneByOne;
}

function through(interposer: Interposer): Syscalls {
  const wrapped = Object.entries(kernel).map(([name, call]) => [
    name,
    (...args: unknown[]) => interposer(name as keyof Syscalls, call as never, args),
  ]);
  return Object.fromEntries(wrapped);
}

// A batch whose calls can be seen.
const oneByOne: typeof atOnce = (buf, words, n) => {
  const calls: Record<number, Syscalls['recv']> = { [RECV]: recv, [SEND]: send, [WRITE]: write };
  for (let at = 0; at < n * ENTRY_WORDS; at += ENTRY_WORDS) {
    const [number, fd, offset, length, flags] = words.subarray(at);
    words[at] = calls[number](fd, buf, offset, length, flags);
  }
};
