// Which calls may sleep, and so are preceded by writing what is known. Above: recorder.ts. Below: looks.ts.

import { MSG_DONTWAIT } from '../../kernel/constants/socket.ts';
import type { CallName } from './call-args.ts';
import { isNonblocking } from './known-sockets.ts';
import { isReady } from './probes.ts';

/**
 * Whether a call may sleep. Of a descriptor that is not known to be non-blocking the kernel is asked;
 * who waits for events sleeps, mostly.
 */
export function mayBlock(name: CallName, args: unknown[]): boolean {
  const fd = args[0] as number;
  switch (name) {
    case 'select':
    case 'pselect':
    case 'ppoll':
    case 'kevent':
    case 'connect':
      return true;
    case 'poll':
      return args[2] !== 0;
    case 'epoll_wait':
    case 'epoll_pwait':
      return args[3] !== 0;
    case 'recv':
    case 'send':
    case 'recvfrom':
    case 'sendto':
    case 'recvmsg':
    case 'sendmsg':
      if (flagsOf(name, args) & MSG_DONTWAIT) return false;
      return !isNonblocking(fd) && !isReady(fd, name.startsWith('recv') ? 'read' : 'write');
    case 'accept':
    case 'accept4':
    case 'read':
      return !isNonblocking(fd) && !isReady(fd, 'read');
    case 'write':
      return !isNonblocking(fd) && !isReady(fd, 'write');
    default:
      return false;
  }
}

// Behind recvfrom's and sendto's flags there are addresses.
function flagsOf(name: CallName, args: unknown[]): number {
  const behind = name === 'recvfrom' ? 2 : name === 'sendto' ? 1 : 0;
  return args.at(-1 - behind) as number;
}
