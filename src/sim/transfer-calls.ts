// The system calls that move bytes: recv and send with their kin, read and write.

import { MSG_DONTWAIT, MSG_OOB, MSG_PEEK, MSG_TRUNC, MSG_WAITALL } from '../kernel/constants/socket.ts';
import * as errno from '../kernel/errno.ts';
import type { Bytes } from '../kernel/native.ts';
import { viewOf } from '../kernel/structs/struct.ts';
import { bytesOf } from './bytes.ts';
import { NotModelled, READABLE, WRITABLE } from './call-base.ts';
import type { OpenFile } from './open-file.ts';
import { SocketCalls } from './socket-calls.ts';
import { SocketFile } from './socket-file.ts';
import { TcpSocket } from './tcp.ts';
import { UnixSocket } from './unix.ts';

export abstract class TransferCalls extends SocketCalls {
  recv(fd: number, buf: Bytes, ...rest: number[]): number {
    const [target, flags] = partOf(buf, rest);
    return this.#receive(fd, target, flags);
  }

  recvfrom(fd: number, buf: Bytes, ...rest: unknown[]): number {
    const addrlen = rest.pop() as Bytes | null;
    const addr = rest.pop() as Bytes | null;
    const [target, flags] = partOf(buf, rest as number[]);
    const socket = this.process.file(fd);
    if (addr !== null && socket instanceof UnixSocket) throw new NotModelled('recvfrom() with an address');
    const result = this.#receive(fd, target, flags);
    // A stream has no address to give. recvfrom(2).
    if (result >= 0 && addr !== null) viewOf(addrlen!).setInt32(0, 0, true);
    return result;
  }

  #receive(fd: number, target: Uint8Array, flags: number): number {
    const socket = this.socketOf(fd);
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
    return this.block(socket, READABLE, take, {
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
    const socket = this.socketOf(fd);
    if (typeof socket === 'number') return socket;
    if (flags & MSG_OOB) throw new NotModelled('urgent data');
    return this.#transfer(socket, source, (flags & MSG_DONTWAIT) !== 0 && this.machine.platform !== 'darwin');
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
    return this.block(file, WRITABLE, give, { timeoutNs, moved: () => sent });
  }

  read(fd: number, buf: Bytes): number {
    const file = this.process.file(fd);
    if (file === null) return -errno.EBADF;
    const target = bytesOf(buf);
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
