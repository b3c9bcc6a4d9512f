// A worker may be terminated at any moment, also while the addon is making an exception or is being loaded: then
// Node-API's functions fail, and the process must not end for it.
// RFDS_ROUNDS: how many rounds of eight workers (200, say); a few without it.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('./terminated-workers.mjs', import.meta.url));
const rounds = Number(process.env.RFDS_ROUNDS ?? 6);
// Enough for a busy machine; fewer rounds fit there otherwise.
const seconds = process.env.RFDS_ROUNDS ? 3000 : 8;

test.each([
  ['throws argument errors', 'throwing'],
  ['loads the addon', 'loading'],
])(
  'a worker that is terminated while it %s takes nothing down with it',
  { timeout: (seconds + 60) * 1000 },
  async (_, what) => {
    const args = [program, what, String(rounds), String(seconds)];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
    expect(stderr).toBe('');
    expect(Number(stdout)).toBeGreaterThan(0);
    if (process.env.RFDS_ROUNDS) expect(Number(stdout)).toBe(rounds);
  },
);
