// Our name → libc's → the kernel's entry, for each platform: one call is one entry, under another name
// in places. Above: strace.ts. A leaf.

import type { Syscalls } from '../native.ts';

type CallName = keyof Syscalls;

/** Where the kernel's name is not ours. libc's always is, for its function is what we call. */
const linux: Partial<Record<CallName, string>> = {
  recv: 'recvfrom',
  send: 'sendto',
  select: 'pselect6',
  sigaction: 'rt_sigaction',
};

// arm64 has none of the calls that others replaced.
const linuxArm64: Partial<Record<CallName, string>> = { ...linux, poll: 'ppoll', epoll_wait: 'epoll_pwait' };

// macOS' recv and send are recvfrom and sendto too; its select is select.
const darwin: Partial<Record<CallName, string>> = { recv: 'recvfrom', send: 'sendto' };

/** The kernel's entry for a call of rfds/syscalls: kernelName('recv', 'linux', 'x64') is 'recvfrom'. */
export function kernelName(name: string, platform: string, arch: string): string {
  const names =
    platform === 'darwin' ? darwin : platform === 'linux' && arch === 'arm64' ? linuxArm64 : linux;
  return names[name as CallName] ?? name;
}

/** How the Linux kernel says EINTR to strace, which sees it before it becomes that; else as it is. */
export const restarts: Partial<Record<string, string>> = {
  pselect6: 'ERESTARTNOHAND (To be restarted if no handler)',
  ppoll: 'ERESTARTNOHAND (To be restarted if no handler)',
  poll: 'ERESTART_RESTARTBLOCK (Interrupted by signal)',
  ...Object.fromEntries(
    ['recvfrom', 'sendto', 'accept', 'accept4', 'connect', 'read', 'write'].map((name) => [
      name,
      'ERESTARTSYS (To be restarted if SA_RESTART is set)',
    ]),
  ),
};
