// What a service says to systemd and gets from it, with this test as the manager.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AF_UNIX, SOCK_DGRAM, socket } from '../../src/socket.ts';
import * as sys from '../../src/syscalls.ts';
import { listen_fds, notify, watchdog_enabled } from '../../src/systemd.ts';
import { isLinux } from '../support/platform.ts';
import { module } from '../support/signalled.ts';

let folder: string;
const before = { ...process.env };

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rfds-systemd-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
});

function manager(name: string) {
  const sock = socket(AF_UNIX, SOCK_DGRAM);
  sock.bind(name);
  sock.settimeout(5);
  return sock;
}

test('notify() sends a state, or several, to the manager', () => {
  const name = path.join(folder, 'notify');
  using sock = manager(name);
  process.env.NOTIFY_SOCKET = name;
  expect(notify('READY=1')).toBe(true);
  expect(notify({ STATUS: 'serving', MAINPID: 7 })).toBe(true);
  expect(sock.recv(100).toString()).toBe('READY=1');
  expect(sock.recv(100).toString()).toBe('STATUS=serving\nMAINPID=7');
});

test.runIf(isLinux)('notify() reaches an abstract name, and sends descriptors', () => {
  using sock = manager(`\0rfds-test-${process.pid}`);
  process.env.NOTIFY_SOCKET = `@rfds-test-${process.pid}`;
  expect(notify('FDSTORE=1', { fds: [1] })).toBe(true);
  const [data, [[level, type, rights]]] = sock.recvmsg(100, 64);
  expect([data.toString(), level, type]).toEqual(['FDSTORE=1', sys.SOL_SOCKET, sys.SCM_RIGHTS]);
  sys.close(rights.readInt32LE());
});

test('notify() without a manager is false; a wrong variable, a line end in a value and no state are errors', () => {
  expect(notify('READY=1')).toBe(false);
  process.env.NOTIFY_SOCKET = 'vsock:2:1';
  expect(() => notify('READY=1')).toThrow(RangeError);
  process.env.NOTIFY_SOCKET = path.join(folder, 'nobody');
  expect(() => notify('READY=1')).toThrow(expect.objectContaining({ code: 'ENOENT', syscall: 'sendmsg' }));
  expect(() => notify({ STATUS: 'a\nREADY=1' })).toThrow('must have no line end');
  expect(() => notify(1 as unknown as string)).toThrow(TypeError);
});

// Starts a program as systemd starts a service: with a listener at descriptor 3, and its own pid in LISTEN_PID.
const asSystemd = `
import os, socket, sys
listener = socket.socket()
listener.bind(('127.0.0.1', 0))
listener.listen()
os.dup2(os.dup(listener.fileno()), 3) # Two numbers: dup2 of one alone leaves it close-on-exec.
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1', LISTEN_FDNAMES='web')
os.execv(sys.argv[1], sys.argv[1:])
`;

test('listen_fds() takes the sockets that were passed, once, with their names', () => {
  const program = `
    import * as S from ${module('socket')};
    import * as sys from ${module('syscalls')};
    import { listen_fds } from ${module('systemd')};
    const [{ sock, name }] = listen_fds();
    console.log(name, sock.fileno(), sock.family === S.AF_INET, sock.type === S.SOCK_STREAM);
    console.log(sys.fcntl(3, sys.F_GETFD, 0) === sys.FD_CLOEXEC, listen_fds().length, process.env.LISTEN_FDS);
    const client = S.create_connection(sock.getsockname());
    console.log(sock.accept()[1][1] === client.getsockname()[1]);
  `;
  const args = ['-c', asSystemd, process.execPath, '--input-type=module', '-e', program];
  const stdout = execFileSync('python3', args, { encoding: 'utf8', timeout: 20_000 });
  expect(stdout).toBe('web 3 true true\ntrue 0 undefined\ntrue\n');
});

test('listen_fds() has none of another process, and refuses what is no count', () => {
  process.env.LISTEN_PID = String(process.pid + 1);
  process.env.LISTEN_FDS = '1';
  expect(listen_fds()).toEqual([]);
  process.env.LISTEN_PID = String(process.pid);
  process.env.LISTEN_FDS = 'many';
  expect(() => listen_fds()).toThrow(RangeError);
});

test('watchdog_enabled() is in seconds, and null for another process', () => {
  expect(watchdog_enabled()).toBe(null);
  process.env.WATCHDOG_USEC = '30000000';
  expect(watchdog_enabled()).toBe(30);
  process.env.WATCHDOG_PID = String(process.pid + 1);
  expect(watchdog_enabled()).toBe(null);
  process.env.WATCHDOG_PID = String(process.pid);
  process.env.WATCHDOG_USEC = 'soon';
  expect(() => watchdog_enabled()).toThrow(RangeError);
});
