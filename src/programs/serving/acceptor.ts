// Where a server listens, and accept() that neither a client nor a shortage of descriptors can break: every server
// but net-server.ts has one.

import { OSError } from '../../builtins.ts';
import { POLLIN, poll } from '../../select.ts';
import type { Address, InetAddress, Socket } from '../../socket.ts';
import * as sys from '../../syscalls.ts';
import { peerName, warn, warnDropped, warnOfDroppedLines } from './log.ts';
import { isShortage, sleep, WAIT_PAUSE, WaitPauses } from './shortage.ts';

// What accept(2) reports of the client, or of the network on the way to it: no client this time.
const noClient = new Set(
  [sys.EAGAIN, sys.ECONNABORTED, sys.EPROTO, sys.EPERM, sys.ENETDOWN, sys.ENOPROTOOPT, sys.ETIMEDOUT]
    .concat([sys.EHOSTDOWN, sys.ENONET, sys.EHOSTUNREACH, sys.EOPNOTSUPP, sys.ENETUNREACH])
    .concat([sys.ESOCKTNOSUPPORT, sys.EPROTONOSUPPORT])
    .map((number) => -number),
);

/** How many seconds the loop stands still when a client can be neither accepted nor turned away. */
const ACCEPT_PAUSE = 0.01;

/**
 * Accepts clients. A listener stays readable while clients wait in its queue, so a loop that ignored EMFILE
 * would spin: the acceptor holds a descriptor in reserve, and closes it to accept such a client and turn it
 * away at once.
 */
export class Acceptor {
  readonly #limit: number;
  readonly #maxConnections: number;
  #reserve: number;
  readonly #peers = new WeakMap<Socket<unknown>, unknown>();
  readonly #waitPauses = new WaitPauses();
  // The client at the head of the queue could not be turned away either, and that was logged.
  #isStuck = false;

  /**
   * limit: the first descriptor that is of no use to the loop, FD_SETSIZE for select. maxConnections: how many clients
   * there may be at once.
   */
  constructor(limit = Number.POSITIVE_INFINITY, maxConnections = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
    this.#maxConnections = maxConnections;
    this.#reserve = reserveDescriptor();
  }

  /**
   * The next client and its address, or null if there is none to serve. connected: how many there are already. Throws
   * OSError when the listener itself is at fault.
   */
  accept<A = Address>(server_socket: Socket<A>, connected = 0): [Socket<A>, A] | null {
    warnOfDroppedLines();
    try {
      const [client_socket, client_address] = server_socket.accept();
      this.#isStuck = false;
      if (client_socket.fileno() < this.#limit && connected < this.#maxConnections) {
        this.#peers.set(client_socket, client_address);
        return [client_socket, client_address];
      }
      client_socket.close();
      const reason =
        connected < this.#maxConnections
          ? `descriptor ${this.#limit} is beyond the loop's reach`
          : `${this.#maxConnections} ${this.#maxConnections === 1 ? 'connection is' : 'connections are'} the limit`;
      warn(`turned a client away: ${reason}`);
    } catch (error) {
      if (isShortage(error)) this.#turnAway(server_socket, error);
      else if (!(error instanceof OSError) || !noClient.has(error.errno!)) throw error;
    }
    return null;
  }

  /** '127.0.0.1:40000': a client that it accepted, by the address it had then. A reset one has none any more. */
  peerOf(client_socket: Socket<unknown>): string {
    return peerName(this.#peers.get(client_socket) ?? null);
  }

  /**
   * After select() failed for want of memory, which it needs by the number of its descriptors: drops the last
   * client of rfds, whose first is the listener, if there is one, and stands still for a moment. Throws any other error
   * again.
   */
  dropLast(rfds: Socket<unknown>[], error: unknown): void {
    if (!isShortage(error)) throw error;
    if (rfds.length < 2) {
      this.pause(error);
      return;
    }
    const client_socket = rfds.pop()!;
    warnDropped(this.peerOf(client_socket), error);
    client_socket.close();
    sleep(WAIT_PAUSE);
  }

  /** The same where there is no client: only stands still. */
  pause(error: OSError): void {
    this.#waitPauses.pause(error);
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
      this.#isStuck = false;
    } catch (again) {
      if (isShortage(again)) this.#standStill(again);
      else if (!(again instanceof OSError)) throw again; // Else the client is gone.
    }
    this.#reserve = reserveDescriptor();
  }

  /**
   * Another thread or process took the descriptor that was released: the client waits in the queue, and the
   * listener stays readable. The loop goes on for its other clients, but not a hundred thousand times a second.
   */
  #standStill(error: OSError): void {
    if (!this.#isStuck) warn(`a client waits: ${error.message}, without a descriptor to turn it away with`);
    this.#isStuck = true;
    sleep(ACCEPT_PAUSE);
  }

  [Symbol.dispose](): void {
    if (this.#reserve >= 0) sys.close(this.#reserve);
    this.#reserve = -1;
  }
}

/**
 * The address that a listening socket was bound to. Asked of the kernel (getsockname(2)) only for a port of
 * the kernel's choice: else the caller knows it, and the documented calls stay alone.
 */
export function boundAddress(server_socket: Socket, host: string, port: number): InetAddress {
  return port === 0 ? (server_socket.getsockname() as InetAddress) : [host || '0.0.0.0', port];
}

/** A descriptor that does nothing: a duplicate of stderr, or a negative errno. */
function reserveDescriptor(): number {
  return sys.fcntl(2, sys.F_DUPFD_CLOEXEC, 0);
}
