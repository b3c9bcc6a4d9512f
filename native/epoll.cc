// epoll(7), Linux only.
#include "calls.h"
#include "threads.h"
#include "timespec.h"

#ifdef __linux__
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace rfds {
namespace {

#ifdef __linux__
epoll_event* array(const Bytes& events, int maxevents) {
  require(maxevents <= 0 || static_cast<size_t>(maxevents) <= events.size / sizeof(epoll_event),
          "maxevents is more than events holds");
  return events.as<epoll_event>();
}

// epoll_create(size).
int epoll_create(int size) { return ::epoll_create(size); }

// epoll_create1(flags).
int epoll_create1(int flags) { return ::epoll_create1(flags); }

// epoll_ctl(epfd, op, fd, event).
int epoll_ctl(int epfd, int op, int fd, NullableBytes event) {
  require(event.data == nullptr || event.size >= sizeof(epoll_event),
          "event is smaller than a struct epoll_event");
  return ::epoll_ctl(epfd, op, fd, event.as<epoll_event>());
}

// epoll_wait(epfd, events, maxevents, timeout).
int epoll_wait(int epfd, Bytes events, int maxevents, int timeout_ms) {
  epoll_event* list = array(events, maxevents);
  BlockingCall inside(timeout_ms < 0 ? -1 : int64_t{timeout_ms} * 1000000);
  int n = ::epoll_wait(epfd, list, maxevents, timeout_ms);
  while (n == -1 && inside.must_restart())
    n = ::epoll_wait(epfd, list, maxevents, inside.milliseconds_left());
  return n;
}

// epoll_pwait(epfd, events, maxevents, timeout, sigmask).
int epoll_pwait(int epfd, Bytes events, int maxevents, int timeout_ms, NullableBytes sigmask) {
  epoll_event* list = array(events, maxevents);
  BlockingCall inside(timeout_ms < 0 ? -1 : int64_t{timeout_ms} * 1000000);
  NullableSigset signals(sigmask);
  int n = ::epoll_pwait(epfd, list, maxevents, timeout_ms, signals.pointer());
  while (n == -1 && inside.must_restart())
    n = ::epoll_pwait(epfd, list, maxevents, inside.milliseconds_left(), signals.pointer());
  return n;
}

// epoll_pwait2(epfd, events, maxevents, timeout, sigmask), for which older libcs have no function.
// Linux 5.11.
int epoll_pwait2(int epfd, Bytes events, int maxevents, NullableBytes timeout, NullableBytes sigmask) {
  constexpr long number = 441;  // On every architecture.
  constexpr size_t sigset_size = 8;
  epoll_event* list = array(events, maxevents);
  NullableTimespec given(timeout);
  BlockingCall inside(nanoseconds(given.pointer()));
  NullableSigset signals(sigmask);
  auto wait = [&](const timespec* time) {
    int64_t words[2];  // The kernel's struct timespec, whatever libc's is.
    if (time != nullptr) to_words(*time, words);
    return static_cast<int>(::syscall(number, epfd, list, maxevents, time == nullptr ? nullptr : words,
                                      signals.pointer(), sigset_size));
  };
  int n = wait(given.pointer());
  while (n == -1 && inside.must_restart()) {
    timespec left = inside.left();
    n = wait(inside.has_timeout() ? &left : nullptr);
  }
  return n;
}
#else
int epoll_create(int) { return enosys(); }
int epoll_create1(int) { return enosys(); }
int epoll_ctl(int, int, int, NullableBytes) { return enosys(); }
int epoll_wait(int, Bytes, int, int) { return enosys(); }
int epoll_pwait(int, Bytes, int, int, NullableBytes) { return enosys(); }
int epoll_pwait2(int, Bytes, int, NullableBytes, NullableBytes) { return enosys(); }
#endif

}  // namespace

const std::vector<Call> epoll_calls = {
    {"epoll_create", "size", entry<epoll_create>},
    {"epoll_create1", "flags", entry<epoll_create1>},
    {"epoll_ctl", "epfd, op, fd, event", entry<epoll_ctl>},
    {"epoll_wait", "epfd, events, maxevents, timeoutMs", entry<epoll_wait>},
    {"epoll_pwait", "epfd, events, maxevents, timeoutMs, sigmask", entry<epoll_pwait>},
    {"epoll_pwait2", "epfd, events, maxevents, timeout, sigmask", entry<epoll_pwait2>},
};

}  // namespace rfds
