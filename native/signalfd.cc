// signalfd(2), Linux: a descriptor that signals are read from.
#include "calls.h"
#include "timespec.h"

#ifdef __linux__
#include <sys/signalfd.h>
#endif

namespace rfds {
namespace {

#ifdef __linux__
// signalfd(fd, mask, flags).
int signalfd(int fd, Bytes mask, int flags) {
  NullableSigset signals(NullableBytes{mask});
  return ::signalfd(fd, signals.pointer(), flags);
}
#else
int signalfd(int, Bytes, int) { return enosys(); }
#endif

}  // namespace

const std::vector<Call> signalfd_calls = {
    {"signalfd", "fd, mask, flags", entry<signalfd>},
};

}  // namespace rfds
