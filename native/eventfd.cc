// Descriptors that become readable for what is no I/O: eventfd(2), signalfd(2), timerfd_create(2),
// all Linux only. Above: src/syscalls.ts.
#include "calls.h"

#ifdef __linux__
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include <cstring>
#include <limits>

#include "waiting.h"

namespace rfds {
namespace {

constexpr const char* four = "an itimerspec must be a BigInt64Array of at least four elements";

// [interval's seconds, nanoseconds, value's seconds, nanoseconds]
struct Words {
  int64_t word[4];
};

itimerspec timer_from(const Bytes& bytes) {
  Words from;
  require(bytes.size >= sizeof from, four);
  std::memcpy(&from, bytes.data, sizeof from);
  itimerspec timer = {};
  timer.it_interval.tv_sec = static_cast<time_t>(from.word[0]);
  timer.it_interval.tv_nsec = static_cast<decltype(timespec::tv_nsec)>(from.word[1]);
  timer.it_value.tv_sec = static_cast<time_t>(from.word[2]);
  timer.it_value.tv_nsec = static_cast<decltype(timespec::tv_nsec)>(from.word[3]);
  return timer;
}

void store(const itimerspec& timer, const Bytes& bytes) {
  Words to = {
      {timer.it_interval.tv_sec, timer.it_interval.tv_nsec, timer.it_value.tv_sec, timer.it_value.tv_nsec}};
  std::memcpy(bytes.data, &to, sizeof to);
}

}  // namespace

int eventfd(int64_t initval, int flags) {
  require(initval >= 0 && initval <= std::numeric_limits<unsigned int>::max(),
          "initval does not fit an unsigned int");
  return ::eventfd(static_cast<unsigned int>(initval), flags);
}

int signalfd(int fd, Bytes mask, int flags) {
  Signals signals(MaybeBytes{mask});
  return ::signalfd(fd, signals.pointer(), flags);
}

int timerfd_create(int clock, int flags) { return ::timerfd_create(clock, flags); }

int timerfd_settime(int fd, int flags, Bytes new_value, MaybeBytes old_value) {
  itimerspec before, timer = timer_from(new_value);
  if (old_value.data == nullptr) return ::timerfd_settime(fd, flags, &timer, nullptr);
  require(old_value.size >= sizeof(Words), four);
  int result = ::timerfd_settime(fd, flags, &timer, &before);
  if (result == 0) store(before, old_value);
  return result;
}

int timerfd_gettime(int fd, Bytes curr_value) {
  itimerspec timer;
  require(curr_value.size >= sizeof(Words), four);
  int result = ::timerfd_gettime(fd, &timer);
  if (result == 0) store(timer, curr_value);
  return result;
}

}  // namespace rfds

#else

namespace rfds {

int eventfd(int64_t, int) { return lacking(); }
int signalfd(int, Bytes, int) { return lacking(); }
int timerfd_create(int, int) { return lacking(); }
int timerfd_settime(int, int, Bytes, MaybeBytes) { return lacking(); }
int timerfd_gettime(int, Bytes) { return lacking(); }

}  // namespace rfds

#endif
