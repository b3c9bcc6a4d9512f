// accept() that neither a client nor a shortage of descriptors can break: every server but net-server.ts has
// one.

import { OSError } from '../../builtins.ts';
import { POLLIN, poll } from '../../select.ts';
import type { Address, Socket } from '../../socket.ts';
import * as sys from '../../syscalls.ts';
import { warn } from './log.ts';

// What accept(2) reports of the client, or of the network on the way to it: no client this time.
const noClient = new Set(
  [sys.EAGAIN, sys.ECONNABORTED, sys.EPROTO, sys.EPERM, sys.ENETDOWN, sys.ENOPROTOOPT]
    .concat([sys.EHOSTDOWN, sys.ENONET, sys.EHOSTUNREACH, sys.EOPNOTSUPP, sys.ENETUNREACH])
    .map((number) => -number),
);

const shortages = new Set([sys.EMFILE, sys.ENFILE, sys.ENOBUFS, sys.ENOMEM].map((number) => -number));

/**
 * Accepts clients. A listener stays readable while clients wait in its queue, so a loop that ignored EMFILE
 * would spin: the acceptor holds a descriptor in reserve, and closes it to accept such a client and turn it
 * away at once.
 */
export class Acceptor {
  readonly #limit: number;
  #reserve: number;

  /** limit: the first descriptor that is of no use to the loop, FD_SETSIZE for select. */
  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
    this.#reserve = reserveDescriptor();
  }

  /**
   * The next client and its address, or null if there is none to serve. Throws OSError when the listener
   * itself is at fault.
   */
  accept<A = Address>(server_socket: Socket<A>): [Socket<A>, A] | null {
    try {
      const [client_socket, client_address] = server_socket.accept();
      if (client_socket.fileno() < this.#limit) return [client_socket, client_address];
      client_socket.close();
      warn(`turned a client away: descriptor ${this.#limit} is beyond the loop's reach`);
    } catch (error) {
      if (!(error instanceof OSError)) throw error;
      if (shortages.has(error.errno!)) this.#turnAway(server_socket, error);
      else if (!noClient.has(error.errno!)) throw error;
    }
    return null;
  }

  #turnAway(server_socket: Socket<unknown>, error: OSError): void {
    this[Symbol.dispose]();
    try {
      // Linux reports EMFILE even if the queue is empty, and macOS has dropped the client by now: a second
      // accept on a blocking listener might wait for ever.
      const queue = poll();
      queue.register(server_socket, POLLIN);
      if (queue.poll(0).length > 0) server_socket.accept()[0].close();
      warn(`turned a client away: ${error.message}`);
    } catch (again) {
      // Another thread or process took the descriptor that was released: the client waits.
      if (!(again instanceof OSError)) throw again;
    }
    this.#reserve = reserveDescriptor();
  }

  [Symbol.dispose](): void {
    if (this.#reserve >= 0) sys.close(this.#reserve);
    this.#reserve = -1;
  }
}

/** A descriptor that does nothing: a duplicate of stderr, or a negative errno. */
function reserveDescriptor(): number {
  return sys.fcntl(2, sys.F_DUPFD_CLOEXEC, 0);
}
