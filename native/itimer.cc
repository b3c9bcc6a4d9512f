// setitimer(2) and getitimer(2): a signal after a time, and again after each interval.
// Above: src/itimer.ts.
#include <sys/time.h>

#include <cstring>

#include "calls.h"

namespace rfds {

namespace {

constexpr const char* four = "an itimerval must be a BigInt64Array of at least four elements";

// [interval, its microseconds, time left, its microseconds], int64 each, whatever the platform has.
itimerval from(const Bytes& bytes) {
  int64_t words[4];
  require(bytes.size >= sizeof words, four);
  std::memcpy(words, bytes.data, sizeof words);
  itimerval value;
  value.it_interval.tv_sec = static_cast<time_t>(words[0]);
  value.it_interval.tv_usec = static_cast<suseconds_t>(words[1]);
  value.it_value.tv_sec = static_cast<time_t>(words[2]);
  value.it_value.tv_usec = static_cast<suseconds_t>(words[3]);
  return value;
}

void into(const Bytes& bytes, const itimerval& value) {
  int64_t words[] = {value.it_interval.tv_sec, value.it_interval.tv_usec, value.it_value.tv_sec,
                     value.it_value.tv_usec};
  std::memcpy(bytes.data, words, sizeof words);
}

}  // namespace

// setitimer(which, value, before): before may be NULL.
int setitimer(int which, Bytes value, MaybeBytes before) {
  itimerval wanted = from(value), old;
  require(before.data == nullptr || before.size >= 4 * sizeof(int64_t), four);
  if (::setitimer(which, &wanted, before.data != nullptr ? &old : nullptr) == -1) return -1;
  if (before.data != nullptr) into(before, old);
  return 0;
}

// getitimer(which, value).
int getitimer(int which, Bytes value) {
  itimerval now;
  require(value.size >= 4 * sizeof(int64_t), four);
  if (::getitimer(which, &now) == -1) return -1;
  into(value, now);
  return 0;
}

}  // namespace rfds
