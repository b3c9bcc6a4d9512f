// What the calls that wait read from memory: how long, and which signals are to wait meanwhile.
// Copied, because JavaScript may place it at any address. Above: select.cc, poll.cc, epoll.cc, kqueue.cc,
// eventfd.cc.
#pragma once
#include <signal.h>

#include <algorithm>
#include <cstring>
#include <ctime>

#include "bytes.h"

namespace rfds {

// A timespec from [seconds, nanoseconds]; null is NULL: without an end.
class Time {
 public:
  explicit Time(const MaybeBytes& words) : present(words.data != nullptr) {
    if (!present) return;
    int64_t both[2];
    require(words.size >= sizeof both, "timeout must be a BigInt64Array of at least two elements");
    std::memcpy(both, words.data, sizeof both);
    value.tv_sec = static_cast<decltype(value.tv_sec)>(both[0]);
    value.tv_nsec = static_cast<decltype(value.tv_nsec)>(both[1]);
  }
  const timespec* pointer() const { return present ? &value : nullptr; }

 private:
  bool present;
  timespec value = {};
};

// A sigset_t from 64 bits, of which signal n is bit n - 1, as every kernel has it; null is NULL.
// libc's own sigset_t is larger (Linux: 128 bytes) or smaller (macOS: 4).
class Signals {
 public:
  explicit Signals(const MaybeBytes& bits) : present(bits.data != nullptr) {
    constexpr size_t size = 8;
    if (!present) return;
    require(bits.size >= size, "the signal mask must be a BigUint64Array of at least one element");
    sigemptyset(&value);
    std::memcpy(&value, bits.data, std::min(size, sizeof value));
  }
  const sigset_t* pointer() const { return present ? &value : nullptr; }

 private:
  bool present;
  sigset_t value;
};

}  // namespace rfds
