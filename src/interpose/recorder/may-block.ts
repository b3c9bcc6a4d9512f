// Which calls may block, and so are preceded by writing what is known.

import { argumentOf, type Call, calls } from '../../kernel/calls.ts';
import { MSG_DONTWAIT } from '../../kernel/constants/socket.ts';
import type { CallName } from './call-args.ts';
import { isNonblocking } from './known-sockets.ts';
import { isReady } from './probes.ts';

/**
 * Whether a call may block. The kernel is asked about a descriptor that is not known to be non-blocking; a
 * call that waits for events blocks, mostly.
 */
export function mayBlock(name: CallName, args: unknown[]): boolean {
  const call: Call = calls[name];
  if (call.blocks === undefined) return false;
  const { until, timeout, unless } = call.blocks;
  switch (until) {
    case 'event':
      return argumentOf(call, timeout!, args) !== 0;
    case 'connected':
      return true;
    case 'readable':
    case 'writable': {
      if (unless && (argumentOf(call, 'flags', args) as number) & MSG_DONTWAIT) return false;
      const fd = args[0] as number;
      return !isNonblocking(fd) && !isReady(fd, until);
    }
  }
}
