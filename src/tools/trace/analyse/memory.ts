// What was in memory after each call: the server's list called rfds, as far as its calls show it, and
// the kernel's table of the process's sockets. Above: story-memory.ts, story-steps.ts, claims.
// Below: recording.ts.

import type { CallLine, SocketState } from '../../../interpose/recorder/recording.ts';
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
  const fd = Number(call.args[2]?.text);
  if (call.args[1]?.text === 'EPOLL_CTL_DEL') interest.delete(fd);
  else interest.add(fd);
}

/** The descriptors that a wait watches for reading; null if it is none. interest: what epoll was told. */
export function watched(call: CallLine, interest = new Set<number>()): number[] | null {
  if (call.name === 'select' || call.name === 'pselect') return numbers(call.args[1]?.text);
  if (call.name === 'poll' || call.name === 'ppoll') {
    return [...(call.args[0]?.text ?? '').matchAll(/fd=(\d+), events=[^,}]*POLLIN/g)].map(([, fd]) =>
      Number(fd),
    );
  }
  return call.name === 'epoll_wait' || call.name === 'epoll_pwait' ? [...interest] : null;
}

// Of '[3 5]', as strace writes a set; its result, '(in [3])', is no part of the argument.
const numbers = (text = '') => (text.match(/\[([\d ]*)\]/)?.[1].match(/\d+/g) ?? []).map(Number);

/** A socket's state after a call, if the recording has it. */
export const stateAfter = (call: CallLine | undefined, fd: number | undefined): SocketState | undefined =>
  call?.sockets?.find((state) => state.fd === fd);
