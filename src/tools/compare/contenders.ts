// Who takes part in `rfds compare`: rows of data. Every contender is a program that serves the
// documented conversation on 127.0.0.1, on the port that ends its command, and prints the same lines.

import { fileURLToPath } from 'node:url';
import { TemporaryFolder } from '../long-run.ts';
import { bench, compile, firstLine, type Runnable } from './executables.ts';

/** Its command is without the port. */
export interface Contender extends Runnable {
  name: string;
}

const cli = fileURLToPath(new URL('../../cli.js', import.meta.url));

function program(name: string, about: string, version: string | null, command: string[]): Contender {
  const missing = { missing: `${command[0]} is not installed` };
  return { name, about: `${about}, ${version}`, command: version === null ? missing : command };
}

/** A loop of ours, where the platform has it (null: everywhere), from a build's command. */
export function own(loop: string, platform: NodeJS.Platform | null, about: string, build = cli): Contender {
  const command = [process.execPath, build, 'server', '--host', '127.0.0.1', '--loop', loop, '--port'];
  const runs = platform === null || platform === process.platform;
  return {
    name: loop === 'node' ? 'node:net' : `rfds ${loop}`,
    about: `${about}, Node ${process.versions.node}`,
    command: runs ? command : { missing: `there is no ${loop} on ${process.platform}` },
  };
}

function inC(loop: string, folder: string): Contender {
  const { about, command } = compile(`${loop}_server`, folder);
  return { name: `C ${loop}`, about: `${loop} in C, ${about}`, command };
}

/** All rows, those that are missing here included. Disposing of them removes what was compiled. */
export class Contenders {
  readonly rows: Contender[];
  readonly #folder = new TemporaryFolder('rfds-compare-');

  constructor() {
    const python = firstLine('python3', '--version');
    const bun = firstLine('bun', '--version');
    this.rows = [
      own('epoll', 'linux', 'epoll, level-triggered, non-blocking'),
      own('epoll-edge', 'linux', 'epoll, edge-triggered, non-blocking'),
      own('poll', null, 'poll, non-blocking'),
      own('kqueue', 'darwin', 'kqueue, level-triggered, non-blocking'),
      own('selectors', null, 'DefaultSelector, non-blocking'),
      own('select', null, 'the documented loop, blocking'),
      own('node', null, `libuv ${process.versions.uv}`),
      inC('epoll', this.#folder.path),
      inC('select', this.#folder.path),
      program('Python select', 'the documented loop', python, ['python3', bench('select_server.py')]),
      program('asyncio', 'streams', python, ['python3', bench('asyncio_server.py')]),
      program('Bun.listen', 'Bun', bun, ['bun', bench('bun_server.ts')]),
    ];
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}
