// poll(2) and ppoll(2). Above: src/poll.ts, which keeps the pollfd array.
#include <poll.h>

#include "calls.h"
#include "waiting.h"

namespace rfds {
namespace {

pollfd* array(const Bytes& fds, int nfds) {
  require(nfds >= 0 && static_cast<size_t>(nfds) <= fds.size / sizeof(pollfd),
          "nfds is negative or more than fds holds");
  return fds.as<pollfd>();
}

}  // namespace

int poll(Bytes fds, int nfds, int timeout_ms) {
  return ::poll(array(fds, nfds), static_cast<nfds_t>(nfds), timeout_ms);
}

#ifdef __linux__
int ppoll(Bytes fds, int nfds, MaybeBytes timeout, MaybeBytes sigmask) {
  Time time(timeout);
  Signals signals(sigmask);
  return ::ppoll(array(fds, nfds), static_cast<nfds_t>(nfds), time.pointer(), signals.pointer());
}
#else
int ppoll(Bytes, int, MaybeBytes, MaybeBytes) { return lacking(); }
#endif

}  // namespace rfds
