// Faults at the choke point: calls of this thread that fail, are short or late, on the real kernel, as a kernel may do
// it. Also by the environment: RFDS_FAULTS. docs/faults.md

import './startup.ts';

export { type Fault, type FaultsText, parseFaults, type When } from './interpose/fault-rules.ts';
export { type Faults, type Injected, type InjectOptions, inject } from './interpose/faults.ts';
