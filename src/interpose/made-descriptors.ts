// Which descriptors a call has made: in its result, in a pair, or received as SCM_RIGHTS.

import { argumentOf, type Call } from '../kernel/calls.ts';
import * as fcntl from '../kernel/constants/fcntl.ts';
import { SCM_RIGHTS, SOL_SOCKET } from '../kernel/constants/socket.ts';
import { controlMessages } from '../kernel/structs/cmsghdr.ts';
import { copy, int } from './recorder/decoders/decoder.ts';

/** The descriptors that a call made, from its arguments after it: none if it failed. */
export function madeDescriptors(call: Call, args: readonly unknown[], result: number): number[] {
  const { makes } = call;
  if (makes === undefined || result < 0) return [];
  if (makes.commands && !makes.commands.some((name) => commandOf(name) === args[1])) return [];
  if (makes.where === 'result') return [result];
  const memory = argumentOf(call, makes.where, args);
  if (call.args[makes.where] === 'out pair') return [int(memory), int(memory, 1)];
  return memory == null ? [] : received(memory, int(argumentOf(call, 'lengths', args), 1));
}

const commandOf = (name: string) => (fcntl as Record<string, unknown>)[name];

function received(control: unknown, length: number): number[] {
  const fds: number[] = [];
  for (const { level, type, data } of controlMessages(Buffer.from(copy(control).buffer), length)) {
    if (level !== SOL_SOCKET || type !== SCM_RIGHTS) continue;
    for (let i = 0; i + 4 <= data.length; i += 4) fds.push(data.readInt32LE(i));
  }
  return fds;
}
