// Where a run's recording grows. A leaf. Above: run.ts, recorded-program.ts.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A folder that is gone when it is disposed of. */
export class TemporaryFolder {
  readonly path = mkdtempSync(path.join(tmpdir(), 'rfds-trace-'));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
