// The kernel's structs, by their C names: each packs an object of its members into the bytes that a call takes,
// and unpacks the bytes that it gave. docs/structs.md

import './startup.ts';

export {
  CMSG_LEN,
  CMSG_SPACE,
  type ControlMessage,
  cmsghdr,
  controlMessages,
  packControl,
} from './kernel/structs/cmsghdr.ts';
export { EpollEvents, epoll_event } from './kernel/structs/epoll-event.ts';
export { FdSet } from './kernel/structs/fd-set.ts';
export { flock } from './kernel/structs/flock.ts';
export { ifreq } from './kernel/structs/ifreq.ts';
export { formatInet, formatInet6, parseInet, parseInet6 } from './kernel/structs/inet-text.ts';
export { Kevents, type KeventValues, kevent } from './kernel/structs/kevent.ts';
export {
  ifaddrmsg,
  ifinfomsg,
  type NetlinkAttribute,
  type NetlinkMessage,
  netlinkAttributes,
  netlinkMessages,
  nlmsgerr,
  nlmsghdr,
  packNetlinkAttribute,
  packNetlinkMessage,
  rtattr,
  rtgenmsg,
  rtmsg,
} from './kernel/structs/netlink.ts';
export {
  packet_mreq,
  packFilter,
  sock_filter,
  tpacket_auxdata,
  tpacket_stats,
} from './kernel/structs/packet.ts';
export { PollFds, pollfd } from './kernel/structs/pollfd.ts';
export { signalfd_siginfo } from './kernel/structs/signalfd-siginfo.ts';
export {
  type Address,
  type Inet6Address,
  type InetAddress,
  type LinkLayerAddress,
  type NetlinkAddress,
  packSockaddr,
  type SockaddrLike,
  sizeofStorage,
  unpackSockaddr,
  type VsockAddress,
} from './kernel/structs/sockaddr.ts';
export {
  group_req,
  group_source_req,
  in_pktinfo,
  in6_pktinfo,
  ip_mreq,
  ip_mreq_source,
  ip_mreqn,
  ipv6_mreq,
  linger,
  SO_EE_OFFENDER,
  sock_extended_err,
  ucred,
  xucred,
} from './kernel/structs/sockopt.ts';
export type { AppendedStruct, Member, Memory, Struct, Type, Values } from './kernel/structs/struct.ts';
export {
  TCP_INFO_OPTION,
  tcp_connection_info,
  tcp_info,
  tcpStates,
} from './kernel/structs/tcp-info.ts';
export {
  itimerspec,
  itimerval,
  Timespecs,
  Timevals,
  timespec,
  timeval,
  toSeconds,
  toTimespec,
  toTimeval,
} from './kernel/structs/timespec.ts';
