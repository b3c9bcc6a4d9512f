// Random schedules of the loops as they are, in the worlds that mutants are hunted with: nothing breaks. RFDS_RANDOM_SCHEDULES
// is how many, in all; npm run nightly -- random makes a million.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { bundle, huntWith } from './bundle.ts';
import { namesOn } from './hunt.ts';

const names = (['linux', 'darwin'] as const).flatMap((on) => namesOn(on).map((name) => ({ on, name })));
const runs = Math.ceil(Number(process.env.RFDS_RANDOM_SCHEDULES ?? 2_000) / names.length);

test(`${names.length * runs} random schedules break nothing`, { timeout: 30_000 + runs * 50 }, async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'rfds-random-'));
  try {
    const file = await bundle('hunt', folder);
    for (const { on, name } of names)
      expect(await huntWith(file, [name], { runs }, on)).toMatchObject({ where: null, runs });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
