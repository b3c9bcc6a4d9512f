// poll(2). Above: src/poll.ts, which keeps the pollfd array.
#include <poll.h>

#include "calls.h"

namespace rfds {

int poll(Bytes fds, int nfds, int timeout_ms) {
  require(nfds >= 0 && static_cast<size_t>(nfds) <= fds.size / sizeof(pollfd),
          "nfds is negative or more than fds holds");
  return ::poll(fds.as<pollfd>(), static_cast<nfds_t>(nfds), timeout_ms);
}

}  // namespace rfds
