#!/usr/bin/env node
// The `rfds` command: arguments in, exit status out. 0 is success, 1 a failure in the run, told in
// one line on stderr, 2 wrong usage; 128 + n after signal n. Below: the servers and the client.

import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { type InetAddress, parseInet, parseInet6 } from './kernel/structs/sockaddr.ts';
import { run as runClient } from './programs/client.ts';
import { print } from './python/builtins/print.ts';
import { repr } from './python/builtins/repr.ts';
import { SIGINT, SIGTERM, signal } from './signal.ts';

/** What ends a command when a signal comes: thrown by the handler, out of the blocking call. */
class Stopped extends Error {
  readonly signum: number;
  constructor(signum: number) {
    super(`stopped by signal ${signum}`);
    this.signum = signum;
  }
}

function stopOnSignals(): void {
  const stop = (signum: number) => {
    throw new Stopped(signum);
  };
  signal(SIGINT, stop);
  signal(SIGTERM, stop);
}

const loops = ['select', 'poll', 'epoll', 'epoll-edge', 'kqueue', 'selectors', 'node'] as const;

interface ServerOptions {
  host: string;
  port: number;
  loop: (typeof loops)[number];
}

async function server({ host, port, loop }: ServerOptions): Promise<void> {
  const address = await numeric(host);
  // Only a port that the kernel chose is news; else stdout has the documented lines alone.
  const ready = port === 0 ? (bound: InetAddress) => print(`Listening on ${repr(bound)}`) : undefined;
  if (loop === 'node') {
    const { serve } = await import('./programs/net-server.ts');
    const stop = new AbortController();
    const stopped = new Promise<number>((resolve) => {
      for (const name of ['SIGINT', 'SIGTERM'] as const)
        process.once(name, () => resolve(constants.signals[name]));
    });
    const served = serve(address, port, stop.signal, ready);
    const signum = await Promise.race([stopped, served]);
    stop.abort();
    await served;
    throw new Stopped(signum ?? 0);
  }
  const { serve } = await import(`./programs/${loop}-server.ts`);
  stopOnSignals();
  serve(address, port, ready);
}

async function client(host: string, port: number): Promise<void> {
  const address = await numeric(host);
  stopOnSignals();
  try {
    runClient(address, port);
  } catch (error) {
    // Ctrl+C is one of the two documented ways to leave.
    if (!(error instanceof Stopped && error.signum === SIGINT)) throw error;
    print();
  }
}

/** The IPv4 address of a host that may be given by name; '' is every interface, as for bind. */
async function numeric(host: string): Promise<string> {
  if (host === '' || parseInet(host)) return host;
  if (parseInet6(host)) throw new Error(`the documented conversation is on IPv4, and ${host} is not`);
  return (await lookup(host, { family: 4 })).address;
}

function hostName(text: string): string {
  if (text === '') throw new InvalidArgumentError('It must not be empty.');
  return text;
}

function roundsNumber(text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) < 1) throw new InvalidArgumentError('It must be 1-999.');
  return Number(text);
}

function portNumber(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65535) throw new InvalidArgumentError('It must be 0-65535.');
  return Number(text);
}

/** What stands before the first of these words, and what behind it (null: it is not there). */
function partedAt(word: string, words: string[]): [string[], string[] | null] {
  const at = words.indexOf(word);
  return at < 0 ? [words, null] : [words.slice(0, at), words.slice(at + 1)];
}

async function main(): Promise<number> {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const program = new Command('rfds')
    .description('The documented select() server and its siblings, on syscalls of our own.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(--help says more)');

  program
    .command('server')
    .description('Run the documented server. Ctrl+C stops it.')
    .option('--host <address>', 'address to listen on', '0.0.0.0')
    .addOption(
      new Option('--port <number>', 'port to listen on; 0 takes a free one and prints it')
        .argParser(portNumber)
        .default(12345),
    )
    .addOption(new Option('--loop <kind>', 'what waits for the clients').choices(loops).default('select'))
    .action(server);

  program
    .command('client')
    .description('Run the documented client: each line of stdin is a message.')
    .argument('[host]', 'where the server is', hostName, '127.0.0.1')
    .argument('[port]', 'its port', portNumber, 12345)
    .action((host: string, port: number) => client(host, port));

  let status = 0;
  program
    .command('compare')
    .description('Put the same load on every loop and on its peers, in turn, and compare (Linux).')
    .option('--quick', 'fewer loads, done within a minute')
    .option(
      '--rounds <number>',
      'how often each load is put on each contender, and each call measured',
      roundsNumber,
    )
    .option('--only <names>', 'who takes part, parted by commas; calls: the cost per call', (names) =>
      names.split(',').map((name) => name.trim()),
    )
    .option('--json <file>', 'write every sample')
    .option('--html <file>', 'write a page with plots')
    .action(async (options) => {
      const { compareCommand } = await import('./tools/compare/command.ts');
      status = await compareCommand(options);
    });

  // Behind its `--` stands a program and its arguments, which are not ours to read.
  const [own, traced] = process.argv[2] === 'trace' ? partedAt('--', process.argv) : [process.argv, null];
  program
    .command('trace')
    .description(
      'Have the documented conversation, and tell what happened: calls, kernel, packets.\n' +
        'With -- PROGRAM: the calls of any program that uses rfds.',
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
    .action(async (messages: string[], options, command: Command) => {
      if (traced !== null && traced.length === 0)
        command.error('error: no program behind --', { exitCode: 2 });
      for (const [one, other] of [
        [messages.length > 0, 'messages'],
        [options.hosts, '--hosts'],
        [options.step, '--step'],
      ])
        if (one && (traced || options.replay))
          command.error(`error: ${other} go with the documented conversation only`);
      if (messages.some((message) => message.includes('\n')))
        command.error('error: a message is one line', { exitCode: 2 });
      const { traceCommand } = await import('./tools/trace/command.ts');
      status = await traceCommand(messages, traced, options);
    });

  try {
    await program.parseAsync(own);
    return status;
  } catch (error) {
    if (error instanceof Stopped) return 128 + error.signum;
    // Commander has said what is wrong; asked for, help and version are a success.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    console.error(`rfds ${process.argv[2]}: ${(error as Error).message}`);
    return 1;
  }
}

process.exit(await main());
