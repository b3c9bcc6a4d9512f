// The errnos by number and by name, as the platform's <errno.h> has them.

import * as numbers from './constants/errno.ts';

export * from './constants/errno.ts';

// The first name wins where two share a number (EAGAIN and EWOULDBLOCK).
const names = new Map<number, string>();
for (const [name, number] of Object.entries(numbers)) {
  if (number !== undefined && !names.has(number)) names.set(number, name);
}

/** The name of an errno, of either sign: errorcode(-111) is 'ECONNREFUSED' on Linux. */
export function errorcode(errno: number): string {
  return names.get(Math.abs(errno)) ?? `E${Math.abs(errno)}`;
}
