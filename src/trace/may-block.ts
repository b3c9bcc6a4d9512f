// Which calls may sleep, and so are preceded by writing what is known. Above: recorder.ts. Below: looks.ts.

import { MSG_DONTWAIT } from '../constants/socket.ts';
import type { CallName } from './call-args.ts';
import { isNonblocking } from './known-sockets.ts';
import { isReady } from './looks.ts';

/**
 * Whether a call may sleep. Of a descriptor that is not known to be non-blocking the kernel is asked;
 * who waits for events sleeps, mostly.
 */
export function mayBlock(name: CallName, args: unknown[]): boolean {
  const fd = args[0] as number;
  switch (name) {
    case 'select':
    case 'kevent':
    case 'connect':
      return true;
    case 'poll':
      return args[2] !== 0;
    case 'epoll_wait':
      return args[3] !== 0;
    case 'recv':
    case 'send':
      if ((args.at(-1) as number) & MSG_DONTWAIT) return false;
      return !isNonblocking(fd) && !isReady(fd, name === 'recv' ? 'read' : 'write');
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
