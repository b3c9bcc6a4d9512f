// Open files in a message between UNIX sockets, SCM_RIGHTS of unix(7): the control messages of sendmsg and recvmsg.
// After Linux's net/core/scm.c.

import { SCM_RIGHTS, SOL_SOCKET } from '../kernel/constants/socket.ts';
import { EBADF, EINVAL } from '../kernel/errno.ts';
import { CMSG_LEN, CMSG_SPACE, cmsghdr } from '../kernel/structs/cmsghdr.ts';
import { viewOf } from '../kernel/structs/struct.ts';
import { NotModelled } from './call-base.ts';
import type { OpenFile } from './open-file.ts';
import { dropFiles, type Process } from './process.ts';

/** Files in a message, at most. SCM_MAX_FD. */
const MAX_FILES = 253;
const HEADER = CMSG_LEN(0);

/** The files of sendmsg's control messages; each counts as one descriptor more. Or an errno. */
export function filesToSend(process: Process, control: Uint8Array, isUnix: boolean): OpenFile[] | number {
  const view = viewOf(control);
  const { cmsg_len, cmsg_level, cmsg_type } = cmsghdr.members;
  const files: OpenFile[] = [];
  for (let at = 0; at + cmsghdr.size <= control.length; ) {
    const length = cmsg_len.get(view, at);
    if (length < HEADER || length > control.length - at) return -EINVAL;
    const level = cmsg_level.get(view, at);
    const type = cmsg_type.get(view, at);
    if (level !== SOL_SOCKET || type !== SCM_RIGHTS)
      throw new NotModelled(`sendmsg() with a control message of level ${level} and type ${type}`);
    const count = (length - HEADER) >> 2;
    if (files.length + count > MAX_FILES) return -EINVAL;
    // Of another family the rights are looked over, and left where they are. __sock_cmsg_send().
    for (let i = 0; isUnix && i < count; i++) {
      const file = process.file(view.getInt32(at + HEADER + i * 4, true));
      if (file === null) return -EBADF;
      files.push(file);
    }
    at += CMSG_SPACE(length - HEADER);
  }
  for (const file of files) file.descriptors++;
  return files;
}

/**
 * XNU makes descriptors of all the files, and the message is cut then: what does not fit stays open, and unknown.
 * bsd/kern/uipc_usrreq.c, unp_externalize(); bsd/kern/uipc_syscalls.c, copyout_control().
 */
function openAll(
  process: Process,
  files: readonly OpenFile[],
  control: Uint8Array | null,
): [used: number, isTruncated: boolean] {
  const fds = files.map((file) => process.open(file));
  dropFiles(files);
  if (fds.some((fd) => fd < 0)) throw new NotModelled('SCM_RIGHTS with too few descriptors free, of XNU');
  // They are made though no one asked for control messages, and nothing says so. soreceive_ctl().
  if (control === null) return [0, false];
  const message = new Uint8Array(CMSG_SPACE(fds.length * 4));
  const view = viewOf(message);
  const { cmsg_len, cmsg_level, cmsg_type } = cmsghdr.members;
  cmsg_len.set(view, CMSG_LEN(fds.length * 4));
  cmsg_level.set(view, SOL_SOCKET);
  cmsg_type.set(view, SCM_RIGHTS);
  for (const [i, fd] of fds.entries()) view.setInt32(HEADER + i * 4, fd, true);
  const used = Math.min(message.length, control.length);
  control.set(message.subarray(0, used));
  return [used, used < message.length];
}

/**
 * Opens the files that came, as many as the control buffer has space for, and writes their numbers there: how many
 * bytes of it were used, and whether some were lost (MSG_CTRUNC).
 */
export function openReceived(
  process: Process,
  files: readonly OpenFile[],
  control: Uint8Array | null,
  closesOnExec: boolean,
): [used: number, isTruncated: boolean] {
  if (files.length === 0) return [0, false];
  if (process.machine.platform === 'darwin') return openAll(process, files, control);
  const capacity = control === null ? 0 : Math.max((control.length - HEADER) >> 2, 0);
  const fds: number[] = [];
  for (const file of files.slice(0, capacity)) {
    const fd = process.open(file, closesOnExec);
    if (fd < 0) break;
    fds.push(fd);
  }
  // Those that were opened count on their own.
  dropFiles(files);
  if (control === null || fds.length === 0) return [0, true];
  const view = viewOf(control);
  const { cmsg_len, cmsg_level, cmsg_type } = cmsghdr.members;
  cmsg_len.set(view, CMSG_LEN(fds.length * 4));
  cmsg_level.set(view, SOL_SOCKET);
  cmsg_type.set(view, SCM_RIGHTS);
  for (const [i, fd] of fds.entries()) view.setInt32(HEADER + i * 4, fd, true);
  return [Math.min(CMSG_SPACE(fds.length * 4), control.length), fds.length < files.length];
}
