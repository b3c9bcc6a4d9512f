// --hosts: the walkthrough's two machines, as network namespaces joined by a veth pair: the client
// is 10.0.0.2, the server 10.0.0.1. Linux, root and iproute2.
//
// A namespace is named rfds-PID-START-N-client after the process that made it, by its pid and start time, which
// together no other process has. A process that was killed has left its namespaces behind: making hosts
// begins with removing those whose process is gone.

import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where `ip netns` keeps the names. */
const NAMES = '/run/netns';
/** How long an interface may take to come up, in milliseconds: a moment, usually. */
const UP_DEADLINE = 5000;
/** The one interface that joins a host to the other. */
const INTERFACE = 'eth0';

const addresses = { server: '10.0.0.1', client: '10.0.0.2' } as const;
export type Host = keyof typeof addresses;
const hosts = Object.keys(addresses) as Host[];

/** Why there can be no hosts here, in one line. */
export class HostsError extends Error {
  override readonly name = 'HostsError';
}

let made = 0;

/** The two hosts. Disposing of them ends what still runs on them, and removes them. */
export class Hosts {
  readonly #mark: string;
  /** Whether the hosts compute the checksums of what they send, or leave them for a card that is not there. */
  checksums: 'computed' | 'offloaded' = 'offloaded';

  private constructor(mark: string) {
    this.#mark = mark;
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
      try {
        await run(program, args);
      } catch {
        return false;
      }
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

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of existing()) {
      if (name.startsWith(`${this.#mark}-`)) await remove(name);
    }
  }
}

function newMark(): string {
  made++;
  return `rfds-${process.pid}-${startOf(process.pid)}-${made}`;
}

/** When a process began, in clock ticks since the system did; null where there is no such process. */
function startOf(pid: number | string): string | null {
  try {
    // pid (name) state …: the name may have anything in it, so the fields are counted behind it.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? null : fields[18];
  } catch {
    return null;
  }
}

function existing(): string[] {
  try {
    return readdirSync(NAMES);
  } catch {
    return []; // No namespace has been made since the system booted.
  }
}

/** Removes the hosts of processes that are gone. */
async function removeAbandoned(): Promise<void> {
  for (const name of existing()) {
    const mark = name.match(/^rfds-(\d+)-(\d+)-\d+-(server|client)$/);
    if (mark && startOf(mark[1]) !== mark[2]) await remove(name);
  }
}

// The namespace lives as long as a process in it, so those end first: they are ours, as it is.
async function remove(name: string): Promise<void> {
  try {
    const { stdout } = await run('ip', ['netns', 'pids', name]);
    for (const pid of stdout.split('\n').filter(Boolean)) kill(Number(pid));
    await run('ip', ['netns', 'del', name]);
  } catch (error) {
    // Another process may have removed it by now.
    if (existing().includes(name)) throw failure(error, ['netns', 'del', name]);
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
  try {
    const { stdout } = await run('ip', args);
    return stdout;
  } catch (error) {
    throw failure(error, args);
  }
}

function failure(error: unknown, args: string[]): HostsError {
  const { code, stderr, message } = error as Error & { code?: unknown; stderr?: string };
  if (code === 'ENOENT')
    return new HostsError('network namespaces are made with ip, from iproute2: it is missing');
  const [said] = (stderr || message).split('\n');
  return new HostsError(`ip ${args.join(' ')}: ${said}`);
}
