// What the kernel knows of a socket, looked at between two calls of the program. Looking changes
// nothing: no error is taken away from the program (a datagram socket's peek would take one), no byte.
// Above: recorder.ts. Below: looks.ts, tcp-info.ts.
//
// Descriptors are the process's, but this table is its thread's: of a descriptor that another thread or
// Node itself closed and opened again, the addresses are stale until this thread has closed it.

import { sizeofStorage, unpackAddress } from '../address.ts';
import { F_GETFD, F_GETFL, F_SETFD, FD_CLOEXEC, O_NONBLOCK } from '../constants/fcntl.ts';
import { FIONREAD, SIOCOUTQ } from '../constants/ioctl.ts';
import {
  AF_INET,
  AF_INET6,
  IPPROTO_TCP,
  MSG_DONTWAIT,
  MSG_PEEK,
  SO_NREAD,
  SO_NWRITE,
  SO_TYPE,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../constants/socket.ts';
import { EBADF, ENOTSOCK } from '../errno.ts';
import { kernel } from '../gate.ts';
import { layout } from '../native.ts';
import type { CallName } from './call-args.ts';
import { statusFlags } from './file-forms.ts';
import { note } from './looks.ts';
import { type AddressText, DATA_LIMIT, type SocketState } from './recording.ts';
import { named } from './strace-text.ts';
import { acceptQueue, readTcpState, sendQueueOf, TCP_STATE, tcpInfoMemory } from './tcp-info.ts';

/** How many sockets are looked at at once. */
const MOST = 16;

interface Known {
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
const sockets = new Map<number, Known | null>();

const intMemory = new ArrayBuffer(4);
const int = new Int32Array(intMemory);
const lengthMemory = new ArrayBuffer(4);
const length = new Int32Array(lengthMemory);
const sockaddrMemory = new ArrayBuffer(sizeofStorage);
const sockaddr = Buffer.from(sockaddrMemory);
const peekMemory = new ArrayBuffer(DATA_LIMIT);
const familyAt = layout['sockaddr.sa_family']!;

/** Learns from a call that the program made which descriptors are sockets. */
export function learn(name: CallName, args: unknown[], fd: number | undefined, result: number): void {
  if (result < 0 && name !== 'connect') return;
  switch (name) {
    case 'socket':
      sockets.set(result, fresh(args[0] as number, args[1] as number));
      break;
    case 'socketpair':
      for (const end of new Int32Array(bufferOf(args[3]), 0, 2))
        sockets.set(end, fresh(args[0] as number, args[1] as number));
      break;
    case 'accept':
    case 'accept4': {
      const listener = known(args[0] as number);
      sockets.set(result, listener ? fresh(listener.family, listener.kind) : null);
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
    case 'dup':
    case 'fcntl':
      if (name === 'fcntl' && args[1] === F_SETFD) forgetFlags(args[0] as number);
      // Perhaps a new descriptor; what it is comes out when it is looked at.
      if (result > 2 && (name === 'dup' || sockets.get(result) === null)) sockets.delete(result);
      break;
    case 'dup2':
    case 'dup3':
      if (args[0] !== result) sockets.delete(result);
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

function bufferOf(bytes: unknown): ArrayBuffer {
  if (!ArrayBuffer.isView(bytes)) return bytes as ArrayBuffer;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).slice().buffer;
}

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
function known(fd: number): Known | null {
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

/** The state of a socket; undefined if the descriptor is none. */
export function look(fd: number): SocketState | undefined {
  const socket = known(fd);
  if (socket === null) return undefined;
  note('fcntl');
  const status = kernel.fcntl(fd, F_GETFL, 0);
  if (status === -EBADF) {
    sockets.delete(fd);
    return undefined;
  }
  socket.nonblocking = (status & O_NONBLOCK) !== 0;
  if (socket.descriptorFlags === null) {
    note('fcntl');
    socket.descriptorFlags = kernel.fcntl(fd, F_GETFD, 0) & FD_CLOEXEC ? ['FD_CLOEXEC'] : [];
  }
  if (!socket.settled) settle(fd, socket);
  const state: SocketState = {
    fd,
    family: named('AF_', socket.family),
    kind: named('SOCK_', socket.kind),
    local: socket.local,
    remote: socket.remote,
    receiveQueue: 0,
    sendQueue: 0,
    descriptorFlags: socket.descriptorFlags,
    statusFlags: flagsOf(status),
  };
  const isTcp = socket.kind === SOCK_STREAM && (socket.family === AF_INET || socket.family === AF_INET6);
  const sendQueue = isTcp ? tcp(fd, socket, state) : undefined;
  if (!socket.listens) queues(fd, socket, state, sendQueue);
  return state;
}

/** The state of every socket that is known, at most MOST. */
export function lookAtAll(): SocketState[] {
  const states: SocketState[] = [];
  for (const fd of [...sockets.keys()].sort((a, b) => a - b)) {
    if (states.length === MOST) break;
    const state = sockets.get(fd) ? look(fd) : undefined;
    if (state !== undefined) states.push(state);
  }
  return states;
}

const statusTexts = new Map<number, string[]>();
function flagsOf(status: number): string[] {
  let names = statusTexts.get(status);
  if (names === undefined) {
    names = status < 0 ? [] : statusFlags(status).split('|');
    statusTexts.set(status, names);
  }
  return names;
}

function settle(fd: number, socket: Known): void {
  socket.local = nameOf(fd, 'getsockname') ?? null;
  if (!socket.listens) socket.remote = nameOf(fd, 'getpeername') ?? null;
  socket.settled = socket.remote !== null || socket.listens;
}

function nameOf(fd: number, call: 'getsockname' | 'getpeername'): AddressText | undefined {
  length[0] = sizeofStorage;
  note(call);
  if (kernel[call](fd, sockaddrMemory, lengthMemory) < 0) return undefined;
  const address = unpackAddress(sockaddr, length[0]);
  if (address === null) return '';
  return Buffer.isBuffer(address) ? address.toString('latin1') : address;
}

// Returns how many bytes the send queue has, where the struct tells.
function tcp(fd: number, socket: Known, state: SocketState): number | undefined {
  length[0] = tcpInfoMemory.byteLength;
  note('getsockopt');
  if (kernel.getsockopt(fd, IPPROTO_TCP, TCP_STATE, tcpInfoMemory, lengthMemory) < 0) return undefined;
  state.tcp = readTcpState(length[0]);
  if (state.tcp.state === 'LISTEN') {
    socket.listens = true;
    if (process.platform === 'linux') state.acceptQueue = acceptQueue();
  }
  return sendQueueOf(length[0]);
}

function queues(fd: number, socket: Known, state: SocketState, sendQueue: number | undefined): void {
  state.receiveQueue = queued(fd, FIONREAD, SO_NREAD);
  state.sendQueue = sendQueue ?? queued(fd, SIOCOUTQ, SO_NWRITE);
  if (state.receiveQueue === 0 || socket.kind !== SOCK_STREAM) return;
  note('recv');
  const n = kernel.recv(fd, peekMemory, 0, Math.min(state.receiveQueue, DATA_LIMIT), MSG_PEEK | MSG_DONTWAIT);
  if (n > 0) state.receiveQueueData = Buffer.from(peekMemory, 0, n).toString('base64');
}

// Linux: ioctl with SIOCINQ, which is FIONREAD, or SIOCOUTQ; macOS: getsockopt with SO_NREAD, SO_NWRITE.
function queued(fd: number, request: number, option: number | undefined): number {
  int[0] = 0;
  if (process.platform === 'linux') {
    note('ioctl');
    return kernel.ioctl(fd, request, intMemory) < 0 ? 0 : int[0];
  }
  if (option === undefined) return 0;
  length[0] = 4;
  note('getsockopt');
  return kernel.getsockopt(fd, SOL_SOCKET, option, intMemory, lengthMemory) < 0 ? 0 : int[0];
}
