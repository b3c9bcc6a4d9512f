// Descriptors that are close-on-exec (PEP 446) and in the mode asked for, on every platform: in
// one call where the kernel has it (Linux), in a few where it has not (macOS). Results are the
// raw layer's.

import { F_GETFL, F_SETFD, F_SETFL, FD_CLOEXEC, O_NONBLOCK } from '../../kernel/constants/fcntl.ts';
import { SO_NOSIGPIPE, SOCK_CLOEXEC, SOL_SOCKET } from '../../kernel/constants/socket.ts';
import * as sys from '../../kernel/syscalls.ts';

/** socket(2), close-on-exec. */
export function openSocket(domain: number, type: number, protocol: number): number {
  return prepared(sys.socket(domain, type | (SOCK_CLOEXEC ?? 0), protocol));
}

/** socketpair(2), both ends close-on-exec. */
export function openSocketpair(domain: number, type: number, protocol: number, sv: Int32Array): number {
  const result = sys.socketpair(domain, type | (SOCK_CLOEXEC ?? 0), protocol, sv);
  if (result === 0) for (const fd of sv) prepared(fd);
  return result;
}

/** accept4(2), or accept(2) where that is missing: close-on-exec and blocking, whatever the listener is. */
export function acceptSocket(fd: number, addr: sys.Bytes, addrlen: sys.Bytes): number {
  if (SOCK_CLOEXEC !== undefined) return sys.accept4(fd, addr, addrlen, SOCK_CLOEXEC);
  const accepted = prepared(sys.accept(fd, addr, addrlen));
  // The BSDs, and so macOS, pass the listener's O_NONBLOCK on.
  if (accepted >= 0) setNonblocking(accepted, false);
  return accepted;
}

// What SOCK_CLOEXEC does elsewhere, and what MSG_NOSIGNAL does not do on older macOS.
function prepared(fd: number): number {
  if (fd >= 0 && SOCK_CLOEXEC === undefined) {
    sys.fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (SO_NOSIGPIPE !== undefined) sys.setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, Int32Array.of(1));
  }
  return fd;
}

/** Sets or clears O_NONBLOCK; makes no call where it is so already. */
export function setNonblocking(fd: number, nonblocking: boolean): number {
  const flags = sys.fcntl(fd, F_GETFL, 0);
  if (flags < 0) return flags;
  const wanted = nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  return wanted === flags ? 0 : sys.fcntl(fd, F_SETFL, wanted);
}
