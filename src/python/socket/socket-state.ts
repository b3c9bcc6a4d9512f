// What a Socket is: a descriptor, its family, type and protocol, how long its calls may wait, and the
// waiting itself. Above: socket-names.ts. Below: descriptor.ts, owner.ts, poll.ts, signal.ts,
// syscalls.ts.

import { F_GETFD, F_SETFD, FD_CLOEXEC } from '../../kernel/constants/fcntl.ts';
import { POLLIN, POLLOUT } from '../../kernel/constants/select.ts';
import { SOCK_NONBLOCK } from '../../kernel/constants/socket.ts';
import { EAGAIN } from '../../kernel/errno.ts';
import * as sys from '../../kernel/syscalls.ts';
import { check, TimeoutError } from '../errors.ts';
import { disowns, owns } from '../unclosed.ts';
import { beginWait, checkTimeout, closeFd, retryInterrupted, waitFor } from '../waiting.ts';
import { setNonblocking, typeFlags } from './descriptor.ts';

/** The poll events that a call waits for. */
export const READABLE = POLLIN;
export const WRITABLE = POLLOUT;

function checkSocketTimeout(timeout: unknown): number | null {
  const seconds = checkTimeout(timeout);
  if (seconds !== null && seconds < 0) throw new RangeError('Timeout value out of range');
  return seconds;
}

let defaultTimeout: number | null = null;

/** The timeout that new sockets get, accepted ones too: null unless it was set. */
export function getdefaulttimeout(): number | null {
  return defaultTimeout;
}

/** Sets it, for this thread. Unlike in Python a worker thread has its own. */
export function setdefaulttimeout(timeout: number | null): void {
  defaultTimeout = checkSocketTimeout(timeout);
}

export class SocketState {
  readonly family: number;
  readonly type: number;
  readonly proto: number;
  #fd: number;
  #timeout: number | null;
  // Closed by its owner; the descriptor stays open as long as makefile's objects need it.
  #closed = false;
  #files = 0;

  /** Takes over a descriptor. type may carry SOCK_NONBLOCK: the timeout is 0 then, else the default. */
  constructor(fd: number, family: number, type: number, proto: number) {
    this.#fd = fd;
    owns(this, 'socket', fd);
    this.family = family;
    this.type = type & ~typeFlags;
    this.proto = proto;
    this.#timeout = null;
    if (type & (SOCK_NONBLOCK ?? 0)) this.#timeout = 0;
    else if (getdefaulttimeout() !== null) this.settimeout(getdefaulttimeout());
  }

  /** The descriptor; -1 once closed or detached. */
  fileno(): number {
    return this.#fd;
  }

  /**
   * Closes the descriptor, once the last of makefile's objects is closed too; again does nothing.
   * Never retried, so never another's descriptor (H20). close(2).
   */
  close(): void {
    this.#closed = true;
    if (this.#files > 0 || this.#fd < 0) return;
    closeFd(this.detach());
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Gives the descriptor up, open, and returns it. */
  detach(): number {
    const fd = this.#fd;
    this.#closed = true;
    this.#fd = -1;
    disowns(this);
    return fd;
  }

  /** For an object that uses the descriptor: keeps it open until the function returned is called. */
  protected keep(): () => void {
    this.#files++;
    return () => {
      this.#files--;
      if (this.#closed) this.close();
    };
  }

  /** Whether a program that this one executes inherits the descriptor (no, unless asked for). */
  get_inheritable(): boolean {
    return (check(sys.fcntl(this.#fd, F_GETFD, 0), 'fcntl') & FD_CLOEXEC) === 0;
  }

  set_inheritable(inheritable: boolean): void {
    const flags = check(sys.fcntl(this.#fd, F_GETFD, 0), 'fcntl');
    const wanted = inheritable ? flags & ~FD_CLOEXEC : flags | FD_CLOEXEC;
    check(sys.fcntl(this.#fd, F_SETFD, wanted), 'fcntl');
  }

  /** setblocking(true) is settimeout(null), setblocking(false) is settimeout(0). */
  setblocking(blocking: boolean): void {
    this.settimeout(blocking ? null : 0);
  }

  getblocking(): boolean {
    return this.#timeout !== 0;
  }

  /** How many seconds a call may wait: null for ever, 0 not at all (BlockingIOError). fcntl(2) O_NONBLOCK. */
  settimeout(timeout: number | null): void {
    const seconds = checkSocketTimeout(timeout);
    check(setNonblocking(this.#fd, seconds !== null), 'fcntl');
    this.#timeout = seconds;
  }

  gettimeout(): number | null {
    return this.#timeout;
  }

  get timeout(): number | null {
    return this.#timeout;
  }

  /** Before a call that may block: the handlers of signals noted so far run, and the timeout starts. */
  protected begin(): number {
    return this.#timeout === 0 ? 0 : beginWait(this.#timeout);
  }

  /**
   * After a call that failed: returns if it is to be made again, throws if not.
   * Unlike Python, which waits with poll before each call: the call is tried first.
   */
  protected again(result: number, syscall: string, events: number, deadline: number): void {
    if (result === -EAGAIN && this.#timeout) {
      if (waitFor(this.#fd, events, deadline) === 0) throw new TimeoutError('timed out');
    } else {
      retryInterrupted(result, syscall);
    }
  }
}
