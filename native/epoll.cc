// epoll(7), Linux only. Above: src/epoll.ts, which keeps the epoll_event array.
#include "calls.h"
#include "waiting.h"

#ifdef __linux__
#include <sys/epoll.h>

namespace rfds {
namespace {

epoll_event* array(const Bytes& events, int maxevents) {
  require(maxevents <= 0 || static_cast<size_t>(maxevents) <= events.size / sizeof(epoll_event),
          "maxevents is more than events holds");
  return events.as<epoll_event>();
}

}  // namespace

int epoll_create(int size) { return ::epoll_create(size); }

int epoll_create1(int flags) { return ::epoll_create1(flags); }

int epoll_ctl(int epfd, int op, int fd, MaybeBytes event) {
  require(event.data == nullptr || event.size >= sizeof(epoll_event),
          "event is smaller than a struct epoll_event");
  return ::epoll_ctl(epfd, op, fd, event.as<epoll_event>());
}

int epoll_wait(int epfd, Bytes events, int maxevents, int timeout_ms) {
  return ::epoll_wait(epfd, array(events, maxevents), maxevents, timeout_ms);
}

int epoll_pwait(int epfd, Bytes events, int maxevents, int timeout_ms, MaybeBytes sigmask) {
  Signals signals(sigmask);
  return ::epoll_pwait(epfd, array(events, maxevents), maxevents, timeout_ms, signals.pointer());
}

}  // namespace rfds

#else

namespace rfds {

int epoll_create(int) { return lacking(); }
int epoll_create1(int) { return lacking(); }
int epoll_ctl(int, int, int, MaybeBytes) { return lacking(); }
int epoll_wait(int, Bytes, int, int) { return lacking(); }
int epoll_pwait(int, Bytes, int, int, MaybeBytes) { return lacking(); }

}  // namespace rfds

#endif
