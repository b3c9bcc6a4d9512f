// epoll(7), Linux only. Above: src/epoll.ts, which keeps the epoll_event array.
#include "calls.h"

#ifdef __linux__
#include <sys/epoll.h>

namespace rfds {

int epoll_create1(int flags) { return ::epoll_create1(flags); }

int epoll_ctl(int epfd, int op, int fd, MaybeBytes event) {
  require(event.data == nullptr || event.size >= sizeof(epoll_event),
          "event is smaller than a struct epoll_event");
  return ::epoll_ctl(epfd, op, fd, event.as<epoll_event>());
}

int epoll_wait(int epfd, Bytes events, int maxevents, int timeout_ms) {
  require(maxevents <= 0 || static_cast<size_t>(maxevents) <= events.size / sizeof(epoll_event),
          "maxevents is more than events holds");
  return ::epoll_wait(epfd, events.as<epoll_event>(), maxevents, timeout_ms);
}

}  // namespace rfds

#else

namespace rfds {

int epoll_create1(int) { return lacking(); }
int epoll_ctl(int, int, int, MaybeBytes) { return lacking(); }
int epoll_wait(int, Bytes, int, int) { return lacking(); }

}  // namespace rfds

#endif
