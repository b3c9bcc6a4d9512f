// The idle timeout of select-server.ts, whose clients are the sockets of a list: each is looked at before and after
// every select(), which does as much itself.

import { monotonic, remove, TimeoutError } from '../../builtins.ts';
import { select } from '../../select.ts';
import type { Socket } from '../../socket.ts';
import type { Acceptor } from './acceptor.ts';
import { waitUntil } from './limits.ts';
import { warnDropped } from './log.ts';

/** select() of a list of sockets to read from, whose first is the listener. */
type Select = <S extends Socket<unknown>>(rfds: S[], wfds: never[], xfds: never[]) => [S[], never[], never[]];

/**
 * select() itself; with an idle timeout (in seconds, Infinity: none) one that returns when a client's is over, too, and
 * has dropped it from rfds.
 */
export function selectWithin(seconds: number, acceptor: Acceptor): Select {
  if (seconds === Number.POSITIVE_INFINITY) return select;
  const idleClients = new IdleClients(acceptor, seconds);
  return (rfds, wfds, xfds) => {
    const [rlist] = select(rfds, wfds, xfds, idleClients.timeout(rfds));
    idleClients.drop(rfds, rlist);
    return [rlist, [], []];
  };
}

/** Drops clients that send nothing for a time. */
class IdleClients {
  readonly #acceptor: Acceptor;
  readonly #seconds: number;
  readonly #lastByte = new WeakMap<Socket<unknown>, number>();
  // Those of the turn before: the loop may have waited until they took their answers.
  #answered: readonly Socket<unknown>[] = [];

  constructor(acceptor: Acceptor, seconds: number) {
    this.#acceptor = acceptor;
    this.#seconds = seconds;
  }

  /** How many seconds select() may wait for rfds, whose first is the listener; null: for ever. */
  timeout(rfds: readonly Socket<unknown>[]): number | null {
    const now = monotonic();
    for (const client_socket of this.#answered) this.#lastByte.set(client_socket, now);
    let deadline = Number.POSITIVE_INFINITY;
    for (let i = 1; i < rfds.length; i++)
      deadline = Math.min(deadline, this.#since(rfds[i], now) + this.#seconds);
    return waitUntil(deadline, now);
  }

  /** Takes what select() found ready; drops those of rfds that have been idle for too long. */
  drop(rfds: Socket<unknown>[], rlist: readonly Socket<unknown>[]): void {
    const now = monotonic();
    for (const ready of rlist) this.#lastByte.set(ready, now);
    this.#answered = rlist;
    for (const client_socket of rfds.slice(1)) {
      if (this.#since(client_socket, now) + this.#seconds > now) continue;
      warnDropped(this.#acceptor.peerOf(client_socket), new TimeoutError(`idle for ${this.#seconds} s`));
      remove(rfds, client_socket);
      client_socket.close();
    }
  }

  // Of one that was accepted in the turn before, the time at which it is first asked for.
  #since(client_socket: Socket<unknown>, now: number): number {
    const since = this.#lastByte.get(client_socket) ?? now;
    if (since === now) this.#lastByte.set(client_socket, now);
    return since;
  }
}
