// What was in memory after each call: the server's list called rfds, as far as its calls show it, and
// the kernel's table of the process's sockets.

import {
  argumentValue,
  type CallLine,
  type PollValue,
  type SocketState,
  type TcpState,
} from '../../../interpose/recorder/recording.ts';
import { firstArgument } from './sockets.ts';

export interface Memory {
  /** The descriptors that the latest wait watched for reading; null before the first. */
  rfds: number[] | null;
  sockets: SocketState[];
}

// A story asks again and again.
const known = new WeakMap<CallLine[], Map<CallLine, Memory>>();

/** The memory of one process after each of its calls. */
export function memories(calls: CallLine[]): Map<CallLine, Memory> {
  const found = known.get(calls) ?? memoriesOf(calls);
  known.set(calls, found);
  return found;
}

function memoriesOf(calls: CallLine[]): Map<CallLine, Memory> {
  const after = new Map<CallLine, Memory>();
  const sockets = new Map<number, SocketState>();
  const interest = new Set<number>();
  let rfds: number[] | null = null;
  for (const call of calls) {
    for (const state of call.sockets ?? []) sockets.set(state.fd, state);
    if (call.name === 'close') sockets.delete(firstArgument(call));
    if (call.name === 'epoll_ctl') registered(interest, call);
    rfds = watched(call, interest) ?? rfds;
    after.set(call, { rfds, sockets: [...sockets.values()].sort((a, b) => a.fd - b.fd) });
  }
  return after;
}

function registered(interest: Set<number>, call: CallLine): void {
  const fd = argumentValue<number>(call, 'fd') ?? -1;
  if (call.args[1]?.text === 'EPOLL_CTL_DEL') interest.delete(fd);
  else interest.add(fd);
}

/** The descriptors that a wait watches for reading; null if it is none. interest: those in the epoll. */
export function watched(call: CallLine, interest = new Set<number>()): number[] | null {
  switch (call.name) {
    case 'select':
    case 'pselect':
      return argumentValue<number[] | null>(call, 'readfds') ?? [];
    case 'poll':
    case 'ppoll': {
      const entries = argumentValue<PollValue[]>(call, 'fds') ?? [];
      return entries.filter(({ fd, events }) => fd >= 0 && events.includes('POLLIN')).map(({ fd }) => fd);
    }
    case 'epoll_wait':
    case 'epoll_pwait':
    case 'epoll_pwait2':
      return [...interest];
    default:
      return null;
  }
}

/** A socket's state after a call, if the recording has it. */
export const stateAfter = (call: CallLine | undefined, fd: number | undefined): SocketState | undefined =>
  call?.sockets?.find((state) => state.fd === fd);

const ended = new Set(['CLOSE_WAIT', 'CLOSING', 'LAST_ACK', 'TIME_WAIT', 'CLOSE']);

/** Whether the other side's stream has ended, or the connection has: there is nothing to wait for in a receive. */
export const peerClosed = (tcp: TcpState | undefined): boolean => ended.has(tcp?.state ?? '');
