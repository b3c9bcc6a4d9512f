// What the calls take besides ints, and how they answer where the kernel is not asked. No Node-API
// here: bind.h makes these of JavaScript's values.
#pragma once
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rfds {

// What a call throws, as a RangeError, when its numbers do not fit its buffers.
// These are the only checks here: those that keep the kernel out of memory that is not the caller's.
struct Misfit {
  const char* what;
};
inline void require(bool fits, const char* what) {
  if (!fits) throw Misfit{what};
}

// The memory of a TypedArray or an ArrayBuffer, valid for the time of one call.
struct Bytes {
  uint8_t* data = nullptr;
  size_t size = 0;

  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data);
  }
  // Where the bytes [offset, offset + length) begin.
  uint8_t* part(int64_t offset, int64_t length) const {
    auto end = static_cast<int64_t>(size);
    require(offset >= 0 && length >= 0 && offset <= end && length <= end - offset,
            "offset and length reach outside the buffer");
    return data + offset;
  }
};
// The same where null (or undefined) stands for C's NULL.
struct MaybeBytes : Bytes {};
// Memory, or (data is nullptr then) an int.
struct IntOrBytes : Bytes {
  int value = 0;
};

// The memory of each in an array of them, as readv(2) has it: at most IOV_MAX.
struct Chunks {
  static constexpr uint32_t most = 1024;
  std::vector<Bytes> list;
};

// What getaddrinfo(3) and its kin return: 0 or more, or the negative of an EAI_* code, whose numbers are
// not errno's; EAI_SYSTEM is eai_system - errno.
struct LookupResult {
  static constexpr int32_t eai_system = -1000;
  int32_t value;
};

// The answer of a call that this platform lacks, as that of a kernel without it.
inline int lacking() {
  errno = ENOSYS;
  return -1;
}

}  // namespace rfds
