// What RFDS_TRACE, RFDS_LEDGER and RFDS_FAULTS ask for. Bundled on its own and loaded by startup.ts, only when asked.

import { writeSync } from 'node:fs';
import type { attach } from '../kernel/syscalls.ts';
import { parseFaults } from './fault-rules.ts';
import { FaultLayer } from './faults.ts';
import { start } from './ledger.ts';
import { recordTo } from './recorder/recorder.ts';

/** Attaches what the environment asks for. attach: that of the program's own copy of kernel/syscalls.ts. */
export function attachAsked(attachTo: typeof attach): void {
  const { RFDS_TRACE, RFDS_LEDGER, RFDS_FAULTS } = process.env;
  if (RFDS_TRACE) {
    const recorder = recordTo(RFDS_TRACE);
    if (recorder) attachTo(recorder, { observes: true });
  }
  if (RFDS_LEDGER === '1') start(attachTo);
  if (RFDS_FAULTS) injectAsked(RFDS_FAULTS, attachTo);
}

// A fault that was written wrongly, and so does not happen, would be taken for one that was survived.
function injectAsked(text: string, attachTo: typeof attach): void {
  try {
    const { faults, ...options } = parseFaults(text);
    new FaultLayer(faults, { ...options, attachTo });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    writeSync(2, `rfds: RFDS_FAULTS: ${error.message}\n`);
    process.exit(2);
  }
}
