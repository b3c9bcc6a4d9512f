// Waits at random: none is lost, and none is told what happened to another descriptor. RFDS_SCHEDULES is how many steps.

import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Program, within } from '../support/programs.ts';

const program = fileURLToPath(new URL('./async-stress.mjs', import.meta.url));
const steps = Number(process.env.RFDS_SCHEDULES ?? 20_000);
const seed = Number(process.env.RFDS_SEED ?? 1 + Math.floor(Math.random() * 1e6));
const deadline = 30_000 + steps;

test(
  `${steps} steps of arm, ready, cancel, close and reuse (seed ${seed}): no wait is lost, none reaches the next owner of a number`,
  async () => {
    await using child = new Program(process.execPath, [program, String(seed), String(steps)]);
    const status = await within(child.exited, 'the end of the program', deadline);
    expect([status, child.stderr]).toEqual([0, '']);
    const { counts, wrong, left } = JSON.parse(child.stdout);
    expect([wrong, left]).toEqual([[], 0]);
    for (const [what, count] of Object.entries(counts))
      expect([what, (count as number) > 100]).toEqual([what, true]);
  },
  deadline + 5_000,
);
