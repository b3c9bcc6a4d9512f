// `rfds trace`: records the documented conversation, or any program, or reads a recording, and reports
// it. What it needs is loaded when it runs.

import { writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { Recording } from '../../interpose/recorder/recording.ts';
import { errorsIn, loops, portNumber } from '../../programs/command.ts';
import { StopSignal, showProgress } from '../long-run.ts';
import { checkWritable, put, STANDARD } from '../outputs.ts';

/** What a recording can be written as, by the option that names the file. */
const renderers = {
  html: async (recording: Recording) => (await import('./render/html/html.ts')).renderHtml(recording),
  json: async (recording: Recording) => {
    const { linesOf } = await import('../../interpose/recorder/recording.ts');
    return linesOf(recording)
      .map((line) => `${JSON.stringify(line)}\n`)
      .join('');
  },
  strace: async (recording: Recording) => (await import('./render/strace.ts')).renderStrace(recording),
  pcapng: async (recording: Recording) => (await import('./render/pcapng.ts')).renderPcapng(recording),
  perfetto: async (recording: Recording) => (await import('./render/perfetto.ts')).renderPerfetto(recording),
  claims: async (recording: Recording) => (await import('./render/claims/claims.ts')).renderClaims(recording),
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

/** Adds the subcommand. */
export function register(program: Command): void {
  program
    .command('trace')
    .description(
      'Have the documented conversation, and tell what happened: calls, kernel, packets.\n' +
        'With -- PROGRAM: the calls of any program that uses rfds. It has stdout to itself, and the story is on stderr.',
    )
    .argument('[message...]', 'what the client says (default: Hello)')
    .usage('[options] [message...]\n       rfds trace [options] -- program [argument...]')
    .addOption(
      new Option('--loop <kind>', 'what the server waits with')
        .choices(loops.filter((loop) => loop !== 'node'))
        .default('select'),
    )
    .addOption(
      new Option(
        '--port <number>',
        "the server's port; 0 takes a free one (default: 12345, if it is free)",
      ).argParser(portNumber),
    )
    .option('--hosts', 'on two hosts, 10.0.0.1 and 10.0.0.2: network namespaces (Linux, root)')
    .option('--step', 'stop before every call, and ask what it will return')
    .option('--replay <file>', 'tell a recording that --json wrote (- is stdin)')
    .option('--html <file>', 'write a page: three lanes, both sources (- is stdout, here and below)')
    .option('--json <file>', 'write the recording, a line of JSON for each event')
    .option('--strace <file>', "write the calls as strace's text")
    .option('--pcapng <file>', 'write the packets, with comments, for Wireshark')
    .option('--perfetto <file>', 'write a trace for ui.perfetto.dev')
    .option('--claims <file>', "write the walkthrough's claims and what was seen, in Markdown")
    .action(async (operands: string[], options: TraceOptions, command: Command) => {
      // After `--` come a program and its arguments, which are not ours to parse: commander has them as operands.
      const at = process.argv.indexOf('--');
      const traced = at < 0 ? null : process.argv.slice(at + 1);
      const messages = operands.slice(0, operands.length - (traced?.length ?? 0));
      if (traced?.length === 0) command.error('error: no program behind --');
      if (Object.values(options).includes('--'))
        command.error('error: an option lacks its argument before --');
      for (const [given, name] of [
        [messages.length > 0, 'messages'],
        [options.hosts, '--hosts'],
        [options.step, '--step'],
      ])
        if (given && (traced || options.replay))
          command.error(
            `error: ${name} ${name === 'messages' ? 'go' : 'goes'} with the documented conversation only`,
          );
      if (messages.some((message) => message.includes('\n'))) command.error('error: a message is one line');
      if (traced && options.pcapng !== undefined)
        command.error(
          'error: --pcapng goes with the documented conversation only: of a program no packet is captured',
        );
      if (messages[0] === 'node' && messages.length > 1)
        process.stderr.write(`rfds trace: to trace a program: rfds trace -- ${messages.join(' ')}\n`);
      process.exitCode = await traceCommand(messages, traced, options);
    });
}

/**
 * Runs `rfds trace`; returns the exit status. program is what stands behind `--`: its status is the
 * command's. Ctrl+C leaves no process and no host behind.
 */
async function traceCommand(
  messages: string[],
  program: string[] | null,
  options: TraceOptions,
): Promise<number> {
  checkWritable(formats.map((format) => options[format]));
  const stop = new StopSignal();
  try {
    if (options.replay !== undefined)
      return await report((await import('./run/recording-file.ts')).readRecording(options.replay), options);
    if (program !== null) return await traceProgram(program, options);
    const [{ Stepper }, { recordConversation }] = await Promise.all([
      import('./run/stepper.ts'),
      import('./run/session.ts'),
    ]);
    using stepper = options.step ? new Stepper(process.stdin, process.stderr) : undefined;
    const { loop, hosts = false } = options;
    const port = options.port ?? (hosts || (await isFree(DOCUMENTED_PORT)) ? DOCUMENTED_PORT : 0);
    const wanted = messages.length === 0 ? ['Hello'] : messages;
    const conversation = { messages: wanted, loop, hosts, stepper };
    const recordOn = (port: number) =>
      recordConversation({ ...conversation, port, signal: stop.signal, progress: showProgress });
    const recording = await recordOn(port).catch((error: Error) => {
      // Another process has taken it since, another `rfds trace` perhaps.
      if (options.port !== undefined || !error.message.includes('EADDRINUSE')) throw error;
      return recordOn(0);
    });
    showProgress('');
    return await report(recording, options);
  } catch (error) {
    showProgress('');
    const [first, ...more] = errorsIn(error) as Error[];
    for (const { name, message } of more)
      if (name === 'HostsError') process.stderr.write(`rfds trace: ${message}\n`);
    if (stop.status === null) throw stop.signal.aborted ? stop.signal.reason : first;
    if ((first as Error).name === 'HostsError')
      process.stderr.write(`rfds trace: ${(first as Error).message}\n`);
    process.stderr.write(
      `rfds trace: stopped by ${stop.name}, before the conversation was over: there is no story to tell\n`,
    );
    return stop.status;
  }
}

const DOCUMENTED_PORT = 12345;

async function isFree(port: number): Promise<boolean> {
  const { SO_REUSEADDR, SOL_SOCKET, socket } = await import('../../socket.ts');
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
  const { recordProgram } = await import('./run/program.ts');
  const { recording, status } = await recordProgram(program);
  if (formats.every((format) => options[format] === undefined))
    await put(process.stderr, await story(recording, process.stderr));
  await write(recording, options);
  return status;
}

async function report(recording: Recording, options: TraceOptions): Promise<number> {
  await write(recording, options);
  if (formats.every((format) => options[format] !== STANDARD))
    await put(process.stdout, await story(recording, process.stdout));
  return 0;
}

async function story(recording: Recording, { isTTY, columns }: NodeJS.WriteStream): Promise<string> {
  const { renderStory } = await import('./render/terminal/story.ts');
  // A terminal that does not know its width says 0; what is piped into a pager has only its shell's.
  const width = columns || Number(process.env.COLUMNS) || 100;
  return renderStory(recording, { color: isColored(isTTY), width: Math.min(width, 160) });
}

/** https://no-color.org, https://force-color.org and terminfo's terminal without capabilities. */
export function isColored(isTTY: boolean): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR) return false;
  return FORCE_COLOR ? FORCE_COLOR !== '0' : isTTY && TERM !== 'dumb';
}

// What was asked for, to files and to stdout.
async function write(recording: Recording, options: TraceOptions): Promise<void> {
  for (const format of formats) {
    const file = options[format];
    if (file === undefined || file === STANDARD) continue;
    if (format === 'pcapng' && recording.packets.every(({ inferred }) => inferred)) {
      process.stderr.write(`${file}: not written, for no packet was captured\n`);
      continue;
    }
    try {
      writeFileSync(file, await renderers[format](recording));
    } catch (error) {
      throw new Error(`cannot write ${file}: ${(error as Error).message}`);
    }
    process.stderr.write(`${file}: written\n`);
  }
  const toStdout = formats.find((format) => options[format] === STANDARD);
  if (toStdout) await put(process.stdout, await renderers[toStdout](recording));
}
