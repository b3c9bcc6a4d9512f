// The system calls that move bytes: recv and send with their kin, read and write.

import { POLLERR, POLLHUP, POLLRDHUP } from '../kernel/constants/select.ts';
import {
  MSG_CMSG_CLOEXEC,
  MSG_CTRUNC,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_MORE,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  SOCK_STREAM,
} from '../kernel/constants/socket.ts';
import * as errno from '../kernel/errno.ts';
import type { Bytes } from '../kernel/native.ts';
import { viewOf } from '../kernel/structs/struct.ts';
import { bytesOf } from './bytes.ts';
import { NotModelled, READABLE, WRITABLE } from './call-base.ts';
import type { OpenFile } from './open-file.ts';
import { dropFiles } from './process.ts';
import { filesToSend, openReceived } from './rights.ts';
import { MAX_SOCKADDR, SocketCalls, writeName } from './socket-calls.ts';
import { type Received, SocketFile } from './socket-file.ts';
import { TcpSocket } from './tcp.ts';
import { UdpSocket } from './udp.ts';
import { UnixSocket } from './unix.ts';

const SPECIAL = MSG_OOB | MSG_TRUNC | (MSG_ERRQUEUE ?? 0);
const noName = new Uint8Array(0);

export abstract class TransferCalls extends SocketCalls {
  recv(fd: number, buf: Bytes, ...rest: number[]): number {
    const [target, flags] = partOf(buf, rest);
    return this.#receive(fd, target, flags);
  }

  recvfrom(fd: number, buf: Bytes, ...rest: unknown[]): number {
    const addrlen = rest.pop() as Bytes | null;
    const addr = rest.pop() as Bytes | null;
    const [target, flags] = partOf(buf, rest as number[]);
    if (addr === null) return this.#receive(fd, target, flags);
    return this.#receiveMessage(fd, target, flags, ({ name, files }) => {
      dropFiles(files);
      // A stream has no address to give. recvfrom(2).
      writeName(name ?? noName, addr, addrlen!);
      return 0;
    });
  }

  /** lengths: [namelen, controllen, msg_flags]. */
  recvmsg(
    fd: number,
    buffers: readonly Bytes[],
    name: Bytes | null,
    control: Bytes | null,
    lengths: Bytes,
    flags: number,
  ): number {
    const target = new Uint8Array(buffers.reduce((sum, { byteLength }) => sum + byteLength, 0));
    return this.#receiveMessage(fd, target, flags, (received) => {
      scatter(target.subarray(0, received.n), buffers);
      const view = viewOf(lengths);
      const from = received.name ?? noName;
      if (name !== null) bytesOf(name).set(from.subarray(0, Math.min(view.getInt32(0, true), from.length)));
      view.setInt32(0, name === null ? 0 : from.length, true);
      const space = control === null ? null : bytesOf(control).subarray(0, view.getInt32(4, true));
      const closesOnExec = (flags & (MSG_CMSG_CLOEXEC ?? 0)) !== 0;
      const [used, isCut] = openReceived(this.process, received.files, space, closesOnExec);
      view.setInt32(4, used, true);
      const told = flags & (MSG_CMSG_CLOEXEC ?? 0);
      view.setInt32(
        8,
        told | (isCut ? MSG_CTRUNC : 0) | (received.length > received.n ? MSG_TRUNC : 0),
        true,
      );
      return 0;
    });
  }

  // A receive that wants to know more than how many bytes came.
  #receiveMessage(
    fd: number,
    target: Uint8Array,
    flags: number,
    onReceived: (received: Received) => void,
  ): number {
    const socket = this.socketOf(fd);
    if (typeof socket === 'number') return socket;
    const refused = this.#refusedFlags(socket, flags);
    if (refused !== 0) return refused;
    const isTcp = socket instanceof TcpSocket;
    if (flags & MSG_WAITALL && socket.type === SOCK_STREAM)
      throw new NotModelled('MSG_WAITALL of recvmsg() and of recvfrom() with an address');
    const waits = !socket.nonblocking && (flags & MSG_DONTWAIT) === 0;
    const options = { peeks: (flags & MSG_PEEK) !== 0, waits };
    const take = (): number => {
      // What is only counted is not written. tcp(7).
      const into = isTcp && flags & MSG_TRUNC ? new Uint8Array(target.length) : target;
      const received = socket.receiveMessage(into, options);
      if (typeof received === 'number') return received;
      onReceived(received);
      return flags & MSG_TRUNC && !isTcp ? received.length : received.n;
    };
    const result = take();
    if (result !== -errno.EAGAIN || !waits) return result;
    return this.block(socket, READABLE, take, { timeoutNs: socket.receiveTimeoutNs });
  }

  // What these flags are answered with; 0: they say something.
  #refusedFlags(socket: SocketFile, flags: number): number {
    if (flags & MSG_OOB) {
      if (socket instanceof UdpSocket) return 0;
      return socket instanceof UnixSocket && !socket.isStream ? -errno.EOPNOTSUPP : -errno.EINVAL;
    }
    // No socket has an error in its queue: IP_RECVERR is none of the options here.
    if (flags & (MSG_ERRQUEUE ?? 0) && !(socket instanceof UnixSocket)) return -errno.EAGAIN;
    return 0;
  }

  #receive(fd: number, target: Uint8Array, flags: number): number {
    const socket = this.socketOf(fd);
    if (typeof socket === 'number') return socket;
    if (flags & SPECIAL) return this.#receiveMessage(fd, target, flags, ({ files }) => dropFiles(files));
    const waits = !socket.nonblocking && (flags & MSG_DONTWAIT) === 0;
    const options = { peeks: (flags & MSG_PEEK) !== 0, waits };
    const isWhole = (flags & MSG_WAITALL) !== 0 && socket.type === SOCK_STREAM;
    // sock_rcvlowat().
    const least = isWhole ? target.length : Math.min(socket.receiveLowWater, target.length);
    if (options.peeks && least > 1 && socket instanceof TcpSocket && waits)
      return this.#look(socket, target, least);
    let got = 0;
    const take = (): number => {
      const n = socket.receive(got === 0 ? target : target.subarray(got), options);
      if (n < 0) return got > 0 && n !== -errno.EAGAIN ? got : n;
      got += n;
      return socket.type === SOCK_STREAM && !options.peeks && n > 0 && got < least ? -errno.EAGAIN : got;
    };
    const result = take();
    if (result !== -errno.EAGAIN) return result;
    if (!waits) return got > 0 ? got : result;
    return this.block(socket, READABLE, take, {
      timeoutNs: socket.receiveTimeoutNs,
      moved: () => got,
    });
  }

  // MSG_PEEK that waits until so many bytes are there, or no more can come. tcp_recvmsg_locked().
  #look(socket: TcpSocket, target: Uint8Array, least: number): number {
    const look = () => socket.receive(target, { peeks: true });
    const isReady = () =>
      socket.received.length >= least || (socket.poll() & (POLLRDHUP! | POLLHUP | POLLERR)) !== 0;
    if (isReady()) return look();
    const orElse = (errno: number) => (socket.received.length > 0 ? look() : -errno);
    return this.wait({
      ready: isReady,
      finish: look,
      deadline: this.deadline(socket.receiveTimeoutNs),
      timedOut: () => orElse(errno.EAGAIN),
      interrupted: () => orElse(errno.EINTR),
      restarts: true,
      shared: socket.shared,
    });
  }

  send(fd: number, buf: Bytes, ...rest: number[]): number {
    const [source, flags] = partOf(buf, rest);
    return this.#send(fd, source, flags);
  }

  sendto(fd: number, buf: Bytes, ...rest: unknown[]): number {
    const addr = rest.pop() as Bytes | null;
    const [source, flags] = partOf(buf, rest as number[]);
    if (addr === null) return this.#send(fd, source, flags);
    const socket = this.socketOf(fd);
    if (typeof socket === 'number') return socket;
    return this.#sendMessage(socket, source, [], bytesOf(addr).slice(), flags);
  }

  sendmsg(
    fd: number,
    buffers: readonly Bytes[],
    name: Bytes | null,
    control: Bytes | null,
    flags: number,
  ): number {
    if (name === null && control === null) return this.#send(fd, gather(buffers), flags);
    const socket = this.socketOf(fd);
    if (typeof socket === 'number') return socket;
    const files =
      control === null ? [] : filesToSend(this.process, bytesOf(control), socket instanceof UnixSocket);
    if (typeof files === 'number') return files;
    const to = name === null ? null : bytesOf(name).slice();
    return this.#sendMessage(socket, gather(buffers), files, to, flags);
  }

  // One that has more than bytes. The socket takes the files over if it takes the message.
  #sendMessage(
    socket: SocketFile,
    source: Uint8Array,
    files: readonly OpenFile[],
    to: Uint8Array | null,
    flags: number,
  ): number {
    const failed = (result: number): number => {
      if (result < 0) dropFiles(files);
      return result;
    };
    if (to !== null && to.length > MAX_SOCKADDR) return failed(-errno.EINVAL);
    if (flags & MSG_OOB) return failed(this.#urgent(socket));
    const waits = !(socket.nonblocking || (flags & MSG_DONTWAIT && this.machine.platform !== 'darwin'));
    const result = socket.sendMessage(
      source,
      files,
      socket instanceof TcpSocket ? null : to,
      (flags & MSG_MORE) !== 0,
    );
    // A datagram of UDP never waits here: EAGAIN is for want of a port.
    if (result === -errno.EAGAIN && waits && !(socket instanceof UdpSocket)) {
      failed(result);
      throw new NotModelled('a blocking send with an address or files that has to wait');
    }
    if (result >= 0 && result < source.length && waits) {
      // What is left of a stream follows without files.
      return this.#transfer(socket, source, false, result);
    }
    return failed(result);
  }

  #send(fd: number, source: Uint8Array, flags: number): number {
    const socket = this.socketOf(fd);
    if (typeof socket === 'number') return socket;
    if (flags & MSG_OOB) return this.#urgent(socket);
    if (flags & MSG_MORE && socket instanceof UdpSocket)
      return this.#sendMessage(socket, source.slice(), [], null, flags);
    return this.#transfer(socket, source, (flags & MSG_DONTWAIT) !== 0 && this.machine.platform !== 'darwin');
  }

  #urgent(socket: SocketFile): number {
    if (socket.type !== SOCK_STREAM) return -errno.EOPNOTSUPP;
    throw new NotModelled('urgent data');
  }

  // What a blocking send of a stream takes: everything, unless a signal or an error comes between. sent: so many bytes
  // have gone already.
  #transfer(file: OpenFile, source: Uint8Array, dontWait: boolean, sent = 0): number {
    const takesAll = (file.kind === 'socket' || file.kind === 'pipe') && !file.nonblocking && !dontWait;
    let total = sent;
    const give = (): number => {
      const n = file.write(total === 0 ? source : source.subarray(total));
      if (n < 0) return total > 0 && n !== -errno.EAGAIN ? total : n;
      total += n;
      return takesAll && total < source.length ? -errno.EAGAIN : total;
    };
    const result = give();
    const isFinal = file.nonblocking || dontWait || file instanceof UdpSocket;
    if (result !== -errno.EAGAIN || isFinal) return result;
    const timeoutNs = file instanceof SocketFile ? file.sendTimeoutNs : 0;
    return this.block(file, WRITABLE, give, { timeoutNs, moved: () => total });
  }

  read(fd: number, buf: Bytes): number {
    const file = this.process.file(fd);
    if (file === null) return -errno.EBADF;
    const target = bytesOf(buf);
    if (file instanceof TcpSocket && target.length > 0) return this.#receive(fd, target, 0);
    const take = () => file.read(target);
    const result = take();
    if (result !== -errno.EAGAIN || file.nonblocking) return result;
    const timeoutNs = file instanceof SocketFile ? file.receiveTimeoutNs : 0;
    return this.block(file, READABLE, take, { timeoutNs });
  }

  write(fd: number, buf: Bytes, ...rest: number[]): number {
    const file = this.process.file(fd);
    if (file === null) return -errno.EBADF;
    const [source] = partOf(buf, rest.length === 0 ? [0] : [...rest, 0]);
    return this.#transfer(file, source, false);
  }

  readv(fd: number, buffers: readonly Bytes[]): number {
    const file = this.process.file(fd);
    if (file === null) return -errno.EBADF;
    const all = new Uint8Array(buffers.reduce((sum, { byteLength }) => sum + byteLength, 0));
    const take = () => {
      const n = file.read(all);
      if (n > 0) scatter(all.subarray(0, n), buffers);
      return n;
    };
    const result = take();
    if (result !== -errno.EAGAIN || file.nonblocking) return result;
    return this.block(file, READABLE, take, {});
  }

  writev(fd: number, buffers: readonly Bytes[]): number {
    const file = this.process.file(fd);
    if (file === null) return -errno.EBADF;
    return this.#transfer(file, gather(buffers), false);
  }
}

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
