// fcntl(2) with a struct: the locks of a process, and those of an open file description.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { EACCES, EAGAIN, EBADF, EDEADLK, EFAULT, EINVAL } from '../../src/kernel/errno.ts';
import { flock } from '../../src/structs.ts';
import * as sys from '../../src/syscalls.ts';
import { afterTest } from '../support/cleanup.ts';
import { isLinux } from '../support/platform.ts';

const { F_GETLK, F_SETLK, F_SETLKW, F_RDLCK, F_UNLCK, F_WRLCK } = sys;

let name = '';
beforeEach(() => {
  const folder = mkdtempSync(path.join(tmpdir(), 'rfds-lock-'));
  name = path.join(folder, 'file');
  writeFileSync(name, 'some bytes');
  afterTest(() => rmSync(folder, { recursive: true }));
});

function opened(): number {
  const fd = openSync(name, 'r+');
  afterTest(() => closeSync(fd));
  return fd;
}
const lock = (l_type: number, l_start = 0, l_len = 0, l_pid = 0) =>
  flock.pack({ l_type, l_start, l_len, l_pid });

/** What Python, another process, says of trying to lock each part, and giving it up: 0, or the errno. */
function elsewhere(...parts: [start: number, length: number][]): number[] {
  const code = `
import fcntl, json, sys
def attempt(f, start, length):
    try: fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB, length, start)
    except OSError as error: return error.errno
    fcntl.lockf(f, fcntl.LOCK_UN, length, start)
    return 0
with open(sys.argv[1], 'r+') as f: print([attempt(f, *part) for part in json.loads(sys.argv[2])])
`;
  return JSON.parse(execFileSync('python3', ['-c', code, name, JSON.stringify(parts)], { encoding: 'utf8' }));
}

describe('fcntl with a struct flock', () => {
  test('locks a part of a file for a process: another one has the rest', () => {
    const fd = opened();
    expect(sys.fcntl(fd, F_SETLK, lock(F_WRLCK, 3, 7))).toBe(0);
    const [whole, ...rest] = elsewhere([0, 0], [0, 3], [10, 1]);
    expect([EAGAIN, EACCES]).toContain(whole);
    expect(rest).toEqual([0, 0]);
    expect(sys.fcntl(fd, F_SETLK, lock(F_UNLCK))).toBe(0);
    expect(elsewhere([0, 0])).toEqual([0]);
  });

  test('says who has the lock, or that nobody is in the way', async () => {
    const fd = opened();
    const ask = () => {
      const asked = lock(F_RDLCK, 1, 9);
      expect(sys.fcntl(fd, F_GETLK, asked)).toBe(0);
      return flock.unpack(asked);
    };
    expect(ask()).toEqual({ l_type: F_UNLCK, l_whence: 0, l_start: 1, l_len: 9, l_pid: 0 });
    const code = `
import fcntl, sys
f = open(sys.argv[1], 'r+')
fcntl.lockf(f, fcntl.LOCK_EX, 2, 5)
print('locked', flush=True)
sys.stdin.read()
`;
    const child = spawn('python3', ['-c', code, name], { stdio: ['pipe', 'pipe', 'inherit'] });
    afterTest(() => child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    expect(ask()).toEqual({ l_type: F_WRLCK, l_whence: 0, l_start: 5, l_len: 2, l_pid: child.pid });
  });

  test.skipIf(!isLinux)('locks for an open file description: even one process has two', () => {
    const [one, other] = [opened(), opened()];
    expect(sys.fcntl(one, sys.F_OFD_SETLK!, lock(F_WRLCK))).toBe(0);
    expect(sys.fcntl(other, sys.F_OFD_SETLK!, lock(F_WRLCK))).toBe(-EAGAIN);
    const asked = lock(F_RDLCK);
    expect(sys.fcntl(other, sys.F_OFD_GETLK!, asked)).toBe(0);
    expect(flock.unpack(asked)).toMatchObject({ l_type: F_WRLCK, l_pid: -1 });
    expect(sys.fcntl(other, sys.F_OFD_SETLK!, lock(F_WRLCK, 0, 0, 1))).toBe(-EINVAL);
  });

  test.skipIf(!isLinux)(
    'waits for a lock, and says EDEADLK where its owner waits for one of ours',
    async () => {
      const fd = opened();
      const code = `
import fcntl, os, re, sys
f = open(sys.argv[1], 'r+')
fcntl.lockf(f, fcntl.LOCK_EX, 1, 0)
print('locked', flush=True)
sys.stdin.readline()
fcntl.lockf(f, fcntl.LOCK_EX, 1, 1)
waits = re.compile(r'-> POSIX .* ' + sys.argv[2] + ' ')
while not waits.search(open('/proc/locks').read()): pass
`;
      const child = spawn('python3', ['-c', code, name, String(process.pid)], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      afterTest(() => child.kill('SIGKILL'));
      const ended = once(child, 'exit');
      await once(child.stdout, 'data');
      expect(sys.fcntl(fd, F_SETLK, lock(F_WRLCK, 1, 1))).toBe(0);
      child.stdin.write('\n');
      const waits = new RegExp(`-> POSIX .* ${child.pid} `);
      while (!waits.test(readFileSync('/proc/locks', 'utf8'))) await setImmediate();
      expect(sys.fcntl(fd, F_SETLKW, lock(F_WRLCK, 0, 1))).toBe(-EDEADLK);
      expect(sys.fcntl(fd, F_SETLK, lock(F_UNLCK, 1, 1))).toBe(0);
      // The child ends when it sees that this waits.
      expect(sys.fcntl(fd, F_SETLKW, lock(F_WRLCK, 0, 1))).toBe(0);
      expect(await ended).toEqual([0, null]);
    },
  );

  test('is an error, and no crash, for what is no lock', () => {
    const fd = opened();
    expect(sys.fcntl(-1, F_SETLK, lock(F_WRLCK))).toBe(-EBADF);
    expect(sys.fcntl(fd, F_SETLK, lock(77))).toBe(-EINVAL);
    expect(sys.fcntl(fd, F_SETLK, lock(F_WRLCK, -1))).toBe(-EINVAL);
    expect(sys.fcntl(fd, F_SETLK, 1)).toBe(-EFAULT);
    expect(() => sys.fcntl(fd, F_SETLK, new Uint8Array(flock.size - 1))).toThrow(RangeError);
    expect(() => sys.fcntl(fd, sys.F_GETFL, lock(F_WRLCK))).toThrow(RangeError);
    expect(sys.fcntl(fd, sys.F_GETFL, 0)).toBeGreaterThanOrEqual(0);
  });
});

test.skipIf(!isLinux)('fcntl takes F_SETOWN_EX and F_GETOWN_EX as two ints: a kind, and who', () => {
  const sv = new Int32Array(2);
  sys.socketpair(sys.AF_UNIX, sys.SOCK_STREAM, 0, sv);
  afterTest(() => sv.forEach((fd) => void sys.close(fd)));
  const F_OWNER_PID = 1;
  expect(sys.fcntl(sv[0], sys.F_SETOWN_EX!, Int32Array.of(F_OWNER_PID, process.pid))).toBe(0);
  const owner = new Int32Array(2);
  expect(sys.fcntl(sv[0], sys.F_GETOWN_EX!, owner)).toBe(0);
  expect([...owner]).toEqual([F_OWNER_PID, process.pid]);
});
