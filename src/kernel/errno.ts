// The errnos by number and by name, as the platform's <errno.h> has them.

import * as numbers from './constants/errno.ts';

export * from './constants/errno.ts';

let names: Map<number, string> | undefined;

// Made when it is first asked for. The first name wins where two share a number (EAGAIN and EWOULDBLOCK).
function namesByNumber(): Map<number, string> {
  const found = new Map<number, string>();
  for (const [name, number] of Object.entries(numbers)) {
    if (number !== undefined && !found.has(number)) found.set(number, name);
  }
  return found;
}

/** The name of an errno, of either sign: errorcode(-111) is 'ECONNREFUSED' on Linux. */
export function errorcode(errno: number): string {
  names ??= namesByNumber();
  return names.get(Math.abs(errno)) ?? `E${Math.abs(errno)}`;
}
