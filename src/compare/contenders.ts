// Who takes part in `rfds compare`: rows of data. Every contender is a program that serves the
// documented conversation on 127.0.0.1, on the port that ends its command, and prints the same lines.
// A leaf; run.ts starts them.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Contender {
  name: string;
  /** What it is, and of which version: for the report. */
  about: string;
  /** The command without the port, or why there is none here. */
  command: string[] | { missing: string };
}

const at = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const bench = (file: string) => at(`../../bench/${file}`);
const cli = at('../cli.js');

/** The first line that a program prints, or null where there is no such program. */
function firstLine(command: string, ...args: string[]): string | null {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split(
      '\n',
    )[0];
  } catch {
    return null;
  }
}

function program(name: string, about: string, version: string | null, command: string[]): Contender {
  const missing = { missing: `${command[0]} is not installed` };
  return { name, about: `${about}, ${version}`, command: version === null ? missing : command };
}

function own(loop: string, platform: NodeJS.Platform | null, about: string): Contender {
  const command = [process.execPath, cli, 'server', '--host', '127.0.0.1', '--loop', loop, '--port'];
  const runs = platform === null || platform === process.platform;
  return {
    name: loop === 'node' ? 'node:net' : `rfds ${loop}`,
    about: `${about}, Node ${process.versions.node}`,
    command: runs ? command : { missing: `there is no ${loop} on ${process.platform}` },
  };
}

/** The contenders that are written in C, compiled into a folder of their own. */
function compiled(folder: string): Contender[] {
  const version = firstLine('cc', '--version');
  return (['epoll', 'select'] as const).map((loop) => {
    const name = `C ${loop}`;
    const about = `${loop} in C, ${version}`;
    if (version === null) return { name, about, command: { missing: 'there is no C compiler (cc)' } };
    const binary = path.join(folder, loop);
    try {
      const args = ['-std=gnu11', '-O2', '-o', binary, bench(`${loop}_server.c`)];
      execFileSync('cc', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    } catch (error) {
      const [why] = String((error as { stderr?: unknown }).stderr).split('\n');
      return { name, about, command: { missing: `cc failed: ${why}` } };
    }
    return { name, about: `${about}, -O2`, command: [binary] };
  });
}

/** All rows, those that are missing here included. Disposing of them removes what was compiled. */
export class Contenders {
  readonly rows: Contender[];
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'rfds-compare-'));

  constructor() {
    const python = firstLine('python3', '--version');
    const bun = firstLine('bun', '--version');
    this.rows = [
      own('epoll', 'linux', 'epoll, level-triggered, non-blocking'),
      own('poll', null, 'poll, non-blocking'),
      own('kqueue', 'darwin', 'kqueue, level-triggered, non-blocking'),
      own('selectors', null, 'DefaultSelector, non-blocking'),
      own('select', null, 'the documented loop, blocking'),
      own('node', null, `libuv ${process.versions.uv}`),
      ...compiled(this.#folder),
      program('Python select', 'the documented loop', python, ['python3', bench('select_server.py')]),
      program('asyncio', 'streams', python, ['python3', bench('asyncio_server.py')]),
      program('Bun.listen', 'Bun', bun, ['bun', bench('bun_server.ts')]),
    ];
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
