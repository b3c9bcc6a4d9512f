// The state of a simulated socket, as a recording has it: from the model, not from a kernel.

import { statusFlags } from '../../interpose/recorder/decoders/file.ts';
import type { AddressText, SocketState, TcpState } from '../../interpose/recorder/recording.ts';
import { named } from '../../interpose/recorder/strace-text.ts';
import { O_NONBLOCK, O_RDWR } from '../../kernel/constants/fcntl.ts';
import { unpackSockaddr } from '../../kernel/structs/sockaddr.ts';
import type { Process } from '../../sim/process.ts';
import { SocketFile } from '../../sim/socket-file.ts';
import { TcpSocket } from '../../sim/tcp.ts';

/** null: the descriptor is no socket. */
export function stateOf(process: Process, fd: number): SocketState | null {
  const file = process.file(fd);
  if (!(file instanceof SocketFile)) return null;
  const isCloexec = process.descriptors[fd]?.closesOnExec ?? false;
  return {
    fd,
    family: named('AF_', file.family),
    kind: named('SOCK_', file.type),
    local: addressOf(file.localName),
    remote: file instanceof TcpSocket && file.peer === null ? null : addressOf(file.remoteName),
    ...queuesOf(file),
    descriptorFlags: isCloexec ? ['FD_CLOEXEC'] : [],
    statusFlags: statusFlags(O_RDWR | (file.nonblocking ? O_NONBLOCK : 0)).split('|'),
  };
}

function addressOf(sockaddr: Uint8Array): AddressText | null {
  const address = unpackSockaddr(Buffer.from(sockaddr), sockaddr.length);
  if (address === null) return null;
  return Buffer.isBuffer(address) ? address.toString('latin1') : address;
}

function queuesOf(
  file: SocketFile,
): Pick<SocketState, 'receiveQueue' | 'receiveQueueData' | 'sendQueue' | 'acceptQueue' | 'tcp'> {
  if (!(file instanceof TcpSocket)) return { receiveQueue: Math.max(file.unread, 0), sendQueue: 0 };
  if (file.state === 'listening') {
    const acceptQueue = { length: file.queue.length, backlog: file.backlog };
    return { receiveQueue: 0, sendQueue: 0, acceptQueue, tcp: { state: 'LISTEN' } };
  }
  const data = Buffer.alloc(Math.min(file.received.length, 4096));
  file.received.read(data, true);
  return {
    receiveQueue: file.received.length,
    ...(data.length > 0 && { receiveQueueData: data.toString('base64') }),
    sendQueue: file.unsent.length + file.inFlight,
    tcp: tcpStateOf(file),
  };
}

function tcpStateOf(file: TcpSocket): TcpState {
  return { state: file.tcpState };
}
