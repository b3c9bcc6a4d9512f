// The system calls of a simulated process, with the arguments of the choke point (kernel/native.ts). A call returns
// its result or a negative errno; or BLOCKED, having said in process.wait what it waits for. What is not modelled
// throws NotModelled.

import { CLOCK_MONOTONIC, CLOCK_REALTIME } from '../kernel/constants/clock.ts';
import {
  EFD_CLOEXEC,
  EFD_NONBLOCK,
  EFD_SEMAPHORE,
  TFD_CLOEXEC,
  TFD_NONBLOCK,
  TFD_TIMER_ABSTIME,
} from '../kernel/constants/event.ts';
import {
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  FD_CLOEXEC,
  O_CLOEXEC,
  O_NONBLOCK,
  O_RDWR,
} from '../kernel/constants/fcntl.ts';
import { FIONBIO, FIONREAD } from '../kernel/constants/ioctl.ts';
import {
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  POLLRDBAND,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
} from '../kernel/constants/select.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  MSG_DONTWAIT,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
} from '../kernel/constants/socket.ts';
import * as errno from '../kernel/errno.ts';
import type { Bytes, Calls } from '../kernel/native.ts';
import { epoll_event } from '../kernel/structs/epoll-event.ts';
import { familyOf, getInt64, setInt64, viewOf } from '../kernel/structs/struct.ts';
import { bytesOf } from './bytes.ts';
import { EpollFile, type EpollTarget } from './epoll.ts';
import { EventFd, TimerFd } from './eventfd.ts';
import type { Machine, Shared } from './machine.ts';
import type { OpenFile } from './open-file.ts';
import { makePipe } from './pipe.ts';
import { dropDescriptor, type Process, type Wait } from './process.ts';
import { SocketFile } from './socket-file.ts';
import { getOption, setOption } from './sockopt.ts';
import { TcpSocket } from './tcp.ts';
import { type UnixNames, UnixSocket, unixTypes } from './unix.ts';

/** No result yet: the call waits. No errno is this number. */
export const BLOCKED = -0x10000;

/** A call, or a use of one, that the simulated kernel does not know: better than a guess. */
export class NotModelled extends Error {
  override readonly name = 'NotModelled';

  constructor(what: string) {
    super(`the simulated kernel does not model ${what}`);
  }
}

const never = Number.POSITIVE_INFINITY;
const READABLE = POLLIN | POLLRDNORM | POLLHUP | POLLERR;
const WRITABLE = POLLOUT | POLLWRNORM | POLLHUP | POLLERR;
// The events that make a descriptor readable, writable and exceptional for select(2). fs/select.c.
const SELECT_IN = POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR;
const SELECT_OUT = POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR;
const SELECT_EX = POLLPRI;

const TYPE_MASK = 0xf;

/** The calls that this process makes. */
export class SimulatedCalls {
  readonly #process: Process;
  readonly #machine: Machine;
  readonly #names: UnixNames;
  /** What CLOCK_REALTIME said when the world began, in seconds. */
  readonly #epoch: number;
  readonly clock: Shared;

  constructor(process: Process, names: UnixNames, clock: Shared, epoch: number) {
    this.#process = process;
    this.#machine = process.machine;
    this.#names = names;
    this.clock = clock;
    this.#epoch = epoch;
  }

  // ---- Sockets

  socket(domain: number, type: number, protocol: number): number {
    const kind = type & TYPE_MASK;
    let file: OpenFile;
    if (domain === AF_INET || domain === AF_INET6) {
      if (kind !== SOCK_STREAM) throw new NotModelled(`socket(${domain}, ${kind}, ${protocol})`);
      if (protocol !== 0 && protocol !== 6) return -errno.EPROTONOSUPPORT;
      file = new TcpSocket(this.#machine, this.#process.host, domain, kind, 6);
    } else if (domain === AF_UNIX) {
      if (!unixTypes.includes(kind)) return -errno.ESOCKTNOSUPPORT!;
      file = new UnixSocket(this.#machine, this.#names, domain, kind);
    } else {
      throw new NotModelled(`socket(${domain}, …)`);
    }
    return this.#open(file, type, SOCK_CLOEXEC, SOCK_NONBLOCK);
  }

  #open(file: OpenFile, flags: number, cloexec: number | undefined, nonblock: number | undefined): number {
    if (nonblock !== undefined && flags & nonblock) file.nonblocking = true;
    return this.#process.open(file, cloexec !== undefined && (flags & cloexec) !== 0);
  }

  socketpair(domain: number, type: number, protocol: number, sv: Bytes): number {
    const kind = type & TYPE_MASK;
    if (domain !== AF_UNIX) return -errno.EOPNOTSUPP;
    if (!unixTypes.includes(kind)) return -errno.ESOCKTNOSUPPORT!;
    if (protocol !== 0 && protocol !== AF_UNIX) return -errno.EPROTONOSUPPORT;
    const one = new UnixSocket(this.#machine, this.#names, domain, kind);
    const other = new UnixSocket(this.#machine, this.#names, domain, kind);
    one.pairWith(other);
    return this.#openPair(one, other, type, SOCK_CLOEXEC, SOCK_NONBLOCK, sv);
  }

  #openPair(
    one: OpenFile,
    other: OpenFile,
    flags: number,
    cloexec: number | undefined,
    nonblock: number | undefined,
    pair: Bytes,
  ): number {
    const first = this.#open(one, flags, cloexec, nonblock);
    const second = first < 0 ? first : this.#open(other, flags, cloexec, nonblock);
    if (second < 0) {
      if (first >= 0) this.#process.close(first);
      return second;
    }
    const view = viewOf(pair);
    view.setInt32(0, first, true);
    view.setInt32(4, second, true);
    return 0;
  }

  pipe(fds: Bytes): number {
    return this.pipe2(fds, 0);
  }

  pipe2(fds: Bytes, flags: number): number {
    const [reader, writer] = makePipe(this.#machine);
    return this.#openPair(reader, writer, flags, O_CLOEXEC, O_NONBLOCK, fds);
  }

  // A descriptor's socket, or the errno for what is none.
  #socket(fd: number): SocketFile | number {
    const file = this.#process.file(fd);
    if (file === null) return -errno.EBADF;
    return file instanceof SocketFile ? file : -errno.ENOTSOCK;
  }

  bind(fd: number, addr: Bytes): number {
    const socket = this.#socket(fd);
    if (typeof socket === 'number') return socket;
    const bytes = bytesOf(addr);
    if (socket instanceof UnixSocket) {
      if (bytes.length < 2 || familyOf(bytes) !== AF_UNIX) return -errno.EINVAL;
      if (bytes.length === 2) throw new NotModelled('bind() to an autobound name');
      return socket.bind(bytes.slice());
    }
    const parsed = inetOf(bytes, socket.family);
    if (typeof parsed === 'number')
      return parsed === -errno.EAFNOSUPPORT && bytes.length < 16 ? -errno.EINVAL : parsed;
    if (socket.localPort !== 0) return -errno.EINVAL;
    return this.#process.host.bind(socket, parsed.address, parsed.port);
  }

  listen(fd: number, backlog: number): number {
    const socket = this.#socket(fd);
    if (typeof socket === 'number') return socket;
    if (socket instanceof TcpSocket || socket instanceof UnixSocket) return socket.listen(backlog);
    return -errno.EOPNOTSUPP;
  }

  accept(fd: number, addr: Bytes | null, addrlen: Bytes | null): number {
    return this.accept4(fd, addr, addrlen, 0);
  }

  accept4(fd: number, addr: Bytes | null, addrlen: Bytes | null, flags: number): number {
    const listener = this.#socket(fd);
    if (typeof listener === 'number') return listener;
    if (!(listener instanceof TcpSocket || listener instanceof UnixSocket)) return -errno.EOPNOTSUPP;
    // Linux reserves the descriptor first. net/socket.c, __sys_accept4_file.
    const free = this.#process.free();
    if (listener instanceof UnixSocket ? listener.type === SOCK_DGRAM : false) return -errno.EOPNOTSUPP;
    if (listener.state !== 'listening') return -errno.EINVAL;
    if (free < 0) return free;
    const take = (): number => {
      const accepted = listener.accept();
      if (typeof accepted === 'number') return accepted;
      const result = this.#open(accepted, flags, SOCK_CLOEXEC, SOCK_NONBLOCK);
      // A client that is gone by now is accepted all the same.
      if (result >= 0 && addr !== null) writeName(accepted.remoteName, addr, addrlen!);
      return result;
    };
    const result = take();
    if (result !== -errno.EAGAIN || listener.nonblocking) return result;
    return this.#block(listener, READABLE, take, { timeoutNs: listener.receiveTimeoutNs });
  }

  connect(fd: number, addr: Bytes): number {
    const socket = this.#socket(fd);
    if (typeof socket === 'number') return socket;
    const bytes = bytesOf(addr);
    if (socket instanceof UnixSocket) return this.#connectUnix(socket, bytes);
    if (!(socket instanceof TcpSocket)) throw new NotModelled('connect() of this socket');
    const parsed = inetOf(bytes, socket.family);
    if (typeof parsed === 'number') return parsed;
    const result = socket.connect(parsed.address, parsed.port);
    const isWaiting = result === -errno.EINPROGRESS || result === -errno.EALREADY;
    if (!isWaiting || socket.nonblocking) return result;
    const wait = {
      ready: () => socket.state !== 'connecting',
      finish: () => socket.connectOutcome,
      deadline: this.#deadline(socket.sendTimeoutNs),
      timedOut: () => -errno.EINPROGRESS,
      interrupted: () => -errno.EINTR,
      restarts: true,
      shared: socket.shared,
    };
    return this.#wait(wait);
  }

  #connectUnix(socket: UnixSocket, bytes: Uint8Array): number {
    if (bytes.length <= 2) throw new NotModelled('connect() to no name');
    const other = this.#names.find(bytes);
    if (other === null) return bytes[2] === 0 ? -errno.ECONNREFUSED : -errno.ENOENT;
    if (other.descriptors === 0) return -errno.ECONNREFUSED;
    const connect = () => socket.connectTo(other);
    const result = connect();
    if (result !== -errno.EAGAIN || socket.nonblocking) return result;
    throw new NotModelled('a blocking connect() to a UNIX listener whose queue is full');
  }

  getsockname(fd: number, addr: Bytes, addrlen: Bytes): number {
    const socket = this.#socket(fd);
    if (typeof socket === 'number') return socket;
    return writeName(socket.localName, addr, addrlen);
  }

  getpeername(fd: number, addr: Bytes, addrlen: Bytes): number {
    const socket = this.#socket(fd);
    if (typeof socket === 'number') return socket;
    if (socket instanceof UnixSocket ? socket.peer === null : !isConnected(socket)) return -errno.ENOTCONN;
    return writeName(socket.remoteName, addr, addrlen);
  }

  getsockopt(fd: number, level: number, name: number, value: Bytes, len: Bytes): number {
    const socket = this.#socket(fd);
    if (typeof socket === 'number') return socket;
    return getOption(socket, level, name, value, len);
  }

  setsockopt(fd: number, level: number, name: number, value: Bytes): number {
    const socket = this.#socket(fd);
    if (typeof socket === 'number') return socket;
    return setOption(socket, level, name, value);
  }

  shutdown(fd: number, how: number): number {
    const socket = this.#socket(fd);
    if (typeof socket === 'number') return socket;
    if (how !== SHUT_RD && how !== SHUT_WR && how !== SHUT_RDWR) return -errno.EINVAL;
    if (!(socket instanceof TcpSocket || socket instanceof UnixSocket))
      throw new NotModelled('shutdown() of this');
    return socket.shutdown(how !== SHUT_WR, how !== SHUT_RD);
  }

  // ---- Transfers

  recv(fd: number, buf: Bytes, ...rest: number[]): number {
    const [target, flags] = partOf(buf, rest);
    return this.#receive(fd, target, flags);
  }

  recvfrom(fd: number, buf: Bytes, ...rest: unknown[]): number {
    const addrlen = rest.pop() as Bytes | null;
    const addr = rest.pop() as Bytes | null;
    const [target, flags] = partOf(buf, rest as number[]);
    const socket = this.#process.file(fd);
    if (addr !== null && socket instanceof UnixSocket) throw new NotModelled('recvfrom() with an address');
    const result = this.#receive(fd, target, flags);
    // A stream has no address to give. recvfrom(2).
    if (result >= 0 && addr !== null) viewOf(addrlen!).setInt32(0, 0, true);
    return result;
  }

  #receive(fd: number, target: Uint8Array, flags: number): number {
    const socket = this.#socket(fd);
    if (typeof socket === 'number') return socket;
    if (flags & MSG_OOB) return -errno.EINVAL;
    if (flags & MSG_TRUNC && socket instanceof TcpSocket) throw new NotModelled('MSG_TRUNC of a stream');
    const options = { peeks: (flags & MSG_PEEK) !== 0 };
    const isWhole = (flags & MSG_WAITALL) !== 0 && !options.peeks;
    let got = 0;
    const take = (): number => {
      const n = socket.receive(got === 0 ? target : target.subarray(got), options);
      if (n < 0) return got > 0 && n !== -errno.EAGAIN ? got : n;
      got += n;
      return isWhole && n > 0 && got < target.length ? -errno.EAGAIN : got;
    };
    const result = take();
    if (result !== -errno.EAGAIN) return result;
    if (socket.nonblocking || flags & MSG_DONTWAIT) return got > 0 ? got : result;
    return this.#block(socket, READABLE, take, {
      timeoutNs: socket.receiveTimeoutNs,
      moved: () => got,
    });
  }

  send(fd: number, buf: Bytes, ...rest: number[]): number {
    const [source, flags] = partOf(buf, rest);
    return this.#send(fd, source, flags);
  }

  sendto(fd: number, buf: Bytes, ...rest: unknown[]): number {
    const addr = rest.pop() as Bytes | null;
    const [source, flags] = partOf(buf, rest as number[]);
    if (addr !== null) throw new NotModelled('sendto() with an address');
    return this.#send(fd, source, flags);
  }

  #send(fd: number, source: Uint8Array, flags: number): number {
    const socket = this.#socket(fd);
    if (typeof socket === 'number') return socket;
    if (flags & MSG_OOB) throw new NotModelled('urgent data');
    return this.#transfer(
      socket,
      source,
      (flags & MSG_DONTWAIT) !== 0 && this.#machine.platform !== 'darwin',
    );
  }

  // What a blocking send of a stream takes: everything, unless a signal or an error comes between.
  #transfer(file: OpenFile, source: Uint8Array, dontWait: boolean): number {
    let sent = 0;
    const give = (): number => {
      const n = file.write(sent === 0 ? source : source.subarray(sent));
      if (n < 0) return sent > 0 && n !== -errno.EAGAIN ? sent : n;
      sent += n;
      return sent < source.length && !(file.nonblocking || dontWait) ? -errno.EAGAIN : sent;
    };
    const result = give();
    if (result !== -errno.EAGAIN || file.nonblocking || dontWait) return result;
    const timeoutNs = file instanceof SocketFile ? file.sendTimeoutNs : 0;
    return this.#block(file, WRITABLE, give, { timeoutNs, moved: () => sent });
  }

  read(fd: number, buf: Bytes): number {
    const file = this.#process.file(fd);
    if (file === null) return -errno.EBADF;
    const target = bytesOf(buf);
    const take = () => file.read(target);
    const result = take();
    if (result !== -errno.EAGAIN || file.nonblocking) return result;
    const timeoutNs = file instanceof SocketFile ? file.receiveTimeoutNs : 0;
    return this.#block(file, READABLE, take, { timeoutNs });
  }

  write(fd: number, buf: Bytes, ...rest: number[]): number {
    const file = this.#process.file(fd);
    if (file === null) return -errno.EBADF;
    const [source] = partOf(buf, rest.length === 0 ? [0] : [...rest, 0]);
    return this.#transfer(file, source, false);
  }

  readv(fd: number, buffers: readonly Bytes[]): number {
    const file = this.#process.file(fd);
    if (file === null) return -errno.EBADF;
    const all = new Uint8Array(buffers.reduce((sum, { byteLength }) => sum + byteLength, 0));
    const take = () => {
      const n = file.read(all);
      if (n > 0) scatter(all.subarray(0, n), buffers);
      return n;
    };
    const result = take();
    if (result !== -errno.EAGAIN || file.nonblocking) return result;
    return this.#block(file, READABLE, take, {});
  }

  writev(fd: number, buffers: readonly Bytes[]): number {
    const file = this.#process.file(fd);
    if (file === null) return -errno.EBADF;
    return this.#transfer(file, gather(buffers), false);
  }

  sendmsg(
    fd: number,
    buffers: readonly Bytes[],
    name: Bytes | null,
    control: Bytes | null,
    flags: number,
  ): number {
    if (name !== null || control !== null) throw new NotModelled('sendmsg() with a name or control messages');
    return this.#send(fd, gather(buffers), flags);
  }

  // ---- Descriptors

  close(fd: number): number {
    return this.#process.close(fd);
  }

  dup(fd: number): number {
    const file = this.#process.file(fd);
    return file === null ? -errno.EBADF : this.#process.open(file);
  }

  dup2(oldfd: number, newfd: number): number {
    const file = this.#process.file(oldfd);
    if (file === null) return -errno.EBADF;
    if (newfd < 0 || newfd >= this.#process.maxDescriptors) return -errno.EBADF;
    return oldfd === newfd ? newfd : this.#replace(file, newfd, false);
  }

  dup3(oldfd: number, newfd: number, flags: number): number {
    if ((flags & ~O_CLOEXEC) !== 0 || oldfd === newfd) return -errno.EINVAL;
    const file = this.#process.file(oldfd);
    if (newfd < 0 || newfd >= this.#process.maxDescriptors || file === null) return -errno.EBADF;
    return this.#replace(file, newfd, (flags & O_CLOEXEC) !== 0);
  }

  #replace(file: OpenFile, newfd: number, closesOnExec: boolean): number {
    file.descriptors++; // Before the old one is closed, which may be this file's last.
    this.#process.close(newfd);
    this.#process.set(newfd, file, closesOnExec);
    dropDescriptor(file);
    return newfd;
  }

  fcntl(fd: number, cmd: number, arg: number): number {
    const descriptor = this.#process.descriptors[fd];
    if (descriptor === undefined) return -errno.EBADF;
    const { file } = descriptor;
    switch (cmd) {
      case F_GETFD:
        return descriptor.closesOnExec ? FD_CLOEXEC : 0;
      case F_SETFD:
        descriptor.closesOnExec = (arg & FD_CLOEXEC) !== 0;
        return 0;
      case F_GETFL:
        return O_RDWR | file.otherFlags | (file.nonblocking ? O_NONBLOCK : 0);
      case F_SETFL:
        file.nonblocking = (arg & O_NONBLOCK) !== 0;
        return 0;
      case F_DUPFD:
      case F_DUPFD_CLOEXEC:
        if (arg < 0 || arg >= this.#process.maxDescriptors) return -errno.EINVAL;
        return this.#process.open(file, cmd === F_DUPFD_CLOEXEC, arg);
      default:
        throw new NotModelled(`fcntl(…, ${cmd}, …)`);
    }
  }

  ioctl(fd: number, request: number, arg: Bytes | number): number {
    const file = this.#process.file(fd);
    if (file === null) return -errno.EBADF;
    if (request === FIONREAD && typeof arg !== 'number') {
      const n = file.unread;
      if (n >= 0) viewOf(arg).setInt32(0, n, true);
      return Math.min(n, 0);
    }
    if (request === FIONBIO && typeof arg !== 'number') {
      file.nonblocking = viewOf(arg).getInt32(0, true) !== 0;
      return 0;
    }
    throw new NotModelled(`ioctl(…, ${request}, …)`);
  }

  // ---- Readiness

  select(
    nfds: number,
    rfds: Bytes | null,
    wfds: Bytes | null,
    xfds: Bytes | null,
    timeout: Bytes | null,
  ): number {
    const timeoutNs = timeout === null ? null : timeNs(timeout, 1000);
    if (timeoutNs !== null && timeoutNs < 0) return -errno.EINVAL;
    const started = this.#machine.nanoseconds;
    const finished = (result: number) => {
      // Linux writes what is left. select(2).
      if (timeout !== null && timeoutNs !== null && this.#machine.platform === 'linux')
        writeTime(timeout, Math.max(timeoutNs - (this.#machine.nanoseconds - started), 0), 1000);
      return result;
    };
    return this.#select(nfds, rfds, wfds, xfds, timeoutNs, null, finished);
  }

  pselect(
    nfds: number,
    rfds: Bytes | null,
    wfds: Bytes | null,
    xfds: Bytes | null,
    timeout: Bytes | null,
    sigmask: Bytes | null,
  ): number {
    const timeoutNs = timeout === null ? null : timeNs(timeout, 1);
    if (timeoutNs !== null && timeoutNs < 0) return -errno.EINVAL;
    return this.#select(nfds, rfds, wfds, xfds, timeoutNs, sigmask, (result) => result);
  }

  #select(
    nfds: number,
    rfds: Bytes | null,
    wfds: Bytes | null,
    xfds: Bytes | null,
    timeoutNs: number | null,
    sigmask: Bytes | null,
    finished: (result: number) => number,
  ): number {
    if (nfds < 0) return -errno.EINVAL;
    const files: (OpenFile | null)[] = [];
    const sets = [rfds, wfds, xfds].map((set) => (set === null ? null : bytesOf(set)));
    for (let fd = 0; fd < nfds; fd++) {
      if (!sets.some((set) => set !== null && hasBit(set, fd))) {
        files.push(null);
        continue;
      }
      const file = this.#process.file(fd);
      if (file === null) return -errno.EBADF;
      files.push(file);
    }
    const [ins, outs, exs] = sets;
    const count = (): number => {
      let n = 0;
      for (let fd = 0; fd < nfds; fd++) {
        const file = files[fd];
        if (file === null) continue;
        const events = file.poll();
        if (ins && hasBit(ins, fd) && events & SELECT_IN) n++;
        if (outs && hasBit(outs, fd) && events & SELECT_OUT) n++;
        if (exs && hasBit(exs, fd) && events & SELECT_EX) n++;
      }
      return n;
    };
    const write = (): number => {
      let n = 0;
      for (let fd = 0; fd < nfds; fd++) {
        const file = files[fd];
        if (file === null) continue;
        const events = file.poll();
        n += keepBit(ins, fd, events & SELECT_IN) + keepBit(outs, fd, events & SELECT_OUT);
        n += keepBit(exs, fd, events & SELECT_EX);
      }
      return finished(n);
    };
    return this.#waitForEvents(count, write, timeoutNs, sigmask, finished);
  }

  poll(fds: Bytes, nfds: number, timeoutMs: number): number {
    return this.#poll(fds, nfds, timeoutMs < 0 ? null : timeoutMs * 1e6, null);
  }

  ppoll(fds: Bytes, nfds: number, timeout: Bytes | null, sigmask: Bytes | null): number {
    const timeoutNs = timeout === null ? null : timeNs(timeout, 1);
    if (timeoutNs !== null && timeoutNs < 0) return -errno.EINVAL;
    return this.#poll(fds, nfds, timeoutNs, sigmask);
  }

  #poll(fds: Bytes, nfds: number, timeoutNs: number | null, sigmask: Bytes | null): number {
    if (nfds > this.#process.maxDescriptors) return -errno.EINVAL;
    const view = viewOf(fds);
    const files: (OpenFile | null)[] = [];
    for (let i = 0; i < nfds; i++) files.push(this.#process.file(view.getInt32(i * 8, true)));
    const reventsOf = (i: number): number => {
      const file = files[i];
      if (file === null) return view.getInt32(i * 8, true) < 0 ? 0 : POLLNVAL;
      return file.poll() & (view.getUint16(i * 8 + 4, true) | POLLERR | POLLHUP);
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
    return this.#waitForEvents(count, write, timeoutNs, sigmask, (result) => result);
  }

  epoll_create(size: number): number {
    return size <= 0 ? -errno.EINVAL : this.epoll_create1(0);
  }

  epoll_create1(flags: number): number {
    if (this.#machine.platform !== 'linux') return -errno.ENOSYS;
    if ((flags & ~EPOLL_CLOEXEC!) !== 0) return -errno.EINVAL;
    return this.#open(new EpollFile(this.#machine), flags, EPOLL_CLOEXEC, undefined);
  }

  epoll_ctl(epfd: number, op: number, fd: number, event: Bytes | null): number {
    const epoll = this.#process.file(epfd);
    const file = this.#process.file(fd);
    if (epoll === null || file === null) return -errno.EBADF;
    // The order of fs/eventpoll.c: a file that has no poll, then what is no epoll instance.
    if (!(epoll instanceof EpollFile) || file === epoll) return -errno.EINVAL;
    if (op === EPOLL_CTL_DEL) return epoll.remove(file, fd);
    if (event === null) return -errno.EFAULT;
    const view = viewOf(event);
    const at = epoll_event.members.data.offset;
    const events = view.getUint32(0, true);
    const [low, high] = [view.getInt32(at, true), view.getInt32(at + 4, true)];
    if (op === EPOLL_CTL_ADD) return epoll.add(file, fd, events, low, high);
    if (op === EPOLL_CTL_MOD) return epoll.modify(file, fd, events, low, high);
    return -errno.EINVAL;
  }

  epoll_wait(epfd: number, events: Bytes, maxevents: number, timeoutMs: number): number {
    return this.epoll_pwait(epfd, events, maxevents, timeoutMs, null);
  }

  epoll_pwait(
    epfd: number,
    events: Bytes,
    maxevents: number,
    timeoutMs: number,
    sigmask: Bytes | null,
  ): number {
    if (maxevents <= 0) return -errno.EINVAL;
    const epoll = this.#process.file(epfd);
    if (epoll === null) return -errno.EBADF;
    if (!(epoll instanceof EpollFile)) return -errno.EINVAL;
    const view = viewOf(events);
    const size = epoll_event.size;
    const at = epoll_event.members.data.offset;
    const target: EpollTarget = {
      put(i, mask, low, high) {
        view.setUint32(i * size, mask, true);
        view.setInt32(i * size + at, low, true);
        view.setInt32(i * size + at + 4, high, true);
      },
    };
    const timeoutNs = timeoutMs < 0 ? null : timeoutMs * 1e6;
    const collect = () => epoll.collect(target, maxevents);
    return this.#waitForEvents(
      () => (epoll.hasEvents() ? 1 : 0),
      collect,
      timeoutNs,
      sigmask,
      (n) => n,
    );
  }

  #waitForEvents(
    count: () => number,
    write: () => number,
    timeoutNs: number | null,
    sigmask: Bytes | null,
    finished: (result: number) => number,
  ): number {
    this.#setMask(sigmask);
    return this.#wait({
      ready: () => count() > 0,
      finish: () => {
        this.#process.mask = null;
        return write();
      },
      deadline: timeoutNs === null ? never : this.#machine.nanoseconds + timeoutNs,
      timedOut: () => {
        this.#process.mask = null;
        return write();
      },
      interrupted: () => {
        this.#process.mask = null;
        return finished(-errno.EINTR);
      },
      restarts: false,
      shared: null,
    });
  }

  #setMask(sigmask: Bytes | null): void {
    if (sigmask === null) return;
    const bytes = bytesOf(sigmask);
    const mask = new Set<number>();
    for (let signum = 1; signum <= bytes.length * 8; signum++)
      if (hasBit(bytes, signum - 1)) mask.add(signum);
    this.#process.mask = mask;
  }

  // ---- eventfd, timerfd, clocks

  eventfd(initval: number, flags: number): number {
    if ((flags & ~(EFD_CLOEXEC! | EFD_NONBLOCK! | EFD_SEMAPHORE!)) !== 0) return -errno.EINVAL;
    const file = new EventFd(this.#machine, initval, (flags & EFD_SEMAPHORE!) !== 0);
    return this.#open(file, flags, EFD_CLOEXEC, EFD_NONBLOCK);
  }

  timerfd_create(clock: number, flags: number): number {
    if ((flags & ~(TFD_CLOEXEC! | TFD_NONBLOCK!)) !== 0) return -errno.EINVAL;
    if (clock !== CLOCK_MONOTONIC && clock !== CLOCK_REALTIME)
      throw new NotModelled(`timerfd_create(${clock})`);
    const file = new TimerFd(this.#machine);
    file.isRealtime = clock === CLOCK_REALTIME;
    return this.#open(file, flags, TFD_CLOEXEC, TFD_NONBLOCK);
  }

  timerfd_settime(fd: number, flags: number, newValue: Bytes, oldValue: Bytes | null): number {
    const file = this.#process.file(fd);
    if (file === null) return -errno.EBADF;
    if (!(file instanceof TimerFd)) return -errno.EINVAL;
    const interval = timeNs(newValue, 1);
    const value = timeNs(newValue, 1, 16);
    if (interval < 0 || value < 0) return -errno.EINVAL;
    if (oldValue !== null) this.timerfd_gettime(fd, oldValue);
    const now = file.isRealtime ? this.#epoch * 1e9 + this.#machine.nanoseconds : this.#machine.nanoseconds;
    const after = flags & TFD_TIMER_ABSTIME! ? value - now : value;
    file.arm(value === 0 ? null : after, interval);
    return 0;
  }

  timerfd_gettime(fd: number, currValue: Bytes): number {
    const file = this.#process.file(fd);
    if (file === null) return -errno.EBADF;
    if (!(file instanceof TimerFd)) return -errno.EINVAL;
    const [interval, left] = file.setting;
    writeTime(currValue, interval, 1);
    writeTime(currValue, left, 1, 16);
    return 0;
  }

  clock_gettime(clock: number, time: Bytes): number {
    const now = this.#machine.nanoseconds;
    const view = viewOf(time);
    const seconds = Math.floor(now / 1e9);
    // Not in one number: nanoseconds since 1970 are more than 2**53.
    setInt64(view, 0, seconds + (clock === CLOCK_REALTIME ? this.#epoch : 0));
    setInt64(view, 8, now - seconds * 1e9);
    return 0;
  }

  // ---- Signals: what python/signal asks of the addon

  sigaction(signum: number, handler: number): number {
    this.#process.dispositions.set(signum, handler === 1 ? 'ignore' : 'default');
    return 0;
  }

  catch_signal(signum: number, flags: number): number {
    this.#process.dispositions.set(signum, { restarts: flags !== 0 });
    return 0;
  }

  chain_signal(): number {
    return 0;
  }

  save_signal(): number {
    return 0;
  }

  pass_signal(): number {
    return 0;
  }

  restore_signal(signum: number): number {
    this.#process.dispositions.delete(signum);
    return 0;
  }

  set_wakeup_fd(fd: number): number {
    this.#process.wakeupFd = fd;
    return 0;
  }

  take_pending_signals(signums: Bytes): number {
    const { pending } = this.#process;
    if (pending.length === 0) return 0;
    const view = viewOf(signums);
    const n = pending.length;
    pending
      .sort((a, b) => a - b)
      .forEach((signum, i) => {
        view.setInt32(i * 4, signum, true);
      });
    pending.length = 0;
    return n;
  }

  /** Not 0: the descriptor is none of the addon's kernel. */
  own_fd(): number {
    return 1;
  }

  // ---- Waiting

  #deadline(timeoutNs: number): number {
    return timeoutNs > 0 ? this.#machine.nanoseconds + timeoutNs : never;
  }

  // Until a file has one of the events; then take() again, which may give -EAGAIN again.
  #block(
    file: OpenFile,
    events: number,
    take: () => number,
    { timeoutNs = 0, moved = () => 0 }: { timeoutNs?: number; moved?: () => number },
  ): number {
    return this.#wait({
      ready: () => (file.poll() & events) !== 0,
      finish: () => {
        const result = take();
        return result === -errno.EAGAIN ? BLOCKED : result;
      },
      deadline: this.#deadline(timeoutNs),
      timedOut: () => moved() || -errno.EAGAIN,
      interrupted: () => moved() || -errno.EINTR,
      restarts: true,
      shared: file.shared,
    });
  }

  #wait(wait: Wait): number {
    this.#process.wait = wait;
    return BLOCKED;
  }
}

/** What stands in for a call that SimulatedCalls lacks. */
export const notModelled = (name: keyof Calls) => (): never => {
  throw new NotModelled(`${name}()`);
};

// ---- Arguments

// [flags], or [offset, length, flags]: the part of a buffer, and the flags.
function partOf(buf: Bytes, rest: readonly number[]): [part: Uint8Array, flags: number] {
  const bytes = bytesOf(buf);
  if (rest.length === 1) return [bytes, rest[0]];
  const [offset, length, flags] = rest;
  return [bytes.subarray(offset, offset + length), flags];
}

function gather(buffers: readonly Bytes[]): Uint8Array {
  return Buffer.concat(buffers.map(bytesOf));
}

function scatter(data: Uint8Array, buffers: readonly Bytes[]): void {
  let at = 0;
  for (const buffer of buffers) {
    const target = bytesOf(buffer);
    const part = data.subarray(at, at + target.length);
    target.set(part);
    at += part.length;
  }
}

function isConnected(socket: SocketFile): boolean {
  return socket instanceof TcpSocket && socket.state === 'established' && !socket.isReset;
}

/** The address and port of a sockaddr_in or sockaddr_in6, or a negative errno. */
function inetOf(sockaddr: Uint8Array, family: number): { address: Uint8Array; port: number } | number {
  if (sockaddr.length < 2) return -errno.EINVAL;
  if (sockaddr.length < (family === AF_INET ? 16 : 24)) return -errno.EINVAL;
  if (familyOf(sockaddr) !== family) return -errno.EAFNOSUPPORT;
  const port = (sockaddr[2] << 8) | sockaddr[3];
  const address = family === AF_INET ? sockaddr.slice(4, 8) : sockaddr.slice(8, 24);
  return { address, port };
}

// As the kernel copies a name: as much as there is room for, and its whole length.
function writeName(name: Uint8Array, addr: Bytes, addrlen: Bytes): number {
  const view = viewOf(addrlen);
  const capacity = view.getInt32(0, true);
  if (capacity < 0) return -errno.EINVAL;
  bytesOf(addr).set(name.subarray(0, Math.min(capacity, addr.byteLength)));
  view.setInt32(0, name.length, true);
  return 0;
}

const hasBit = (set: Uint8Array, bit: number) => (set[bit >> 3] & (1 << (bit & 7))) !== 0;

// 1 if the bit is set and stays so.
function keepBit(set: Uint8Array | null, bit: number, stays: number): number {
  if (set === null || !hasBit(set, bit)) return 0;
  if (stays !== 0) return 1;
  set[bit >> 3] &= ~(1 << (bit & 7));
  return 0;
}

// [seconds, fraction] as nanoseconds, -1 for a time that is none; the fraction's unit in nanoseconds.
function timeNs(time: Bytes, unit: number, at = 0): number {
  const view = viewOf(time);
  const seconds = getInt64(view, at);
  const fraction = getInt64(view, at + 8);
  if (seconds < 0 || fraction < 0 || (unit === 1 && fraction >= 1e9)) return -1;
  return seconds * 1e9 + fraction * unit;
}

function writeTime(time: Bytes, nanoseconds: number, unit: number, at = 0): void {
  const view = viewOf(time);
  const seconds = Math.floor(nanoseconds / 1e9);
  setInt64(view, at, seconds);
  setInt64(view, at + 8, Math.floor((nanoseconds - seconds * 1e9) / unit));
}
