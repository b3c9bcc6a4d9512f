// Which calls waited, and how long a call was off the processor. The latter is measured, and is no wait by itself:
// a thread that is ready to run is off the processor, too, while another one runs. So it is told as a wait only
// where the call waits for something that was not there when it began.

import {
  type AddressValue,
  argumentValue,
  type CallLine,
  type Recording,
  type SocketState,
  type TimeValue,
} from '../../../interpose/recorder/recording.ts';
import { type Blocking, callOf, heedsDontwait } from '../../../kernel/calls.ts';
import { type Memory, memories, peerClosed, watched } from './memory.ts';

/** For how long its thread did not run, in nanoseconds: wall time without CPU time. */
export const offCpu = ({ start, end, cpu }: CallLine) => Math.max(end - start - cpu, 0);

/** From so much on it is worth telling, in nanoseconds: less may be the clocks'. */
export const NOTABLE = 50_000;

/** So few bytes always fit into a send queue that is empty: the kernel's least one has 4.5 KiB. */
const ALWAYS_FITS = 2048;

const NOTHING: Memory = { rfds: null, sockets: [] };

const known = new WeakMap<Recording, Set<CallLine>>();

/** The calls of a recording whose time off the processor was a wait. */
export function waitingCalls(recording: Recording): Set<CallLine> {
  let waits = known.get(recording);
  if (waits === undefined) {
    waits = new Set();
    for (const pid of new Set(recording.calls.map((call) => call.pid))) {
      const platform = recording.processes.find((process) => process.pid === pid)?.platform ?? 'linux';
      const calls = recording.calls.filter((call) => call.pid === pid);
      const after = memories(calls);
      for (const [i, call] of calls.entries()) {
        // The latest that ended before this one began: another thread's may have ended since.
        let earlier = i - 1;
        while (earlier >= 0 && calls[earlier].end > call.start) earlier--;
        const before = earlier < 0 ? NOTHING : after.get(calls[earlier])!;
        if (waitsFor(call, before, platform)) waits.add(call);
      }
    }
    known.set(recording, waits);
  }
  return waits;
}

/** Whether a call slept: it waited, off the processor for most of its time or for long. */
export const slept = (recording: Recording, call: CallLine): boolean =>
  waitingCalls(recording).has(call) && offCpu(call) > Math.min(call.cpu, NOTABLE);

// before: what was known of the process's sockets when the call began.
function waitsFor(call: CallLine, before: Memory, platform: string): boolean {
  const row = callOf(call.name);
  if (row?.blocks === undefined) return false;
  const { until } = row.blocks;
  const state = stateOf(before, call.fd);
  const isNonblocking =
    (call.sockets?.find(({ fd }) => fd === call.fd) ?? state)?.statusFlags.includes('O_NONBLOCK') ?? false;
  const isAsked = flagsOf(call).includes('MSG_DONTWAIT') && heedsDontwait(row, platform);
  if (until !== 'event' && (isNonblocking || isAsked)) return false;
  return waitsUntil[until](call, state, before);
}

const waitsUntil: Record<
  Blocking['until'],
  (call: CallLine, state: SocketState | undefined, before: Memory) => boolean
> = {
  event(call, _, before) {
    const timeout = argumentValue<TimeValue | number | null>(call, 'timeout');
    if (timeout === 0) return false;
    if (typeof timeout === 'object' && timeout?.seconds === 0 && timeout.nanoseconds === 0) return false;
    // An edge-triggered epoll does not report what it has reported before; select and poll always do.
    const wasReady = (fd: number) => hasInput(stateOf(before, fd)) && (watched(call)?.includes(fd) ?? false);
    return /^p?(select|poll)$/.test(call.name) ? !(call.ready ?? []).some(wasReady) : true;
  },
  readable(call, state) {
    // With MSG_WAITALL, and for more messages than one, it may wait although there is something.
    const flags = flagsOf(call);
    const isForMany = callOf(call.name)?.blocks?.messages !== undefined && !flags.includes('MSG_WAITFORONE');
    const isForMore = flags.includes('MSG_WAITALL') || isForMany;
    return isForMore || !hasInput(state);
  },
  writable(call, state) {
    // Of a pipe or a terminal the recording has no queue: whether it was full is not known.
    if (state === undefined) return false;
    return state.sendQueue > 0 || lengthOf(call) > ALWAYS_FITS;
  },
  connected(call, state) {
    const host = argumentValue<AddressValue>(call, 'addr')?.host ?? '';
    // On loopback the kernel shakes hands within the call, so that as a rule there is nothing to wait for.
    const isLoopback = /^(127\.|::1$|::ffff:127\.)/.test(host);
    return host !== '' && !isLoopback && state?.kind !== 'SOCK_DGRAM';
  },
};

const stateOf = ({ sockets }: Memory, fd: number | undefined) => sockets.find((state) => state.fd === fd);

const flagsOf = (call: CallLine): string[] => argumentValue<string[]>(call, 'flags') ?? [];

// Whether a receive, or an accept, had something to take at once: bytes, a connection, the stream's end.
function hasInput(state: SocketState | undefined): boolean {
  if (state === undefined) return false;
  const { receiveQueue, acceptQueue, remote, tcp } = state;
  if (receiveQueue > 0 || (acceptQueue?.length ?? 0) > 0) return true;
  return remote !== null && peerClosed(tcp);
}

// How many bytes it was given to send; what is not recorded may be any number.
function lengthOf(call: CallLine): number {
  return argumentValue<number>(call, 'len') ?? Number.POSITIVE_INFINITY;
}
