// A simulated run as a recording that `rfds trace --replay` takes. Everything in it is the model's: processes say so
// (`simulated`), and so does every output that is made of it.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  type CallLine,
  type FrameLine,
  linesOf,
  type NoteLine,
  type PacketLine,
  type ProcessLine,
  type Recording,
  type SourceLine,
  VERSION,
} from '../../interpose/recorder/recording.ts';
import { packageFolder } from '../../kernel/package-folder.ts';
import type { Moment } from '../../sim/machine.ts';
import type { Process } from '../../sim/process.ts';
import type { CallRecord, ChoiceRecord } from '../../sim/run-record.ts';
import { EPOCH, type World } from '../../sim/world.ts';
import { correlate } from '../trace/analyse/correlate.ts';
import { decodeFrame } from '../trace/run/wire/decode.ts';
import { Streams } from '../trace/run/wire/streams.ts';
import { isOwn, type Watched } from './call-watcher.ts';
import { frameOf } from './frames.ts';

/** Between two events that have the same virtual time, so that they have an order; in nanoseconds. */
const BETWEEN = 1000;

/** The recording as lines of JSON. about: what the reader is told of it, a sentence each. */
export const recordingText = (world: World, about: readonly string[]): string =>
  linesOf(recordingOf(world, about))
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');

/** The same, as what the renderers take. */
export function recordingOf(world: World, about: readonly string[]): Recording {
  const record = world.record;
  if (record === null) throw new Error('a run is recorded with keepsRecord');
  const calls = record.entries.filter((entry) => entry.kind === 'call' && !isOwn(entry.name)) as CallRecord[];
  const choices = record.entries.filter((entry) => entry.kind === 'choice');
  const { packets } = world.network;
  const moments = [
    ...calls.flatMap(({ start, end }) => [start, end]),
    ...choices.map(({ at }) => at),
    ...packets.map(({ at }) => at),
  ];
  const at = clock(moments);
  const processes = [world.program, ...world.peers.map(({ process }) => process)];
  const { frames, sources, idOf } = framesOf(calls, world.program);
  return correlated(
    {
      processes: processes.map((process) => processLine(world, process)),
      frames,
      sources,
      calls: callLines(calls, at, idOf),
      packets: packetLines(world, at),
      notes: [
        ...[...about, ...notes].map((text): NoteLine => ({ type: 'note', at: 0, text })),
        ...choices
          .filter(({ choice }) => choice > 0)
          .map((one): NoteLine => ({ type: 'note', at: at(one.at), text: choiceText(one) })),
      ],
    },
    packets.map(({ isLost }) => isLost),
  );
}

const notes = [
  'Simulated: calls, packets and the state of sockets are those of a model of the kernel, and none was measured.',
  'Times are virtual. A call takes none, and each event is put one microsecond behind the one before it.',
];

const choiceText = ({ what, choice, count, process }: ChoiceRecord): string =>
  process === null ? `Chosen: ${what}.` : `Chosen: ${process.name} goes on (${choice} of 0 to ${count - 1}).`;

// When events are in the recording: as in the model, and one after another.
function clock(moments: Moment[]): (moment: Moment) => number {
  const times = new Map<number, number>();
  let last = -BETWEEN;
  for (const { order, ns } of moments.sort((a, b) => a.order - b.order)) {
    last = Math.max(last + BETWEEN, ns);
    times.set(order, last);
  }
  return ({ order }) => times.get(order)!;
}

function processLine({ platform }: World, { pid, name }: Process): ProcessLine {
  const { version } = JSON.parse(readFileSync(path.join(packageFolder(), 'package.json'), 'utf8'));
  return {
    type: 'process',
    version: VERSION,
    pid,
    role: null,
    argv: [name],
    platform,
    arch: process.arch,
    kernel: 'simulated',
    runtime: `Node ${process.versions.node}`,
    rfds: version,
    start: 0,
    realtimeOffset: `${EPOCH}000000000`,
    simulated: true,
  };
}

function callLines(
  calls: CallRecord[],
  at: (moment: Moment) => number,
  idOf: (call: CallRecord) => number | null,
): CallLine[] {
  const counts = new Map<number, number>();
  return calls
    .toSorted((a, b) => a.end.order - b.end.order)
    .map((call) => {
      const { name, args, rest, sockets } = call.kept as Watched;
      const { pid } = call.process;
      const n = counts.get(pid) ?? 0;
      counts.set(pid, n + 1);
      const [start, end] = [at(call.start), at(call.end)];
      const id = idOf(call);
      return {
        type: 'call',
        pid,
        thread: 0,
        n,
        name,
        args,
        result: call.result,
        ...rest,
        start,
        end,
        // One that waited was off the processor; the model has no other time.
        cpu: Math.min(end - start, BETWEEN),
        stack: id === null ? [] : [id],
        at: id,
        ...(sockets.length > 0 && { sockets }),
      };
    });
}

function framesOf(calls: CallRecord[], program: Process) {
  const ids = new Map<string, number>();
  const frames: FrameLine[] = [];
  const sources = new Map<string, SourceLine>();
  const keyOf = ({ kept }: CallRecord) => {
    const { line } = kept as Watched;
    return line === null ? null : `${line.file}:${line.line}:${line.column}`;
  };
  for (const call of calls) {
    const { line } = call.kept as Watched;
    const key = keyOf(call);
    if (line === null || key === null || ids.has(key)) continue;
    const { source, ...frame } = line;
    ids.set(key, frames.length);
    frames.push({ type: 'frame', pid: program.pid, id: frames.length, ...frame });
    if (source !== null) sources.set(line.file, { type: 'source', file: line.file, text: source });
  }
  const idOf = (call: CallRecord): number | null => {
    const key = keyOf(call);
    return key === null ? null : ids.get(key)!;
  };
  return { frames, sources: [...sources.values()], idOf };
}

function packetLines({ network }: World, at: (moment: Moment) => number): PacketLine[] {
  const streams = new Streams();
  return network.packets.map((packet, n) => {
    const { from, to } = packet;
    const there = to?.host ?? network.hostAt(from.remoteAddress!, from.host);
    const bytes = frameOf(packet, n, there === null ? 0 : network.mss(from.host, there));
    const isLocal = there === null || there === from.host;
    return {
      type: 'packet',
      n,
      at: at(packet.at),
      interface: isLocal ? 'simulated lo' : `simulated, ${[from.host.name, there.name].sort().join(' to ')}`,
      direction: isLocal ? 'in' : 'out',
      length: bytes.length,
      bytes: bytes.toString('base64'),
      ...decodeFrame(bytes, { streams, offloading: false }),
    };
  });
}

// With the call that made each packet; and of one that is lost, that it is.
function correlated(recording: Recording, lost: readonly boolean[]): Recording {
  const { packets, ...rest } = correlate(recording);
  const told = packets.map((packet) => {
    const isLost = lost[packet.n];
    const why = [packet.why, ...(isLost ? ['it is lost on its way'] : [])].filter(
      (text) => text !== undefined,
    );
    return { ...packet, ...(why.length > 0 && { why: why.join('; ') }) };
  });
  return { ...rest, packets: told };
}
