// The last stage, for servers written with rfds: what their calls are, by a recording (RFDS_TRACE), which no client sees.

import path from 'node:path';
import {
  argumentValue,
  type CallLine,
  type EpollValue,
  type Recording,
} from '../../../interpose/recorder/recording.ts';
import { TemporaryFolder } from '../../long-run.ts';
import { recordingIn } from '../../trace/run/recording-file.ts';
import { Failure } from './client.ts';
import type { Stage, Trial } from './stage.ts';

export const callStage: Stage = {
  name: 'calls',
  asks: 'Of a server written with rfds: no call on a socket can block, an edge is drained, what is accepted is closed.',
  hint: 'Non-blocking sockets or MSG_DONTWAIT; with EPOLLET read until EAGAIN; close() what has ended. rfds lab edge',
  async run(trial) {
    using folder = new TemporaryFolder('rfds-lab-');
    const file = path.join(folder.path, 'recording.ndjson');
    await trial.start({ env: { RFDS_TRACE: file, RFDS_TRACE_STATE: 'all' } });
    const failure = await converse(trial).catch((error) => {
      if (!(error instanceof Failure)) throw error;
      return error;
    });
    await trial.pause(200);
    await trial.server.stop(trial.patienceMs);
    const recording = recordingIn(file);
    if (!recording.calls.some(({ name }) => accepts.has(name)))
      return 'it made no such call through rfds: there is nothing to look at';
    if (failure !== undefined) throw failure;
    const problems = problemsIn(recording);
    if (problems.length > 0) throw new Failure(problems.join('\n'));
  },
};

/** Three clients, of which each ends in another way. */
async function converse(trial: Trial): Promise<undefined> {
  const clients = [await trial.connect(), await trial.connect(), await trial.connect()];
  for (const client of trial.random.shuffle(clients)) client.send(trial.text(1, 40));
  clients[0].send(trial.text(1500, 5000));
  for (const client of clients) await client.answered();
  clients[0].halfClose();
  clients[1].reset();
  clients[2].drop();
  await clients[0].closed();
}

const accepts = new Set(['accept', 'accept4']);
const receives = new Set(['recv', 'recvfrom', 'recvmsg', 'recvmmsg', 'read', 'readv']);
const sends = new Set(['send', 'sendto', 'sendmsg', 'sendmmsg', 'write', 'writev']);
const waits = new Set(['epoll_wait', 'epoll_pwait']);

/** What is wrong with a server's calls, a sentence for each kind. */
export function problemsIn({ calls, frames }: Pick<Recording, 'calls' | 'frames'>): string[] {
  const place = ({ pid, at }: CallLine) => {
    const frame = frames.find((one) => one.pid === pid && one.id === at);
    return frame === undefined ? '' : ` (${frame.file}:${frame.line}: ${frame.text})`;
  };
  const told = (call: CallLine) => `${call.name}() of descriptor ${fdOf(call)}${place(call)}`;
  const problems: string[] = [];

  const blocking = calls.filter(mayBlock);
  if (blocking.length > 0)
    problems.push(
      `${blocking.length} calls could have blocked, on a blocking socket; the first: ${told(blocking[0])}`,
    );

  const undrained = firstUndrained(calls);
  if (undrained !== null)
    problems.push(
      `it waits, and descriptor ${undrained.fd}, which epoll reported with EPOLLET, was not read until EAGAIN${place(undrained.wait)}`,
    );

  const open = neverClosed(calls);
  if (open.length > 0)
    problems.push(`${open.length} accepted sockets were never closed; the first: ${told(open[0])}`);
  return problems;
}

/** Its first argument. (CallLine's own fd is, of accept, the new one.) */
const fdOf = ({ args }: CallLine) => args[0].value as number;

/** Whether a call that moves bytes or accepts was made on a socket that could have made it wait. */
function mayBlock(call: CallLine): boolean {
  const { name, args, sockets = [] } = call;
  if (!accepts.has(name) && !receives.has(name) && !sends.has(name)) return false;
  const socket = sockets.find(({ fd }) => fd === fdOf(call));
  if (socket === undefined || socket.statusFlags.includes('O_NONBLOCK')) return false;
  return !args.some((argument) => argument.name === 'flags' && argument.text.includes('MSG_DONTWAIT'));
}

/** The first wait without end, or with a timeout above 0, behind an edge that was not read to its end. */
function firstUndrained(calls: readonly CallLine[]): { fd: number; wait: CallLine } | null {
  const edges = new Set<number>();
  const undrained = new Set<number>();
  for (const call of calls) {
    const { name, result } = call;
    if (name === 'epoll_ctl') {
      const [event] = argumentValue<EpollValue[]>(call, 'event') ?? [];
      const fd = argumentValue<number>(call, 'fd')!;
      if (event?.events.includes('EPOLLET')) edges.add(fd);
      else edges.delete(fd);
    } else if (waits.has(name)) {
      const [fd] = undrained;
      if (fd !== undefined && argumentValue<number>(call, 'timeout') !== 0) return { fd, wait: call };
      for (const { events, fd } of argumentValue<EpollValue[]>(call, 'events') ?? [])
        if (edges.has(fd) && events.includes('EPOLLIN')) undrained.add(fd);
    } else if (name === 'close') {
      edges.delete(fdOf(call));
      undrained.delete(fdOf(call));
    } else if (accepts.has(name) ? result < 0 : receives.has(name) && result <= 0)
      undrained.delete(fdOf(call));
  }
  return null;
}

/** The accept() of each connection that no close() followed. */
function neverClosed(calls: readonly CallLine[]): CallLine[] {
  const open = new Map<number, CallLine>();
  for (const call of calls) {
    if (accepts.has(call.name) && call.result >= 0) open.set(call.result, call);
    if (call.name === 'close') open.delete(fdOf(call));
  }
  return [...open.values()];
}
