// The system calls of a simulated process on macOS: kqueue and kevent, and what XNU does otherwise than Linux, each
// with its place in Apple's source (xnu-11417.101.15). docs/sim-darwin.md lists what is left out.

import * as C from '../kernel/constants/select.ts';
import { POLLHUP, POLLIN, POLLNVAL, POLLOUT } from '../kernel/constants/select.ts';
import { AF_UNIX, SOCK_DGRAM, SOCK_STREAM } from '../kernel/constants/socket.ts';
import * as errno from '../kernel/errno.ts';
import type { Bytes } from '../kernel/native.ts';
import { kevent as struct } from '../kernel/structs/kevent.ts';
import { getInt64, getUint64, setInt64, viewOf } from '../kernel/structs/struct.ts';
import { bytesOf } from './bytes.ts';
import { BLOCKED, NotModelled, never, READABLE, timeNs } from './call-base.ts';
import { SimulatedCalls } from './calls.ts';
import { type Change, KqueueFile, receiptOf } from './kqueue.ts';
import type { OpenFile } from './open-file.ts';
import { makePipe, StandardStream } from './pipe.ts';
import { hasBit, keepBit } from './readiness-calls.ts';
import { writeName } from './socket-calls.ts';
import type { SocketFile } from './socket-file.ts';
import { TcpSocket } from './tcp.ts';
import { UnixSocket } from './unix.ts';
import { isReadable, isWritable, readReport, writeReport } from './xnu-filters.ts';
import { getXnuOption, setXnuOption } from './xnu-sockopt.ts';
import { XnuUnixSocket } from './xnu-unix.ts';

/** More pollfds than this are EINVAL. OPEN_MAX; bsd/kern/sys_generic.c, poll_nocancel(). */
const OPEN_MAX = 10240;
/** How many descriptors a table has at first, and after it has grown once. bsd/sys/filedesc.h. */
const NDFILE = 25;
const NDEXTENT = 50;
/** The longest wait of select(2). bsd/kern/kern_time.c, itimerfix(). */
const MAX_SELECT_SECONDS = 100_000_000;
/** The longest wait of kevent(2) and pselect(2). timespec_is_valid(). */
const MAX_SECONDS = 0x7fffffff;

const POLL_READ = C.POLLIN | C.POLLRDNORM | C.POLLPRI | C.POLLRDBAND | C.POLLHUP;
const POLL_WRITE = C.POLLOUT | C.POLLWRNORM | C.POLLWRBAND;
/** POLLEXTEND, POLLATTRIB, POLLNLINK, POLLWRITE: of files. bsd/sys/poll.h. */
const POLL_VNODE = 0x0200 | 0x0400 | 0x0800 | 0x1000;

const { ident, filter, flags, fflags, data, udata } = struct.members;

/** Reads the i-th struct kevent. */
function readChange(view: DataView, i: number): Change {
  const at = i * struct.size;
  return {
    ident: getUint64(view, at + ident.offset),
    filter: view.getInt16(at + filter.offset, true),
    flags: view.getUint16(at + flags.offset, true),
    fflags: view.getUint32(at + fflags.offset, true),
    data: getInt64(view, at + data.offset),
    udata: view.getBigUint64(at + udata.offset, true),
  };
}

function writeEvent(view: DataView, i: number, event: Change): void {
  const at = i * struct.size;
  setInt64(view, at + ident.offset, event.ident);
  view.setInt16(at + filter.offset, event.filter, true);
  view.setUint16(at + flags.offset, event.flags, true);
  view.setUint32(at + fflags.offset, event.fflags, true);
  setInt64(view, at + data.offset, event.data);
  view.setBigUint64(at + udata.offset, event.udata, true);
}

export class DarwinCalls extends SimulatedCalls {
  // ---- kqueue

  override kqueue(): number {
    // Neither exec nor fork passes it on. kqueue_internal().
    return this.process.open(new KqueueFile(this.process), true);
  }

  override kevent(
    kq: number,
    changes: Bytes | null,
    nchanges: number,
    events: Bytes | null,
    nevents: number,
    timeout: Bytes | null,
  ): number {
    // In the order of kevent_legacy_internal().
    const timeoutNs = timeout === null ? null : timespecNs(timeout);
    if (timeoutNs !== null && timeoutNs < 0) return -errno.EINVAL;
    const queue = this.process.file(kq);
    if (!(queue instanceof KqueueFile)) return -errno.EBADF;
    const from = changes === null ? null : viewOf(changes);
    const into = events === null ? null : viewOf(events);
    // kevent_internal(): up to the first change that fails, unless there is space to say so.
    let n = 0;
    for (let i = 0; i < nchanges; i++) {
      if (from === null) return -errno.EFAULT;
      const change = readChange(from, i);
      const result = queue.register(change);
      const receipt = receiptOf(change, result);
      if (receipt !== null && n < nevents && into !== null) writeEvent(into, n++, receipt);
      else if (result !== 0) return -result;
    }
    if (nevents <= 0 || n > 0) return n;
    if (into === null) return -errno.EFAULT;
    let written = 0;
    const put = (event: Change) => writeEvent(into, written++, event);
    const collect = () => {
      written = 0;
      return queue.collect(put, nevents);
    };
    return this.wait({
      ready: () => queue.queued > 0,
      // Active knotes of which none had an event: on with the wait. kqueue_scan().
      finish: () => collect() || BLOCKED,
      deadline: timeoutNs === null ? never : this.machine.nanoseconds + timeoutNs,
      timedOut: () => 0,
      interrupted: () => -errno.EINTR,
      restarts: false,
      shared: null,
    });
  }

  // ---- poll, select

  // A poll is a kqueue of its own, with EV_ONESHOT filters. bsd/kern/sys_generic.c, poll_nocancel(), poll_callback().
  override poll(fds: Bytes, nfds: number, timeoutMs: number): number {
    // proc_suser(): as nobody in particular.
    if (nfds > OPEN_MAX || nfds > this.process.maxDescriptors) return -errno.EINVAL;
    const view = viewOf(fds);
    const files: (OpenFile | null)[] = [];
    for (let i = 0; i < nfds; i++) files.push(this.process.file(view.getInt32(i * 8, true)));
    const reventsOf = (i: number): number => {
      if (view.getInt32(i * 8, true) < 0) return 0;
      return pollEvents(files[i], view.getUint16(i * 8 + 4, true));
    };
    const count = (): number => {
      let n = 0;
      for (let i = 0; i < nfds; i++) if (reventsOf(i) !== 0) n++;
      return n;
    };
    const write = (): number => {
      let n = 0;
      for (let i = 0; i < nfds; i++) {
        const revents = reventsOf(i);
        view.setUint16(i * 8 + 6, revents, true);
        if (revents !== 0) n++;
      }
      return n;
    };
    // INFTIM alone waits for ever: another negative number is a large unsigned one.
    const timeoutNs = timeoutMs === -1 ? null : (timeoutMs >>> 0) * 1e6;
    return this.waitForEvents(count, write, timeoutNs, null, (result) => result);
  }

  override select(
    nfds: number,
    rfds: Bytes | null,
    wfds: Bytes | null,
    xfds: Bytes | null,
    timeout: Bytes | null,
  ): number {
    // The time that is left is not written back.
    const timeoutNs = timeout === null ? null : timeNs(timeout, 1000);
    if (timeoutNs !== null && (timeoutNs < 0 || getInt64(viewOf(timeout!), 0) > MAX_SELECT_SECONDS))
      return -errno.EINVAL;
    if (timeout !== null && getInt64(viewOf(timeout), 8) >= 1e6) return -errno.EINVAL;
    return this.#select(nfds, [rfds, wfds, xfds], timeoutNs, null);
  }

  override pselect(
    nfds: number,
    rfds: Bytes | null,
    wfds: Bytes | null,
    xfds: Bytes | null,
    timeout: Bytes | null,
    sigmask: Bytes | null,
  ): number {
    const timeoutNs = timeout === null ? null : timespecNs(timeout);
    if (timeoutNs !== null && timeoutNs < 0) return -errno.EINVAL;
    return this.#select(nfds, [rfds, wfds, xfds], timeoutNs, sigmask);
  }

  // select_internal(), selscan().
  #select(
    nfds: number,
    given: readonly (Bytes | null)[],
    timeoutNs: number | null,
    sigmask: Bytes | null,
  ): number {
    if (nfds < 0) return -errno.EINVAL;
    // "forgiving; slightly wrong": what is above the table is not looked at, and stays as it is.
    const nd = Math.min(nfds, this.#tableSize);
    const sets = given.map((set) => (set === null ? null : bytesOf(set)));
    const [ins, outs, exs] = sets;
    const files: (OpenFile | null)[] = [];
    for (let fd = 0; fd < nd; fd++) {
      const isAsked = sets.some((set) => set !== null && hasBit(set, fd));
      const file = isAsked ? this.process.file(fd) : null;
      if (isAsked && file === null) return -errno.EBADF;
      files.push(file);
    }
    const count = (): number => {
      let n = 0;
      for (let fd = 0; fd < nd; fd++) {
        const file = files[fd];
        if (file === null) continue;
        if (ins && hasBit(ins, fd) && isReadable(file)) n++;
        if (outs && hasBit(outs, fd) && isWritable(file)) n++;
      }
      return n;
    };
    const write = (): number => {
      let n = 0;
      for (let fd = 0; fd < nd; fd++) {
        const file = files[fd];
        if (file === null) continue;
        n += keepBit(ins, fd, ins && hasBit(ins, fd) && isReadable(file) ? 1 : 0);
        n += keepBit(outs, fd, outs && hasBit(outs, fd) && isWritable(file) ? 1 : 0);
        n += keepBit(exs, fd, 0); // Urgent data alone, which there is none of.
      }
      // Whole words of 32 bits are written back.
      for (let fd = nd; fd % 32 !== 0; fd++) for (const set of sets) keepBit(set, fd, 0);
      return n;
    };
    return this.waitForEvents(count, write, timeoutNs, sigmask, (result) => result);
  }

  // fd_nfiles: what it has grown to. bsd/kern/kern_descrip.c, fdalloc().
  get #tableSize(): number {
    let size = NDFILE;
    while (size < this.process.descriptors.length) size = size < NDEXTENT ? NDEXTENT : 2 * size;
    return Math.min(size, Math.max(this.process.maxDescriptors, NDFILE));
  }

  // ---- Sockets

  override socket(domain: number, type: number, protocol: number): number {
    // There is no SOCK_SEQPACKET. bsd/kern/uipc_proto.c, localsw; uipc_socket.c, socreate_internal().
    if (domain === AF_UNIX && type !== SOCK_STREAM && type !== SOCK_DGRAM) return -errno.EPROTONOSUPPORT;
    if (type === SOCK_DGRAM && domain !== AF_UNIX) throw new NotModelled('UDP of macOS');
    return super.socket(domain, type, protocol);
  }

  protected override newUnixSocket(domain: number, kind: number): UnixSocket {
    return new XnuUnixSocket(this.machine, this.names, domain, kind);
  }

  override socketpair(domain: number, type: number, protocol: number, sv: Bytes): number {
    if (domain === AF_UNIX && type !== SOCK_STREAM && type !== SOCK_DGRAM) return -errno.EPROTONOSUPPORT;
    return super.socketpair(domain, type, protocol, sv);
  }

  // bsd/kern/uipc_syscalls.c, accept_nocancel(). SO_RCVTIMEO does not end its wait.
  override accept(fd: number, addr: Bytes | null, addrlen: Bytes | null): number {
    const listener = this.socketOf(fd);
    if (typeof listener === 'number') return listener;
    if (!(listener instanceof TcpSocket || listener instanceof UnixSocket)) return -errno.EOPNOTSUPP;
    if (listener instanceof UnixSocket && listener.type === SOCK_DGRAM) return -errno.EOPNOTSUPP;
    if (listener.state !== 'listening') return -errno.EINVAL;
    const take = (): number => {
      const accepted = listener.accept();
      if (typeof accepted === 'number') return accepted;
      // O_NONBLOCK comes from the listener.
      accepted.nonblocking = listener.nonblocking;
      // Without a free descriptor the connection is lost: process.open() gives it up.
      const result = this.process.open(accepted);
      if (result < 0 || addr === null) return result;
      // A client that is gone is accepted all the same, without its address: in_getpeeraddr() of a dead pcb.
      const isGone = accepted instanceof TcpSocket && accepted.isReset;
      writeName(isGone ? new Uint8Array(0) : accepted.remoteName, addr, addrlen!);
      return result;
    };
    const result = take();
    if (result !== -errno.EAGAIN || listener.nonblocking) return result;
    return this.block(listener, READABLE, take, {});
  }

  override getpeername(fd: number, addr: Bytes, addrlen: Bytes): number {
    const socket = this.socketOf(fd);
    if (typeof socket === 'number') return socket;
    // "the socket has been shutdown, no more getpeername's"
    if (isShutDown(socket)) return -errno.EINVAL;
    return super.getpeername(fd, addr, addrlen);
  }

  override setsockopt(fd: number, level: number, name: number, value: Bytes): number {
    const socket = this.socketOf(fd);
    if (typeof socket === 'number') return socket;
    // "the socket has been shutdown, no more sockopt's". bsd/kern/uipc_socket.c, sosetoptlock().
    if (isShutDown(socket)) return -errno.EINVAL;
    return setXnuOption(socket, level, name, value);
  }

  override getsockopt(fd: number, level: number, name: number, value: Bytes, len: Bytes): number {
    const socket = this.socketOf(fd);
    if (typeof socket === 'number') return socket;
    return getXnuOption(socket, level, name, value, len);
  }

  override shutdown(fd: number, how: number): number {
    const socket = this.socketOf(fd);
    if (socket instanceof TcpSocket && socket.state === 'connecting')
      throw new NotModelled('shutdown() during connect() on XNU');
    return super.shutdown(fd, how);
  }

  // ---- What takes at least one buffer. uipc_syscalls.c, sendmsg_nocancel(); sys_generic.c, readv_nocancel().

  override sendmsg(
    fd: number,
    buffers: readonly Bytes[],
    name: Bytes | null,
    control: Bytes | null,
    flags: number,
  ): number {
    if (buffers.length === 0) return -errno.EMSGSIZE;
    return super.sendmsg(fd, buffers, name, control, flags);
  }

  override recvmsg(
    fd: number,
    buffers: readonly Bytes[],
    name: Bytes | null,
    control: Bytes | null,
    lengths: Bytes,
    flags: number,
  ): number {
    if (buffers.length === 0) return -errno.EMSGSIZE;
    return super.recvmsg(fd, buffers, name, control, lengths, flags);
  }

  override readv(fd: number, buffers: readonly Bytes[]): number {
    return buffers.length === 0 ? -errno.EINVAL : super.readv(fd, buffers);
  }

  override writev(fd: number, buffers: readonly Bytes[]): number {
    return buffers.length === 0 ? -errno.EINVAL : super.writev(fd, buffers);
  }

  override pipe(fds: Bytes): number {
    const [reader, writer] = makePipe(this.machine);
    return this.openPair(reader, writer, 0, undefined, undefined, fds);
  }

  // ---- Calls of Linux

  override accept4 = lacking;
  override dup3 = lacking;
  override pipe2 = lacking;
  override ppoll = lacking;
  override epoll_create = lacking;
  override epoll_create1 = lacking;
  override epoll_ctl = lacking;
  override epoll_wait = lacking;
  override epoll_pwait = lacking;
  override epoll_pwait2 = lacking;
  splice = lacking;
  override eventfd = lacking;
  override timerfd_create = lacking;
  override timerfd_settime = lacking;
  override timerfd_gettime = lacking;
}

/** Nothing goes in or out any more: SS_CANTRCVMORE and SS_CANTSENDMORE. */
function isShutDown({ socketState }: SocketFile): boolean {
  return socketState?.cannotReceive === true && socketState.cannotSend;
}

function lacking(): number {
  return -errno.ENOSYS;
}

/** A struct timespec in nanoseconds; -1 for one that XNU does not take. bsd/kern/kern_time.c, timespec_is_valid(). */
function timespecNs(timespec: Bytes): number {
  return getInt64(viewOf(timespec), 0) > MAX_SECONDS ? -1 : timeNs(timespec, 1);
}

/** revents of one pollfd. */
function pollEvents(file: OpenFile | null, events: number): number {
  // Without an event that it knows nothing is registered, and so nothing reported.
  if ((events & (POLL_READ | POLL_WRITE | POLL_VNODE)) === 0) return 0;
  if (file === null) return POLLNVAL;
  if (file instanceof StandardStream) return events & (POLLIN | POLLOUT | C.POLLRDNORM | C.POLLWRNORM);
  let revents = 0;
  if (events & POLL_READ) {
    if (file instanceof KqueueFile) {
      if (file.queued > 0) revents |= events & (POLLIN | C.POLLRDNORM);
    } else {
      const { fires, eof } = readReport(file, null);
      if (eof) revents |= POLLHUP | (events & (POLLIN | C.POLLRDNORM | C.POLLPRI | C.POLLRDBAND));
      else if (fires) revents |= events & (POLLIN | C.POLLRDNORM);
    }
  }
  if (events & POLL_WRITE) {
    if (file instanceof KqueueFile) return POLLNVAL;
    const { fires, eof } = writeReport(file, null);
    if (eof) revents |= POLLHUP;
    // POLLHUP and POLLOUT exclude each other.
    if (fires && !(revents & POLLHUP)) revents |= events & POLL_WRITE;
  }
  return revents;
}
