// `rfds trace`: records the documented conversation, or any program, or reads a recording, and tells
// it. Above: cli.ts. Below: run.ts, recorded-program.ts, the renderers.

import { accessSync, constants, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { linesOf, parseRecording, type Recording } from '../../interpose/recorder/recording.ts';
import { SO_REUSEADDR, SOL_SOCKET, socket } from '../../socket.ts';
import { showProgress } from '../progress.ts';
import { StopSignal } from '../stop-signal.ts';
import { renderClaims } from './render/claims/claims.ts';
import { renderHtml } from './render/html/html.ts';
import { renderPcapng } from './render/pcapng.ts';
import { renderPerfetto } from './render/perfetto.ts';
import { renderStrace } from './render/strace.ts';
import { renderStory } from './render/terminal/story.ts';
import { recordProgram } from './run/program.ts';
import { recordConversation } from './run/session.ts';
import { Stepper } from './run/stepper.ts';

/** What a recording can be written as, by the option that names the file. */
const renderers = {
  html: renderHtml,
  json: (recording: Recording) =>
    linesOf(recording)
      .map((line) => `${JSON.stringify(line)}\n`)
      .join(''),
  strace: renderStrace,
  pcapng: renderPcapng,
  perfetto: renderPerfetto,
  claims: renderClaims,
};
type Format = keyof typeof renderers;
const formats = Object.keys(renderers) as Format[];

export interface TraceOptions extends Partial<Record<Format, string>> {
  loop: string;
  /** Where the server listens; none: on the documented port, or any if that is taken. */
  port?: number;
  hosts?: true;
  step?: true;
  replay?: string;
}

/** stdout or stdin, where a file is asked for. */
const STANDARD = '-';

/**
 * Runs `rfds trace`; returns the exit status. program is what stands behind `--`: its status is the
 * command's. Ctrl+C leaves no process and no host behind.
 */
export async function traceCommand(
  messages: string[],
  program: string[] | null,
  options: TraceOptions,
): Promise<number> {
  refuseUnwritable(options);
  const stop = new StopSignal();
  try {
    if (options.replay !== undefined) return await tell(readRecording(options.replay), options);
    if (program !== null) return await traceProgram(program, options);
    using stepper = options.step ? new Stepper(process.stdin, process.stderr) : undefined;
    const { loop, hosts = false } = options;
    const port = options.port ?? (hosts || isFree(DOCUMENTED_PORT) ? DOCUMENTED_PORT : 0);
    const wanted = messages.length === 0 ? ['Hello'] : messages;
    const conversation = { messages: wanted, loop, hosts, stepper };
    const recordOn = (port: number) =>
      recordConversation({ ...conversation, port, signal: stop.signal, progress: showProgress });
    const recording = await recordOn(port).catch((error: Error) => {
      // Somebody else took it since, another `rfds trace` perhaps.
      if (options.port !== undefined || !error.message.includes('EADDRINUSE')) throw error;
      return recordOn(0);
    });
    showProgress('');
    return await tell(recording, options);
  } catch (error) {
    showProgress('');
    if (stop.status === null) throw stop.signal.aborted ? stop.signal.reason : error;
    process.stderr.write(`rfds trace: stopped by ${stop.name}, before there was anything to tell\n`);
    return stop.status;
  }
}

const DOCUMENTED_PORT = 12345;

function isFree(port: number): boolean {
  using probe = socket();
  probe.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  try {
    probe.bind(['127.0.0.1', port]);
    probe.listen();
    return true;
  } catch {
    return false;
  }
}

// The story goes where strace's goes: stdout is the program's.
async function traceProgram(program: string[], options: TraceOptions): Promise<number> {
  const { recording, status } = await recordProgram(program);
  if (formats.every((format) => options[format] === undefined))
    await put(process.stderr, story(recording, process.stderr));
  await write(recording, options);
  return status;
}

async function tell(recording: Recording, options: TraceOptions): Promise<number> {
  await write(recording, options);
  if (formats.every((format) => options[format] !== STANDARD))
    await put(process.stdout, story(recording, process.stdout));
  return 0;
}

function story(recording: Recording, { isTTY, columns }: NodeJS.WriteStream): string {
  const color = isTTY && !process.env.NO_COLOR;
  // A terminal that does not know its width says 0.
  return renderStory(recording, { color, width: Math.min(columns || 100, 160) });
}

// Until it is written: the process exits as soon as the command is over.
function put(stream: NodeJS.WriteStream, text: string | Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

// What was asked for, to files and to stdout.
async function write(recording: Recording, options: TraceOptions): Promise<void> {
  for (const format of formats) {
    const file = options[format];
    if (file === undefined || file === STANDARD) continue;
    try {
      writeFileSync(file, renderers[format](recording));
    } catch (error) {
      throw new Error(`cannot write ${file}: ${(error as Error).message}`);
    }
    process.stderr.write(`${file}: written\n`);
  }
  const toStdout = formats.find((format) => options[format] === STANDARD);
  if (toStdout) await put(process.stdout, renderers[toStdout](recording));
}

// Before the run rather than after it.
function refuseUnwritable(options: TraceOptions): void {
  const files = formats.map((format) => options[format]).filter((file) => file !== undefined);
  if (files.filter((file) => file === STANDARD).length > 1)
    throw new Error('only one output can go to stdout (-)');
  for (const file of files) {
    if (file === STANDARD) continue;
    try {
      const there = statSync(file, { throwIfNoEntry: false });
      if (there?.isDirectory()) throw new Error('it is a folder');
      accessSync(there ? file : path.dirname(path.resolve(file)), constants.W_OK);
    } catch (error) {
      throw new Error(`cannot write ${file}: ${(error as Error).message}`);
    }
  }
}

function readRecording(file: string): Recording {
  const name = file === STANDARD ? 'stdin' : file;
  try {
    return parseRecording(readFileSync(file === STANDARD ? 0 : file, 'utf8'));
  } catch (error) {
    throw new Error(`cannot read ${name}: ${(error as Error).message}`);
  }
}
