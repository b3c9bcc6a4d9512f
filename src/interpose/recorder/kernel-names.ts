// Our name → libc's → the kernel's entry, for each platform: one call is one entry, under another name
// in places. Above: call-args.ts, strace.ts, scripts/syscalls-doc.mjs. A leaf.

import type { Syscalls } from '../../kernel/native.ts';

type CallName = keyof Syscalls;
// null: the platform lacks the call.
type Names = Partial<Record<CallName, string | null>>;

/** The calls that are no entry of the kernel's, or several. */
export const noEntry: Partial<Record<CallName, string>> = {
  signals_noted: 'none: memory of the addon',
  set_wakeup_fd: 'none: memory of the addon',
  overhear: 'sigaction twice, and twice more the first time',
  clock_gettime: 'none where the vDSO has the clock',
  if_nametoindex: 'several: a socket, ioctl, close (glibc)',
  if_indextoname: 'several: a socket, ioctl, close (glibc)',
  if_nameindex: 'several: a netlink socket and its answers (glibc)',
};

// Where the kernel's name is not ours. libc's always is, for its function is what we call.
const linux: Names = {
  recv: 'recvfrom',
  send: 'sendto',
  select: 'pselect6',
  pselect: 'pselect6',
  pipe: 'pipe2',
  eventfd: 'eventfd2',
  signalfd: 'signalfd4',
  sigaction: 'rt_sigaction',
  kqueue: null,
  kevent: null,
};

// arm64 has none of the calls that others replaced.
const linuxArm64: Names = {
  ...linux,
  dup2: 'dup3',
  poll: 'ppoll',
  epoll_create: 'epoll_create1',
  epoll_wait: 'epoll_pwait',
};

const linuxOnly = [
  ...(['accept4', 'dup3', 'pipe2', 'ppoll', 'epoll_create', 'epoll_create1', 'epoll_ctl'] as const),
  ...(['epoll_wait', 'epoll_pwait', 'eventfd', 'signalfd'] as const),
  ...(['timerfd_create', 'timerfd_settime', 'timerfd_gettime'] as const),
];

// macOS' recv and send are recvfrom and sendto too; its select is select.
const darwin: Names = {
  recv: 'recvfrom',
  send: 'sendto',
  ...Object.fromEntries(linuxOnly.map((name) => [name, null])),
};

/**
 * The kernel's entry for a call of rfds/syscalls: kernelName('recv', 'linux', 'x64') is 'recvfrom'; null for a
 * call that the platform lacks.
 */
export function kernelName(name: string, platform: string, arch: string): string | null {
  const names =
    platform === 'darwin' ? darwin : platform === 'linux' && arch === 'arm64' ? linuxArm64 : linux;
  const found = names[name as CallName];
  return found === undefined ? name : found;
}

/** What libc gives the kernel behind what it was given, by our name and the kernel's. */
export const added: Partial<Record<string, string[]>> = {
  'recv recvfrom': ['NULL', 'NULL'],
  'send sendto': ['NULL', '0'],
  'dup2 dup3': ['0'],
  'pipe pipe2': ['0'],
  'select pselect6': ['NULL'],
  'poll ppoll': ['NULL', '8'],
  'ppoll ppoll': ['8'],
  'epoll_wait epoll_pwait': ['NULL', '8'],
  'epoll_pwait epoll_pwait': ['8'],
  'sigaction rt_sigaction': ['8'],
};

/** How the Linux kernel says EINTR to strace, which sees it before it becomes that; else as it is. */
export const restarts: Partial<Record<string, string>> = {
  pselect6: 'ERESTARTNOHAND (To be restarted if no handler)',
  ppoll: 'ERESTARTNOHAND (To be restarted if no handler)',
  poll: 'ERESTART_RESTARTBLOCK (Interrupted by signal)',
  ...Object.fromEntries(
    ['recvfrom', 'sendto', 'recvmsg', 'sendmsg', 'accept', 'accept4', 'connect', 'read', 'write'].map(
      (name) => [name, 'ERESTARTSYS (To be restarted if SA_RESTART is set)'],
    ),
  ),
};
