// How the compiler lays out the kernel's structs, for JavaScript to read and write them in place.
// Above: src/native.ts. Beside it: module.cc, the list of all else.
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cstddef>

#include "module.h"
#ifdef __linux__
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#endif
#ifdef __APPLE__
#include <sys/ucred.h>
#endif
#if __has_include(<sys/event.h>)
#include <sys/event.h>
#endif

namespace rfds {

#define SIZE(type) \
  { "sizeof " #type, sizeof(struct type) }
#define OFFSET(type, member)                         \
  {                                                  \
#type "." #member, offsetof(struct type, member) \
  }

const std::vector<Number> layout = {
    SIZE(sockaddr_in),
    SIZE(sockaddr_in6),
    SIZE(sockaddr_un),
    SIZE(sockaddr_storage),
    OFFSET(sockaddr, sa_family),
    OFFSET(sockaddr_un, sun_path),
    SIZE(cmsghdr),
    OFFSET(cmsghdr, cmsg_len),
    OFFSET(cmsghdr, cmsg_level),
    OFFSET(cmsghdr, cmsg_type),
    {"sizeof cmsghdr.cmsg_len", sizeof(cmsghdr::cmsg_len)},
    {"CMSG_ALIGN", CMSG_SPACE(1) - CMSG_SPACE(0)},
    {"CMSG_LEN(0)", CMSG_LEN(0)},
    SIZE(linger),
    SIZE(timeval),
    {"sizeof timeval.tv_usec", sizeof(timeval::tv_usec)},
    SIZE(ip_mreq),
    SIZE(ip_mreqn),
    SIZE(ipv6_mreq),
#ifdef __linux__  // macOS has the type, but not in every SDK
    SIZE(sockaddr_vm),
    OFFSET(sockaddr_vm, svm_port),
    OFFSET(sockaddr_vm, svm_cid),
#endif
#ifdef __APPLE__
    SIZE(xucred),
    OFFSET(xucred, cr_uid),
    OFFSET(xucred, cr_ngroups),
    OFFSET(xucred, cr_groups),
#endif
    SIZE(pollfd),
    OFFSET(pollfd, fd),
    OFFSET(pollfd, events),
    OFFSET(pollfd, revents),
#ifdef __linux__
    SIZE(sockaddr_ll),
    OFFSET(sockaddr_ll, sll_protocol),
    OFFSET(sockaddr_ll, sll_ifindex),
    OFFSET(sockaddr_ll, sll_hatype),
    OFFSET(sockaddr_ll, sll_pkttype),
    OFFSET(sockaddr_ll, sll_halen),
    OFFSET(sockaddr_ll, sll_addr),
    SIZE(sockaddr_nl),
    OFFSET(sockaddr_nl, nl_pid),
    OFFSET(sockaddr_nl, nl_groups),
    SIZE(packet_mreq),
    OFFSET(packet_mreq, mr_ifindex),
    OFFSET(packet_mreq, mr_type),
    OFFSET(packet_mreq, mr_alen),
    OFFSET(packet_mreq, mr_address),
    SIZE(ucred),
    SIZE(tpacket_auxdata),
    OFFSET(tpacket_auxdata, tp_status),
    OFFSET(tpacket_auxdata, tp_vlan_tci),
    OFFSET(tpacket_auxdata, tp_vlan_tpid),
    SIZE(epoll_event),
    OFFSET(epoll_event, events),
    OFFSET(epoll_event, data),
    SIZE(signalfd_siginfo),
    OFFSET(signalfd_siginfo, ssi_signo),
#endif
#ifdef EVFILT_READ
    SIZE(kevent),
    OFFSET(kevent, ident),
    OFFSET(kevent, filter),
    OFFSET(kevent, flags),
    OFFSET(kevent, fflags),
    OFFSET(kevent, data),
    OFFSET(kevent, udata),
#endif
};

}  // namespace rfds
