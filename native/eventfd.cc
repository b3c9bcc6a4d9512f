// eventfd(2), Linux: a descriptor that is a counter.
#include "calls.h"

#ifdef __linux__
#include <sys/eventfd.h>

#include <limits>
#endif

namespace rfds {
namespace {

#ifdef __linux__
// eventfd(initval, flags).
int eventfd(int64_t initval, int flags) {
  require(initval >= 0 && initval <= std::numeric_limits<unsigned int>::max(),
          "initval does not fit an unsigned int");
  return ::eventfd(static_cast<unsigned int>(initval), flags);
}
#else
int eventfd(int64_t, int) { return enosys(); }
#endif

}  // namespace

const std::vector<Call> eventfd_calls = {
    {"eventfd", "initval, flags", entry<eventfd>},
};

}  // namespace rfds
