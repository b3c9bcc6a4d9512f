// A socket's type, as socket(2) takes it: a SOCK_*, and flags.

import { SOCK_CLOEXEC, SOCK_NONBLOCK } from './constants/socket.ts';

/** The flags that may be or-ed into a socket's type; 0 where the kernel has none. */
export const typeFlags: number = (SOCK_CLOEXEC ?? 0) | (SOCK_NONBLOCK ?? 0);
