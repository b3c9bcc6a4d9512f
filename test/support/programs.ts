// The programs as their users run them: child processes, with deadlines, ended by pid.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isLinux } from './platform.ts';

export const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const pythonServer = fileURLToPath(new URL('../../bench/select_server.py', import.meta.url));

/** The loops that this platform has. */
export const loops = ['select', 'poll', 'selectors', 'node'].concat(
  isLinux ? ['epoll', 'epoll-edge'] : ['kqueue'],
);

/** A port that nothing has: --port 0 costs a server a getsockname, and a line on stdout. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

export const DEADLINE = 20_000;

/** The promise's value, or an error that says what did not happen in time. */
export async function within<T>(promise: Promise<T>, what: string, deadline = DEADLINE): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${deadline} ms: ${what}`)), deadline);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Whether a process is there, and no mere zombie. Linux. */
export function existing(pid: string | number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

const FUTEX = process.arch === 'arm64' ? 98 : 202;

/**
 * Whether a process sleeps in a call that it was to sleep in. Not in futex(2): there V8 waits for its other threads, at
 * any moment, also before that call. proc_pid_stat(5), proc_pid_syscall(5).
 */
function isAsleep(pid: number): boolean {
  if (!isLinux)
    return /^[SI]/.test(execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }));
  if (!/\) [SI] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return false;
  let call: string;
  try {
    [call] = readFileSync(`/proc/${pid}/syscall`, 'utf8').split(' ', 1);
  } catch {
    return true; // It may not be read: then the state has to do.
  }
  return /^\d+$/.test(call) && Number(call) !== FUTEX;
}

/** A child process whose output is kept as it comes. Disposing of it ends it. */
export class Program {
  readonly child: ChildProcess;
  readonly exited: Promise<number | NodeJS.Signals>;
  stdout = '';
  stderr = '';
  #more: (() => void)[] = [];

  constructor(command: string, args: string[], env: NodeJS.ProcessEnv = {}) {
    // A process group of its own, so that what a wrapper (strace, sh) has started ends with it.
    this.child = spawn(command, args, { stdio: 'pipe', detached: true, env: { ...process.env, ...env } });
    this.child.stdin!.on('error', () => {}); // EPIPE: it has ended; its status is reported.
    const keep = (name: 'stdout' | 'stderr') => {
      this.child[name]!.setEncoding('utf8').on('data', (text: string) => {
        this[name] += text;
        for (const wake of this.#more.splice(0)) wake();
      });
    };
    keep('stdout');
    keep('stderr');
    // 'close' comes after the output's end, 'exit' may come before.
    this.exited = once(this.child, 'close').then(([code, signal]) => code ?? signal);
    this.exited.finally(() => {
      for (const wake of this.#more.splice(0)) wake();
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Writes to stdin; last says whether that was all. */
  type(text: string | Uint8Array, last: 'last' | 'more' = 'more'): void {
    this.child.stdin!.write(text);
    if (last === 'last') this.child.stdin!.end();
  }

  /** Waits until stdout (or stderr) has a text or match, at an offset or after it. */
  async has(wanted: RegExp, where: 'stdout' | 'stderr' = 'stdout', from = 0): Promise<RegExpMatchArray> {
    const search = async () => {
      for (;;) {
        const match = this[where].slice(from).match(wanted);
        if (match !== null) return match;
        if (this.child.exitCode !== null && this.child[where]!.readableEnded) {
          throw new Error(`ended (${this.child.exitCode}) without ${wanted}: ${this.stdout}${this.stderr}`);
        }
        await new Promise<void>((resolve) => this.#more.push(resolve));
      }
    };
    return within(search(), `${wanted} on ${where}`).catch((error) => {
      throw new Error(`${error.message}\nstdout: ${this.stdout}\nstderr: ${this.stderr}`);
    });
  }

  /** Sends a signal, if it still runs. */
  kill(signal: NodeJS.Signals): void {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
  }

  /** Waits until the program sleeps: in the call that it is to be interrupted in. */
  async asleep(): Promise<void> {
    const sleeping = async () => {
      while (!isAsleep(this.pid)) await pause(1);
    };
    await within(sleeping(), 'sleep');
  }

  /** Sends a signal once the program sleeps, and returns the exit status. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | NodeJS.Signals> {
    await this.asleep();
    this.kill(signal);
    return within(this.exited, `exit after ${signal}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // ESRCH: it has ended.
    }
    await this.exited;
  }
}

/** A server program and the port it listens on. */
export class Server extends Program {
  port = 0;

  /** Starts `rfds server --loop …`, or for 'python' the documented server in Python, on a free port. */
  static async start(loop: string, options: { wrap?: string[]; args?: string[] } = {}): Promise<Server> {
    const own = [process.execPath, cli, 'server', '--host', '127.0.0.1', '--port', '0', '--loop', loop];
    const command = loop === 'python' ? ['python3', '-u', pythonServer, '0'] : own;
    const [program, ...args] = [...(options.wrap ?? []), ...command, ...(options.args ?? [])];
    const server = new Server(program, args);
    try {
      server.port = Number((await server.has(/Listening on \('127\.0\.0\.1', (\d+)\)\n/))[1]);
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }
}

/** Runs `rfds client` against a port. */
export function startClient(port: number): Program {
  return new Program(process.execPath, [cli, 'client', '127.0.0.1', String(port)]);
}
