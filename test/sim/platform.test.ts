// Which simulated platform a process can have (its constants are one platform's): darwin/ has the other one's tests.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { World } from '../../src/sim/world.ts';

const addon = fileURLToPath(new URL('../../src/kernel/addon.cjs', import.meta.url));

test.skipIf(process.platform !== 'linux')('a world of macOS takes RFDS_SIM_PLATFORM, and says so', () => {
  expect(() => new World({ platform: 'darwin' })).toThrow(
    "World: platform 'darwin' takes its constants and structs, and this process has those of 'linux': " +
      'start the process with RFDS_SIM_PLATFORM=darwin in its environment',
  );
});

test('RFDS_SIM_PLATFORM names darwin or this platform', () => {
  const load = (platform: string) =>
    execFileSync(process.execPath, ['-e', 'require(process.argv[1])', addon], {
      env: { ...process.env, RFDS_SIM_PLATFORM: platform },
      stdio: 'pipe',
    });
  load('darwin');
  load(process.platform);
  expect(() => load('win32')).toThrow(/RFDS_SIM_PLATFORM is darwin or the platform of this machine/);
});
