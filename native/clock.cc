// clock_gettime(2), which the vDSO answers without entering the kernel.
#include "calls.h"
#include "timespec.h"

namespace rfds {

// clock_gettime(clock, time).
int clock_gettime(int clock, Bytes time) {
  require(time.size >= TimeWords<timespec>::size, "time must be a BigInt64Array of at least two elements");
  timespec now;
  if (::clock_gettime(static_cast<clockid_t>(clock), &now) == -1) return -1;
  TimeWords<timespec>::store(now, time);
  return 0;
}

const std::vector<Call> clock_calls = {
    {"clock_gettime", "clock, time", entry<clock_gettime>},
};

}  // namespace rfds
