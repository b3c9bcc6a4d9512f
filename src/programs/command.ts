// `rfds server` and `rfds client`: their options, and their end on Ctrl+C and SIGTERM. The programs are
// loaded when they run.

import { lookup } from 'node:dns/promises';
import { write } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import { constants } from 'node:os';
import { isatty } from 'node:tty';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { InetAddress } from '../socket.ts';
import type { LimitOptions } from './serving/limits.ts';

export const loops = ['select', 'poll', 'epoll', 'epoll-edge', 'kqueue', 'selectors', 'node'] as const;

interface ServerOptions extends LimitOptions {
  host: string;
  port: number;
  loop: (typeof loops)[number];
}

const limitOptions = [
  new Option(
    '--max-connections <number>',
    'clients at once; one more is turned away (default: no limit)',
  ).argParser(positiveInt),
  new Option(
    '--idle-timeout <seconds>',
    'drop a client that neither sends nor takes a byte for so long (default: no limit)',
  ).argParser(positiveSeconds),
  new Option(
    '--max-unsent <bytes>',
    'drop a client that leaves more of its answers untaken (default: none is dropped; from 65536 on it is not read ' +
      'from until it has taken them). Not for select, where none wait',
  ).argParser(positiveInt),
  new Option(
    '--send-timeout <seconds>',
    'drop a client that does not take what is unsent within so long (default: 5 for select, which waits for it; else ' +
      'no limit)',
  ).argParser(positiveSeconds),
];

/** Adds both subcommands. */
export function register(program: Command): void {
  const command = program
    .command('server')
    .description(
      'Run the documented server, which sends back what it receives, with the time in front. Ctrl+C stops it.',
    )
    .option('--host <address>', 'address to listen on', '0.0.0.0')
    .addOption(
      new Option('--port <number>', 'port to listen on; 0 takes a free one and prints it')
        .argParser(portNumber)
        .default(12345),
    )
    .addOption(new Option('--loop <kind>', 'what waits for the clients').choices(loops).default('select'))
    .action(server);
  for (const option of limitOptions) command.addOption(option);

  program
    .command('client')
    .description('Run the documented client: each line of stdin is a message. Ctrl+D or Ctrl+C ends it.')
    .argument('[host]', 'where the server is', hostName, '127.0.0.1')
    .argument('[port]', 'its port', portNumber, 12345)
    .action(client);
}

async function server({ host, port, loop, ...limits }: ServerOptions, command: Command): Promise<void> {
  checkLimits(loop, limits, command);
  const address = await ipv4Address(host);
  const { print, repr } = await import('../builtins.ts');
  const ready = (bound: InetAddress) => {
    const line = `Listening on ${repr(bound)}`;
    // Only a port that the kernel chose is news; else stdout has the documented lines alone.
    if (port === 0) print(line);
    else sayOnStderr(line);
  };
  try {
    if (loop === 'node') {
      const { serve } = await import('./net-server.ts');
      const stop = new AbortController();
      for (const name of ['SIGINT', 'SIGTERM'] as const) {
        process.once(name, () => {
          process.exitCode ??= 128 + constants.signals[name];
          stop.abort();
        });
      }
      await serve(address, port, stop.signal, ready);
    } else {
      const { serve } = await import(`./${loop}-server.ts`);
      await untilSignal(() => serve(address, port, ready, limits));
    }
  } catch (error) {
    throw explained(error as NodeJS.ErrnoException, loop, `${address || '0.0.0.0'}:${port}`);
  }
}

// What a loop cannot keep to is an error, for it would be no limit.
function checkLimits(loop: ServerOptions['loop'], limits: LimitOptions, command: Command): void {
  if (loop === 'node' && Object.keys(limits).length > 0)
    command.error('error: the limits are not for --loop node, which is for comparison');
  if (loop === 'select' && limits.maxUnsent !== undefined)
    command.error(
      'error: --max-unsent is not for --loop select, which waits until a client has taken its answer',
    );
}

/**
 * Writes a line to stderr, from a thread of Node's pool: a full stderr stops no server, and the loop's own
 * thread makes the documented calls alone.
 */
function sayOnStderr(line: string): void {
  write(2, `${line}\n`, () => {});
}

/** What a beginner cannot see from the errno: the error with a hint, or the error as it is. */
function explained(error: NodeJS.ErrnoException, loop: string, address: string): Error {
  const { code, syscall } = error;
  if (code === 'EADDRINUSE') {
    const hint = 'something listens there already, a server of yours perhaps; --port takes another port';
    return new Error(`${syscall} EADDRINUSE (${hint}): ${address}`, { cause: error });
  }
  if (code === 'ENOSYS' && (syscall === 'kqueue' || syscall === 'epoll_create1')) {
    const platform = process.platform === 'darwin' ? 'macOS' : 'Linux';
    const hint = '--loop selectors takes the best that there is';
    return new Error(`there is no ${loop} on ${platform} (${syscall} ENOSYS); ${hint}`, { cause: error });
  }
  return error;
}

async function client(host: string, port: number): Promise<void> {
  const address = await ipv4Address(host);
  const { print } = await import('../builtins.ts');
  const { run } = await import('./client.ts');
  const isTerminal = isatty(1);
  await untilSignal(() => {
    try {
      run(address, port, isTerminal);
    } catch (error) {
      // Ctrl+C is one of the two documented ways to leave.
      if (!(error instanceof Stopped && error.signum === constants.signals.SIGINT)) throw error;
      print();
    }
  });
}

/** Thrown by a signal's handler, out of the blocking call. */
class Stopped extends Error {
  readonly signum: number;
  constructor(signum: number) {
    super(`stopped by signal ${signum}`);
    this.signum = signum;
  }
}

/** Runs a program that blocks. SIGINT and SIGTERM end it, with 128 + the signal's number as exit status. */
async function untilSignal(run: () => void): Promise<void> {
  const { SIGINT, SIGTERM, signal } = await import('../signal.ts');
  const stop = (signum: number) => {
    throw new Stopped(signum);
  };
  try {
    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    run();
  } catch (error) {
    // What was thrown first is why it ended; where that was the signal, what failed while it closed.
    const [first, ...later] = errorsIn(error);
    if (!(first instanceof Stopped)) throw first;
    if (later.length > 0) throw later[0];
    process.exitCode = 128 + first.signum;
  }
}

/** The error, and behind it those of the disposals that it led to. */
export function errorsIn(error: unknown): unknown[] {
  const { suppressed, error: latest } = error as Partial<SuppressedError>;
  return suppressed === undefined ? [error] : [...errorsIn(suppressed), ...errorsIn(latest)];
}

/** The IPv4 address of a host that may be given by name; '' is every interface, as for bind. */
async function ipv4Address(host: string): Promise<string> {
  if (host === '' || isIPv4(host)) return host;
  if (isIPv6(host)) throw new Error(`the documented conversation is on IPv4, and ${host} is not`);
  return (await lookup(host, { family: 4 })).address;
}

function hostName(text: string): string {
  if (text === '') throw new InvalidArgumentError('It must not be empty.');
  // inet_aton(3) would take it for an address: 12346 for 0.0.48.58.
  if (/^\d+$/.test(text))
    throw new InvalidArgumentError(`A number alone is no host. For a port: rfds client 127.0.0.1 ${text}`);
  return text;
}

function positiveInt(text: string): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0)
    throw new InvalidArgumentError('It must be a whole number, 1-999999999.');
  return Number(text);
}

function positiveSeconds(text: string): number {
  if (!/^\d{1,9}(\.\d{1,6})?$/.test(text) || Number(text) === 0)
    throw new InvalidArgumentError('It must be a number above 0, such as 30 or 0.5.');
  return Number(text);
}

export function portNumber(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65535) throw new InvalidArgumentError('It must be 0-65535.');
  return Number(text);
}
