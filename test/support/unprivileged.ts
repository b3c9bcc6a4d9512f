// The process of one test file as nobody, with few descriptors: what the errno table's rows need. Linux.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { EMFILE } from '../../src/kernel/errno.ts';
import * as sys from '../../src/syscalls.ts';
import { afterTest } from './cleanup.ts';
import { isRoot } from './platform.ts';

/** RLIMIT_NOFILE, from now on. */
export const LIMIT = 256;
const NOBODY = 65534;

/** Until the file's last test. Vitest has a process for each file. */
export function unprivileged(): void {
  beforeAll(() => {
    execFileSync('prlimit', ['--pid', String(process.pid), `--nofile=${LIMIT}:`]);
    if (!isRoot) return;
    process.setgroups!([]);
    process.setegid!(NOBODY);
    process.seteuid!(NOBODY);
  });
  afterAll(() => {
    if (!isRoot) return;
    process.seteuid!(0);
    process.setegid!(0);
  });
}

/** What the call returns when there is no descriptor left. */
export function atLimit<T>(call: () => T): T {
  const filled: number[] = [];
  try {
    for (;;) {
      const fd = sys.dup(2);
      if (fd < 0) {
        expect(fd).toBe(-EMFILE);
        return call();
      }
      filled.push(fd);
    }
  } finally {
    for (const fd of filled) sys.close(fd);
  }
}

/** A path in a new folder, which goes when the test is over. */
export function place(name: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'rfds-errno-'));
  afterTest(() => rmSync(folder, { recursive: true }));
  return path.join(folder, name);
}
