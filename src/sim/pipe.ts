// pipe(2), pipe(7): the two ends of one buffer. And what a standard stream leads to.

import {
  PIPE_BUF,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDNORM,
  POLLWRNORM,
} from '../kernel/constants/select.ts';
import { EAGAIN, EBADF, EBUSY, EINVAL, EPERM, EPIPE } from '../kernel/errno.ts';
import { ByteQueue } from './bytes.ts';
import type { Hash } from './hash.ts';
import type { Machine, Shared } from './machine.ts';
import { OpenFile } from './open-file.ts';

/** Bytes in a pipe. pipe(7); XNU's BIG_PIPE_SIZE. */
const CAPACITY = 65536;
/** XNU's PIPE_SIZE: what a pipe has until a write takes more. bsd/kern/sys_pipe.c, choose_pipespace(). */
const XNU_SIZE = 16384;

/** /proc/sys/fs/pipe-max-size. */
const MAX_CAPACITY = 1_048_576;
const PAGE = 4096;

class Pipe {
  readonly queue = new ByteQueue();
  reader: PipeReader | null = null;
  writer: PipeWriter | null = null;
  /** Bytes that it holds at most. F_SETPIPE_SZ. */
  capacity = CAPACITY;
  /** MAX_PIPESIZE of XNU, which EVFILT_WRITE counts space by. */
  size = XNU_SIZE;

  /** F_SETPIPE_SZ, Linux: whole pages, a power of two of them. pipe_set_size(). */
  resize(bytes: number): number {
    if (bytes < 0) return -EINVAL;
    if (bytes > MAX_CAPACITY) return -EPERM;
    let capacity = PAGE;
    while (capacity < bytes) capacity *= 2;
    if (Math.ceil(this.queue.length / PAGE) * PAGE > capacity) return -EBUSY;
    this.capacity = capacity;
    return capacity;
  }

  /**
   * XNU: both ends' knotes hang on one list, and are told whenever something was written or read. pipeselwakeup().
   */
  wakeBoth(): void {
    this.writer?.notify(POLLOUT | POLLWRNORM);
    this.reader?.notify(POLLIN | POLLRDNORM);
  }
}

/** What both ends have. */
abstract class PipeEnd extends OpenFile {
  readonly kind = 'pipe';
  readonly shared: Shared;
  protected readonly pipe: Pipe;

  constructor(machine: Machine, pipe: Pipe, shared: Shared) {
    super(machine);
    this.pipe = pipe;
    this.shared = shared;
  }

  get capacity(): number {
    return this.pipe.size;
  }

  /** F_GETPIPE_SZ and F_SETPIPE_SZ, Linux. */
  get bufferSize(): number {
    return this.pipe.capacity;
  }

  resize(bytes: number): number {
    return this.pipe.resize(bytes);
  }

  override get unread(): number {
    return this.pipe.queue.length;
  }
}

export class PipeReader extends PipeEnd {
  poll(): number {
    const { queue, writer } = this.pipe;
    return (queue.length > 0 ? POLLIN | POLLRDNORM : 0) | (writer === null ? POLLHUP : 0);
  }

  override read(target: Uint8Array): number {
    const { queue, writer } = this.pipe;
    if (target.length === 0) return 0;
    if (queue.length === 0) return writer === null ? 0 : -EAGAIN;
    const wasFull = queue.length > this.pipe.capacity - PIPE_BUF;
    const n = queue.read(target);
    this.machine.touch(this.shared);
    if (this.machine.platform === 'darwin') this.pipe.wakeBoth();
    else if (wasFull && queue.length <= this.pipe.capacity - PIPE_BUF) writer?.notify(POLLOUT | POLLWRNORM);
    return n;
  }

  override write(): number {
    return -EBADF;
  }

  /** Whether there is no writer any more. */
  get isCut(): boolean {
    return this.pipe.writer === null;
  }

  release(): void {
    this.pipe.reader = null;
    this.pipe.writer?.notify(POLLERR | POLLOUT);
  }
}

export class PipeWriter extends PipeEnd {
  poll(): number {
    const { queue, reader } = this.pipe;
    const hasSpace = queue.length <= this.pipe.capacity - PIPE_BUF;
    return (hasSpace ? POLLOUT | POLLWRNORM : 0) | (reader === null ? POLLERR : 0);
  }

  override read(): number {
    return -EBADF;
  }

  /** Whether there is no reader any more. */
  get isCut(): boolean {
    return this.pipe.reader === null;
  }

  get space(): number {
    return this.pipe.size - this.pipe.queue.length;
  }

  override write(source: Uint8Array): number {
    const { queue, reader } = this.pipe;
    if (reader === null) return -EPIPE;
    if (source.length === 0) return 0;
    const space = this.pipe.capacity - queue.length;
    // Up to PIPE_BUF bytes are written at once or not at all.
    if (space === 0 || (source.length <= PIPE_BUF && source.length > space)) return -EAGAIN;
    const n = Math.min(space, source.length);
    queue.push(source.subarray(0, n));
    if (this.machine.platform === 'darwin') {
      if (queue.length >= XNU_SIZE) this.pipe.size = CAPACITY;
      this.pipe.wakeBoth();
    } else {
      reader.notify(POLLIN | POLLRDNORM);
    }
    return n;
  }

  release(): void {
    this.pipe.writer = null;
    this.pipe.reader?.notify(POLLHUP);
  }
}

export function makePipe(machine: Machine): [PipeReader, PipeWriter] {
  const pipe = new Pipe();
  const shared = machine.newShared();
  pipe.reader = new PipeReader(machine, pipe, shared);
  pipe.writer = new PipeWriter(machine, pipe, shared);
  return [pipe.reader, pipe.writer];
}

/** A standard stream: it takes all that is written, and keeps it; what it has to read is there from the beginning. */
export class StandardStream extends OpenFile {
  readonly kind = 'stdio';
  readonly shared: Shared;
  /** Whether epoll refuses it, as it does a file's. */
  readonly isRegular: boolean;
  readonly toRead = new ByteQueue();
  /** What was written, in pieces. */
  readonly written: Uint8Array[] = [];

  constructor(machine: Machine, { isRegular = false } = {}) {
    super(machine);
    this.isRegular = isRegular;
    this.shared = machine.newShared();
  }

  poll(): number {
    return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;
  }

  override addContents(hash: Hash): boolean {
    this.toRead.addTo(hash);
    return true;
  }

  /** At most a line, as a terminal gives it. */
  override read(target: Uint8Array): number {
    const { toRead } = this;
    const line = Buffer.alloc(Math.min(target.length, toRead.length));
    toRead.read(line, true);
    const end = line.indexOf(0x0a);
    return toRead.read(target.subarray(0, end < 0 ? line.length : end + 1));
  }

  override write(source: Uint8Array): number {
    if (this.machine.keepsOutput) this.written.push(source.slice());
    return source.length;
  }

  /** What was written, as text. */
  get text(): string {
    return Buffer.concat(this.written).toString();
  }

  release(): void {}
}
