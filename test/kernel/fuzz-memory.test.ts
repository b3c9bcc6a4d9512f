// Every raw call with random memory, and every number of an option and of a request, made without privileges: the
// process goes on, and no byte beside that memory changes. The calls are made in fuzz-memory.mjs.
// RFDS_FUZZ=all: every number from 0 to 65535 (npm run sanitize -- test/kernel/fuzz-memory.test.ts, then under
// ASan); a part of them without it.

import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { isLinux } from '../support/platform.ts';
import { Program, within } from '../support/programs.ts';

const script = fileURLToPath(new URL('./fuzz-memory.mjs', import.meta.url));
const isWhole = process.env.RFDS_FUZZ === 'all';
// ASan's sendmsg(2) walks control messages before the kernel sees them, and for ever over one of length 0. What the
// fuzz looks for are bytes that are written.
const { ASAN_OPTIONS } = process.env;
const env = ASAN_OPTIONS === undefined ? {} : { ASAN_OPTIONS: `${ASAN_OPTIONS}:intercept_send=0` };
const [step, calls, seconds] = isWhole ? [1, 1_000_000, 3000] : [211, 20_000, 120];

test.skipIf(!isLinux)(
  'no option, request or raw call with random memory ends the process or changes a byte beside it',
  { timeout: (seconds + 10) * 1000 },
  async () => {
    const seed = Number(process.env.RFDS_SEED ?? 1);
    await using program = new Program(process.execPath, [script, ...[seed, step, calls].map(String)], env);
    const status = await within(program.exited, 'exit', seconds * 1000);
    expect(status, program.stderr.slice(-2000)).toBe(0);
    const seen = JSON.parse(program.stdout.trim().split('\n').at(-1)!);
    if (isWhole) console.log(seen);
    expect(seen.violations).toEqual([]);
    expect(seen.options).toBeGreaterThan(20_000);
    expect(seen.ioctls).toBeGreaterThan(20_000);
    // Many are answered, and not only turned away.
    expect(seen.answered).toBeGreaterThan(1000);
  },
);
