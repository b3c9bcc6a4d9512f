// Which descriptors are sockets, and what of them stays as it is. Learnt from the calls that the program
// makes, and asked of the kernel where another made the descriptor. Above: socket-state.ts, recorder.ts.
// Below: looks.ts.
//
// Descriptors are the process's, but this table is its thread's: of a descriptor that another thread or
// Node itself closed and opened again, the addresses are stale until this thread has closed it.

import { F_DUPFD, F_DUPFD_CLOEXEC, F_SETFD } from '../../kernel/constants/fcntl.ts';
import { SO_TYPE, SOCK_CLOEXEC, SOCK_NONBLOCK, SOL_SOCKET } from '../../kernel/constants/socket.ts';
import { ENOTSOCK } from '../../kernel/errno.ts';
import { kernel } from '../../kernel/fast-calls.ts';
import { layout } from '../../kernel/native.ts';
import { sizeofStorage, unpackAddress } from '../../kernel/structs/sockaddr.ts';
import type { CallName } from './call-args.ts';
import { int as int32 } from './decoders/decoder.ts';
import { note } from './probes.ts';
import type { AddressText } from './recording.ts';

export interface Known {
  family: number;
  /** Without SOCK_CLOEXEC and SOCK_NONBLOCK. */
  kind: number;
  local: AddressText | null;
  remote: AddressText | null;
  listens: boolean;
  /** Only this process can change them, and does it through a call that is seen; null: not looked at. */
  descriptorFlags: string[] | null;
  /** As the last look had it. */
  nonblocking: boolean;
  /** Both addresses stay as they are until it is closed. */
  settled: boolean;
}

const typeFlags = (SOCK_CLOEXEC ?? 0) | (SOCK_NONBLOCK ?? 0);
export const sockets = new Map<number, Known | null>();

const intMemory = new ArrayBuffer(4);
const int = new Int32Array(intMemory);
const lengthMemory = new ArrayBuffer(4);
const length = new Int32Array(lengthMemory);
const sockaddrMemory = new ArrayBuffer(sizeofStorage);
const sockaddr = Buffer.from(sockaddrMemory);
const familyAt = layout['sockaddr.sa_family']!;

/** Learns from a call that the program made which descriptors are sockets. */
export function learn(name: CallName, args: unknown[], fd: number | undefined, result: number): void {
  if (result < 0 && name !== 'connect') return;
  switch (name) {
    case 'socket':
      sockets.set(result, fresh(args[0] as number, args[1] as number));
      break;
    case 'socketpair':
      for (const end of fdsIn(args[3])) sockets.set(end, fresh(args[0] as number, args[1] as number));
      break;
    case 'accept':
    case 'accept4': {
      const listener = sockets.get(args[0] as number);
      if (listener) sockets.set(result, fresh(listener.family, listener.kind));
      else sockets.delete(result);
      break;
    }
    case 'listen':
      if (sockets.get(args[0] as number)) sockets.get(args[0] as number)!.listens = true;
      break;
    case 'connect': {
      const socket = sockets.get(args[0] as number);
      if (socket) socket.settled = false;
      break;
    }
    case 'close':
      sockets.delete(fd!);
      break;
    case 'ioctl':
      forgetFlags(args[0] as number);
      break;
    case 'fcntl':
      if (args[1] === F_SETFD) forgetFlags(args[0] as number);
      else if (args[1] === F_DUPFD || args[1] === F_DUPFD_CLOEXEC) sockets.delete(result);
      break;
    case 'dup':
      sockets.delete(result); // What it is comes out when it is looked at.
      break;
    case 'dup2':
    case 'dup3':
      if (args[0] !== result) sockets.delete(result);
      break;
    case 'pipe2':
      for (const end of fdsIn(args[0])) sockets.set(end, null);
      break;
    case 'epoll_create':
    case 'epoll_create1':
    case 'eventfd':
    case 'signalfd':
    case 'timerfd_create':
    case 'kqueue':
      sockets.set(result, null);
  }
}

function forgetFlags(fd: number): void {
  const socket = sockets.get(fd);
  if (socket) socket.descriptorFlags = null;
}

const fdsIn = (memory: unknown) => [int32(memory), int32(memory, 1)];

const fresh = (family: number, type: number): Known => ({
  family,
  kind: type & ~typeFlags,
  local: null,
  remote: null,
  listens: false,
  nonblocking: false,
  descriptorFlags: null,
  settled: false,
});

// What a descriptor is: asked of the kernel where no call of this thread made it.
export function known(fd: number): Known | null {
  const socket = sockets.get(fd);
  if (socket !== undefined) return socket;
  length[0] = 4;
  note('getsockopt');
  const result = kernel.getsockopt(fd, SOL_SOCKET, SO_TYPE, intMemory, lengthMemory);
  if (result < 0) {
    if (result === -ENOTSOCK) sockets.set(fd, null);
    return null;
  }
  const kind = int[0];
  if (nameOf(fd, 'getsockname') === undefined) return null;
  const found = fresh(familyAt === 1 ? sockaddr[1] : sockaddr.readUInt16LE(0), kind);
  sockets.set(fd, found);
  return found;
}

/** Whether a socket's calls were seen not to wait. */
export const isNonblocking = (fd: number) => sockets.get(fd)?.nonblocking === true;

/** The address that getsockname or getpeername tells. */
export function nameOf(fd: number, call: 'getsockname' | 'getpeername'): AddressText | undefined {
  length[0] = sizeofStorage;
  note(call);
  if (kernel[call](fd, sockaddrMemory, lengthMemory) < 0) return undefined;
  const address = unpackAddress(sockaddr, length[0]);
  if (address === null) return '';
  return Buffer.isBuffer(address) ? address.toString('latin1') : address;
}
