// The raw calls' parameters, for the tests that pass every call something wrong.

import { native, type Syscalls } from '../../src/kernel/native.ts';

// The parameters of every call and what they take; some have two forms, the second with an offset.
const signatures: Record<keyof Syscalls, string> = {
  socket: 'domain:int type:int protocol:int',
  socketpair: 'domain:int type:int protocol:int sv:bytes',
  bind: 'fd:fd addr:addr',
  listen: 'fd:fd backlog:int',
  accept: 'fd:fd addr:bytes? addrlen:bytes?',
  accept4: 'fd:fd addr:bytes? addrlen:bytes? flags:int',
  connect: 'fd:fd addr:addr',
  getsockname: 'fd:fd addr:bytes addrlen:bytes',
  getpeername: 'fd:fd addr:bytes addrlen:bytes',
  getsockopt: 'fd:fd level:int name:int value:bytes len:bytes',
  setsockopt: 'fd:fd level:int name:int value:bytes',
  recv: 'fd:fd buf:bytes flags:int | fd:fd buf:bytes offset:size length:size flags:int',
  send: 'fd:fd buf:bytes flags:int | fd:fd buf:bytes offset:size length:size flags:int',
  recvfrom:
    'fd:fd buf:bytes flags:int addr:bytes? addrlen:bytes? | fd:fd buf:bytes offset:size length:size flags:int addr:bytes? addrlen:bytes?',
  sendto:
    'fd:fd buf:bytes flags:int addr:addr? | fd:fd buf:bytes offset:size length:size flags:int addr:addr?',
  shutdown: 'fd:fd how:int',
  recvmsg: 'fd:fd buffers:chunks name:bytes? control:bytes? lengths:lengths flags:int',
  sendmsg: 'fd:fd buffers:chunks name:bytes? control:bytes? flags:int',
  read: 'fd:fd buf:bytes',
  write: 'fd:fd buf:bytes | fd:fd buf:bytes offset:size length:size',
  close: 'fd:fd',
  fcntl: 'fd:fd cmd:int arg:int',
  dup: 'fd:fd',
  dup2: 'oldfd:fd newfd:fd',
  dup3: 'oldfd:fd newfd:newfd flags:int',
  pipe: 'fds:bytes',
  pipe2: 'fds:bytes flags:int',
  ioctl: 'fd:fd request:size arg:bytes|int',
  select: 'nfds:int rfds:bytes? wfds:bytes? xfds:bytes? timeout:time?',
  pselect: 'nfds:int rfds:bytes? wfds:bytes? xfds:bytes? timeout:time? sigmask:sigset?',
  poll: 'fds:bytes nfds:int timeoutMs:ms',
  ppoll: 'fds:bytes nfds:int timeout:time? sigmask:sigset?',
  epoll_create: 'size:int',
  epoll_create1: 'flags:int',
  epoll_ctl: 'epfd:fd op:int fd:fd event:bytes?',
  epoll_wait: 'epfd:fd events:bytes maxevents:int timeoutMs:ms',
  epoll_pwait: 'epfd:fd events:bytes maxevents:int timeoutMs:ms sigmask:sigset?',
  kqueue: '',
  kevent: 'kq:fd changes:bytes? nchanges:int events:bytes? nevents:int timeout:time?',
  eventfd: 'initval:size flags:int',
  signalfd: 'fd:fd mask:bytes flags:int',
  timerfd_create: 'clock:int flags:int',
  timerfd_settime: 'fd:fd flags:int newValue:itimer oldValue:bytes?',
  timerfd_gettime: 'fd:fd currValue:bytes',
  if_nametoindex: 'name:name',
  if_indextoname: 'index:int name:bytes',
  if_nameindex: 'list:bytes',
  sigaction: 'signum:signal handler:int',
  overhear: 'signum:signal',
  set_wakeup_fd: 'fd:int',
  setitimer: 'which:signal value:bytes before:bytes?',
  getitimer: 'which:signal value:bytes',
  signals_noted: 'signums:bytes',
  clock_gettime: 'clock:int time:bytes',
};

const integer = { expected: 'a 32-bit integer', valid: 0 };
const kinds: Record<string, { expected: string; valid: unknown }> = {
  int: integer,
  fd: { ...integer, valid: -1 },
  ms: integer,
  signal: integer,
  size: { expected: 'an integer', valid: 0 },
  bytes: { expected: 'a TypedArray or ArrayBuffer', valid: new Uint8Array(512) },
  addr: { expected: 'a TypedArray or ArrayBuffer', valid: new Uint8Array(16) },
  'bytes|int': { expected: 'a 32-bit integer, a TypedArray or ArrayBuffer', valid: new Uint8Array(512) },
  lengths: { expected: 'a TypedArray or ArrayBuffer', valid: Int32Array.of(512, 512, 0) },
  chunks: {
    expected: 'an array of at most 1024 TypedArrays or ArrayBuffers',
    valid: [new Uint8Array(512), new ArrayBuffer(8)],
  },
  'bytes?': { expected: 'a TypedArray, ArrayBuffer or null', valid: new Uint8Array(512) },
  'addr?': { expected: 'a TypedArray, ArrayBuffer or null', valid: new Uint8Array(16) },
  'sigset?': { expected: 'a TypedArray, ArrayBuffer or null', valid: new BigUint64Array(1) },
  newfd: { ...integer, valid: -2 },
  itimer: { expected: 'a TypedArray or ArrayBuffer', valid: new BigInt64Array(4) },
  name: { expected: 'a TypedArray or ArrayBuffer', valid: Buffer.from('nosuch0') },
  'time?': { expected: 'a TypedArray, ArrayBuffer or null', valid: new BigInt64Array(2) },
};

/** Every form of every call, with arguments that it takes: a descriptor that is not open, room enough. */
export const forms = Object.entries(signatures).flatMap(([name, signature]) =>
  signature.split(' | ').map((form) => {
    const parameters = form
      .split(' ')
      .filter(Boolean)
      .map((parameter) => parameter.split(':'));
    return {
      name,
      form: `${name}(${parameters.map(([parameter]) => parameter).join(', ')})`,
      call: native[name as keyof Syscalls] as (...args: unknown[]) => number,
      parameters: parameters.map(([parameter, kind]) => ({ parameter, kind, ...kinds[kind] })),
      valid: parameters.map(([, kind]) => kinds[kind].valid),
    };
  }),
);

export type Form = (typeof forms)[number];
/** For test.each, with the form as the title's %s. */
export const titled = (list: Form[]) => list.map((form): [string, Form] => [form.form, form]);

export const takesNull = (kind: string) => kind.endsWith('?');
