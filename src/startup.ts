// What the environment turns on: RFDS_TRACE=file records every call, RFDS_LEDGER=1 keeps the ledger of
// descriptors, RFDS_FAULTS makes calls fail. Each public module imports this first, so that nothing is missed; without
// those variables it loads nothing. What it loads is bundled to CommonJS, because a module that must be loaded at once and
// only sometimes can be neither imported (static) nor awaited (require() refuses modules that await).

import { createRequire } from 'node:module';
import { attach } from './kernel/syscalls.ts';

const { RFDS_TRACE, RFDS_LEDGER, RFDS_FAULTS } = process.env;

if (RFDS_TRACE || RFDS_LEDGER === '1' || RFDS_FAULTS) {
  const require = createRequire(import.meta.url);
  const { attachAsked } =
    require('../dist/interpose/environment.cjs') as typeof import('./interpose/environment.ts');
  attachAsked(attach);
}
