// select(2) and pselect(2). Above: src/select.ts, which fills the sets and reads them.
#include <sys/select.h>

#include <cstring>
#include <limits>

#include "calls.h"
#include "waiting.h"

namespace rfds {
namespace {

// An fd_set is any number of whole words here, not FD_SETSIZE bits: the kernel reads and
// writes as many words as nfds needs, so that is what each set must have.
fd_set* set(const MaybeBytes& bytes, int nfds) {
  constexpr size_t word = 8;
  size_t words = nfds > 0 ? (static_cast<size_t>(nfds) + 63) / 64 : 0;
  require(bytes.data == nullptr || bytes.size >= words * word, "a set is smaller than nfds bits");
  return bytes.as<fd_set>();
}

}  // namespace

// timeout is [seconds, microseconds] and, as in C, holds what the kernel left there:
// the time remaining on Linux, the same as before on macOS.
int select(int nfds, MaybeBytes rfds, MaybeBytes wfds, MaybeBytes xfds, MaybeBytes timeout) {
  fd_set* r = set(rfds, nfds);
  fd_set* w = set(wfds, nfds);
  fd_set* x = set(xfds, nfds);
  if (timeout.data == nullptr) return ::select(nfds, r, w, x, nullptr);

  int64_t both[2];
  require(timeout.size >= sizeof both, "timeout must be a BigInt64Array of at least two elements");
  std::memcpy(both, timeout.data, sizeof both);
  timeval tv;
  tv.tv_sec = static_cast<decltype(tv.tv_sec)>(both[0]);
  tv.tv_usec = static_cast<decltype(tv.tv_usec)>(both[1]);
  require(tv.tv_sec == both[0] && tv.tv_usec == both[1], "timeout does not fit a struct timeval");
  int n = ::select(nfds, r, w, x, &tv);
  int error = errno;
  both[0] = tv.tv_sec;
  both[1] = tv.tv_usec;
  std::memcpy(timeout.data, both, sizeof both);
  errno = error;
  return n;
}

// timeout is [seconds, nanoseconds], and stays as it is.
int pselect(int nfds, MaybeBytes rfds, MaybeBytes wfds, MaybeBytes xfds, MaybeBytes timeout,
            MaybeBytes sigmask) {
  Time time(timeout);
  Signals signals(sigmask);
  return ::pselect(nfds, set(rfds, nfds), set(wfds, nfds), set(xfds, nfds), time.pointer(),
                   signals.pointer());
}

}  // namespace rfds
