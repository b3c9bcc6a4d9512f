// The public door: only exports. Each module is also a subpath of its own: rfds/socket, ….

export * from './errno.ts';
export * as ledger from './ledger.ts';
export * as select from './select.ts';
export * as selectors from './selectors.ts';
export * as signal from './signal.ts';
export * as socket from './socket.ts';
export * as syscalls from './syscalls.ts';
