// What macOS' kernel, XNU, does otherwise than Linux, as far as Python's modules have to know it: each with its place
// in Apple's source (apple-oss-distributions/xnu, xnu-11417). None of it was run on a Mac yet.

import { SIGINFO, SIGIO } from '../kernel/constants/signal.ts';
import { platform } from '../kernel/platform.ts';

const isXnu = platform === 'darwin';

/**
 * Signals whose default is to be ignored, besides those of every platform. XNU: SIGINFO (Ctrl+T) and SIGIO.
 * bsd/sys/signalvar.h, sigprop.
 */
export const MORE_IGNORED: readonly number[] = isXnu ? [SIGINFO, SIGIO] : [];

/**
 * Whether MSG_DONTWAIT keeps send(2) from waiting. XNU: it only says how the lock of the socket's buffer is taken, and
 * without O_NONBLOCK the call waits for space all the same. bsd/kern/uipc_socket.c, sosendcheck().
 */
export const dontwaitNeverWaits = !isXnu;

/**
 * The longest wait that select(2) takes, in seconds. XNU: more is EINVAL. bsd/kern/kern_time.c, itimerfix().
 */
export const MAX_SELECT_SECONDS = isXnu ? 100_000_000 : Number.POSITIVE_INFINITY;

/** The longest wait that kevent(2) takes, in seconds: more is EINVAL. bsd/kern/kern_time.c, timespec_is_valid(). */
export const MAX_KEVENT_SECONDS = 0x7fffffff;

/**
 * How many descriptors one message can bring at most, where the kernel makes all of them, also those for which the
 * control buffer is too small; elsewhere undefined. XNU: unp_externalize() makes them before copyout_control() cuts the
 * message short. bsd/kern/uipc_usrreq.c, bsd/kern/uipc_syscalls.c.
 */
export const MAX_RIGHTS: number | undefined = isXnu ? 253 : undefined;

// An AF_UNIX datagram for a peer whose buffer is full: ENOBUFS there, for a blocking socket too, and no EAGAIN, so that a
// timeout does not wait for space. bsd/kern/uipc_usrreq.c, uipc_send().

/**
 * Whether recvmsg(2) and sendmsg(2) take a message without buffers. XNU: EMSGSIZE for msg_iovlen 0.
 * bsd/kern/uipc_syscalls.c, recvmsg_nocancel() and sendmsg_nocancel().
 */
export const takesNoBuffers = !isXnu;
