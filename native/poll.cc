// poll(2) and ppoll(2).
#include <poll.h>

#include "calls.h"
#include "threads.h"
#include "timespec.h"

namespace rfds {
namespace {

pollfd* array(const Bytes& fds, int nfds) {
  require(nfds >= 0 && static_cast<size_t>(nfds) <= fds.size / sizeof(pollfd),
          "nfds is negative or more than fds holds");
  return fds.as<pollfd>();
}

// poll(fds, nfds, timeout).
int poll(Bytes fds, int nfds, int timeout_ms) {
  pollfd* list = array(fds, nfds);
  BlockingCall inside(timeout_ms < 0 ? -1 : int64_t{timeout_ms} * 1000000);
  int n = ::poll(list, static_cast<nfds_t>(nfds), timeout_ms);
  while (n == -1 && inside.must_restart())
    n = ::poll(list, static_cast<nfds_t>(nfds), inside.milliseconds_left());
  return n;
}

#ifdef __linux__
// ppoll(fds, nfds, tmo_p, sigmask).
int ppoll(Bytes fds, int nfds, NullableBytes timeout, NullableBytes sigmask) {
  NullableTimespec time(timeout);
  pollfd* list = array(fds, nfds);
  BlockingCall inside(nanoseconds(time.pointer()));
  NullableSigset signals(sigmask);
  int n = ::ppoll(list, static_cast<nfds_t>(nfds), time.pointer(), signals.pointer());
  while (n == -1 && inside.must_restart()) {
    timespec left = inside.left();
    n = ::ppoll(list, static_cast<nfds_t>(nfds), inside.has_timeout() ? &left : nullptr, signals.pointer());
  }
  return n;
}
#else
int ppoll(Bytes, int, NullableBytes, NullableBytes) { return enosys(); }
#endif

}  // namespace

const std::vector<Call> poll_calls = {
    {"poll", "fds, nfds, timeoutMs", entry<poll>},
    {"ppoll", "fds, nfds, timeout, sigmask", entry<ppoll>},
};

}  // namespace rfds
