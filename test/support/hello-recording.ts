// A real recording: "Hello" to the documented server and back, over loopback, with its packets.
// And what tests do with one: change it, cut it, make one of a few calls.

import { readFileSync } from 'node:fs';
import type { CallLine, ProcessLine, Recording } from '../../src/interpose/recorder/recording.ts';
import { parseRecording } from '../../src/interpose/recorder/recording.ts';

export const helloText = readFileSync(new URL('./hello.ndjson', import.meta.url), 'utf8');

export const hello = (): Recording => parseRecording(helloText);

/** The recording with something changed. */
export function changed(change: (recording: Recording) => void): Recording {
  const recording = hello();
  change(recording);
  return recording;
}

/** The nth call of a name by one of the two. */
export function callOf(
  { processes, calls }: Recording,
  role: 'server' | 'client',
  name: string,
  nth = 0,
): CallLine {
  const { pid } = processes.find((process) => process.role === role)!;
  const call = calls.filter((call) => call.pid === pid && call.name === name)[nth];
  if (call === undefined) throw new Error(`no ${name}() number ${nth} by the ${role}`);
  return call;
}

/** A recording of a program with these calls, a microsecond each, one after the other. */
export function recordingOf(calls: (Partial<CallLine> & { name: string })[]): Recording {
  const [process] = hello().processes;
  const own: ProcessLine = { ...process, pid: 7, role: null, argv: ['node', 'program.mjs'], start: 0 };
  return {
    processes: [own],
    frames: [],
    sources: [],
    calls: calls.map((call, n) => ({
      type: 'call',
      pid: 7,
      thread: 0,
      n,
      args: [],
      result: 0,
      start: n * 2000,
      end: n * 2000 + 1000,
      cpu: 900,
      stack: [],
      at: null,
      ...call,
    })),
    packets: [],
    notes: [],
  };
}

export const base64 = (text: string) => Buffer.from(text).toString('base64');
