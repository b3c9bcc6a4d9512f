// The sockets of a recording, from the call that made each to its close, which of them are two ends of one
// connection, and which send brought the bytes of which recv.

import {
  type AddressText,
  argumentValue,
  type CallLine,
  type Recording,
  type SocketState,
} from '../../../interpose/recorder/recording.ts';
import { callOf } from '../../../kernel/calls.ts';
import { addressText } from '../words.ts';

/** A socket while its descriptor was open: descriptors are used again, so pid and fd do not name it. */
export interface SocketLife {
  pid: number;
  fd: number;
  local: AddressText | null;
  remote: AddressText | null;
  calls: CallLine[];
  /** For one of a socketpair, which has no address: the other. */
  twin?: SocketLife;
}

/** Bytes on their way from one call to another. */
export interface Flow {
  from: CallLine;
  to: CallLine;
  bytes: number;
}

/** Its port; NaN where it has none. */
export const portOf = (address: AddressText | null | undefined): number =>
  Array.isArray(address) ? address[1] : Number.NaN;

export const dataOf = (call: CallLine): Buffer => Buffer.from(call.data ?? '', 'base64');

/** The descriptor that a call names first. */
export function firstArgument({ args: [first] }: CallLine): number {
  return typeof first?.value === 'number' ? first.value : Number.NaN;
}

/** The socket that a call made, or -1. */
export function madeBy(call: CallLine): number {
  return makesSocket(call) ? call.result : -1;
}
function makesSocket({ name }: CallLine): boolean {
  const { what, where } = callOf(name)?.makes ?? {};
  return what === 'socket' && where === 'result';
}

export const isSend = (call: CallLine) => callOf(call.name)?.sends !== undefined && call.result > 0;
export const isReceive = (call: CallLine) =>
  callOf(call.name)?.receives !== undefined &&
  call.result > 0 &&
  !argumentValue<string[]>(call, 'flags')?.includes('MSG_PEEK');

/** All sockets, in the order in which they were made. */
export function socketLives({ calls }: Recording): SocketLife[] {
  const lives: SocketLife[] = [];
  const open = new Map<string, SocketLife>();
  const begin = (pid: number, fd: number): SocketLife => {
    const life: SocketLife = { pid, fd, local: null, remote: null, calls: [] };
    lives.push(life);
    open.set(`${pid} ${fd}`, life);
    return life;
  };
  for (const call of calls) {
    const { pid } = call;
    const made = madeBy(call);
    if (made >= 0) begin(pid, made).calls.push(call);
    if (call.name === 'socketpair' && call.result === 0) pair(begin, call);
    // accept is about the listener as well as about the socket that it made.
    const fd = makesSocket(call) ? firstArgument(call) : (call.fd ?? firstArgument(call));
    if (call.name !== 'socket') open.get(`${pid} ${fd}`)?.calls.push(call);
    for (const state of call.sockets ?? []) learn(open.get(`${pid} ${state.fd}`), state);
    if (call.name === 'close') open.delete(`${pid} ${firstArgument(call)}`);
  }
  return lives;
}

function pair(begin: (pid: number, fd: number) => SocketLife, call: CallLine): void {
  const fds = argumentValue<number[]>(call, 'sv');
  if (fds === undefined) return;
  const [one, other] = fds.map((fd) => begin(call.pid, fd));
  one.twin = other;
  other.twin = one;
}

function learn(life: SocketLife | undefined, { local, remote }: SocketState): void {
  if (life === undefined) return;
  life.local = local ?? life.local;
  life.remote = remote ?? life.remote;
}

/** The other end of a connection, if it was recorded too. */
export function peerOf(life: SocketLife, lives: SocketLife[]): SocketLife | undefined {
  if (life.twin !== undefined) return life.twin;
  if (!life.local || !life.remote) return undefined;
  const [local, remote] = [addressText(life.local), addressText(life.remote)];
  return lives.find(
    (other) => other !== life && addressText(other.local) === remote && addressText(other.remote) === local,
  );
}

/** Which bytes went from which call to which, by their offsets in the stream. */
export function flows(lives: SocketLife[]): Flow[] {
  return lives.flatMap((life) => {
    const peer = peerOf(life, lives);
    return peer === undefined ? [] : between(life.calls.filter(isSend), peer.calls.filter(isReceive));
  });
}

function between(sent: CallLine[], received: CallLine[]): Flow[] {
  const found: Flow[] = [];
  let at = 0;
  let left = received[0]?.result ?? 0;
  for (const from of sent) {
    for (let unsent = from.result; unsent > 0 && at < received.length; ) {
      const bytes = Math.min(unsent, left);
      found.push({ from, to: received[at], bytes });
      unsent -= bytes;
      left -= bytes;
      if (left === 0) left = received[++at]?.result ?? 0;
    }
  }
  return found;
}
