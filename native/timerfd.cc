// timerfd_create(2) and its kin, Linux: a descriptor that is readable when a time has come.
#include "calls.h"
#include "timespec.h"

#ifdef __linux__
#include <sys/timerfd.h>
#endif

namespace rfds {
namespace {

#ifdef __linux__
using Words = TimerWords<itimerspec>;
constexpr const char* too_small = "an itimerspec must be a BigInt64Array of at least four elements";

// timerfd_create(clockid, flags).
int timerfd_create(int clock, int flags) { return ::timerfd_create(clock, flags); }

// timerfd_settime(fd, flags, new_value, old_value).
int timerfd_settime(int fd, int flags, Bytes new_value, NullableBytes old_value) {
  itimerspec before, timer = Words::load(new_value, too_small);
  if (old_value.data == nullptr) return ::timerfd_settime(fd, flags, &timer, nullptr);
  require(old_value.size >= Words::size, too_small);
  int result = ::timerfd_settime(fd, flags, &timer, &before);
  if (result == 0) Words::store(before, old_value);
  return result;
}

// timerfd_gettime(fd, curr_value).
int timerfd_gettime(int fd, Bytes curr_value) {
  itimerspec timer;
  require(curr_value.size >= Words::size, too_small);
  int result = ::timerfd_gettime(fd, &timer);
  if (result == 0) Words::store(timer, curr_value);
  return result;
}
#else
int timerfd_create(int, int) { return enosys(); }
int timerfd_settime(int, int, Bytes, NullableBytes) { return enosys(); }
int timerfd_gettime(int, Bytes) { return enosys(); }
#endif

}  // namespace

const std::vector<Call> timerfd_calls = {
    {"timerfd_create", "clock, flags", entry<timerfd_create>},
    {"timerfd_settime", "fd, flags, newValue, oldValue", entry<timerfd_settime>},
    {"timerfd_gettime", "fd, currValue", entry<timerfd_gettime>},
};

}  // namespace rfds
