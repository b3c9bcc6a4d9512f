// What the kernel knows of a socket, inspected between two calls of the program. That changes nothing: no
// error is taken away from the program (a datagram socket's peek would take one), no byte.

import { F_GETFD, F_GETFL, FD_CLOEXEC, O_NONBLOCK } from '../../kernel/constants/fcntl.ts';
import { FIONREAD, SIOCOUTQ } from '../../kernel/constants/ioctl.ts';
import {
  AF_INET,
  AF_INET6,
  IPPROTO_TCP,
  MSG_DONTWAIT,
  MSG_PEEK,
  SO_NREAD,
  SO_NWRITE,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../kernel/constants/socket.ts';
import { EBADF } from '../../kernel/errno.ts';
import { kernel } from '../../kernel/fast-calls.ts';
import { platform } from '../../kernel/platform.ts';
import { statusFlags } from './decoders/file.ts';
import { type Known, known, nameOf, sockets } from './known-sockets.ts';
import { observe } from './probes.ts';
import { DATA_LIMIT, type SocketState } from './recording.ts';
import { named } from './strace-text.ts';
import { acceptQueue, readTcpState, sendQueueOf, TCP_STATE, tcpInfoMemory } from './tcp-info.ts';

/** How many sockets are inspected at once. */
const MOST_SOCKETS = 16;

const intMemory = new ArrayBuffer(4);
const int = new Int32Array(intMemory);
const lengthMemory = new ArrayBuffer(4);
const length = new Int32Array(lengthMemory);
const peekMemory = new ArrayBuffer(DATA_LIMIT);

/** The state of a socket; undefined if the descriptor is none. */
export function stateOf(fd: number): SocketState | undefined {
  const socket = known(fd);
  if (socket === null) return undefined;
  observe('fcntl');
  const status = kernel.fcntl(fd, F_GETFL, 0);
  if (status === -EBADF) {
    sockets.delete(fd);
    return undefined;
  }
  socket.nonblocking = (status & O_NONBLOCK) !== 0;
  if (socket.descriptorFlags === null) {
    observe('fcntl');
    socket.descriptorFlags = kernel.fcntl(fd, F_GETFD, 0) & FD_CLOEXEC ? ['FD_CLOEXEC'] : [];
  }
  if (!socket.hasAddresses) learnAddresses(fd, socket);
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

/** The state of every socket that is known, at most MOST_SOCKETS. */
export function statesOfAll(): SocketState[] {
  const states: SocketState[] = [];
  for (const fd of [...sockets.keys()].sort((a, b) => a - b)) {
    if (states.length === MOST_SOCKETS) break;
    const state = sockets.get(fd) ? stateOf(fd) : undefined;
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

function learnAddresses(fd: number, socket: Known): void {
  socket.local = nameOf(fd, 'getsockname') ?? null;
  if (!socket.listens) socket.remote = nameOf(fd, 'getpeername') ?? null;
  socket.hasAddresses = socket.remote !== null || socket.listens;
}

// Returns how many bytes the send queue has, where the struct says so.
function tcp(fd: number, socket: Known, state: SocketState): number | undefined {
  length[0] = tcpInfoMemory.byteLength;
  observe('getsockopt');
  if (kernel.getsockopt(fd, IPPROTO_TCP, TCP_STATE, tcpInfoMemory, lengthMemory) < 0) return undefined;
  state.tcp = readTcpState(length[0]);
  if (state.tcp.state === 'LISTEN') {
    socket.listens = true;
    if (platform === 'linux') state.acceptQueue = acceptQueue();
  }
  return sendQueueOf(length[0]);
}

function queues(fd: number, socket: Known, state: SocketState, sendQueue: number | undefined): void {
  state.receiveQueue = queued(fd, FIONREAD, SO_NREAD);
  state.sendQueue = sendQueue ?? queued(fd, SIOCOUTQ, SO_NWRITE);
  if (state.receiveQueue === 0 || socket.kind !== SOCK_STREAM) return;
  observe('recv');
  const n = kernel.recv(fd, peekMemory, 0, Math.min(state.receiveQueue, DATA_LIMIT), MSG_PEEK | MSG_DONTWAIT);
  if (n > 0) state.receiveQueueData = Buffer.from(peekMemory, 0, n).toString('base64');
}

// Linux: ioctl with SIOCINQ, which is FIONREAD, or SIOCOUTQ; macOS: getsockopt with SO_NREAD, SO_NWRITE.
function queued(fd: number, request: number, option: number | undefined): number {
  int[0] = 0;
  if (platform === 'linux') {
    observe('ioctl');
    return kernel.ioctl(fd, request, intMemory) < 0 ? 0 : int[0];
  }
  if (option === undefined) return 0;
  length[0] = 4;
  observe('getsockopt');
  return kernel.getsockopt(fd, SOL_SOCKET, option, intMemory, lengthMemory) < 0 ? 0 : int[0];
}
