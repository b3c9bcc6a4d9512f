// poll(2) and ppoll(2).
#include <poll.h>

#include "calls.h"
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
  return ::poll(array(fds, nfds), static_cast<nfds_t>(nfds), timeout_ms);
}

#ifdef __linux__
// ppoll(fds, nfds, tmo_p, sigmask).
int ppoll(Bytes fds, int nfds, NullableBytes timeout, NullableBytes sigmask) {
  NullableTimespec time(timeout);
  NullableSigset signals(sigmask);
  return ::ppoll(array(fds, nfds), static_cast<nfds_t>(nfds), time.pointer(), signals.pointer());
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
