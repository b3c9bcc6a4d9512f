// hosts.ts: two machines made of network namespaces, of which nothing is ever left behind.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { Hosts, HostsError } from '../../../src/tools/trace/run/hosts.ts';
import { hasHosts, which } from '../../support/platform.ts';
import { existing, Program, within } from '../../support/programs.ts';

const compiled = fileURLToPath(new URL('../../../dist/tools/trace/run/hosts.js', import.meta.url));

/** The namespaces that a process has made. */
function namespacesOf(pid: number): string[] {
  try {
    return readdirSync('/run/netns').filter((name) => name.startsWith(`rfds-${pid}-`));
  } catch {
    return [];
  }
}
const ours = () => namespacesOf(process.pid);

/** Where the makers of hosts enter them. */
const ENTRIES = '/run/rfds-hosts';

/** The children of a process that run a program. */
const childrenOf = (pid: number, program: string) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter((child) => child !== '' && readFileSync(`/proc/${child}/cmdline`, 'utf8').includes(program))
    .map(Number);

/** Another process that makes hosts, has something run on one of them, says so, and waits. */
function maker(atTheEnd = '', listens: 'once' | 'on' = 'once'): Program {
  const text = `
    import { spawn } from 'node:child_process';
    import { Hosts } from ${JSON.stringify(compiled)};
    const stop = new AbortController();
    process.${listens}('SIGINT', () => stop.abort());
    const hosts = await Hosts.make(stop.signal);
    const [program, ...args] = hosts.command('server', ['sleep', '600']);
    const child = spawn(program, args, { stdio: 'ignore', detached: true });
    console.log('made, and started ' + child.pid);
    try {
      await new Promise((_, reject) => {
        const timer = setTimeout(() => {}, 600_000);
        stop.signal.onabort = () => { clearTimeout(timer); reject(new Error('stopped')); };
      });
    } catch {
      ${atTheEnd}
    }`;
  return new Program(process.execPath, ['--input-type=module', '-e', text]);
}

describe.skipIf(!hasHosts)(
  hasHosts ? 'two hosts' : 'network namespaces need Linux, root and iproute2:',
  () => {
    afterEach(() => expect(ours()).toEqual([]));

    test('reach each other, and nobody else', async () => {
      await using hosts = await Hosts.make();
      expect(ours().toSorted()).toEqual([hosts.namespace('client'), hosts.namespace('server')].toSorted());
      const on = (host: 'client' | 'server', ...command: string[]) => {
        const [program, ...args] = hosts.command(host, command);
        return execFileSync(program, args, { encoding: 'utf8' });
      };
      expect(on('client', 'ip', '-brief', 'address')).toMatch(
        /^lo +UNKNOWN +127\.0\.0\.1\/8.*\neth0\S* +UP +10\.0\.0\.2\/24/,
      );
      expect(on('server', 'ip', '-brief', 'address')).toMatch(/\neth0\S* +UP +10\.0\.0\.1\/24/);
      expect(on('client', 'ip', 'route')).toMatch(/^10\.0\.0\.0\/24 dev eth0 [^\n]*\n$/);
      expect(['client', 'server'].map((host) => hosts.address(host as 'client'))).toEqual([
        '10.0.0.2',
        '10.0.0.1',
      ]);
      // What is sent first arrives: once there are hosts, they are up.
      const answer = "require('net').connect(9, '10.0.0.1').on('error', (e) => console.log(e.code))";
      expect(on('client', process.execPath, '-e', answer)).toBe('ECONNREFUSED\n');
    });

    test('may be there several times, in one process and in two', async () => {
      await using first = await Hosts.make();
      await using second = await Hosts.make();
      await using other = maker();
      await other.has(/made/);
      expect(new Set([...ours(), ...namespacesOf(other.pid)]).size).toBe(6);
      await first[Symbol.asyncDispose]();
      expect(ours().toSorted()).toEqual([second.namespace('client'), second.namespace('server')].toSorted());
      expect(namespacesOf(other.pid)).toHaveLength(2);
      // What ran on them ends with them; the others' goes on.
      await using _ = second;
    });

    test('are gone after Ctrl+C, with what ran on them', async () => {
      await using program = maker('await hosts[Symbol.asyncDispose]();');
      const [, child] = await program.has(/started (\d+)/);
      expect(namespacesOf(program.pid)).toHaveLength(2);
      program.kill('SIGINT');
      expect(await within(program.exited, 'exit')).toBe(0);
      expect(namespacesOf(program.pid)).toEqual([]);
      await within(gone(child), 'the end of what ran on a host');
    });

    test('of a process that was killed are gone at once, with what ran on them', async () => {
      await using program = maker();
      await using living = maker();
      const [, child] = await program.has(/started (\d+)/);
      await living.has(/made/);
      program.kill('SIGKILL');
      await program.exited;
      await within(gone(child), 'the end of what ran on a host');
      await within(
        until(() => namespacesOf(program.pid).length === 0),
        'the end of the hosts',
      );
      expect(namespacesOf(living.pid)).toHaveLength(2);
    });

    test('of a process that was killed are removed by the next, with what ran on them', async () => {
      await using program = maker();
      await using living = maker();
      const [, child] = await program.has(/started (\d+)/);
      await living.has(/made/);
      // What would clean up is killed first.
      const [beside] = childrenOf(program.pid, 'cleanup-main');
      process.kill(beside, 'SIGKILL');
      program.kill('SIGKILL');
      await program.exited;
      expect(namespacesOf(program.pid)).toHaveLength(2);
      expect(existing(child)).toBe(true);

      await using _ = await Hosts.make();
      expect(namespacesOf(program.pid)).toEqual([]);
      await within(gone(child), 'the end of what ran on a host');
      expect(namespacesOf(living.pid)).toHaveLength(2);
    });

    test('of a process whose number another has by now are removed too', async () => {
      // This process did not begin in the first tick of the system.
      const mark = `rfds-${process.pid}-1-0123`;
      const name = `${mark}-client`;
      execFileSync('ip', ['netns', 'add', name]);
      writeFileSync(`${ENTRIES}/${mark}`, readlinkSync('/proc/self/ns/pid'));
      await using _ = await Hosts.make();
      expect(readdirSync('/run/netns')).not.toContain(name);
      expect(readdirSync(ENTRIES)).not.toContain(mark);
    });

    test('that only have such a name, or were made from another PID namespace, are left alone', async () => {
      const theirs = `rfds-${process.pid}-1-4567`;
      const names = [
        `rfds-${process.pid}-1-1-client`,
        `rfds-${process.pid}-1-89ab-server`,
        `${theirs}-client`,
      ];
      for (const name of names) execFileSync('ip', ['netns', 'add', name]);
      const [program, ...args] = ['ip', 'netns', 'exec', names[0], 'sleep', '600'];
      const stranger = spawn(program, args, { stdio: 'ignore' });
      try {
        await using _ = await Hosts.make();
        writeFileSync(`${ENTRIES}/${theirs}`, 'pid:[1]');
        await using _other = await Hosts.make();
        expect(readdirSync('/run/netns')).toEqual(expect.arrayContaining(names));
        expect(stranger.exitCode).toBe(null);
        expect(stranger.signalCode).toBe(null);
      } finally {
        stranger.kill('SIGKILL');
        await once(stranger, 'exit');
        for (const name of names) execFileSync('ip', ['netns', 'del', name]);
        rmSync(`${ENTRIES}/${theirs}`);
      }
    });

    test('are removed though Ctrl+C is pressed on the terminal again and again', async () => {
      // A terminal's Ctrl+C goes to the whole process group: also to every ip that is running.
      for (let round = 0; round < 3; round++) {
        await using program = maker('await hosts[Symbol.asyncDispose]();', 'on');
        await program.has(/made/);
        const again = setInterval(() => {
          try {
            process.kill(-program.child.pid!, 'SIGINT');
          } catch {
            // It has ended.
          }
        }, 15);
        await within(program.exited, 'exit');
        clearInterval(again);
        // At the latest by what cleans up after it, which no terminal reaches.
        await within(
          until(() => namespacesOf(program.pid).length === 0),
          'the end of the hosts',
        );
      }
    });

    test.each([0, 4, 8, 12, 16, 24, 32])('leave nothing if it is called off after %i ms', async (ms) => {
      const stop = new AbortController();
      const making = Hosts.make(stop.signal);
      setTimeout(() => stop.abort(), ms);
      const made = await making.catch((error: Error) => error);
      if (made instanceof Hosts) await made[Symbol.asyncDispose]();
      else expect(made.name).toBe('AbortError');
      expect(ours()).toEqual([]);
    });

    test('compute their checksums if there is an ethtool to tell them, and leave them to a card if not', async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'rfds-'));
      const before = process.env.PATH;
      try {
        symlinkSync(which('ip')!, path.join(folder, 'ip'));
        process.env.PATH = folder;
        await using hosts = await Hosts.make();
        expect(hosts.checksums).toBe('offloaded');
      } finally {
        process.env.PATH = before;
        rmSync(folder, { recursive: true });
      }
      await using hosts = await Hosts.make();
      expect(hosts.checksums).toBe(which('ethtool') ? 'computed' : 'offloaded');
    });

    test('cannot be made without iproute2: one line says so', async () => {
      const before = process.env.PATH;
      process.env.PATH = '/nowhere';
      try {
        const text = 'network namespaces are made with ip, from iproute2: it is missing';
        await expect(Hosts.make()).rejects.toThrow(new HostsError(text));
      } finally {
        process.env.PATH = before;
      }
    });

    test('cannot be made without root: one line says so', async () => {
      const text = `
      import { Hosts, HostsError } from ${JSON.stringify(compiled)};
      const error = await Hosts.make().catch((error) => error);
      console.log(error instanceof HostsError, error.message);`;
      const nobody = ['--reuid', '65534', '--clear-groups'];
      const args = [...nobody, process.execPath, '--input-type=module', '-e', text];
      expect(execFileSync('setpriv', args, { encoding: 'utf8' })).toBe(
        'true only root may make network namespaces\n',
      );
    });
  },
);

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(5);
}

const gone = (pid: string) => until(() => !existing(pid));
