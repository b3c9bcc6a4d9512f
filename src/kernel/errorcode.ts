// The names of errnos by their numbers. Read from the addon's table and not from constants/errno.ts, a module more that
// every import of rfds/syscalls would pay for.

import { constants } from './native.ts';

let names: Map<number, string> | undefined;

// Made when it is first asked for. The first name of the table wins where two share a number: EAGAIN, EWOULDBLOCK;
// EOPNOTSUPP, ENOTSUP.
function namesByNumber(): Map<number, string> {
  const found = new Map<number, string>();
  for (const name of Object.keys(constants)) {
    // Of the other constants none begins so but EPOLLIN and the like.
    const number = /^E(?!POLL)[A-Z0-9]+$/.test(name) ? constants[name] : undefined;
    if (number !== undefined && !found.has(number)) found.set(number, name);
  }
  return found;
}

/** The name of an errno, of either sign: errorcode(-111) is 'ECONNREFUSED' on Linux. */
export function errorcode(errno: number): string {
  names ??= namesByNumber();
  return names.get(Math.abs(errno)) ?? `E${Math.abs(errno)}`;
}
