// Every call, with its JavaScript signature in C++ types; module.cc lists them for export. A function
// here makes exactly one libc call, of its own name (recv_at: recv; signals_noted: none).
#pragma once
#include <sys/types.h>

#include "bytes.h"

namespace rfds {

// socket.cc
int socket(int domain, int type, int protocol);
int socketpair(int domain, int type, int protocol, Bytes sv);
int bind(int fd, Bytes addr);
int listen(int fd, int backlog);
int accept(int fd, MaybeBytes addr, MaybeBytes addrlen);
int accept4(int fd, MaybeBytes addr, MaybeBytes addrlen, int flags);
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
int shutdown(int fd, int how);

// message.cc
ssize_t recvmsg(int fd, Chunks buffers, MaybeBytes name, MaybeBytes control, Bytes lengths, int flags);
ssize_t sendmsg(int fd, Chunks buffers, MaybeBytes name, MaybeBytes control, int flags);

// file.cc
ssize_t read(int fd, Bytes buf);
ssize_t write(int fd, Bytes buf);
ssize_t write_at(int fd, Bytes buf, int64_t offset, int64_t length);
int close(int fd);
int fcntl(int fd, int cmd, int arg);
int dup(int fd);
int pipe2(Bytes fds, int flags);

// ioctl.cc
int ioctl(int fd, int64_t request, IntOrBytes arg);

// select.cc, poll.cc, epoll.cc, kqueue.cc
int select(int nfds, MaybeBytes rfds, MaybeBytes wfds, MaybeBytes xfds, MaybeBytes timeout);
int poll(Bytes fds, int nfds, int timeout_ms);
int epoll_create1(int flags);
int epoll_ctl(int epfd, int op, int fd, MaybeBytes event);
int epoll_wait(int epfd, Bytes events, int maxevents, int timeout_ms);
int kqueue();
int kevent(int kq, MaybeBytes changes, int nchanges, MaybeBytes events, int nevents, MaybeBytes timeout);

// signal.cc, clock.cc
int sigaction(int signum, int handler);
int signals_noted(Bytes signums);
int clock_gettime(int clock, Bytes time);

// names.cc: these are no system calls, but libc's ways through many.
int getaddrinfo(MaybeBytes host, MaybeBytes service, int family, int type, int protocol, int flags,
                Bytes out);
int getnameinfo(Bytes addr, Bytes host, Bytes service, int flags);
int gai_strerror(int code, Bytes out);
int gethostname(Bytes out);
int sethostname(Bytes name);
int if_nametoindex(Bytes name);
int if_indextoname(int index, Bytes out);
int if_nameindex(Bytes out);

}  // namespace rfds
