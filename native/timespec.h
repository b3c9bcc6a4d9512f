// Times and signal masks as JavaScript keeps them: int64 seconds and int64 nanoseconds or microseconds,
// whatever time_t is; and 64 bits of signals. Copied, because JavaScript may place them at any address.
#pragma once
#include <signal.h>
#include <sys/time.h>

#include <algorithm>
#include <cstring>
#include <ctime>

#include "args.h"
#include "threads.h"

namespace rfds {

// [tv_sec, tv_nsec] or [tv_sec, tv_usec]. False if a word does not fit the struct.
inline bool from_words(const int64_t* words, timespec& time) {
  time.tv_sec = static_cast<decltype(time.tv_sec)>(words[0]);
  time.tv_nsec = static_cast<decltype(time.tv_nsec)>(words[1]);
  return time.tv_sec == words[0] && time.tv_nsec == words[1];
}
inline bool from_words(const int64_t* words, timeval& time) {
  time.tv_sec = static_cast<decltype(time.tv_sec)>(words[0]);
  time.tv_usec = static_cast<decltype(time.tv_usec)>(words[1]);
  return time.tv_sec == words[0] && time.tv_usec == words[1];
}
inline void to_words(const timespec& time, int64_t* words) {
  words[0] = time.tv_sec;
  words[1] = time.tv_nsec;
}
inline void to_words(const timeval& time, int64_t* words) {
  words[0] = time.tv_sec;
  words[1] = time.tv_usec;
}

// A struct timespec or timeval.
template <class Time>
struct TimeWords {
  static constexpr size_t size = 2 * sizeof(int64_t);

  static Time load(const Bytes& bytes) {
    int64_t words[2];
    Time time;
    require(bytes.size >= size, "timeout must be a BigInt64Array of at least two elements");
    std::memcpy(words, bytes.data, size);
    require(from_words(words, time), "timeout does not fit its struct");
    return time;
  }
  static void store(const Time& time, const Bytes& bytes) {
    int64_t words[2];
    to_words(time, words);
    std::memcpy(bytes.data, words, size);
  }
};

// A struct itimerspec or itimerval: first the interval, then the time until the first expiration.
template <class Timer>
struct TimerWords {
  static constexpr size_t size = 4 * sizeof(int64_t);

  static Timer load(const Bytes& bytes, const char* too_small) {
    int64_t words[4];
    Timer timer;
    require(bytes.size >= size, too_small);
    std::memcpy(words, bytes.data, size);
    bool fits = from_words(words, timer.it_interval);
    require(from_words(words + 2, timer.it_value) && fits, "a time does not fit its struct");
    return timer;
  }
  static void store(const Timer& timer, const Bytes& bytes) {
    int64_t words[4];
    to_words(timer.it_interval, words);
    to_words(timer.it_value, words + 2);
    std::memcpy(bytes.data, words, size);
  }
};

// A timeout: NULL waits without an end.
class NullableTimespec {
 public:
  explicit NullableTimespec(const NullableBytes& words) : is_null(words.data == nullptr) {
    if (!is_null) value = TimeWords<timespec>::load(words);
  }
  const timespec* pointer() const { return is_null ? nullptr : &value; }

 private:
  bool is_null;
  timespec value = {};
};

// A sigset_t from 64 bits, of which signal n is bit n - 1, as every kernel has it. libc's own sigset_t is
// larger (Linux: 128 bytes) or smaller (macOS: 4).
class NullableSigset {
 public:
  explicit NullableSigset(const NullableBytes& bits) : is_null(bits.data == nullptr) {
    constexpr size_t size = 8;
    if (is_null) return;
    require(bits.size >= size, "the signal mask must be a BigUint64Array of at least one element");
    sigemptyset(&value);
    std::memcpy(&value, bits.data, std::min(size, sizeof value));
    // Whatever is blocked, a thread can be kicked out of the call: made after its BlockingCall, which chooses
    // by what signal.
    if (int kicks = kick_signum.load()) sigdelset(&value, kicks);
  }
  const sigset_t* pointer() const { return is_null ? nullptr : &value; }

 private:
  bool is_null;
  sigset_t value;
};

}  // namespace rfds
