// Signals at random in a program that changes everything about them at random: none is lost, none comes twice,
// and none ends the process. RFDS_SIGNALS is how many (a few thousand).

import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Program, within } from '../support/programs.ts';

const program = fileURLToPath(new URL('./signal-stress.mjs', import.meta.url));
const signals = Number(process.env.RFDS_SIGNALS ?? 4000);
const seed = Number(process.env.RFDS_SEED ?? 1 + Math.floor(Math.random() * 1e6));
const deadline = 30_000 + signals * 10;

test(
  `of ${signals} signals (seed ${seed}) each has its handler run after it was sent last, and never more often than sent`,
  async () => {
    await using child = new Program(process.execPath, [program, String(seed), String(signals)]);
    const status = await within(child.exited, 'the end of the program', deadline);
    expect([status, child.stderr]).toEqual([0, '']);
    const { counts, sent, last, kept } = JSON.parse(child.stdout);
    expect(kept).toBe(true);
    for (const [name, count] of Object.entries<{ handlers: number; listeners: number; last: number }>(
      counts,
    )) {
      const ran = count.handlers + count.listeners;
      expect([name, ran > 0, count.last >= last[name]]).toEqual([name, true, true]);
      // The children's own SIGCHLD come besides.
      if (name !== 'SIGCHLD') expect([name, ran <= sent[name]]).toEqual([name, true]);
    }
  },
  deadline + 5_000,
);
