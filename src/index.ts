// Python's modules, the raw calls, the errors and the ledger, by module; rfds/structs and rfds/net are not here.

import './startup.ts';

export * as builtins from './builtins.ts';
export * as ledger from './interpose/ledger.ts';
export * from './kernel/errno.ts';
export * from './python/errors.ts';
export * as select from './select.ts';
export * as selectors from './selectors.ts';
export * as signal from './signal.ts';
export * as socket from './socket.ts';
export * as syscalls from './syscalls.ts';
