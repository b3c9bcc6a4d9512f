// accept() that no client and no shortage can break. Above: every server but net-server.ts,
// which has libuv's. Below: socket.ts.

import { F_DUPFD_CLOEXEC } from '../../kernel/constants/fcntl.ts';
import * as errno from '../../kernel/errno.ts';
import { OSError } from '../../python/errors.ts';
import { POLLIN, poll } from '../../select.ts';
import type { Address, Socket } from '../../socket.ts';
import * as sys from '../../syscalls.ts';
import { warn } from './survive.ts';

// What accept(2) reports of the client, or of the network on the way to it: no client this time.
const nobody = new Set(
  [errno.EAGAIN, errno.ECONNABORTED, errno.EPROTO, errno.EPERM, errno.ENETDOWN, errno.ENOPROTOOPT]
    .concat([errno.EHOSTDOWN, errno.ENONET, errno.EHOSTUNREACH, errno.EOPNOTSUPP, errno.ENETUNREACH])
    .map((number) => -number),
);

const shortages = new Set([errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM].map((number) => -number));

/**
 * Lets clients in. A listener stays readable while clients wait, so when descriptors are used
 * up a loop that only looked away would spin: one descriptor is held back, to let a client in
 * with it and turn it away at once.
 */
export class Doorkeeper {
  readonly #limit: number;
  #reserve: number;

  /** limit: the first descriptor that is of no use to the loop, FD_SETSIZE for select. */
  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
    this.#reserve = held();
  }

  /** The next client and its address, or null if there is none to serve. */
  accept(server_socket: Socket): [Socket, Address] | null {
    try {
      const [client_socket, client_address] = server_socket.accept();
      if (client_socket.fileno() < this.#limit) return [client_socket, client_address];
      client_socket.close();
      warn(`turned a client away: descriptor ${this.#limit} is beyond the loop's reach`);
    } catch (error) {
      if (!(error instanceof OSError)) throw error;
      if (shortages.has(error.errno!)) this.#turnAway(server_socket, error);
      else if (!nobody.has(error.errno!)) throw error;
    }
    return null;
  }

  #turnAway(server_socket: Socket, error: OSError): void {
    this[Symbol.dispose]();
    try {
      // Linux says EMFILE even if nobody waits, and macOS has dropped the client by now: a second
      // accept on a blocking listener might wait for ever.
      const waiting = poll();
      waiting.register(server_socket, POLLIN);
      if (waiting.poll(0).length > 0) server_socket.accept()[0].close();
      warn(`turned a client away: ${error.message}`);
    } catch (another) {
      // The reserve went to somebody else.
      if (!(another instanceof OSError)) throw another;
    }
    this.#reserve = held();
  }

  [Symbol.dispose](): void {
    if (this.#reserve >= 0) sys.close(this.#reserve);
    this.#reserve = -1;
  }
}

// Any descriptor will do: stderr's once more.
function held(): number {
  return sys.fcntl(2, F_DUPFD_CLOEXEC, 0);
}
