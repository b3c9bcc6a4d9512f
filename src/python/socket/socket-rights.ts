// Descriptors sent from process to process: Python's send_fds and recv_fds. unix(7) SCM_RIGHTS.
// Above: socket.ts. Below: socket-object.ts, control.ts.

import { F_SETFD, FD_CLOEXEC } from '../../kernel/constants/fcntl.ts';
import { MSG_CMSG_CLOEXEC, SCM_RIGHTS, SOL_SOCKET } from '../../kernel/constants/socket.ts';
import { CMSG_LEN } from '../../kernel/structs/cmsghdr.ts';
import * as sys from '../../kernel/syscalls.ts';
import type { Address, AddressLike } from './address.ts';
import type { BytesLike } from './bytes.ts';
import type { Socket } from './socket-object.ts';

const SIZEOF_INT = 4;

/**
 * Sends the buffers and, with them, copies of the descriptors. At least one byte must go with them.
 * Unlike in Python 3.13, flags and address are not ignored.
 */
export function send_fds(
  sock: Socket,
  buffers: Iterable<BytesLike>,
  fds: Iterable<number>,
  flags = 0,
  address: AddressLike | null = null,
): number {
  return sock.sendmsg(buffers, [[SOL_SOCKET, SCM_RIGHTS, Int32Array.from(fds)]], flags, address);
}

/**
 * At most bufsize bytes and maxfds descriptors, which are the caller's to close; then the kernel's flags
 * and the sender's address. Unlike in Python, the descriptors are close-on-exec (H43), and flags count.
 */
export function recv_fds(
  sock: Socket,
  bufsize: number,
  maxfds: number,
  flags = 0,
): [data: Buffer, fds: number[], msg_flags: number, address: Address] {
  const closeOnExec = MSG_CMSG_CLOEXEC ?? 0;
  const room = CMSG_LEN(maxfds * SIZEOF_INT);
  const [data, ancdata, msg_flags, address] = sock.recvmsg(bufsize, room, flags | closeOnExec);
  const fds: number[] = [];
  for (const [level, type, bytes] of ancdata) {
    if (level !== SOL_SOCKET || type !== SCM_RIGHTS) continue;
    for (let at = 0; at + SIZEOF_INT <= bytes.length; at += SIZEOF_INT) fds.push(bytes.readInt32LE(at));
  }
  if (closeOnExec === 0) for (const fd of fds) sys.fcntl(fd, F_SETFD, FD_CLOEXEC);
  // Linux repeats the flag; the caller did not give it.
  return [data, fds, msg_flags & ~closeOnExec, address];
}
