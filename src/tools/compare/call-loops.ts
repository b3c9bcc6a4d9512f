// What six calls cost through one library: `node call-loops.js LIBRARY CALLS` prints one line of JSON,
// nanoseconds per call. The same calls on the same descriptors as in bench/calls.c. A process has one
// library only, so that V8 knows the function at each place of a call.

import { F_DUPFD } from '../../kernel/constants/fcntl.ts';
import { EPOLL_CTL_ADD, EPOLLIN, FD_SETSIZE, POLLIN } from '../../kernel/constants/select.ts';
import { AF_UNIX, MSG_DONTWAIT, MSG_PEEK, SOCK_STREAM } from '../../kernel/constants/socket.ts';
import { EpollEvents, epoll_event } from '../../kernel/structs/epoll-event.ts';
import { FdSet } from '../../kernel/structs/fd-set.ts';
import { PollFds, pollfd } from '../../kernel/structs/pollfd.ts';
import { check } from '../../python/errors.ts';
import * as sys from '../../syscalls.ts';

/** An integer of C: where it has 64 bits, some libraries take and return a BigInt. */
type Int = number | bigint;

/** The calls as C has them. Every library is given ArrayBuffers, which none takes more slowly than a view. */
interface Calls {
  close(fd: number): Int;
  recv(fd: number, buf: ArrayBuffer, length: Int, flags: number): Int;
  send(fd: number, buf: ArrayBuffer, length: Int, flags: number): Int;
  select(nfds: number, rfds: null, wfds: ArrayBuffer, xfds: null, timeout: ArrayBuffer): Int;
  poll(fds: ArrayBuffer, nfds: Int, timeoutMs: number): Int;
  epoll_wait(epfd: number, events: ArrayBuffer, maxevents: number, timeoutMs: number): Int;
}

/** A library's calls, and its way to write a number of 64 bits. */
interface Binding {
  calls: Calls;
  wide: (value: number) => Int;
}

/** A signature for node:ffi, of which @types/node knows nothing as yet. */
interface Signature {
  return: string;
  arguments: string[];
}

const LIBC = 'libc.so.6';

const libraries: Record<string, () => Promise<Binding>> = {
  rfds: async () => ({
    calls: {
      close: sys.close,
      recv: (fd, buf, length, flags) => sys.recv(fd, buf, 0, length as number, flags),
      send: (fd, buf, length, flags) => sys.send(fd, buf, 0, length as number, flags),
      select: sys.select,
      poll: sys.poll,
      epoll_wait: sys.epoll_wait,
    },
    wide: Number,
  }),

  koffi: async () => {
    const libc = (await import('koffi')).load(LIBC);
    return {
      calls: {
        close: libc.func('int close(int)'),
        recv: libc.func('long recv(int, void *, size_t, int)'),
        send: libc.func('long send(int, void *, size_t, int)'),
        select: libc.func('int select(int, void *, void *, void *, void *)'),
        poll: libc.func('int poll(void *, unsigned long, int)'),
        epoll_wait: libc.func('int epoll_wait(int, void *, int, int)'),
      },
      wide: Number,
    };
  },

  'node:ffi': async () => {
    const name: string = 'node:ffi';
    const { dlopen }: { dlopen(library: string, signatures: Record<keyof Calls, Signature>): unknown } =
      await import(name);
    const transfer = { return: 'i64', arguments: ['i32', 'buffer', 'u64', 'i32'] };
    const { functions } = dlopen(LIBC, {
      close: { return: 'i32', arguments: ['i32'] },
      recv: transfer,
      send: transfer,
      select: { return: 'i32', arguments: ['i32', 'pointer', 'buffer', 'pointer', 'buffer'] },
      poll: { return: 'i32', arguments: ['buffer', 'u64', 'i32'] },
      epoll_wait: { return: 'i32', arguments: ['i32', 'buffer', 'i32', 'i32'] },
    }) as { functions: Calls };
    return { calls: functions, wide: BigInt };
  },
};

const SIZE = 64;
const FILES = 10;
const LOWEST = 64;

function socketpair(): Int32Array {
  const sv = new Int32Array(2);
  check(sys.socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 'socketpair');
  return sv;
}

const [library, times] = [process.argv[2], Number(process.argv[3])];
const { calls, wide } = await libraries[library]();
const { close, recv, send, select, poll, epoll_wait } = calls;

const memory = new ArrayBuffer(SIZE);
const size = wide(SIZE);

// Received from again and again without being taken out.
const [fd, peer] = socketpair();
check(sys.send(peer, memory, 0), 'send');

// Full, and never emptied: there is no space for what is sent, and the call says so at once.
const [full] = socketpair();
while (sys.send(full, memory, MSG_DONTWAIT) > 0);

// Never ready to be read from, always to be written to. They have the same numbers here and there,
// for select inspects every bit up to the highest.
const epfd = check(sys.epoll_create1(0), 'epoll_create1');
const fds = new ArrayBuffer(FILES * pollfd.size);
const pollfds = new PollFds(fds);
const ready = new ArrayBuffer(FILES * epoll_event.size);
const events = new EpollEvents(ready);
const wfds = new ArrayBuffer(FD_SETSIZE / 8);
const writable = new FdSet(wfds);
for (let i = 0; i < FILES; i++) {
  const file = check(sys.fcntl(socketpair()[0], F_DUPFD, LOWEST + i), 'fcntl');
  pollfds.set(i, file, POLLIN);
  events.set(0, file, EPOLLIN);
  check(sys.epoll_ctl(epfd, EPOLL_CTL_ADD, file, events.memory), 'epoll_ctl');
  writable.add(file);
}
// select leaves both as they are: every file is writable, and of no time none remains.
const none = new ArrayBuffer(16);
const nfds = LOWEST + FILES;
const count = wide(FILES);

/** A call: what it returns, or -1 if it fails, and a loop that makes it and returns the last result. */
interface Measured {
  returns: number;
  loop: (times: number) => Int;
}

const measured: Record<keyof Calls, Measured> = {
  close: {
    returns: -1,
    loop: (times) => {
      let result: Int = 0;
      for (let i = 0; i < times; i++) result = close(-1);
      return result;
    },
  },
  recv: {
    returns: SIZE,
    loop: (times) => {
      let result: Int = 0;
      for (let i = 0; i < times; i++) result = recv(fd, memory, size, MSG_PEEK);
      return result;
    },
  },
  send: {
    returns: -1,
    loop: (times) => {
      let result: Int = 0;
      for (let i = 0; i < times; i++) result = send(full, memory, size, MSG_DONTWAIT);
      return result;
    },
  },
  select: {
    returns: FILES,
    loop: (times) => {
      let result: Int = 0;
      for (let i = 0; i < times; i++) result = select(nfds, null, wfds, null, none);
      return result;
    },
  },
  poll: {
    returns: 0,
    loop: (times) => {
      let result: Int = 0;
      for (let i = 0; i < times; i++) result = poll(fds, count, 0);
      return result;
    },
  },
  epoll_wait: {
    returns: 0,
    loop: (times) => {
      let result: Int = 0;
      for (let i = 0; i < times; i++) result = epoll_wait(epfd, ready, FILES, 0);
      return result;
    },
  },
};

const nanoseconds: Record<string, number> = {};
for (const [name, { returns, loop }] of Object.entries(measured)) {
  // A call is measured only if it does what it is measured for. rfds returns the negative errno.
  const result = Math.max(Number(loop(1)), -1);
  if (result !== returns) throw new Error(`${name} through ${library} returned ${result}, not ${returns}`);
  loop(times / 10);
  const began = process.hrtime.bigint();
  loop(times);
  nanoseconds[name] = Number(process.hrtime.bigint() - began) / times;
}
process.stdout.write(`${JSON.stringify(nanoseconds)}\n`);
