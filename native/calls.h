// Every call, with its JavaScript signature in C++ types; module.cc lists them for export. A function here
// makes exactly one libc call, of its own name, or, for a name with _at at its end, of the name before that.
// Those of signal.cc beside sigaction are the addon's own.
#pragma once
#include <sys/types.h>

#include "args.h"

namespace rfds {

// socket.cc
int socket(int domain, int type, int protocol);
int socketpair(int domain, int type, int protocol, Bytes sv);
int bind(int fd, Bytes addr);
int listen(int fd, int backlog);
int accept(int fd, NullableBytes addr, NullableBytes addrlen);
int accept4(int fd, NullableBytes addr, NullableBytes addrlen, int flags);
int connect(int fd, Bytes addr);
int getsockname(int fd, Bytes addr, Bytes addrlen);
int getpeername(int fd, Bytes addr, Bytes addrlen);
int getpeername_at(int fd, Bytes addr, int* addrlen);
int getsockopt(int fd, int level, int name, Bytes value, Bytes length);
int setsockopt(int fd, int level, int name, Bytes value);
ssize_t recv(int fd, Bytes buf, int flags);
ssize_t recv_at(int fd, Bytes buf, int64_t offset, int64_t length, int flags);
ssize_t send(int fd, Bytes buf, int flags);
ssize_t send_at(int fd, Bytes buf, int64_t offset, int64_t length, int flags);
ssize_t recvfrom(int fd, Bytes buf, int flags, NullableBytes addr, NullableBytes addrlen);
ssize_t recvfrom_at(int fd, Bytes buf, int64_t offset, int64_t length, int flags, NullableBytes addr,
                    NullableBytes addrlen);
ssize_t sendto(int fd, Bytes buf, int flags, NullableBytes addr);
ssize_t sendto_at(int fd, Bytes buf, int64_t offset, int64_t length, int flags, NullableBytes addr);
int shutdown(int fd, int how);

// message.cc
ssize_t recvmsg(int fd, IoVec buffers, NullableBytes name, NullableBytes control, Bytes lengths, int flags);
ssize_t sendmsg(int fd, IoVec buffers, NullableBytes name, NullableBytes control, int flags);
int recvmmsg(int fd, IoVec buffers, NullableBytes names, NullableBytes controls, Bytes msgvec, int vlen,
             int flags, NullableBytes timeout);
int sendmmsg(int fd, IoVec buffers, NullableBytes names, NullableBytes controls, Bytes msgvec, int vlen,
             int flags);

// file.cc
ssize_t read(int fd, Bytes buf);
ssize_t write(int fd, Bytes buf);
ssize_t write_at(int fd, Bytes buf, int64_t offset, int64_t length);
int close(int fd);
int fcntl(int fd, int cmd, int arg);
int dup(int fd);
int dup2(int oldfd, int newfd);
int dup3(int oldfd, int newfd, int flags);
int pipe(Bytes fds);
int pipe2(Bytes fds, int flags);

// ioctl.cc
int ioctl(int fd, int64_t request, IntOrBytes arg);

// select.cc, poll.cc, epoll.cc, kqueue.cc
int select(int nfds, NullableBytes rfds, NullableBytes wfds, NullableBytes xfds, NullableBytes timeout);
int pselect(int nfds, NullableBytes rfds, NullableBytes wfds, NullableBytes xfds, NullableBytes timeout,
            NullableBytes sigmask);
int poll(Bytes fds, int nfds, int timeout_ms);
int ppoll(Bytes fds, int nfds, NullableBytes timeout, NullableBytes sigmask);
int epoll_create(int size);
int epoll_create1(int flags);
int epoll_ctl(int epfd, int op, int fd, NullableBytes event);
int epoll_wait(int epfd, Bytes events, int maxevents, int timeout_ms);
int epoll_pwait(int epfd, Bytes events, int maxevents, int timeout_ms, NullableBytes sigmask);
int kqueue();
int kevent(int kq, NullableBytes changes, int nchanges, NullableBytes events, int nevents,
           NullableBytes timeout);

// eventfd.cc, signalfd.cc, timerfd.cc
int eventfd(int64_t initval, int flags);
int signalfd(int fd, Bytes mask, int flags);
int timerfd_create(int clock, int flags);
int timerfd_settime(int fd, int flags, Bytes new_value, NullableBytes old_value);
int timerfd_gettime(int fd, Bytes curr_value);

// netif.cc
int64_t if_nametoindex(Bytes name);
int if_indextoname(int index, Bytes name);
int if_nameindex(Bytes list);

// signal.cc, itimer.cc, clock.cc
int sigaction(int signum, int handler);
int catch_signal(int signum, int flags);
int chain_signal(int signum);
int set_wakeup_fd(int fd);
int take_pending_signals(Bytes signums);
int setitimer(int which, Bytes value, NullableBytes before);
int getitimer(int which, Bytes value);
int clock_gettime(int clock, Bytes time);

// netdb.cc
LookupResult getaddrinfo(NullableBytes host, NullableBytes service, int family, int type, int protocol,
                         int flags, Bytes out);
LookupResult getnameinfo(Bytes addr, Bytes host, Bytes service, int flags);
int gai_strerror(int code, Bytes out);
int gethostname(Bytes out);
int sethostname(Bytes name);

}  // namespace rfds
