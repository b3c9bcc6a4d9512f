// clock_gettime(2), which the vDSO answers without entering the kernel. Above: src/time.ts.
#include <cstring>
#include <ctime>

#include "calls.h"

namespace rfds {

// time becomes [seconds, nanoseconds].
int clock_gettime(int clock, Bytes time) {
  int64_t both[2];
  require(time.size >= sizeof both, "time must be a BigInt64Array of at least two elements");
  timespec ts;
  if (::clock_gettime(static_cast<clockid_t>(clock), &ts) == -1) return -1;
  both[0] = ts.tv_sec;
  both[1] = ts.tv_nsec;
  std::memcpy(time.data, both, sizeof both);
  return 0;
}

}  // namespace rfds
