// What an injected fault must not break: what the kernel promises of its answers. An EAGAIN that nothing follows, on a
// descriptor that is watched edge-triggered, is no kernel's; it would make a right program wait for ever. Each answer
// here is why a fault cannot be, or null.

import { fstatSync } from 'node:fs';
import { argumentOf, type CallName, heedsDontwait, positionOf, type Call as Row } from '../kernel/calls.ts';
import * as F from '../kernel/constants/fcntl.ts';
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL } from '../kernel/constants/select.ts';
import {
  MSG_DONTWAIT,
  SHUT_RDWR,
  SO_TYPE,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../kernel/constants/socket.ts';
import type { Syscalls } from '../kernel/native.ts';
import { platform } from '../kernel/platform.ts';

/** What is asked about a descriptor, beneath the choke point. */
export type Kernel = Pick<Syscalls, 'fcntl' | 'getsockopt' | 'shutdown' | 'write'>;

/** A call that is about to be made. */
export interface Asked {
  readonly name: CallName;
  readonly row: Row;
  readonly args: readonly unknown[];
  /** The descriptor that it is about; -1: none, or many. */
  readonly fd: number;
  /** Whether an epoll or kqueue reports only that descriptor's changes. */
  readonly isEdgeTriggered: boolean;
}

/** The descriptor that a call is about; -1: none, or one that it makes. */
export function descriptorOf(row: Row, args: readonly unknown[]): number {
  const fd = row.fd === 'result' ? undefined : argumentOf(row, row.fd ?? 'fd', args);
  return typeof fd === 'number' ? fd : -1;
}

const isTransfer = ({ receives, sends }: Row) => receives !== undefined || sends !== undefined;

/** Whether the call may wait for its descriptor; not one that is non-blocking. */
function mayWait({ row, args, fd }: Asked, kernel: Kernel): boolean {
  const flags = argumentOf(row, 'flags', args);
  const dontwait = typeof flags === 'number' && (flags & MSG_DONTWAIT) !== 0;
  if (dontwait && heedsDontwait(row, platform)) return false;
  const status = kernel.fcntl(fd, F.F_GETFL, 0);
  return status < 0 || (status & F.O_NONBLOCK) === 0;
}

const nonblocking = 'the descriptor is non-blocking, and no call on it waits';
const blocking = 'the descriptor is blocking, and the call would wait';
const edge = 'the descriptor is watched edge-triggered, and no change would follow that is reported';

const lockErrors = ['EACCES', 'EAGAIN', 'EDEADLK', 'EINTR', 'ENOLCK'];
const lockCommands: (number | undefined)[] = [
  ...[F.F_SETLK, F.F_SETLKW, F.F_GETLK],
  ...[F.F_OFD_SETLK, F.F_OFD_SETLKW, F.F_OFD_GETLK],
];
const duplicating: (number | undefined)[] = [F.F_DUPFD, F.F_DUPFD_CLOEXEC];

/** Why the kernel would not answer this call so, whatever happened; null: it may. */
export function reasonAgainstError(asked: Asked, error: string, kernel: Kernel): string | null {
  const { name, row, args, isEdgeTriggered } = asked;
  if (name === 'fcntl') {
    if (error === 'EMFILE' && !duplicating.includes(args[1] as number)) return 'it makes no descriptor';
    if (lockErrors.includes(error) && !lockCommands.includes(args[1] as number)) return 'it takes no lock';
    return null;
  }
  if (name === 'epoll_ctl') {
    const op = args[1];
    if (error === 'ENOENT') return op === EPOLL_CTL_ADD ? 'it adds what was not there' : null;
    if (['EEXIST', 'ELOOP', 'ENOMEM', 'ENOSPC', 'EPERM'].includes(error) && op !== EPOLL_CTL_ADD)
      return `it ${op === EPOLL_CTL_DEL ? 'takes out' : 'changes'} what is there`;
    return null;
  }
  if (name === 'kevent' && error === 'EINTR' && argumentOf(row, 'nevents', args) === 0)
    return 'it makes changes only, and does not wait';
  if ((name === 'select' || name === 'pselect') && args[0] === 0 && ['EAGAIN', 'ENOMEM'].includes(error))
    return 'it has no descriptors, and needs no memory';
  const waits = row.blocks !== undefined && row.blocks.until !== 'event';
  if (!waits) return null;
  if (error === 'EINTR') return mayWait(asked, kernel) ? null : nonblocking;
  if (error === 'EINPROGRESS') return mayWait(asked, kernel) ? blocking : null;
  // connect's is for want of ports, or of a queue's space.
  if (error !== 'EAGAIN' || name === 'connect') return null;
  if (mayWait(asked, kernel)) return blocking;
  return isEdgeTriggered ? edge : null;
}

/**
 * The arguments of what the kernel does of a call before it gives this errno: all of close, whatever that says; connect,
 * which then goes on by itself; the changes of a kevent that is interrupted while it waits. null: nothing.
 */
export function madeFirst({ name, args }: Asked, error: string): readonly unknown[] | null {
  if (name === 'close') return args;
  if (name === 'connect') return error === 'EINTR' || error === 'EINPROGRESS' ? args : null;
  if (name !== 'kevent' || error !== 'EINTR') return null;
  const [kq, changes, nchanges] = args;
  return nchanges === 0 ? null : [kq, changes, nchanges, null, 0, null];
}

const endings = ['ECONNRESET', 'ECONNREFUSED', 'EHOSTUNREACH', 'EPIPE', 'ETIMEDOUT'];

/**
 * Ends the connection that a transfer failed on, if that errno is the end of one: what follows is what a kernel would
 * answer then, 0 and EPIPE. What was received before can still be taken, as on Linux. True if there was one.
 */
export function endConnection({ row, fd }: Asked, error: string, kernel: Kernel): boolean {
  if (!isTransfer(row) || !endings.includes(error)) return false;
  const type = socketType(fd, kernel);
  if (type !== SOCK_STREAM && type !== SOCK_SEQPACKET) return false;
  return kernel.shutdown(fd, SHUT_RDWR) === 0;
}

const option = new Int32Array(1);
const optionLength = new Int32Array(1);

/** SOCK_STREAM and the like; null for what is no socket. */
function socketType(fd: number, kernel: Kernel): number | null {
  optionLength[0] = option.byteLength;
  return kernel.getsockopt(fd, SOL_SOCKET, SO_TYPE, option, optionLength) === 0 ? option[0] : null;
}

// ---- Short transfers

/** pipe(7): what fits is written whole. POSIX has 512 at least, as macOS. */
const PIPE_BUF = platform === 'linux' ? 4096 : 512;

/** Why the kernel would not move fewer than so many bytes; null: it may. */
export function reasonAgainstShort(asked: Asked, length: number, kernel: Kernel): string | null {
  const { row, fd } = asked;
  const type = socketType(fd, kernel);
  // epoll(7): fewer bytes than asked for say that there is nothing left, so that no EAGAIN need be seen.
  if (type !== null)
    return type !== SOCK_STREAM ? 'its messages are whole' : asked.isEdgeTriggered ? edge : null;
  try {
    const file = fstatSync(fd);
    if (asked.isEdgeTriggered) return edge;
    if (file.isFIFO())
      return row.sends && length <= PIPE_BUF ? `a pipe takes up to ${PIPE_BUF} bytes whole` : null;
    if (file.isCharacterDevice() || (file.isFile() && row.sends)) return null;
  } catch {
    // The call itself says what is wrong with the descriptor.
  }
  return 'it is no stream';
}

const viewOf = (memory: ArrayBuffer | ArrayBufferView): Uint8Array =>
  ArrayBuffer.isView(memory)
    ? new Uint8Array(memory.buffer, memory.byteOffset, memory.byteLength)
    : new Uint8Array(memory);

/** The arguments with so many bytes, and of how many that is; null where there are no more, or they are wrong ones. */
export function shortened(
  row: Row,
  args: readonly unknown[],
  most: number,
): { args: unknown[]; of: number } | null {
  const name = (row.receives ?? row.sends)!;
  const at = positionOf(row, name, args.length);
  const memory = args[at];
  if (row.args[name].includes('iovec')) return shortenedVector(args, at, most);
  if (!ArrayBuffer.isView(memory) && !(memory instanceof ArrayBuffer)) return null;
  const isPart = args.length > Object.keys(row.args).length;
  const whole = viewOf(memory);
  const [offset, of] = isPart ? [Number(args[at + 1]), Number(args[at + 2])] : [0, whole.length];
  if (!(of > most) || offset + of > whole.length) return null;
  return { args: args.toSpliced(at, isPart ? 3 : 1, whole.subarray(offset, offset + most)), of };
}

function shortenedVector(args: readonly unknown[], at: number, most: number) {
  const buffers = args[at];
  if (!Array.isArray(buffers) || !buffers.every((one) => ArrayBuffer.isView(one))) return null;
  const of = buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (of <= most) return null;
  const fewer: Uint8Array[] = [];
  for (let left = most, i = 0; left > 0; i++) {
    const view = viewOf(buffers[i]).subarray(0, left);
    fewer.push(view);
    left -= view.length;
  }
  return { args: args.toSpliced(at, 1, fewer), of };
}
