// The lines of a recording that the recorder writes: a record as text, and the process's own line.
// Format: recording.ts.

import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import path from 'node:path';
import { isMainThread, threadId } from 'node:worker_threads';
import type { CallName } from '../../kernel/calls.ts';
import { errorcode } from '../../kernel/errno.ts';
import { packageFolder } from '../../kernel/package-folder.ts';
import { platform } from '../../kernel/platform.ts';
import type { Stack } from '../call-site.ts';
import type { Decoder, Kept } from './decoders/decoder.ts';
import { monotonic, realtimeOffset } from './probes.ts';
import { type CallLine, type ProcessLine, type SocketState, VERSION } from './recording.ts';

/** A record as it is kept until it is written. */
export interface Entry {
  name: CallName;
  decoder: Decoder;
  n: number;
  kept: Kept;
  /** The descriptor that the call is about. */
  fd: number | undefined;
  result: number;
  start: number;
  end: number;
  cpu: number;
  stack: Stack;
  sockets: SocketState[];
  observed: string[];
}

/** The line of a record. */
export function callLine(entry: Entry): CallLine {
  const { name, decoder, n, kept, fd, result, start, end, cpu, stack, sockets, observed } = entry;
  const { own } = decoder;
  const data = decoder.data(kept);
  const detail = decoder.detail(kept, result);
  return {
    type: 'call',
    pid: process.pid,
    thread: isMainThread ? 0 : threadId,
    n,
    name,
    args: decoder.arguments(kept, result),
    result,
    ...(result < 0 && { errno: errorcode(result) }),
    ...(detail && { detail }),
    start,
    end,
    cpu,
    ...(fd !== undefined && fd >= 0 && { fd }),
    ...(data &&
      data.length > 0 && { data: Buffer.from(data.buffer, data.byteOffset, data.length).toString('base64') }),
    ...(own.ready && { ready: own.ready(kept, result) }),
    stack: stack.stack,
    at: stack.at,
    ...(sockets.length > 0 && { sockets }),
    ...(observed.length > 0 && { observed }),
  };
}

/** The line of this process. */
export function processLine(): ProcessLine {
  const role = process.env.RFDS_TRACE_ROLE;
  const { bun, deno, node } = process.versions as Record<string, string | undefined>;
  const { version } = JSON.parse(readFileSync(path.join(packageFolder(), 'package.json'), 'utf8'));
  return {
    type: 'process',
    version: VERSION,
    pid: process.pid,
    role: role === 'server' || role === 'client' ? role : null,
    argv: process.argv,
    platform,
    arch: process.arch,
    kernel: release(),
    runtime: bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node ${node}`,
    rfds: version,
    start: monotonic(),
    realtimeOffset: String(realtimeOffset()),
  };
}
