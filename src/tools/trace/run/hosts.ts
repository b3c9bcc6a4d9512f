// --hosts: the walkthrough's two machines, as network namespaces joined by a veth pair: the client
// is 10.0.0.2, the server 10.0.0.1. Linux, root and iproute2.
//
// A namespace is named rfds-PID-START-RANDOM-client after the process that made it, by its pid and start time. A name
// proves nothing, for any process may give it: a namespace is removed only if its maker has entered it in a folder
// that is root's alone, and is gone. That is judged by the pid in the maker's own PID namespace; what was made from
// another one, a container's, is left alone. cleanup.ts removes the hosts of a process that is killed at once; if
// that was killed, too, the next that makes hosts does.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { removeIfKilled, startOf } from '../../cleanup.ts';

/** Where `ip netns` keeps the names. */
const NAMES = '/run/netns';
/** Where the marks of hosts are entered: a file each, with the PID namespace of the process that made them. */
const ENTRIES = '/run/rfds-hosts';
/** How long an interface may take to come up, in milliseconds: a moment, usually. */
const UP_DEADLINE = 5000;
/** How often the removal of a namespace is tried. */
const MOST_TRIES = 10;
const TRY_AGAIN_MS = 5;
/** The one interface that joins a host to the other. */
const INTERFACE = 'eth0';

const addresses = { server: '10.0.0.1', client: '10.0.0.2' } as const;
export type Host = keyof typeof addresses;
const hosts = Object.keys(addresses) as Host[];

/** Why there can be no hosts here, in one line. */
export class HostsError extends Error {
  override readonly name = 'HostsError';
}

/** The two hosts. Disposing of them ends what still runs on them, and removes them. */
export class Hosts {
  readonly #mark: string;
  readonly #removed: () => void;
  /** Whether the hosts compute the checksums of what they send, or leave them for a card that is not there. */
  checksums: 'computed' | 'offloaded' = 'offloaded';

  private constructor(mark: string) {
    this.#mark = mark;
    enter(mark);
    this.#removed = removeIfKilled({ kind: 'hosts', mark });
  }

  /** Throws HostsError where hosts cannot be made, and AbortError; nothing is left behind then. */
  static async make(signal?: AbortSignal): Promise<Hosts> {
    if (process.platform !== 'linux')
      throw new HostsError('network namespaces are a thing of Linux: there are no hosts here');
    if (process.geteuid?.() !== 0) throw new HostsError('only root may make network namespaces');
    signal?.throwIfAborted();
    await removeAbandoned();
    const made = new Hosts(newMark());
    try {
      await made.#join(signal);
      return made;
    } catch (error) {
      await made[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #join(signal?: AbortSignal): Promise<void> {
    const [here, there] = hosts.map((host) => this.namespace(host));
    await ip(['netns', 'add', here], signal);
    await ip(['netns', 'add', there], signal);
    // Each end is made where it belongs: nothing of it is ever seen outside.
    const ends = [
      'name',
      INTERFACE,
      'netns',
      here,
      'type',
      'veth',
      'peer',
      'name',
      INTERFACE,
      'netns',
      there,
    ];
    await ip(['link', 'add', ...ends], signal);
    for (const host of hosts) {
      const within = ['-n', this.namespace(host)];
      await ip([...within, 'addr', 'add', `${addresses[host]}/24`, 'dev', INTERFACE], signal);
      await ip([...within, 'link', 'set', INTERFACE, 'up'], signal);
      await ip([...within, 'link', 'set', 'lo', 'up'], signal);
    }
    if (await this.#computeChecksums(signal)) this.checksums = 'computed';
    for (const host of hosts) await this.#up(host, signal);
  }

  // The kernel switches an interface on a moment after it was asked to; what is sent before that is lost.
  async #up(host: Host, signal?: AbortSignal): Promise<void> {
    const command = ['-n', this.namespace(host), '-brief', 'link', 'show', INTERFACE];
    for (const deadline = Date.now() + UP_DEADLINE; ; await pause(2)) {
      if (/ UP /.test(await ip(command, signal))) return;
      if (Date.now() > deadline) throw new HostsError(`${INTERFACE} of the ${host} does not come up`);
    }
  }

  // ethtool is a package of its own, and may be missing.
  async #computeChecksums(signal?: AbortSignal): Promise<boolean> {
    for (const host of hosts) {
      const [program, ...args] = this.command(host, ['ethtool', '-K', INTERFACE, 'tx', 'off']);
      signal?.throwIfAborted();
      const { status } = await run(program, args);
      if (status !== 0) return false;
    }
    return true;
  }

  /** The name of a host's network namespace. */
  namespace(host: Host): string {
    return `${this.#mark}-${host}`;
  }

  /** '10.0.0.1' */
  address(host: Host): string {
    return addresses[host];
  }

  /** The interface of each host that leads to the other. */
  readonly interface = INTERFACE;

  /** The command that runs a command on a host; the process is the same, and gets its signals. */
  command(host: Host, command: string[]): string[] {
    return ['ip', 'netns', 'exec', this.namespace(host), ...command];
  }

  /** Throws HostsError for what it could not remove. */
  async [Symbol.asyncDispose](): Promise<void> {
    await removeHosts(this.#mark);
    this.#removed();
  }
}

const newMark = () => `rfds-${process.pid}-${startOf(process.pid)}-${randomBytes(6).toString('hex')}`;

function existing(): string[] {
  try {
    return readdirSync(NAMES);
  } catch {
    return []; // No namespace has been made since the system booted.
  }
}

// The PID namespace that this process is in, 'pid:[4026531836]': in another one its pid is another's.
const pidNamespace = () => readlinkSync('/proc/self/ns/pid');

const isOnlyRoots = ({ uid, mode }: Stats) => uid === 0 && (mode & 0o022) === 0;

function enter(mark: string): void {
  mkdirSync(ENTRIES, { recursive: true, mode: 0o700 });
  if (!isOnlyRoots(lstatSync(ENTRIES)))
    throw new HostsError(`others than root may write to ${ENTRIES}, so it proves nothing: remove it`);
  writeFileSync(path.join(ENTRIES, mark), pidNamespace());
}

/** The marks that processes of this PID namespace entered. */
function entered(): string[] {
  try {
    if (!isOnlyRoots(lstatSync(ENTRIES))) return [];
    return readdirSync(ENTRIES).filter((mark) => isOfHere(path.join(ENTRIES, mark)));
  } catch {
    return []; // ENOENT: none were made since the system booted.
  }
}

function isOfHere(entry: string): boolean {
  try {
    return readFileSync(entry, 'utf8') === pidNamespace();
  } catch {
    return false; // Another process has removed it by now.
  }
}

/** Removes the hosts of processes of this PID namespace that are gone; one that cannot be removed stays. */
async function removeAbandoned(): Promise<void> {
  for (const mark of entered()) {
    const [, pid, start] = mark.match(/^rfds-(\d+)-(\d+)-[0-9a-f]+$/) ?? [];
    if (pid !== undefined && startOf(pid) !== start) await removeHosts(mark).catch(() => {});
  }
}

/** Removes both hosts of a mark, with what runs on them. Throws HostsError, with its name, for one that stays. */
export async function removeHosts(mark: string): Promise<void> {
  const failures: Error[] = [];
  for (const host of hosts) {
    const name = `${mark}-${host}`;
    if (existing().includes(name)) await remove(name).catch((error) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
  rmSync(path.join(ENTRIES, mark), { force: true });
}

// The namespace lives as long as a process in it, so those end first: they are ours, as it is. Tried again where it
// fails: a signal of the terminal may come before a command is in a session of its own. What is left then, cleanup.ts
// removes when this process has ended: no terminal reaches that.
async function remove(name: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      const pids = await ip(['netns', 'pids', name]);
      for (const pid of pids.split('\n').filter(Boolean)) kill(Number(pid));
      await ip(['netns', 'del', name]);
      return;
    } catch (error) {
      // Another process may have removed it by now.
      if (!existing().includes(name)) return;
      if (tries < MOST_TRIES) {
        await pause(TRY_AGAIN_MS);
        continue;
      }
      throw new HostsError(`the network namespace ${name} is left behind: ${(error as Error).message}`);
    }
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // ESRCH: it has ended.
  }
}

// A command that has begun is waited for, not aborted: if killed, it might have taken effect all the same.
async function ip(args: string[], signal?: AbortSignal): Promise<string> {
  signal?.throwIfAborted();
  const { status, stdout, stderr } = await run('ip', args);
  if (status === 0) return stdout;
  if (status === 'ENOENT')
    throw new HostsError('network namespaces are made with ip, from iproute2: it is missing');
  const [said] = stderr.split('\n');
  throw new HostsError(`ip ${args.join(' ')}: ${said || `status ${status}`}`);
}

interface Ended {
  /** Or the signal that ended it, or why it could not be started. */
  status: number | string;
  stdout: string;
  stderr: string;
}

// In a session of its own: Ctrl+C, however often, is for this process, which ends what it has begun.
async function run(program: string, args: string[]): Promise<Ended> {
  const child = spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended: Ended = { status: 0, stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      ended[name] += text;
    });
  try {
    const [status, signal] = await once(child, 'close');
    return { ...ended, status: status ?? signal };
  } catch (error) {
    return { ...ended, status: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
}
