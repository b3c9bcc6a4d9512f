// struct signalfd_siginfo: what read(2) of a signalfd gives for each signal. signalfd(2), Linux.

import { bigU64, i32, struct, u16, u32, u64 } from './struct.ts';

/** struct signalfd_siginfo, 128 bytes. signalfd(2), Linux. */
export const signalfd_siginfo = struct('signalfd_siginfo', {
  /** The signal. */
  ssi_signo: u32,
  /** Not used. */
  ssi_errno: i32,
  /** SI_USER, SI_QUEUE, CLD_EXITED, … sigaction(2). */
  ssi_code: i32,
  /** The sender's process, user. */
  ssi_pid: u32,
  ssi_uid: u32,
  /** SIGIO: the descriptor. */
  ssi_fd: i32,
  /** POSIX timers: the kernel's id. */
  ssi_tid: u32,
  /** SIGIO: what poll would say. */
  ssi_band: u32,
  /** POSIX timers: how many expirations came late. */
  ssi_overrun: u32,
  ssi_trapno: u32,
  /** SIGCHLD: exit status, or the signal. */
  ssi_status: i32,
  /** sigqueue(3)'s value, as an int and as a pointer. */
  ssi_int: i32,
  ssi_ptr: bigU64,
  /** SIGCHLD: CPU time in clock ticks. */
  ssi_utime: u64,
  ssi_stime: u64,
  /** SIGSEGV and the like: the address. */
  ssi_addr: bigU64,
  ssi_addr_lsb: u16,
  __pad2: u16,
  ssi_syscall: i32,
  ssi_call_addr: bigU64,
  ssi_arch: u32,
});
