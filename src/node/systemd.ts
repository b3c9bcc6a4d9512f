// What a service says to systemd, and gets from it: sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3). All of it is
// the environment's variables and a datagram: nothing of systemd has to be installed, and without it nothing is done.

import { F_SETFD, FD_CLOEXEC } from '../kernel/constants/fcntl.ts';
import { SCM_RIGHTS } from '../kernel/constants/socket.ts';
import * as sys from '../kernel/syscalls.ts';
import { check } from '../python/errors.ts';
import { AF_UNIX, SOCK_DGRAM, SOL_SOCKET, type Socket, socket } from '../socket.ts';

/** The first descriptor that systemd passes. SD_LISTEN_FDS_START. */
export const SD_LISTEN_FDS_START = 3;

/**
 * Tells the service manager something: 'READY=1', 'STATUS=…', 'STOPPING=1', 'WATCHDOG=1', 'RELOADING=1', …; several as
 * an object. With fds they are sent too (FDSTORE=1). Returns whether there is a manager to tell.
 *
 * Throws TypeError for a state that is neither, RangeError for a NOTIFY_SOCKET of another family or a line end in a value,
 * and OSError as sendmsg(2) does. sd_notify(3), sd_pid_notify_with_fds(3).
 */
export function notify(
  state: string | Readonly<Record<string, string | number>>,
  { fds = [] }: { fds?: readonly number[] } = {},
): boolean {
  const text = typeof state === 'string' ? state : linesOf(state);
  const path = process.env.NOTIFY_SOCKET;
  if (path === undefined || path === '') return false;
  if (!path.startsWith('/') && !path.startsWith('@'))
    throw new RangeError(`notify(): NOTIFY_SOCKET must be a path or begin with @, got '${path}'`);
  using sock = socket(AF_UNIX, SOCK_DGRAM);
  const rights = Buffer.from(Int32Array.from(fds).buffer);
  const address = path.startsWith('@') ? `\0${path.slice(1)}` : path;
  sock.sendmsg([Buffer.from(text)], fds.length > 0 ? [[SOL_SOCKET, SCM_RIGHTS, rights]] : [], 0, address);
  return true;
}

function linesOf(state: unknown): string {
  if (typeof state !== 'object' || state === null)
    throw new TypeError(`notify(): a string or an object is required, got ${typeof state}`);
  return Object.entries(state)
    .map(([name, value]) => {
      if (String(value).includes('\n')) throw new RangeError(`notify(): ${name} must have no line end`);
      return `${name}=${value}`;
    })
    .join('\n');
}

/** A socket that systemd opened for the service, and its name (FileDescriptorName=). */
export interface Passed {
  readonly sock: Socket;
  readonly name: string;
}

/**
 * The sockets that systemd passed to this process, in their order; none if it passed none, or to another one. They are
 * the caller's from now on, close-on-exec, and the variables are taken out of the environment, so that a second call has
 * none and no child takes them for its own.
 *
 * Throws RangeError for a LISTEN_FDS that is no count, OSError ENOTSOCK for a descriptor that is no socket. sd_listen_fds_with_names(3).
 */
export function listen_fds(): Passed[] {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES } = process.env;
  delete process.env.LISTEN_PID;
  delete process.env.LISTEN_FDS;
  delete process.env.LISTEN_FDNAMES;
  if (LISTEN_PID === undefined || Number(LISTEN_PID) !== process.pid || LISTEN_FDS === undefined) return [];
  const count = Number(LISTEN_FDS);
  if (!Number.isInteger(count) || count < 0)
    throw new RangeError(`listen_fds(): LISTEN_FDS must be a count, got '${LISTEN_FDS}'`);
  const names = LISTEN_FDNAMES?.split(':') ?? [];
  return Array.from({ length: count }, (_, i) => {
    const fd = SD_LISTEN_FDS_START + i;
    check(sys.fcntl(fd, F_SETFD, FD_CLOEXEC), 'fcntl');
    // Of the family, type and protocol that the kernel says.
    return { sock: socket(-1, -1, -1, fd), name: names[i] || 'unknown' };
  });
}

/**
 * How often the service manager wants to hear notify('WATCHDOG=1'), in seconds: a service should do so in half of that.
 * null: it does not, or means another process. sd_watchdog_enabled(3).
 */
export function watchdog_enabled(): number | null {
  const { WATCHDOG_USEC, WATCHDOG_PID } = process.env;
  if (WATCHDOG_USEC === undefined) return null;
  if (WATCHDOG_PID !== undefined && Number(WATCHDOG_PID) !== process.pid) return null;
  const micros = Number(WATCHDOG_USEC);
  if (!(Number.isInteger(micros) && micros > 0))
    throw new RangeError(`watchdog_enabled(): WATCHDOG_USEC must be positive, got '${WATCHDOG_USEC}'`);
  return micros / 1e6;
}
