// The table of calls: what is known of each raw call beside its C++ and its type. The recorder, the ledger,
// the stories, docs/syscalls.md and the tests read it, so that a fact about a call stands once. Plain data: it
// needs no addon.

import type { Calls } from './native.ts';

export type CallName = keyof Calls;

/**
 * What an argument is. Memory begins with its direction: the kernel reads what is `in`, writes what is
 * `out`, and reads and then writes what is `inout`. A `?` at the end: null stands for none.
 */
export type Kind = Plain | `${'in' | 'out' | 'inout'} ${Memory}${'' | '?'}` | 'bytes or int';

type Plain =
  | 'fd'
  | 'int'
  // An integer of up to 53 bits: unsigned int, unsigned long.
  | 'integer'
  | 'milliseconds'
  | 'signal'
  | 'protocol'
  // SOCK_STREAM and the like, with SOCK_CLOEXEC and SOCK_NONBLOCK.
  | 'socket type'
  // By the beginning of the constants' names.
  | `flags ${string}`
  | `one of ${string}`;

type Memory =
  | 'bytes'
  // Bytes in several pieces of memory, one after another.
  | 'iovec'
  | 'option'
  | 'sockaddr'
  // The capacity before, the length after.
  | 'socklen'
  | 'cmsg'
  // recvmsg's [namelen, controllen, flags].
  | 'lengths'
  // recvmmsg's and sendmmsg's [iovlen, namelen, controllen, flags, len] of each message, whose count is the next
  // argument; and before them the buffers, the addresses and the control messages of all.
  | 'mmsghdr'
  | 'iovecs'
  | 'sockaddrs'
  | 'cmsgs'
  // Two descriptors.
  | 'pair'
  | 'fd_set'
  | 'timeval'
  | 'timespec'
  | 'sigset'
  // splice's place in a file, 64 bits.
  | 'offset'
  | 'itimerval'
  | 'itimerspec'
  // Arrays, whose count is the next argument.
  | 'pollfd'
  | 'epoll_event'
  | 'kevent'
  | 'ints'
  // An interface's, which ends at a NUL or with the memory.
  | 'name'
  // This host's, without a NUL.
  | 'hostname'
  // A C string: it has a NUL.
  | 'string';

/** How a call may block. */
export interface Blocking {
  /**
   * 'readable', 'writable', 'connected': until its descriptor is, unless that has O_NONBLOCK; SA_RESTART
   * restarts it after a signal's handler. 'event': until one of many descriptors is ready; EINTR even with
   * SA_RESTART.
   */
  until: 'readable' | 'writable' | 'connected' | 'event';
  /** The argument that is its timeout. */
  timeout?: string;
  /** The flag in its argument `flags` that makes this one call non-blocking. */
  unless?: 'MSG_DONTWAIT' | 'SPLICE_F_NONBLOCK';
  /** The argument that is for how many messages it waits; with MSG_WAITFORONE only for the first. */
  messages?: string;
}

/** Descriptors that a call makes. */
export interface Making {
  /** What they are: a copy is what its original is; any: known only to the sender. */
  what:
    | 'socket'
    | 'pipe'
    | 'epoll'
    | 'kqueue'
    | 'eventfd'
    | 'pidfd'
    | 'signalfd'
    | 'timerfd'
    | 'copy'
    | 'any';
  /** Where they are: the result; an argument that is a pair; or SCM_RIGHTS in one that is control messages, of one
   * message or of several. */
  where: string;
  /** Only where its argument `cmd` is one of these. */
  commands?: readonly string[];
}

/** The kernel's entry, and what libc passes to it behind what it was given, as strace writes it. */
export type Entry = readonly [name: string, ...added: string[]];

/** A raw call. */
export interface Call {
  /** Its parameters in order, by the names in the lists of native/*.cc. */
  args: Readonly<Record<string, Kind>>;
  /** Whether it is also taken with (…, buf, offset, length, …), for a part of buf. */
  part?: true;
  /** The names of its parameters in C, separated by spaces; those of args where absent. */
  c?: string;
  /** The descriptor that it is about: an argument (a pair's first), or 'result'. Absent: its argument `fd`. */
  fd?: string;
  blocks?: Blocking;
  /** The argument whose bytes leave by the descriptor. */
  sends?: string;
  /** The argument that bytes come into from the descriptor. */
  receives?: string;
  makes?: Making;
  /** The argument that is no descriptor any more afterwards; of dup2 and dup3 it is another one at once. */
  closes?: string;
  /** The errnos that it may give, by the man pages of Linux and macOS, separated by spaces. */
  errnos: string;
  /** libc's function, where that has another name; null: none. */
  libc?: string | null;
  /** The addon's own, which rfds/syscalls does not export. */
  own?: true;
  /** Where it is not [its own name]; null: the platform lacks the call. arm64 as linux where absent. */
  entry?: Partial<Record<'linux' | 'linux arm64' | 'darwin', Entry | null>>;
  /** For a call that is no entry of the kernel's, or several: which, or why. */
  entries?: string;
}

const LINUX_ONLY = { darwin: null } as const;

const NO_DESCRIPTOR_LEFT = 'EMFILE ENFILE';
const RECEIVE =
  'EAGAIN EBADF ECONNREFUSED ECONNRESET EFAULT EHOSTUNREACH EINTR EINVAL ENOMEM ENOTCONN ENOTSOCK EOPNOTSUPP ETIMEDOUT';
const SEND =
  'EACCES EAGAIN EALREADY EBADF ECONNREFUSED ECONNRESET EDESTADDRREQ EFAULT EHOSTUNREACH EINTR EINVAL EISCONN EMSGSIZE ENETDOWN ENETUNREACH ENOBUFS ENOMEM ENOTCONN ENOTSOCK EOPNOTSUPP EPERM EPIPE ETIMEDOUT';
const READ =
  'EAGAIN EBADF ECANCELED ECONNRESET EFAULT EHOSTUNREACH EINTR EINVAL EIO EISDIR ENOTCONN ETIMEDOUT';
const WRITE =
  'EAGAIN EBADF ECONNRESET EDESTADDRREQ EDQUOT EFAULT EFBIG EHOSTUNREACH EINTR EINVAL EIO ENOSPC ENOTCONN EPERM EPIPE ETIMEDOUT';
const ACCEPT = `EAGAIN EBADF ECONNABORTED EFAULT EHOSTUNREACH EINTR EINVAL ${NO_DESCRIPTOR_LEFT} ENETDOWN ENETUNREACH ENOBUFS ENOMEM ENOPROTOOPT ENOTSOCK EOPNOTSUPP EPERM EPROTO`;

export const calls = {
  socket: {
    args: { domain: 'one of AF_', type: 'socket type', protocol: 'protocol' },
    fd: 'result',
    makes: { what: 'socket', where: 'result' },
    errnos: `EACCES EAFNOSUPPORT EINVAL ${NO_DESCRIPTOR_LEFT} ENOBUFS ENOMEM EPERM EPROTONOSUPPORT EPROTOTYPE ESOCKTNOSUPPORT`,
  },
  socketpair: {
    args: { domain: 'one of AF_', type: 'socket type', protocol: 'int', sv: 'out pair' },
    fd: 'sv',
    makes: { what: 'socket', where: 'sv' },
    errnos: `EAFNOSUPPORT EFAULT EINVAL ${NO_DESCRIPTOR_LEFT} ENOMEM EOPNOTSUPP EPROTONOSUPPORT EPROTOTYPE ESOCKTNOSUPPORT`,
  },
  bind: {
    args: { fd: 'fd', addr: 'in sockaddr' },
    c: 'fd addr addrlen',
    errnos:
      'EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EBADF EFAULT EINVAL ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR ENOTSOCK EROFS',
  },
  listen: {
    args: { fd: 'fd', backlog: 'int' },
    errnos: 'EADDRINUSE EBADF EDESTADDRREQ EINVAL ENOTSOCK EOPNOTSUPP',
  },
  accept: {
    args: { fd: 'fd', addr: 'out sockaddr?', addrlen: 'inout socklen?' },
    blocks: { until: 'readable' },
    makes: { what: 'socket', where: 'result' },
    errnos: ACCEPT,
  },
  accept4: {
    args: { fd: 'fd', addr: 'out sockaddr?', addrlen: 'inout socklen?', flags: 'flags SOCK_' },
    blocks: { until: 'readable' },
    makes: { what: 'socket', where: 'result' },
    errnos: ACCEPT,
    entry: LINUX_ONLY,
  },
  connect: {
    args: { fd: 'fd', addr: 'in sockaddr' },
    c: 'fd addr addrlen',
    blocks: { until: 'connected' },
    errnos:
      'EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EAGAIN EALREADY EBADF ECONNABORTED ECONNREFUSED ECONNRESET EFAULT EHOSTUNREACH EINPROGRESS EINTR EINVAL EISCONN ENETUNREACH ENOENT ENOTSOCK EPERM EPROTOTYPE ETIMEDOUT',
  },
  getsockname: {
    args: { fd: 'fd', addr: 'out sockaddr', addrlen: 'inout socklen' },
    errnos: 'EBADF EFAULT EINVAL ENOBUFS ENOTSOCK',
  },
  getpeername: {
    args: { fd: 'fd', addr: 'out sockaddr', addrlen: 'inout socklen' },
    errnos: 'EBADF EFAULT EINVAL ENOBUFS ENOTCONN ENOTSOCK',
  },
  getsockopt: {
    args: { fd: 'fd', level: 'int', name: 'int', value: 'out option', len: 'inout socklen' },
    c: 'fd level optname optval optlen',
    errnos: 'EBADF EFAULT EINVAL ENOPROTOOPT ENOTCONN ENOTSOCK EOPNOTSUPP',
  },
  setsockopt: {
    args: { fd: 'fd', level: 'int', name: 'int', value: 'in option' },
    c: 'fd level optname optval optlen',
    errnos:
      'EACCES EADDRINUSE EADDRNOTAVAIL EBADF EDOM EFAULT EINVAL EISCONN ENOBUFS ENODEV ENOMEM ENOPROTOOPT ENOTSOCK EOPNOTSUPP EPERM',
  },
  recv: {
    args: { fd: 'fd', buf: 'out bytes', flags: 'flags MSG_' },
    part: true,
    c: 'fd buf len flags',
    blocks: { until: 'readable', unless: 'MSG_DONTWAIT' },
    receives: 'buf',
    errnos: RECEIVE,
    entry: { linux: ['recvfrom', 'NULL', 'NULL'], darwin: ['recvfrom', 'NULL', 'NULL'] },
  },
  send: {
    args: { fd: 'fd', buf: 'in bytes', flags: 'flags MSG_' },
    part: true,
    c: 'fd buf len flags',
    blocks: { until: 'writable', unless: 'MSG_DONTWAIT' },
    sends: 'buf',
    errnos: SEND,
    entry: { linux: ['sendto', 'NULL', '0'], darwin: ['sendto', 'NULL', '0'] },
  },
  recvfrom: {
    args: {
      fd: 'fd',
      buf: 'out bytes',
      flags: 'flags MSG_',
      addr: 'out sockaddr?',
      addrlen: 'inout socklen?',
    },
    part: true,
    c: 'fd buf len flags src_addr addrlen',
    blocks: { until: 'readable', unless: 'MSG_DONTWAIT' },
    receives: 'buf',
    errnos: RECEIVE,
  },
  sendto: {
    args: { fd: 'fd', buf: 'in bytes', flags: 'flags MSG_', addr: 'in sockaddr?' },
    part: true,
    c: 'fd buf len flags dest_addr addrlen',
    blocks: { until: 'writable', unless: 'MSG_DONTWAIT' },
    sends: 'buf',
    errnos: `${SEND} EAFNOSUPPORT ENOENT ENOTDIR`,
  },
  shutdown: {
    args: { fd: 'fd', how: 'one of SHUT_' },
    errnos: 'EBADF EINVAL ENOTCONN ENOTSOCK',
  },
  recvmsg: {
    args: {
      fd: 'fd',
      buffers: 'out iovec',
      name: 'out sockaddr?',
      control: 'out cmsg?',
      lengths: 'inout lengths',
      flags: 'flags MSG_',
    },
    c: 'fd msg flags',
    blocks: { until: 'readable', unless: 'MSG_DONTWAIT' },
    receives: 'buffers',
    makes: { what: 'any', where: 'control' },
    errnos: `${RECEIVE} EMSGSIZE`,
  },
  sendmsg: {
    args: {
      fd: 'fd',
      buffers: 'in iovec',
      name: 'in sockaddr?',
      control: 'in cmsg?',
      flags: 'flags MSG_',
    },
    c: 'fd msg flags',
    blocks: { until: 'writable', unless: 'MSG_DONTWAIT' },
    sends: 'buffers',
    errnos: `${SEND} EAFNOSUPPORT ENOENT ENOTDIR ETOOMANYREFS`,
  },
  recvmmsg: {
    args: {
      fd: 'fd',
      buffers: 'out iovecs',
      names: 'out sockaddrs?',
      controls: 'out cmsgs?',
      msgvec: 'inout mmsghdr',
      vlen: 'int',
      flags: 'flags MSG_',
      timeout: 'inout timespec?',
    },
    c: 'fd msgvec vlen flags timeout',
    blocks: { until: 'readable', unless: 'MSG_DONTWAIT', messages: 'vlen' },
    receives: 'buffers',
    makes: { what: 'any', where: 'controls' },
    errnos: `${RECEIVE} EMSGSIZE`,
    entry: LINUX_ONLY,
  },
  sendmmsg: {
    args: {
      fd: 'fd',
      buffers: 'in iovecs',
      names: 'in sockaddrs?',
      controls: 'in cmsgs?',
      msgvec: 'in mmsghdr',
      vlen: 'int',
      flags: 'flags MSG_',
    },
    c: 'fd msgvec vlen flags',
    blocks: { until: 'writable', unless: 'MSG_DONTWAIT' },
    sends: 'buffers',
    errnos: `${SEND} EAFNOSUPPORT ENOENT ENOTDIR ETOOMANYREFS`,
    entry: LINUX_ONLY,
  },
  read: {
    args: { fd: 'fd', buf: 'out bytes' },
    c: 'fd buf len',
    blocks: { until: 'readable' },
    receives: 'buf',
    errnos: READ,
  },
  write: {
    args: { fd: 'fd', buf: 'in bytes' },
    part: true,
    c: 'fd buf len',
    blocks: { until: 'writable' },
    sends: 'buf',
    errnos: WRITE,
  },
  readv: {
    args: { fd: 'fd', buffers: 'out iovec' },
    c: 'fd iov iovcnt',
    blocks: { until: 'readable' },
    receives: 'buffers',
    errnos: READ,
  },
  writev: {
    args: { fd: 'fd', buffers: 'in iovec' },
    c: 'fd iov iovcnt',
    blocks: { until: 'writable' },
    sends: 'buffers',
    errnos: WRITE,
  },
  splice: {
    args: {
      fdIn: 'fd',
      offIn: 'inout offset?',
      fdOut: 'fd',
      offOut: 'inout offset?',
      len: 'integer',
      flags: 'flags SPLICE_F_',
    },
    c: 'fd_in off_in fd_out off_out len flags',
    fd: 'fdIn',
    blocks: { until: 'readable', unless: 'SPLICE_F_NONBLOCK' },
    errnos: `${READ} EDQUOT EFBIG ENOMEM ENOSPC EPERM EPIPE ESPIPE`,
    entry: LINUX_ONLY,
  },
  close: {
    args: { fd: 'fd' },
    closes: 'fd',
    errnos: 'EBADF ECONNRESET EDQUOT EINTR EIO ENOSPC',
  },
  fcntl: {
    args: { fd: 'fd', cmd: 'one of F_', arg: 'bytes or int' },
    makes: { what: 'copy', where: 'result', commands: ['F_DUPFD', 'F_DUPFD_CLOEXEC'] },
    errnos: 'EACCES EAGAIN EBADF EBUSY EDEADLK EFAULT EINTR EINVAL EMFILE ENOLCK EOVERFLOW EPERM ESRCH',
  },
  dup: {
    args: { fd: 'fd' },
    c: 'oldfd',
    makes: { what: 'copy', where: 'result' },
    errnos: 'EBADF EMFILE',
  },
  dup2: {
    args: { oldfd: 'fd', newfd: 'fd' },
    fd: 'oldfd',
    makes: { what: 'copy', where: 'result' },
    closes: 'newfd',
    errnos: 'EBADF EBUSY EINTR EMFILE',
    entry: { 'linux arm64': ['dup3', '0'] },
  },
  dup3: {
    args: { oldfd: 'fd', newfd: 'fd', flags: 'flags O_' },
    fd: 'oldfd',
    makes: { what: 'copy', where: 'result' },
    closes: 'newfd',
    errnos: 'EBADF EBUSY EINTR EINVAL EMFILE',
    entry: LINUX_ONLY,
  },
  pipe: {
    args: { fds: 'out pair' },
    c: 'pipefd',
    fd: 'fds',
    makes: { what: 'pipe', where: 'fds' },
    errnos: `EFAULT ${NO_DESCRIPTOR_LEFT}`,
    entry: { linux: ['pipe2', '0'] },
  },
  pipe2: {
    args: { fds: 'out pair', flags: 'flags O_' },
    c: 'pipefd flags',
    fd: 'fds',
    makes: { what: 'pipe', where: 'fds' },
    errnos: `EFAULT EINVAL ${NO_DESCRIPTOR_LEFT}`,
    entry: LINUX_ONLY,
  },
  ioctl: {
    args: { fd: 'fd', request: 'integer', arg: 'bytes or int' },
    errnos: 'EACCES EADDRNOTAVAIL EBADF EFAULT EINVAL ENODEV ENOTTY ENXIO EOPNOTSUPP EPERM',
  },
  select: {
    args: {
      nfds: 'int',
      rfds: 'inout fd_set?',
      wfds: 'inout fd_set?',
      xfds: 'inout fd_set?',
      timeout: 'inout timeval?',
    },
    c: 'nfds readfds writefds exceptfds timeout',
    blocks: { until: 'event', timeout: 'timeout' },
    errnos: 'EAGAIN EBADF EINTR EINVAL ENOMEM',
    entry: { linux: ['pselect6', 'NULL'] },
  },
  pselect: {
    args: {
      nfds: 'int',
      rfds: 'inout fd_set?',
      wfds: 'inout fd_set?',
      xfds: 'inout fd_set?',
      timeout: 'in timespec?',
      sigmask: 'in sigset?',
    },
    c: 'nfds readfds writefds exceptfds timeout sigmask',
    blocks: { until: 'event', timeout: 'timeout' },
    errnos: 'EAGAIN EBADF EINTR EINVAL ENOMEM',
    entry: { linux: ['pselect6'] },
  },
  poll: {
    args: { fds: 'inout pollfd', nfds: 'int', timeoutMs: 'milliseconds' },
    c: 'fds nfds timeout',
    blocks: { until: 'event', timeout: 'timeoutMs' },
    errnos: 'EAGAIN EFAULT EINTR EINVAL ENOMEM',
    entry: { 'linux arm64': ['ppoll', 'NULL', '8'] },
  },
  ppoll: {
    args: { fds: 'inout pollfd', nfds: 'int', timeout: 'in timespec?', sigmask: 'in sigset?' },
    blocks: { until: 'event', timeout: 'timeout' },
    errnos: 'EFAULT EINTR EINVAL ENOMEM',
    entry: { linux: ['ppoll', '8'], darwin: null },
  },
  epoll_create: {
    args: { size: 'int' },
    fd: 'result',
    makes: { what: 'epoll', where: 'result' },
    errnos: `EINVAL ${NO_DESCRIPTOR_LEFT} ENOMEM`,
    entry: { 'linux arm64': ['epoll_create1'], darwin: null },
  },
  epoll_create1: {
    args: { flags: 'flags EPOLL_' },
    fd: 'result',
    makes: { what: 'epoll', where: 'result' },
    errnos: `EINVAL ${NO_DESCRIPTOR_LEFT} ENOMEM`,
    entry: LINUX_ONLY,
  },
  epoll_ctl: {
    args: { epfd: 'fd', op: 'one of EPOLL_CTL_', fd: 'fd', event: 'in epoll_event?' },
    errnos: 'EBADF EEXIST EFAULT EINVAL ELOOP ENOENT ENOMEM ENOSPC EPERM',
    entry: LINUX_ONLY,
  },
  epoll_wait: {
    args: { epfd: 'fd', events: 'out epoll_event', maxevents: 'int', timeoutMs: 'milliseconds' },
    c: 'epfd events maxevents timeout',
    fd: 'epfd',
    blocks: { until: 'event', timeout: 'timeoutMs' },
    errnos: 'EBADF EFAULT EINTR EINVAL',
    entry: { 'linux arm64': ['epoll_pwait', 'NULL', '8'], darwin: null },
  },
  epoll_pwait: {
    args: {
      epfd: 'fd',
      events: 'out epoll_event',
      maxevents: 'int',
      timeoutMs: 'milliseconds',
      sigmask: 'in sigset?',
    },
    c: 'epfd events maxevents timeout sigmask',
    fd: 'epfd',
    blocks: { until: 'event', timeout: 'timeoutMs' },
    errnos: 'EBADF EFAULT EINTR EINVAL',
    entry: { linux: ['epoll_pwait', '8'], darwin: null },
  },
  epoll_pwait2: {
    args: {
      epfd: 'fd',
      events: 'out epoll_event',
      maxevents: 'int',
      timeout: 'in timespec?',
      sigmask: 'in sigset?',
    },
    fd: 'epfd',
    blocks: { until: 'event', timeout: 'timeout' },
    errnos: 'EBADF EFAULT EINTR EINVAL ENOSYS',
    entry: { linux: ['epoll_pwait2', '8'], darwin: null },
  },
  kqueue: {
    args: {},
    fd: 'result',
    makes: { what: 'kqueue', where: 'result' },
    errnos: `${NO_DESCRIPTOR_LEFT} ENOMEM`,
    entry: { linux: null },
  },
  kevent: {
    args: {
      kq: 'fd',
      changes: 'in kevent?',
      nchanges: 'int',
      events: 'out kevent?',
      nevents: 'int',
      timeout: 'in timespec?',
    },
    c: 'kq changelist nchanges eventlist nevents timeout',
    fd: 'kq',
    blocks: { until: 'event', timeout: 'timeout' },
    errnos: 'EACCES EBADF EFAULT EINTR EINVAL ENOENT ENOMEM ESRCH',
    entry: { linux: null },
  },
  eventfd: {
    args: { initval: 'integer', flags: 'flags EFD_' },
    fd: 'result',
    makes: { what: 'eventfd', where: 'result' },
    errnos: `EINVAL ${NO_DESCRIPTOR_LEFT} ENODEV ENOMEM`,
    entry: { linux: ['eventfd2'], darwin: null },
  },
  pidfd_open: {
    args: { pid: 'int', flags: 'flags PIDFD_' },
    fd: 'result',
    makes: { what: 'pidfd', where: 'result' },
    errnos: `EINVAL ${NO_DESCRIPTOR_LEFT} ENODEV ENOMEM ESRCH`,
    entry: LINUX_ONLY,
  },
  pidfd_getfd: {
    args: { pidfd: 'fd', targetfd: 'int', flags: 'int' },
    fd: 'result',
    makes: { what: 'any', where: 'result' },
    errnos: `EBADF EINVAL ${NO_DESCRIPTOR_LEFT} EPERM ESRCH`,
    entry: LINUX_ONLY,
  },
  signalfd: {
    args: { fd: 'fd', mask: 'in sigset', flags: 'flags SFD_' },
    fd: 'result',
    makes: { what: 'signalfd', where: 'result' },
    errnos: `EBADF EINVAL ${NO_DESCRIPTOR_LEFT} ENODEV ENOMEM`,
    entry: { linux: ['signalfd4'], darwin: null },
  },
  timerfd_create: {
    args: { clock: 'one of CLOCK_', flags: 'flags TFD_' },
    c: 'clockid flags',
    fd: 'result',
    makes: { what: 'timerfd', where: 'result' },
    errnos: `EINVAL ${NO_DESCRIPTOR_LEFT} ENODEV ENOMEM EPERM`,
    entry: LINUX_ONLY,
  },
  timerfd_settime: {
    args: { fd: 'fd', flags: 'flags TFD_TIMER_', newValue: 'in itimerspec', oldValue: 'out itimerspec?' },
    c: 'fd flags new_value old_value',
    errnos: 'EBADF ECANCELED EFAULT EINVAL',
    entry: LINUX_ONLY,
  },
  timerfd_gettime: {
    args: { fd: 'fd', currValue: 'out itimerspec' },
    c: 'fd curr_value',
    errnos: 'EBADF EFAULT EINVAL',
    entry: LINUX_ONLY,
  },
  if_nametoindex: {
    args: { name: 'in name' },
    errnos: `${NO_DESCRIPTOR_LEFT} ENODEV ENOMEM ENXIO`,
    entries: 'several: a socket, ioctl, close (glibc)',
  },
  if_indextoname: {
    args: { index: 'int', name: 'out name' },
    errnos: `${NO_DESCRIPTOR_LEFT} ENODEV ENOMEM ENXIO`,
    entries: 'several: a socket, ioctl, close (glibc)',
  },
  if_nameindex: {
    args: { list: 'out bytes' },
    errnos: `${NO_DESCRIPTOR_LEFT} ENOBUFS ENOMEM`,
    entries: 'several: a netlink socket and its answers (glibc)',
  },
  sigaction: {
    args: { signum: 'signal', handler: 'int' },
    c: 'signum act oldact',
    errnos: 'EFAULT EINVAL EPERM',
    entry: { linux: ['rt_sigaction', '8'] },
  },
  pthread_sigmask: {
    args: { how: 'one of SIG_', set: 'in sigset?', oldset: 'out sigset?' },
    errnos: 'EFAULT EINVAL ENOMEM',
    entry: { linux: ['rt_sigprocmask', '8'], darwin: ['__pthread_sigmask'] },
  },
  setitimer: {
    args: { which: 'one of ITIMER_', value: 'in itimerval', before: 'out itimerval?' },
    c: 'which new_value old_value',
    errnos: 'EFAULT EINVAL',
  },
  getitimer: {
    args: { which: 'one of ITIMER_', value: 'out itimerval' },
    c: 'which curr_value',
    errnos: 'EFAULT EINVAL',
  },
  clock_gettime: {
    args: { clock: 'one of CLOCK_', time: 'out timespec' },
    errnos: 'EFAULT EINVAL',
    entries: 'none where the vDSO has the clock',
  },
  // These two fail with an EAI_* code, or with any errno.
  getaddrinfo: {
    args: {
      host: 'in string?',
      service: 'in string?',
      family: 'one of AF_',
      type: 'socket type',
      protocol: 'int',
      flags: 'flags AI_',
      out: 'out bytes',
    },
    errnos: '',
    entries: 'several: files, and sockets to the name servers',
  },
  getnameinfo: {
    args: { addr: 'in sockaddr', host: 'out bytes', service: 'out bytes', flags: 'flags NI_' },
    errnos: '',
    entries: 'none for numbers; else as getaddrinfo',
  },
  gai_strerror: {
    args: { code: 'int', out: 'out bytes' },
    errnos: '',
    entries: 'none: memory of libc',
  },
  gethostname: {
    args: { out: 'out bytes' },
    errnos: 'EFAULT EINVAL ENAMETOOLONG',
    entries: 'uname, of whose answer it is a part (Linux); sysctl (macOS)',
  },
  sethostname: {
    args: { name: 'in hostname' },
    c: 'name len',
    errnos: 'EFAULT EINVAL EPERM',
    entry: { darwin: ['sysctl'] },
  },
  catch_signal: {
    args: { signum: 'signal', flags: 'flags SA_' },
    c: 'signum act oldact',
    errnos: 'EINVAL EPERM',
    libc: 'sigaction',
    own: true,
    entry: { linux: ['rt_sigaction', '8'] },
  },
  chain_signal: {
    args: { signum: 'signal' },
    errnos: 'EINVAL EPERM',
    libc: 'sigaction',
    own: true,
    entries: 'sigaction twice, and more the first time, which starts the kick thread',
  },
  save_signal: {
    args: { signum: 'signal', isFirst: 'int' },
    errnos: 'EINVAL EPERM',
    libc: 'sigaction',
    own: true,
    entries: 'sigaction, which only asks',
  },
  pass_signal: {
    args: { signum: 'signal', passes: 'int' },
    errnos: 'EINVAL EPERM',
    libc: null,
    own: true,
    entries: 'none: memory of the addon',
  },
  restore_signal: {
    args: { signum: 'signal', listens: 'int' },
    errnos: 'EINVAL EPERM',
    libc: 'sigaction',
    own: true,
    entries: 'sigaction, or none where nothing was saved',
  },
  set_wakeup_fd: {
    args: { fd: 'int' },
    errnos: 'EPERM',
    libc: null,
    own: true,
    entries: 'none: memory of the addon',
  },
  take_pending_signals: {
    args: { signums: 'out ints' },
    errnos: 'EPERM',
    libc: null,
    own: true,
    entries: 'none: memory of the addon',
  },
  own_fd: {
    args: { fd: 'int', isOwned: 'int' },
    errnos: '',
    libc: null,
    own: true,
    entries: 'none: memory of the addon',
  },
} satisfies Record<CallName, Call>;

const rows = new Map<string, Call>(Object.entries(calls));

/** The row of a call; undefined for a name that is none of ours, as another version's recording may have. */
export const callOf = (name: string): Call | undefined => rows.get(name);

/** The names of all calls, in the order of the table. */
export const callNames = Object.keys(calls) as CallName[];

export interface Parameter {
  name: string;
  kind: Kind;
}

/** The lists of parameters that a call is taken with: one, or the second for a part of buf. */
export function parametersOf({ args, part }: Call): Parameter[][] {
  const whole = Object.entries(args).map(([name, kind]) => ({ name, kind }));
  if (!part) return [whole];
  const behind = whole.findIndex(({ name }) => name === 'buf') + 1;
  const range = ['offset', 'length'].map((name): Parameter => ({ name, kind: 'integer' }));
  return [whole, whole.toSpliced(behind, 0, ...range)];
}

const positions = new WeakMap<Call, Map<string, number>[]>();

/** Where a parameter stands in count arguments; -1 for none of that name. */
export function positionOf(call: Call, name: string, count: number): number {
  let lists = positions.get(call);
  if (lists === undefined) {
    lists = parametersOf(call).map((list) => new Map(list.map((parameter, i) => [parameter.name, i])));
    positions.set(call, lists);
  }
  const [whole, part = whole] = lists;
  return (count > whole.size ? part : whole).get(name) ?? -1;
}

/** The argument of that name among those that the call was made with. */
export const argumentOf = (call: Call, name: string, args: readonly unknown[]): unknown =>
  args[positionOf(call, name, args.length)];

/** The names of a call's parameters in C. */
export const cNamesOf = ({ args, c }: Call): string[] =>
  c === undefined ? Object.keys(args) : c.split(' ').filter(Boolean);

/** The errnos that a call may give. */
export const errnosOf = ({ errnos }: Call): string[] => errnos.split(' ').filter(Boolean);

/**
 * Whether MSG_DONTWAIT keeps a call from waiting. XNU's send(2) and its kin wait all the same, unless the descriptor has
 * O_NONBLOCK: bsd/kern/uipc_socket.c, sosendcheck().
 */
export const heedsDontwait = ({ blocks }: Call, platform: string): boolean =>
  blocks?.unless === 'MSG_DONTWAIT' && (blocks.until === 'readable' || platform !== 'darwin');

/** Whether a call waits for events on many descriptors: select, poll and their kin. */
export const waitsForEvents = (name: string): boolean => callOf(name)?.blocks?.until === 'event';

/**
 * The kernel's entry for a call, with what libc adds: entryOf('recv', 'linux', 'x64') is ['recvfrom', 'NULL',
 * 'NULL']. null for a call that the platform lacks; the name itself for one that is not known here.
 */
export function entryOf(name: string, platform: string, arch: string): Entry | null {
  const { entry = {} } = callOf(name) ?? {};
  const own = [name] as const;
  if (platform === 'darwin') return entry.darwin === undefined ? own : entry.darwin;
  const linux = entry.linux === undefined ? own : entry.linux;
  return (arch === 'arm64' ? entry['linux arm64'] : undefined) ?? linux;
}

/** The name of the kernel's entry; null for a call that the platform lacks. */
export const kernelName = (name: string, platform: string, arch: string): string | null =>
  entryOf(name, platform, arch)?.[0] ?? null;
