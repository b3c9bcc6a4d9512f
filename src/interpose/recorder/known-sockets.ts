// Which descriptors are sockets, and what of them stays as it is. Learnt from the calls that the program
// makes; for a descriptor that another made, the kernel is asked.
//
// Descriptors are the process's, but this table is its thread's: of a descriptor that another thread or
// Node itself closed and opened again, the addresses are stale until this thread has closed it.

import { type Call, type CallName, calls } from '../../kernel/calls.ts';
import { F_SETFD } from '../../kernel/constants/fcntl.ts';
import { SO_TYPE, SOL_SOCKET } from '../../kernel/constants/socket.ts';
import { ENOTSOCK } from '../../kernel/errno.ts';
import { kernel } from '../../kernel/fast-calls.ts';
import { typeFlags } from '../../kernel/socket-type.ts';
import { sizeofStorage, unpackSockaddr } from '../../kernel/structs/sockaddr.ts';
import { familyOf } from '../../kernel/structs/struct.ts';
import { observe } from './probes.ts';
import type { AddressText } from './recording.ts';

export interface Known {
  family: number;
  /** Without SOCK_CLOEXEC and SOCK_NONBLOCK. */
  kind: number;
  local: AddressText | null;
  remote: AddressText | null;
  listens: boolean;
  /** Only this process can change them, and does it through a call that is recorded; null: not known. */
  descriptorFlags: string[] | null;
  /** When its state was last inspected. */
  nonblocking: boolean;
  /** Both addresses are known, and stay as they are until it is closed. */
  hasAddresses: boolean;
}

export const sockets = new Map<number, Known | null>();

const intMemory = new ArrayBuffer(4);
const int = new Int32Array(intMemory);
const lengthMemory = new ArrayBuffer(4);
const length = new Int32Array(lengthMemory);
const sockaddrMemory = new ArrayBuffer(sizeofStorage);
const sockaddr = Buffer.from(sockaddrMemory);

/** Learns from a call that the program made which descriptors are sockets. */
export function learn(name: CallName, args: unknown[], made: number[], result: number): void {
  if (result < 0 && name !== 'connect') return;
  const call: Call = calls[name];
  learnMade(call, made, args);
  switch (name) {
    case 'listen':
      if (sockets.get(args[0] as number)) sockets.get(args[0] as number)!.listens = true;
      break;
    case 'connect': {
      const socket = sockets.get(args[0] as number);
      if (socket) socket.hasAddresses = false;
      break;
    }
    case 'close':
      sockets.delete(args[0] as number);
      break;
    case 'ioctl':
      forgetFlags(args[0] as number);
      break;
    case 'fcntl':
      if (args[1] === F_SETFD) forgetFlags(args[0] as number);
  }
}

function learnMade(call: Call, made: number[], args: unknown[]): void {
  for (const fd of made) {
    switch (call.makes!.what) {
      case 'socket': {
        // Accepted: of the listener's kind. Else by its family and type.
        const listener = call.args.fd ? sockets.get(args[0] as number) : undefined;
        if (listener) sockets.set(fd, fresh(listener.family, listener.kind));
        else if (call.args.fd) sockets.delete(fd);
        else sockets.set(fd, fresh(args[0] as number, args[1] as number));
        break;
      }
      case 'copy':
      case 'any':
        if (fd !== args[0]) sockets.delete(fd); // What it is, the kernel is asked.
        break;
      default:
        sockets.set(fd, null);
    }
  }
}

function forgetFlags(fd: number): void {
  const socket = sockets.get(fd);
  if (socket) socket.descriptorFlags = null;
}

const fresh = (family: number, type: number): Known => ({
  family,
  kind: type & ~typeFlags,
  local: null,
  remote: null,
  listens: false,
  nonblocking: false,
  descriptorFlags: null,
  hasAddresses: false,
});

/** What a descriptor is: by asking the kernel where no call of this thread made it. null: no socket. */
export function known(fd: number): Known | null {
  const socket = sockets.get(fd);
  if (socket !== undefined) return socket;
  length[0] = 4;
  observe('getsockopt');
  const result = kernel.getsockopt(fd, SOL_SOCKET, SO_TYPE, intMemory, lengthMemory);
  if (result < 0) {
    if (result === -ENOTSOCK) sockets.set(fd, null);
    return null;
  }
  const kind = int[0];
  if (nameOf(fd, 'getsockname') === undefined) return null;
  const found = fresh(familyOf(sockaddr), kind);
  sockets.set(fd, found);
  return found;
}

/** Whether a socket was non-blocking when its state was last inspected. */
export const isNonblocking = (fd: number) => sockets.get(fd)?.nonblocking === true;

/** The address that getsockname or getpeername gives. */
export function nameOf(fd: number, call: 'getsockname' | 'getpeername'): AddressText | undefined {
  length[0] = sizeofStorage;
  observe(call);
  if (kernel[call](fd, sockaddrMemory, lengthMemory) < 0) return undefined;
  const address = unpackSockaddr(sockaddr, length[0]);
  if (address === null) return '';
  return Buffer.isBuffer(address) ? address.toString('latin1') : address;
}
