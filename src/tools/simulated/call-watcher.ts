// What a call of a simulated process was, kept when it was made: its arguments as a recording has them, the state of
// its sockets, and the line of the program that made it.

import { type OwnLine, ownLine } from '../../interpose/call-site.ts';
import { decoders } from '../../interpose/recorder/call-decoders.ts';
import type { Argument, CallLine, SocketState } from '../../interpose/recorder/recording.ts';
import { type CallName, callOf } from '../../kernel/calls.ts';
import { errorcode } from '../../kernel/errno.ts';
import type { Process } from '../../sim/process.ts';
import type { CallRecord, CallWatcher, OpenCall } from '../../sim/run-record.ts';
import type { CallTexts } from '../../sim/story.ts';
import { World } from '../../sim/world.ts';
import { stateOf } from './socket-state.ts';

export interface Watched {
  readonly name: string;
  readonly args: Argument[];
  readonly rest: Pick<CallLine, 'errno' | 'detail' | 'fd' | 'data' | 'ready'>;
  readonly sockets: SocketState[];
  /** null: a call of another process, or not known. */
  readonly line: OwnLine | null;
}

/**
 * isProgram: whether a process is the program under test, whose calls come from lines of its own. keepsSockets: false
 * leaves out the state of the sockets, which a recording has.
 */
export function watcher(
  isProgram: (process: Process) => boolean,
  { keepsSockets = true }: { keepsSockets?: boolean } = {},
): CallWatcher {
  return {
    before: (_, name, args) => decoders.get(name)?.before(args),
    after: (process, name, args, result, before): Watched => {
      const line = isProgram(process) ? ownLine(World.prototype.call as (...args: never[]) => unknown) : null;
      const sockets = keepsSockets ? process : null;
      return { ...decoded(name, args, result, before as unknown[] | undefined, sockets), line };
    },
  };
}

function decoded(
  name: CallName,
  args: readonly unknown[],
  result: number,
  before: unknown[] | undefined,
  process: Process | null,
): Omit<Watched, 'line'> {
  const errno = result < 0 ? { errno: errorcode(result) } : {};
  const decoder = decoders.get(name);
  // A call that this machine lacks: XNU's on Linux.
  if (decoder === undefined) return { name, args: [], rest: errno, sockets: [] };
  const kept = decoder.keep(args, result, before);
  const fd = decoder.fd(args, result);
  const data = decoder.data(kept);
  const detail = decoder.detail(kept, result);
  return {
    name: decoder.call.libc ?? name,
    args: decoder.arguments(kept, result),
    rest: {
      ...errno,
      ...(detail && { detail }),
      ...(fd !== undefined && fd >= 0 && { fd }),
      ...(data && data.length > 0 && { data: Buffer.from(data).toString('base64') }),
      ...(decoder.own.ready && { ready: decoder.own.ready(kept, result) }),
    },
    sockets: process === null ? [] : socketsOf(process, name, fd, result),
  };
}

function socketsOf(process: Process, name: CallName, fd: number | undefined, result: number): SocketState[] {
  const made = callOf(name)?.makes?.where === 'result' && result >= 0 ? [result] : [];
  const of = fd === undefined || fd < 0 || name === 'close' ? made : [...new Set([fd, ...made])];
  return of.map((one) => stateOf(process, one)).filter((state) => state !== null);
}

/** The texts of a story, of what the watcher kept. */
export const callTexts: CallTexts = {
  isTold: ({ name }) => !isOwn(name),
  whole(call) {
    const { name, args } = call.kept as Watched;
    return `${name}(${brief(args)}) = ${resultText(call)}`;
  },
  begun(call) {
    const { name, args } = argumentsOf(call);
    return `${name}(${args})`;
  },
  returned: (call) => `${(call.kept as Watched).name}() = ${resultText(call)}`,
  place(call) {
    const { line } = call.kept as Watched;
    return line === null ? '' : `${line.file}:${line.line}`;
  },
};

/** Of the addon's own calls, which no kernel has: a recording has none. */
export const isOwn = (name: CallName): boolean => callOf(name)?.own === true && !decoders.has(name);

// Without lengths that say nothing, and addresses as people write them.
function brief(args: readonly Argument[]): string {
  const shown = args.flatMap(({ name, text, value }) => {
    if (/^(addrlen|optlen)$/.test(name) || (name === 'flags' && text === '0')) return [];
    if (value === null || typeof value !== 'object' || !('host' in value)) return [text];
    return [value.host?.includes(':') ? `[${value.host}]:${value.port}` : `${value.host}:${value.port}`];
  });
  return shown.join(', ');
}

// What the kernel fills in is not known before the call returns.
function argumentsOf(call: CallRecord | OpenCall): { name: string; args: string } {
  const decoder = decoders.get(call.name);
  if (decoder === undefined) return { name: call.name, args: '…' };
  const args =
    'kept' in call
      ? (call.kept as Watched).args
      : decoder.arguments(decoder.keep(call.args, -1, call.before as unknown[] | undefined), -1);
  const kinds = Object.values(callOf(call.name)!.args);
  const known = args.map((arg, i) => (/^out /.test(kinds[i] ?? '') ? { name: arg.name, text: '…' } : arg));
  return { name: decoder.call.libc ?? call.name, args: brief(known) };
}

function resultText({ result, kept }: CallRecord): string {
  const { errno, detail } = (kept as Watched).rest;
  return `${errno === undefined ? result : `-1 ${errno}`}${detail ? ` (${detail})` : ''}`;
}
