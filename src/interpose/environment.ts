// What RFDS_TRACE and RFDS_LEDGER ask for. Bundled on its own and loaded by startup.ts, only when asked.

import type { attach } from '../kernel/syscalls.ts';
import { start } from './ledger.ts';
import { recordTo } from './recorder/recorder.ts';

/** Attaches what the environment asks for. attach: that of the program's own copy of kernel/syscalls.ts. */
export function attachAsked(attachTo: typeof attach): void {
  const { RFDS_TRACE, RFDS_LEDGER } = process.env;
  if (RFDS_TRACE) {
    const recorder = recordTo(RFDS_TRACE);
    if (recorder) attachTo(recorder, { observes: true });
  }
  if (RFDS_LEDGER === '1') start(attachTo);
}
