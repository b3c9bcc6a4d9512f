// One documented conversation, asked of any runtime: a server on a free port, a client that says
// Hello, Ctrl+C to the server. Used by matrix.mjs.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const DEADLINE = 20_000; // milliseconds, for the whole conversation

/**
 * rfds is the command that runs the CLI: [program, ...arguments]. Throws an Error that says in one
 * line what went wrong; either way nothing that was started is left running.
 */
export async function smoke(rfds, loop) {
  const deadline = AbortSignal.timeout(DEADLINE);
  const sides = [];
  const start = (...args) => {
    const side = new Side([...rfds, ...args], deadline);
    sides.push(side);
    return side;
  };
  try {
    const server = start('server', '--host', '127.0.0.1', '--port', '0', '--loop', loop);
    const [, port] = await server.says(/^Listening on \('127\.0\.0\.1', (\d+)\)\n/);
    const client = start('client', '127.0.0.1', port);
    client.child.stdin.end('Hello\n');
    await client.says(/^(> )?\d+\.\d+:\d+\.\d+:\d+\.\d+:Hello\n/m);
    await client.ends(0);
    server.child.kill('SIGINT');
    await server.ends(130);
  } catch (error) {
    if (!deadline.aborted) throw error;
    throw new Error(`not over within ${DEADLINE / 1000} s; ${sides.join('; ')}`);
  } finally {
    for (const { child } of sides) child.kill('SIGKILL');
  }
}

class Side {
  constructor([program, ...args], signal) {
    this.name = args.includes('server') ? 'server' : 'client';
    this.child = spawn(program, args, { signal, killSignal: 'SIGKILL' });
    this.child.stdin.on('error', () => {}); // EPIPE when it is gone: ends() reports that
    this.over = false;
    this.child.on('close', () => {
      this.over = true;
    });
    this.closed = once(this.child, 'close');
    this.closed.catch(() => {}); // the deadline, when this side is not awaited
    for (const name of ['stdout', 'stderr']) {
      this[name] = '';
      this.child[name].setEncoding('utf8').on('data', (text) => {
        this[name] += text;
      });
    }
  }

  /** Waits until stdout has the pattern; returns the match. */
  async says(pattern) {
    while (!pattern.test(this.stdout)) {
      if (this.over) throw new Error(`${this}, not ${pattern}`);
      await Promise.race([once(this.child.stdout, 'data'), this.closed]);
    }
    return this.stdout.match(pattern);
  }

  async ends(expected) {
    const [status] = await this.closed;
    if (status !== expected) throw new Error(`${this}, not status ${expected}`);
  }

  /** In one line: how it ended, if it did, and what it said. */
  toString() {
    const { exitCode, signalCode } = this.child;
    const end = exitCode ?? signalCode;
    const said = (this.stderr || this.stdout).trim();
    return `${this.name} ${end === null ? 'runs' : `ended with ${end}`}, saying ${JSON.stringify(said)}`;
  }
}
