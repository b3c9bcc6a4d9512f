// The lists of calls: a file has its functions and, at its end, the lines that export them, so that a new
// call is written in one place. module.cc joins the lists in this order. A function makes exactly one libc
// call, of its own name, or, for a name with _at at its end, of the name before that; those of own_calls are
// the addon's.
#pragma once
#include <sys/types.h>

#include <vector>

#include "bind.h"

namespace rfds {

extern const std::vector<Call> socket_calls;
extern const std::vector<Call> message_calls;
extern const std::vector<Call> file_calls;
extern const std::vector<Call> ioctl_calls;
extern const std::vector<Call> select_calls;
extern const std::vector<Call> poll_calls;
extern const std::vector<Call> epoll_calls;
extern const std::vector<Call> kqueue_calls;
extern const std::vector<Call> eventfd_calls;
extern const std::vector<Call> pidfd_calls;
extern const std::vector<Call> signalfd_calls;
extern const std::vector<Call> timerfd_calls;
extern const std::vector<Call> netif_calls;
extern const std::vector<Call> signal_calls;
extern const std::vector<Call> itimer_calls;
extern const std::vector<Call> clock_calls;
extern const std::vector<Call> netdb_calls;
extern const std::vector<Call> own_calls;  // signal.cc

// What a batch makes, too.
ssize_t recv_at(int fd, Bytes buf, int64_t offset, int64_t length, int flags);
ssize_t send_at(int fd, Bytes buf, int64_t offset, int64_t length, int flags);

}  // namespace rfds
