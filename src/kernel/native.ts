// The addon's calls with their types: C names, C argument order. Only fast-calls.ts and syscalls.ts
// make them.

import loaded from './addon.cjs';

/** Memory that the kernel reads or writes during one call. An ArrayBuffer is the quicker to hand over. */
export type Bytes = NodeJS.TypedArray | ArrayBuffer;

/**
 * The kernel's calls. Each returns what the call returned or, where C has -1 and errno, the
 * negative errno; -ENOSYS for a call that this platform lacks. A wrong type throws TypeError,
 * a number that does not fit its C type or its buffer RangeError, before the kernel is asked.
 */
export interface Syscalls {
  /** socket(2): a new descriptor. */
  socket(domain: number, type: number, protocol: number): number;
  /** socketpair(2): two connected descriptors, in sv[0] and sv[1]. */
  socketpair(domain: number, type: number, protocol: number, sv: Bytes): number;
  /** bind(2): addr is a struct sockaddr, its length that of the array. */
  bind(fd: number, addr: Bytes): number;
  /** listen(2). */
  listen(fd: number, backlog: number): number;
  /** accept(2): the new descriptor; addrlen[0] is the capacity of addr before, the peer's length after. */
  accept(fd: number, addr: Bytes | null, addrlen: Bytes | null): number;
  /** accept4(2), Linux: accept with SOCK_CLOEXEC and SOCK_NONBLOCK for the new descriptor. */
  accept4(fd: number, addr: Bytes | null, addrlen: Bytes | null, flags: number): number;
  /** connect(2). */
  connect(fd: number, addr: Bytes): number;
  /** getsockname(2): addrlen as in accept. */
  getsockname(fd: number, addr: Bytes, addrlen: Bytes): number;
  /** getpeername(2): addrlen as in accept. */
  getpeername(fd: number, addr: Bytes, addrlen: Bytes): number;
  /**
   * getsockopt(2): len[0] is the capacity of value before, the option's length after. -EFAULT for an option that
   * is longer than value, whatever it takes len for (SO_GET_FILTER: instructions of 8 bytes).
   * Unlike getsockopt(2), -EFAULT for an option known to write through an address in its struct, such as
   * TCP_ZEROCOPY_RECEIVE: JavaScript has no addresses. docs/syscalls.md has them.
   */
  getsockopt(fd: number, level: number, name: number, value: Bytes, len: Bytes): number;
  /**
   * setsockopt(2).
   * Unlike setsockopt(2), -EFAULT for the options known to write through an address in their struct (netfilter's
   * tables).
   */
  setsockopt(fd: number, level: number, name: number, value: Bytes): number;
  /** recv(2): the number of bytes received; 0 is the end of a stream. */
  recv(fd: number, buf: Bytes, flags: number): number;
  /** recv(2) into the bytes [offset, offset + length) of buf. */
  recv(fd: number, buf: Bytes, offset: number, length: number, flags: number): number;
  /** send(2): the number of bytes sent, which may be fewer than given. */
  send(fd: number, buf: Bytes, flags: number): number;
  /** send(2) of the bytes [offset, offset + length) of buf. */
  send(fd: number, buf: Bytes, offset: number, length: number, flags: number): number;
  /**
   * recvfrom(2): recv that also tells the sender's address; addr and addrlen as in accept, null for none.
   * Unlike recvfrom(2), the length is that of buf, or stands behind an offset, as in recv.
   */
  recvfrom(fd: number, buf: Bytes, flags: number, addr: Bytes | null, addrlen: Bytes | null): number;
  recvfrom(
    fd: number,
    buf: Bytes,
    offset: number,
    length: number,
    flags: number,
    addr: Bytes | null,
    addrlen: Bytes | null,
  ): number;
  /**
   * sendto(2): send to addr, a struct sockaddr whose length is that of the array; null for none.
   * Unlike sendto(2), the length is that of buf, or stands behind an offset, as in send.
   */
  sendto(fd: number, buf: Bytes, flags: number, addr: Bytes | null): number;
  sendto(fd: number, buf: Bytes, offset: number, length: number, flags: number, addr: Bytes | null): number;
  /** shutdown(2). */
  shutdown(fd: number, how: number): number;
  /**
   * recvmsg(2) into buffers, one after another. lengths is [namelen, controllen, msg_flags]: the
   * capacity of name and control before; after, the length of the sender's address, that of the control
   * messages (structs/cmsghdr.ts) and the flags (MSG_TRUNC, MSG_CTRUNC, …).
   */
  recvmsg(
    fd: number,
    buffers: readonly Bytes[],
    name: Bytes | null,
    control: Bytes | null,
    lengths: Bytes,
    flags: number,
  ): number;
  /** sendmsg(2) of the buffers as one message, or as a part of a stream. */
  sendmsg(
    fd: number,
    buffers: readonly Bytes[],
    name: Bytes | null,
    control: Bytes | null,
    flags: number,
  ): number;
  /**
   * recvmmsg(2), Linux: up to vlen messages; returns how many came. msgvec is a struct mmsghdr[] without its
   * pointers: of each message five int32, [msg_iovlen, msg_namelen, msg_controllen, msg_flags, msg_len]. A
   * message takes the next msg_iovlen of buffers, the next msg_namelen bytes of names (null: no addresses) and
   * the next msg_controllen of controls; of those that came, the words behind msg_iovlen become what the kernel
   * says, as in recvmsg, and how many bytes. timeout is [seconds, nanoseconds], null for none, and becomes what is
   * left; the kernel looks at it only when a message has come. MSG_WAITFORONE waits for the first alone.
   * Throws RangeError for more messages, buffers or bytes than there are.
   */
  recvmmsg(
    fd: number,
    buffers: readonly Bytes[],
    names: Bytes | null,
    controls: Bytes | null,
    msgvec: Bytes,
    vlen: number,
    flags: number,
    timeout: Bytes | null,
  ): number;
  /** sendmmsg(2), Linux: up to vlen messages, laid out as in recvmmsg; returns how many were sent. */
  sendmmsg(
    fd: number,
    buffers: readonly Bytes[],
    names: Bytes | null,
    controls: Bytes | null,
    msgvec: Bytes,
    vlen: number,
    flags: number,
  ): number;
  /** read(2). */
  read(fd: number, buf: Bytes): number;
  /** write(2): of all of buf, or of the bytes [offset, offset + length) of it. */
  write(fd: number, buf: Bytes): number;
  write(fd: number, buf: Bytes, offset: number, length: number): number;
  /** readv(2): read into buffers, at most 1024, one after another. */
  readv(fd: number, buffers: readonly Bytes[]): number;
  /** writev(2): write of the buffers, at most 1024, as if they were one. */
  writev(fd: number, buffers: readonly Bytes[]): number;
  /**
   * splice(2), Linux: moves up to len bytes from one descriptor to another, of which one is a pipe, and returns how
   * many. An offset is a BigInt64Array of one, which is moved on; null: the file's own. Blocks until there is something
   * to move and space for it, unless flags has SPLICE_F_NONBLOCK or a descriptor O_NONBLOCK.
   */
  splice(
    fdIn: number,
    offIn: Bytes | null,
    fdOut: number,
    offOut: Bytes | null,
    len: number,
    flags: number,
  ): number;
  /** close(2). Never retried: on EINTR the descriptor is gone already. */
  close(fd: number): number;
  /**
   * fcntl(2) with an int; or, for the locks' commands (struct flock, structs/flock.ts), F_GETOWN_EX, F_SETOWN_EX and
   * the read/write hints, with the struct's bytes, which become what the kernel says. F_SETLKW and F_OFD_SETLKW block.
   * Unlike fcntl(2), an int for a command that takes a pointer is NULL, so that the kernel answers EFAULT; a command
   * that is not known is -EINVAL, bytes for a pointer whose struct is not known -EFAULT; and F_GETOWN's process group,
   * a negative number, looks like an errno. Throws RangeError for bytes where an int is taken, and for too few.
   */
  fcntl(fd: number, cmd: number, arg: Bytes | number): number;
  /** dup(2). */
  dup(fd: number): number;
  /** dup2(2): newfd, now the same as oldfd; what it was before is closed. */
  dup2(oldfd: number, newfd: number): number;
  /** dup3(2), Linux: dup2 with O_CLOEXEC; one and the same descriptor is EINVAL. */
  dup3(oldfd: number, newfd: number, flags: number): number;
  /** pipe(2): the read end in fds[0], the write end in fds[1]. */
  pipe(fds: Bytes): number;
  /** pipe2(2), Linux: the read end in fds[0], the write end in fds[1]. */
  pipe2(fds: Bytes, flags: number): number;
  /**
   * ioctl(2): arg is the request's memory, at most 16 KiB, or an int. The kernel sees a copy of the memory, with
   * zeros behind it, and -EFAULT is the answer where it would write far behind it.
   * Unlike ioctl(2), an int for a request that is not known to take one is -EFAULT; so is a request on sockets that
   * writes through an address in its struct (SIOCETHTOOL, SIOCGHWTSTAMP, the wireless ones, …), for JavaScript has
   * no addresses. SIOCGIFCONF says only how much there is (macOS: -EFAULT); if_nameindex has the names.
   */
  ioctl(fd: number, request: number, arg: Bytes | number): number;
  /** select(2): each set is at least nfds bits in whole 64-bit words; timeout is [seconds, microseconds]. */
  select(
    nfds: number,
    rfds: Bytes | null,
    wfds: Bytes | null,
    xfds: Bytes | null,
    timeout: Bytes | null,
  ): number;
  /**
   * pselect(2): select with a timeout of [seconds, nanoseconds], which stays as it is, and the signals that
   * wait while it does. A sigmask is 64 bits, a BigUint64Array of one element: signal n is bit n - 1.
   */
  pselect(
    nfds: number,
    rfds: Bytes | null,
    wfds: Bytes | null,
    xfds: Bytes | null,
    timeout: Bytes | null,
    sigmask: Bytes | null,
  ): number;
  /**
   * poll(2): fds is a struct pollfd[]. macOS: -EINVAL for more than OPEN_MAX (10240) of them, and an element with no
   * events is not looked at, so that it has no POLLHUP, POLLERR or POLLNVAL either (XNU's poll_nocancel).
   */
  poll(fds: Bytes, nfds: number, timeoutMs: number): number;
  /** ppoll(2), Linux: timeout and sigmask as in pselect. */
  ppoll(fds: Bytes, nfds: number, timeout: Bytes | null, sigmask: Bytes | null): number;
  /** epoll_create(2), Linux: size must be positive and says nothing. */
  epoll_create(size: number): number;
  /** epoll_create1(2), Linux. */
  epoll_create1(flags: number): number;
  /** epoll_ctl(2), Linux: event is a struct epoll_event. */
  epoll_ctl(epfd: number, op: number, fd: number, event: Bytes | null): number;
  /** epoll_wait(2), Linux: events is a struct epoll_event[]. */
  epoll_wait(epfd: number, events: Bytes, maxevents: number, timeoutMs: number): number;
  /** epoll_pwait(2), Linux: sigmask as in pselect. */
  epoll_pwait(
    epfd: number,
    events: Bytes,
    maxevents: number,
    timeoutMs: number,
    sigmask: Bytes | null,
  ): number;
  /**
   * epoll_pwait2(2), Linux 5.11, -ENOSYS before: epoll_pwait with a timeout of [seconds, nanoseconds], null for none.
   */
  epoll_pwait2(
    epfd: number,
    events: Bytes,
    maxevents: number,
    timeout: Bytes | null,
    sigmask: Bytes | null,
  ): number;
  /** kqueue(2), macOS. */
  kqueue(): number;
  /** kevent(2), macOS: both lists are struct kevent[]; timeout is [seconds, nanoseconds]. */
  kevent(
    kq: number,
    changes: Bytes | null,
    nchanges: number,
    events: Bytes | null,
    nevents: number,
    timeout: Bytes | null,
  ): number;
  /** eventfd(2), Linux: initval is an unsigned int. */
  eventfd(initval: number, flags: number): number;
  /** pidfd_open(2), Linux 5.3 or later: a descriptor that stands for the process pid. */
  pidfd_open(pid: number, flags: number): number;
  /**
   * pidfd_getfd(2), Linux 5.6 or later: a copy of the descriptor targetfd of the process that pidfd stands for, which
   * takes the right to trace it. flags is 0.
   */
  pidfd_getfd(pidfd: number, targetfd: number, flags: number): number;
  /** signalfd(2), Linux: fd is -1 for a new one; mask as pselect's sigmask. */
  signalfd(fd: number, mask: Bytes, flags: number): number;
  /** timerfd_create(2), Linux. */
  timerfd_create(clock: number, flags: number): number;
  /**
   * timerfd_settime(2), Linux. A struct itimerspec is a BigInt64Array of four: the interval's seconds and
   * nanoseconds, then those until the first expiration.
   */
  timerfd_settime(fd: number, flags: number, newValue: Bytes, oldValue: Bytes | null): number;
  /** timerfd_gettime(2), Linux. */
  timerfd_gettime(fd: number, currValue: Bytes): number;
  /**
   * if_nametoindex(3): the index of an interface; its name ends at a zero or with the array.
   * Unlike the other calls, this and the two below are several kernel entries of libc's.
   */
  if_nametoindex(name: Bytes): number;
  /** if_indextoname(3): 0, and the name with a zero behind it in name, of at least IF_NAMESIZE bytes. */
  if_indextoname(index: number, name: Bytes): number;
  /**
   * if_nameindex(3): how many interfaces there are. list gets as many as it holds, each uint32 index and
   * IF_NAMESIZE bytes of name. Unlike if_nameindex(3), whose list is libc's memory.
   */
  if_nameindex(list: Bytes): number;
  /**
   * sigaction(2): handler is SIG_DFL (0) or SIG_IGN (1); RangeError for another.
   * Unlike sigaction(2), only the main thread may call it: -EPERM elsewhere.
   */
  sigaction(signum: number, handler: number): number;
  /**
   * pthread_sigmask(3): the signals that the calling thread does not take, 64 bits as pselect's; null as set changes
   * nothing. A signal that is sent to the process goes to another thread then, of which Node has several
   * (docs/signals.md).
   * Unlike pthread_sigmask(3), -errno; and SIGSEGV, SIGBUS, SIGFPE, SIGILL and the signal of kicks stay unblocked.
   */
  pthread_sigmask(how: number, set: Bytes | null, oldset: Bytes | null): number;
  /** setitimer(2): [interval, its microseconds, time left, its microseconds], what was before in the last. */
  setitimer(which: number, value: Bytes, before: Bytes | null): number;
  /** getitimer(2). */
  getitimer(which: number, value: Bytes): number;
  /** clock_gettime(2): time becomes [seconds, nanoseconds]. */
  clock_gettime(clock: number, time: Bytes): number;
  /**
   * getaddrinfo(3): writes [family, type, protocol, addrlen, namelen], int32 each, the sockaddr and the
   * canonical name of each answer, as far as out has capacity; returns how many bytes all of them take. host
   * and service end with a NUL.
   * Unlike the other calls, this and getnameinfo fail with a negative EAI_* code (on every platform), which
   * is no errno; for EAI_SYSTEM with -1000 - errno. Both enter the kernel as often as libc likes.
   */
  getaddrinfo(
    host: Bytes | null,
    service: Bytes | null,
    family: number,
    type: number,
    protocol: number,
    flags: number,
    out: Bytes,
  ): number;
  /** getnameinfo(3): 0, with a NUL behind each name; fails as getaddrinfo does. addr has at most 128 bytes. */
  getnameinfo(addr: Bytes, host: Bytes, service: Bytes, flags: number): number;
  /** gai_strerror(3) of getaddrinfo's negative result: the length of the text in out, which has no NUL. */
  gai_strerror(code: number, out: Bytes): number;
  /** gethostname(2): 0, with the name in out, and a NUL behind it where that fits. */
  gethostname(out: Bytes): number;
  /** sethostname(2): name has no NUL. Takes privileges. */
  sethostname(name: Bytes): number;
}

/**
 * The addon's own calls, for signal handlers in JavaScript (docs/signals.md has the states). They pass
 * the choke point too, so that a test can stand in for signals, and the recorder sees sigaction(2); but they are
 * none of rfds/syscalls, which has only the kernel's and libc's.
 */
export interface SignalCalls {
  /**
   * sigaction(2) with the addon's handler, which marks the signal pending; flags is 0 or SA_RESTART. Only the
   * main thread may call it: -EPERM elsewhere.
   */
  catch_signal(signum: number, flags: number): number;
  /**
   * sigaction(2), twice: puts a handler in the place of Node's, which marks the signal pending and calls Node's,
   * and takes SA_RESTART off. 1 if it is chained from now on, 0 if it was or there is no handler. Only the main
   * thread may call it: -EPERM elsewhere.
   */
  chain_signal(signum: number): number;
  /**
   * sigaction(2) that only asks: keeps what is there, unless it is the addon's, for pass_signal and
   * restore_signal; if isFirst is 1, as what was there before signal(). 1 for a handler, else 0. -EPERM outside
   * the main thread.
   */
  save_signal(signum: number, isFirst: number): number;
  /**
   * No kernel call: whether (1 or 0) the handler that was saved last is called too when the signal is caught.
   * -EPERM outside the main thread.
   */
  pass_signal(signum: number, passes: number): number;
  /**
   * sigaction(2) with what was saved: the last (listens is 1), which is Node's while that listens, or the first;
   * 0 without that call if nothing was. -EPERM outside the main thread.
   */
  restore_signal(signum: number, listens: number): number;
  /**
   * No kernel call: the C handler of a caught signal writes its number to fd, as a byte; -1: no more. -EPERM
   * outside the main thread.
   */
  set_wakeup_fd(fd: number): number;
  /**
   * No kernel call: writes the numbers of the signals that became pending since the last time, -n for one that
   * is chained; returns how many. The element NSIG - 1 becomes the errno of a failed write to the wakeup fd, or 0.
   * -EPERM outside the main thread.
   */
  take_pending_signals(signums: Bytes): number;
  /**
   * No kernel call: whether (1 or 0) the descriptor is closed when this worker's environment ends. Does nothing
   * in the main thread. 0; 1 where it is another kernel's descriptor (src/sim).
   */
  own_fd(fd: number, isOwned: number): number;
}

/** Everything that passes the choke point. */
export type Calls = Syscalls & SignalCalls;

interface Addon extends Calls {
  /** Makes the calls in entries up to one that cannot be made: how many were. */
  batch(buf: Bytes, entries: Int32Array): number;
  /**
   * No kernel call: a thread waits for queue, an epoll instance or a kqueue, from now on; callback gets three words
   * for each event (native/readiness.h), and must not throw. 0; -EBUSY if the environment has one already.
   */
  start_poller(queue: number, callback: (events: Int32Array) => void): number;
  /** Whether the poller keeps the event loop alive; at first it does not. 0; -ESRCH without one. */
  ref_poller(isRef: boolean): number;
  /** Its element is 0 while no signal is pending. Of a SharedArrayBuffer: it cannot be detached. */
  maybe_pending: Int32Array;
  /** C name → value, for the names that the platform's headers have. */
  constants: Readonly<Record<string, number | undefined>>;
  /** "sizeof pollfd", "pollfd.events" → bytes, as the compiler laid them out. */
  layout: Readonly<Record<string, number | undefined>>;
  /** Of which platform the constants and structs are, where that is not this machine's: platform.ts. */
  platform?: 'darwin';
}

export const {
  constants,
  layout,
  batch,
  start_poller: startPoller,
  ref_poller: refPoller,
  maybe_pending: maybePending,
  platform: simulatedPlatform,
  ...native
} = loaded as Addon;
