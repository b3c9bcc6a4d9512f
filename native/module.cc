// The list of everything that JavaScript sees: calls and constants (layout.cc: the
// layouts of kernel structs).

// macOS has the IPV6_ names of RFC 3542 only for who says so, before any header.
#define __APPLE_USE_RFC_3542

#include "module.h"

#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/param.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <climits>
#include <ctime>

#include "calls.h"
#include "gate.h"
#ifdef __linux__
#include <linux/can.h>
#include <linux/can/bcm.h>
#include <linux/can/raw.h>
#include <linux/if_alg.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <linux/tipc.h>
#include <linux/vm_sockets.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#endif
#ifdef __APPLE__
#include <sys/ucred.h>
#endif
#if __has_include(<sys/event.h>)
#include <sys/event.h>
#endif

namespace rfds {

const std::vector<Call> calls = {
    {"socket", "domain, type, protocol", entry<socket>},
    {"socketpair", "domain, type, protocol, sv", entry<socketpair>},
    {"bind", "fd, addr", entry<bind>},
    {"listen", "fd, backlog", entry<listen>},
    {"accept", "fd, addr, addrlen", entry<accept>},
    {"accept4", "fd, addr, addrlen, flags", entry<accept4>},
    {"connect", "fd, addr", entry<connect>},
    {"getsockname", "fd, addr, addrlen", entry<getsockname>},
    {"getpeername", "fd, addr, addrlen", entry<getpeername>},
    {"getsockopt", "fd, level, name, value, len", entry<getsockopt>},
    {"setsockopt", "fd, level, name, value", entry<setsockopt>},
    {"recv", "fd, buf, flags | fd, buf, offset, length, flags", entry<recv, recv_at>},
    {"send", "fd, buf, flags | fd, buf, offset, length, flags", entry<send, send_at>},
    {"recvfrom", "fd, buf, flags, addr, addrlen | fd, buf, offset, length, flags, addr, addrlen",
     entry<recvfrom, recvfrom_at>},
    {"sendto", "fd, buf, flags, addr | fd, buf, offset, length, flags, addr", entry<sendto, sendto_at>},
    {"shutdown", "fd, how", entry<shutdown>},
    {"recvmsg", "fd, buffers, name, control, lengths, flags", entry<recvmsg>},
    {"sendmsg", "fd, buffers, name, control, flags", entry<sendmsg>},
    {"read", "fd, buf", entry<read>},
    {"write", "fd, buf | fd, buf, offset, length", entry<write, write_at>},
    {"close", "fd", entry<close>},
    {"fcntl", "fd, cmd, arg", entry<fcntl>},
    {"dup", "fd", entry<dup>},
    {"dup2", "oldfd, newfd", entry<dup2>},
    {"dup3", "oldfd, newfd, flags", entry<dup3>},
    {"pipe", "fds", entry<pipe>},
    {"pipe2", "fds, flags", entry<pipe2>},
    {"ioctl", "fd, request, arg", entry<ioctl>},
    {"select", "nfds, rfds, wfds, xfds, timeout", entry<select>},
    {"pselect", "nfds, rfds, wfds, xfds, timeout, sigmask", entry<pselect>},
    {"poll", "fds, nfds, timeoutMs", entry<poll>},
    {"ppoll", "fds, nfds, timeout, sigmask", entry<ppoll>},
    {"epoll_create", "size", entry<epoll_create>},
    {"epoll_create1", "flags", entry<epoll_create1>},
    {"epoll_ctl", "epfd, op, fd, event", entry<epoll_ctl>},
    {"epoll_wait", "epfd, events, maxevents, timeoutMs", entry<epoll_wait>},
    {"epoll_pwait", "epfd, events, maxevents, timeoutMs, sigmask", entry<epoll_pwait>},
    {"kqueue", "", entry<kqueue>},
    {"kevent", "kq, changes, nchanges, events, nevents, timeout", entry<kevent>},
    {"eventfd", "initval, flags", entry<eventfd>},
    {"signalfd", "fd, mask, flags", entry<signalfd>},
    {"timerfd_create", "clock, flags", entry<timerfd_create>},
    {"timerfd_settime", "fd, flags, newValue, oldValue", entry<timerfd_settime>},
    {"timerfd_gettime", "fd, currValue", entry<timerfd_gettime>},
    {"if_nametoindex", "name", entry<if_nametoindex>},
    {"if_indextoname", "index, name", entry<if_indextoname>},
    {"if_nameindex", "list", entry<if_nameindex>},
    {"sigaction", "signum, handler", entry<sigaction>},
    {"overhear", "signum", entry<overhear>},
    {"set_wakeup_fd", "fd", entry<set_wakeup_fd>},
    {"setitimer", "which, value, before", entry<setitimer>},
    {"getitimer", "which, value", entry<getitimer>},
    {"signals_noted", "signums", entry<signals_noted>},
    {"clock_gettime", "clock, time", entry<clock_gettime>},
    {"getaddrinfo", "host, service, family, type, protocol, flags, out", entry<getaddrinfo>},
    {"getnameinfo", "addr, host, service, flags", entry<getnameinfo>},
    {"gai_strerror", "code, out", entry<gai_strerror>},
    {"gethostname", "out", entry<gethostname>},
    {"sethostname", "name", entry<sethostname>},
};

// By the numbers that src/gate.ts has for them.
const napi_callback one_by_registers = gate<recv_at, send_at, write_at, getpeername_at, clock_gettime>;
const napi_callback many_by_entries = batch<recv_at, send_at, write_at>;

const std::vector<Number> constants = {
#include "constants.inc"
};

}  // namespace rfds
