// The raw layer: the kernel's calls with POSIX names and argument order. Each returns the call's result or
// the negative errno; nothing throws for a kernel error. With the constants that they take, as the platform's
// headers have them: one that they lack is undefined. docs/syscalls.md

import './startup.ts';

export * from './kernel/constants/bpf.ts';
export * from './kernel/constants/clock.ts';
export * from './kernel/constants/event.ts';
export * from './kernel/constants/families.ts';
export * from './kernel/constants/fcntl.ts';
export * from './kernel/constants/file.ts';
export * from './kernel/constants/ioctl.ts';
export * from './kernel/constants/names.ts';
export * from './kernel/constants/netlink.ts';
export * from './kernel/constants/packet.ts';
export * from './kernel/constants/select.ts';
export * from './kernel/constants/sigaction.ts';
export * from './kernel/constants/signal.ts';
export * from './kernel/constants/socket.ts';
export * from './kernel/errno.ts';
export {
  accept,
  accept4,
  attach,
  type Bytes,
  bind,
  type Call,
  clock_gettime,
  close,
  connect,
  dup,
  dup2,
  dup3,
  epoll_create,
  epoll_create1,
  epoll_ctl,
  epoll_pwait,
  epoll_wait,
  eventfd,
  fcntl,
  gai_strerror,
  getaddrinfo,
  gethostname,
  getitimer,
  getnameinfo,
  getpeername,
  getsockname,
  getsockopt,
  type Interposer,
  if_indextoname,
  if_nameindex,
  if_nametoindex,
  interpose,
  ioctl,
  kevent,
  kqueue,
  type Layer,
  listen,
  observe,
  pipe,
  pipe2,
  poll,
  ppoll,
  pselect,
  read,
  recv,
  recvfrom,
  recvmmsg,
  recvmsg,
  type Syscalls,
  select,
  send,
  sendmmsg,
  sendmsg,
  sendto,
  sethostname,
  setitimer,
  setsockopt,
  shutdown,
  sigaction,
  signalfd,
  socket,
  socketpair,
  timerfd_create,
  timerfd_gettime,
  timerfd_settime,
  write,
} from './kernel/syscalls.ts';
