// Every exported function of every public subpath, and the methods of what they return, called with
// whatever may come: whatever they throw, the process goes on. The calls are made in fuzz.mjs.

import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Program, within } from '../support/programs.ts';

const script = fileURLToPath(new URL('./fuzz.mjs', import.meta.url));

test.each(['index', 'builtins', 'net', 'socket', 'select', 'selectors', 'signal', 'structs', 'syscalls'])(
  'no arguments to a function of %s end the process',
  { timeout: 310_000 },
  async (subpath) => {
    await using program = new Program(process.execPath, [script, subpath, '475', '1500']);
    // A deadline against hanging only: under ASan rfds/select's calls took 66 s.
    const status = await within(program.exited, 'exit', 300_000);
    expect(status, program.stderr.slice(-2000)).toBe(0);
    const { calls, thrown, names } = JSON.parse(program.stdout.trim().split('\n').at(-1)!);
    expect(calls).toBeGreaterThanOrEqual(1400);
    expect(names.length).toBeGreaterThan(0);
    expect(thrown.TypeError).toBeGreaterThan(0);
  },
);
