// The documented conversation, recorded: server and client as processes of their own, on loopback or
// on two hosts, with the packets between them.

import path from 'node:path';
import type { CallLine, PacketLine, Recording } from '../../../interpose/recorder/recording.ts';
import { packageFolder } from '../../../kernel/package-folder.ts';
import { TemporaryFolder } from '../../long-run.ts';
import { correlate } from '../analyse/correlate.ts';
import { inferred, withMissing } from '../analyse/infer.ts';
import { socketLives } from '../analyse/sockets.ts';
import { count } from '../words.ts';
import { RecordedChild } from './child.ts';
import { Hosts } from './hosts.ts';
import { Capture, type Captured, type Refusal } from './packet-capture.ts';
import { recordingIn } from './recording-file.ts';
import type { Stepper } from './stepper.ts';

// From src/ as from dist/.
const cli = path.join(packageFolder(), 'dist/cli.js');

/** The timeout of one step of the conversation, in milliseconds. */
const DEADLINE = 10_000;

export interface Conversation {
  /** A line each, without its end. */
  messages: string[];
  loop: string;
  /** Whether server and client are on hosts of their own. */
  hosts: boolean;
  /** The server's; 0: any free one. */
  port: number;
  /** Asks before every call. */
  stepper?: Stepper | undefined;
  signal: AbortSignal;
  /** Called with what happens now. */
  progress(text: string): void;
}

/** Runs the conversation and returns its recording. No process, host or file is left, also if it throws. */
export async function recordConversation(options: Conversation): Promise<Recording> {
  const { messages, loop, stepper, signal, progress } = options;
  using folder = new TemporaryFolder('rfds-trace-');
  const file = path.join(folder.path, 'recording.ndjson');
  progress(options.hosts ? 'making two hosts' : 'starting the server');
  await using hosts = options.hosts ? await Hosts.make(signal) : null;
  const start = (role: 'server' | 'client', args: string[]) => {
    const command = [process.execPath, cli, ...args];
    const deadline = stepper === undefined ? DEADLINE : null;
    const there = hosts === null ? command : hosts.command(role, command);
    return new RecordedChild(role, there, { file, deadline, stepper, signal });
  };

  const address = hosts?.address('server') ?? '127.0.0.1';
  const from = hosts === null ? address : '0.0.0.0';
  await using server = start('server', [
    'server',
    '--host',
    from,
    '--port',
    `${options.port}`,
    '--loop',
    loop,
  ]);
  await server.until('listens', () => portIn(file) !== undefined);
  const port = portIn(file)!;

  await using capture = await Capture.start({
    port,
    signal,
    interface: hosts?.interface ?? 'lo',
    ...(hosts && { namespace: hosts.namespace('server') }),
  }).then(captureOrNothing);
  await using client = start('client', ['client', address, String(port)]);
  for (const [i, message] of messages.entries()) {
    await client.until('asks for a message', () => client.prompts > i);
    progress(`message ${i + 1} of ${messages.length}`);
    // With --step both sleep before every call.
    if (stepper === undefined) await Promise.all([client.asleep(), server.asleep()]);
    client.type(`${message}\n`);
  }
  await client.until('shows the answer', () => client.prompts > messages.length);
  client.type(null);
  await client.ended();
  progress('the client has gone');
  await server.until('closes the connection', () => hasClosed(file));
  server.stop();
  await server.ended();

  const recording = recordingIn(file);
  const captured = await capture.stop();
  const packets = packetsOf(recording, capture, captured);
  const notes = [...recording.notes, ...captured.notes, ...server.notes(), ...client.notes()];
  const missing = packets.length - captured.packets.length;
  if (capture.isReal && missing > 0)
    notes.push({
      type: 'note',
      at: 0,
      text: `${count(missing, 'packet')} in their place: inferred from the calls`,
    });
  return correlate({ ...recording, packets, notes });
}

function packetsOf(
  recording: Recording,
  { isReal }: Capturing,
  { packets, dropped }: Captured,
): PacketLine[] {
  if (!isReal) return inferred(recording);
  return dropped > 0 ? withMissing(recording, packets) : packets;
}

interface Capturing {
  isReal: boolean;
  stop(): Promise<Captured>;
  [Symbol.asyncDispose](): Promise<void>;
}

// Without CAP_NET_RAW the run goes on: its packets are inferred, which a note says.
function captureOrNothing(capture: Capture | Refusal): Capturing {
  if (capture instanceof Capture) {
    return {
      isReal: true,
      stop: () => capture.stop(),
      [Symbol.asyncDispose]: () => capture[Symbol.asyncDispose](),
    };
  }
  const text = `${capture.text}; the packets shown are inferred, ≈ is where in time they are put`;
  return {
    isReal: false,
    stop: async () => ({ packets: [], dropped: 0, notes: [{ type: 'note', at: 0, text }] }),
    [Symbol.asyncDispose]: async () => {},
  };
}

const servers = ({ processes }: Recording) =>
  new Set(processes.filter(({ role }) => role === 'server').map(({ pid }) => pid));

// Where the server listens, once it does.
function portIn(file: string): number | undefined {
  const { calls } = recordingIn(file);
  const listen = calls.find(({ name, result }) => name === 'listen' && result === 0);
  const local = listen?.sockets?.find(({ fd }) => fd === listen.fd)?.local;
  return Array.isArray(local) ? local[1] : undefined;
}

// Whether the server has closed what it accepted.
function hasClosed(file: string): boolean {
  const recording = recordingIn(file);
  const ours = servers(recording);
  const isAccept = ({ name }: CallLine) => name.startsWith('accept');
  const accepted = socketLives(recording).filter(({ pid, calls }) => ours.has(pid) && isAccept(calls[0]));
  const closes = (call: CallLine) => call.name === 'close';
  return (
    accepted.length > 0 &&
    accepted.every(({ calls, fd }) => calls.some((call) => closes(call) && call.fd === fd))
  );
}
