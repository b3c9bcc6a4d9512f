// setitimer(2) and getitimer(2): a signal after a time, and again after each interval.
#include <sys/time.h>

#include "calls.h"
#include "timespec.h"

namespace rfds {
namespace {

using Words = TimerWords<itimerval>;
constexpr const char* too_small = "an itimerval must be a BigInt64Array of at least four elements";

// setitimer(which, value, before).
int setitimer(int which, Bytes value, NullableBytes before) {
  itimerval wanted = Words::load(value, too_small), old;
  require(before.data == nullptr || before.size >= Words::size, too_small);
  if (::setitimer(which, &wanted, before.data != nullptr ? &old : nullptr) == -1) return -1;
  if (before.data != nullptr) Words::store(old, before);
  return 0;
}

// getitimer(which, value).
int getitimer(int which, Bytes value) {
  itimerval now;
  require(value.size >= Words::size, too_small);
  if (::getitimer(which, &now) == -1) return -1;
  Words::store(now, value);
  return 0;
}

}  // namespace

const std::vector<Call> itimer_calls = {
    {"setitimer", "which, value, before", entry<setitimer>},
    {"getitimer", "which, value", entry<getitimer>},
};

}  // namespace rfds
