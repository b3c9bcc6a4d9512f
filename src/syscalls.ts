// The raw layer: the kernel's calls with POSIX names and argument order. Each returns the call's result or
// the negative errno; nothing throws for a kernel error. With the constants that they take, as the platform's
// headers have them: one that they lack is undefined. docs/syscalls.md

import './startup.ts';

export * from './kernel/constants/all.ts';
export { errorcode } from './kernel/errorcode.ts';
export * from './kernel/syscalls.ts';
