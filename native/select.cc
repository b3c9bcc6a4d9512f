// select(2) and pselect(2).
#include <sys/select.h>

#include "calls.h"
#include "threads.h"
#include "timespec.h"

namespace rfds {
namespace {

// An fd_set is any number of whole words here, not FD_SETSIZE bits: the kernel reads and writes as many words
// as nfds needs, so that is what each set must have. (macOS: with _DARWIN_UNLIMITED_SELECT, of rfds.gypi;
// else libc's select() answers EINVAL beyond FD_SETSIZE.)
fd_set* set(const NullableBytes& bytes, int nfds) {
  constexpr size_t word = 8;
  size_t words = nfds > 0 ? (static_cast<size_t>(nfds) + 63) / 64 : 0;
  require(bytes.data == nullptr || bytes.size >= words * word, "a set is smaller than nfds bits");
  return bytes.as<fd_set>();
}

// select(nfds, readfds, writefds, exceptfds, timeout). As in C, the timeout holds what the kernel left there:
// the time remaining on Linux, the same as before on macOS.
int select(int nfds, NullableBytes rfds, NullableBytes wfds, NullableBytes xfds, NullableBytes timeout) {
  fd_set* r = set(rfds, nfds);
  fd_set* w = set(wfds, nfds);
  fd_set* x = set(xfds, nfds);
  if (timeout.data == nullptr) return blocking([&] { return ::select(nfds, r, w, x, nullptr); });

  timeval remaining = TimeWords<timeval>::load(timeout);
  [[maybe_unused]] const timeval given = remaining;
  BlockingCall inside(nanoseconds(given));
  int n = ::select(nfds, r, w, x, &remaining);
  while (n == -1 && inside.must_restart()) {
    timespec left = inside.left();
    remaining.tv_sec = left.tv_sec;
    remaining.tv_usec = static_cast<decltype(remaining.tv_usec)>(left.tv_nsec / 1000);
    n = ::select(nfds, r, w, x, &remaining);
  }
#ifndef __linux__
  remaining = given;
#endif
  TimeWords<timeval>::store(remaining, timeout);
  return n;
}

// pselect(nfds, readfds, writefds, exceptfds, timeout, sigmask). The timeout stays as it is.
int pselect(int nfds, NullableBytes rfds, NullableBytes wfds, NullableBytes xfds, NullableBytes timeout,
            NullableBytes sigmask) {
  NullableTimespec time(timeout);
  fd_set* r = set(rfds, nfds);
  fd_set* w = set(wfds, nfds);
  fd_set* x = set(xfds, nfds);
  BlockingCall inside(nanoseconds(time.pointer()));
  NullableSigset signals(sigmask);
  int n = ::pselect(nfds, r, w, x, time.pointer(), signals.pointer());
  while (n == -1 && inside.must_restart()) {
    timespec left = inside.left();
    n = ::pselect(nfds, r, w, x, inside.has_timeout() ? &left : nullptr, signals.pointer());
  }
  return n;
}

}  // namespace

const std::vector<Call> select_calls = {
    {"select", "nfds, rfds, wfds, xfds, timeout", entry<select>},
    {"pselect", "nfds, rfds, wfds, xfds, timeout, sigmask", entry<pselect>},
};

}  // namespace rfds
