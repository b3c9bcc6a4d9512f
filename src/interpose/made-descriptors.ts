// Which descriptors a call has made: in its result, in a pair, or received as SCM_RIGHTS.

import { argumentOf, type Call } from '../kernel/calls.ts';
import * as fcntl from '../kernel/constants/fcntl.ts';
import { SCM_RIGHTS, SOL_SOCKET } from '../kernel/constants/socket.ts';
import { controlMessages } from '../kernel/structs/cmsghdr.ts';
import { CONTROLLEN, copy, int, MMSGHDR_INTS } from './recorder/decoders/decoder.ts';

/**
 * What must be kept from before a call to know where the descriptors are that it makes: recvmmsg writes each
 * message's length over the capacity by which the next one's place is found. null for every other call.
 */
export function capacitiesOf(call: Call, args: readonly unknown[]): Int32Array | null {
  if (call.makes === undefined || call.args[call.makes.where] !== 'out cmsgs?') return null;
  const memory = argumentOf(call, 'msgvec', args);
  if (!ArrayBuffer.isView(memory) && !(memory instanceof ArrayBuffer)) return null; // The call itself throws.
  const bytes = copy(memory);
  return new Int32Array(bytes.buffer, 0, bytes.length >> 2).filter((_, i) => i % MMSGHDR_INTS === CONTROLLEN);
}

/**
 * The descriptors that a call made, from its arguments after it: none if it failed. capacities: capacitiesOf() it,
 * before.
 */
export function madeDescriptors(
  call: Call,
  args: readonly unknown[],
  result: number,
  capacities: Int32Array | null = null,
): number[] {
  const { makes } = call;
  if (makes === undefined || result < 0) return [];
  if (makes.commands && !makes.commands.some((name) => commandOf(name) === args[1])) return [];
  if (makes.where === 'result') return [result];
  const memory = argumentOf(call, makes.where, args);
  if (call.args[makes.where] === 'out pair') return [int(memory), int(memory, 1)];
  if (memory == null) return [];
  if (capacities === null) return received(memory, 0, int(argumentOf(call, 'lengths', args), 1));
  const msgvec = argumentOf(call, 'msgvec', args);
  const fds: number[] = [];
  let at = 0;
  for (let i = 0; i < result; i++) {
    fds.push(...received(memory, at, int(msgvec, i * MMSGHDR_INTS + CONTROLLEN)));
    at += capacities[i];
  }
  return fds;
}

const commandOf = (name: string) => (fcntl as Record<string, unknown>)[name];

function received(control: unknown, at: number, length: number): number[] {
  const fds: number[] = [];
  for (const { level, type, data } of controlMessages(
    Buffer.from(copy(control, at, length).buffer),
    length,
  )) {
    if (level !== SOL_SOCKET || type !== SCM_RIGHTS) continue;
    for (let i = 0; i + 4 <= data.length; i += 4) fds.push(data.readInt32LE(i));
  }
  return fds;
}
