// What a call takes besides ints, and what it returns. No Node-API here: bind.h makes these of JavaScript's
// values.
#pragma once
#include <sys/uio.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rfds {

// Thrown by a call whose numbers reach outside its buffers; JavaScript gets a RangeError. These are the only
// checks in native code: they keep the kernel out of memory that is not the caller's.
struct OutOfBounds {
  const char* what;
};
inline void require(bool fits, const char* what) {
  if (!fits) throw OutOfBounds{what};
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
// The same, where null (or undefined) is C's NULL.
struct NullableBytes : Bytes {};
// Memory, or (data is nullptr then) an int.
struct IntOrBytes : Bytes {
  int value = 0;
};

// An array of them, as a struct iovec[]: at most IOV_MAX. A parameter is an IoVec&: its memory is not to be
// freed before errno was read, which free(3) may set.
struct IoVec {
  static constexpr uint32_t max = 1024;
  std::vector<iovec> list;

  int count() const { return static_cast<int>(list.size()); }
};

// What getaddrinfo(3) and getnameinfo(3) return: 0 or more, or the negative of an EAI_* code, whose numbers
// are not errno's; for EAI_SYSTEM, eai_system - errno.
struct LookupResult {
  static constexpr int32_t eai_system = -1000;
  int32_t value;
};

// What a call returns that the kernel is not asked for: with ENOSYS, one that this platform lacks.
inline int fail(int error) {
  errno = error;
  return -1;
}
inline int enosys() { return fail(ENOSYS); }

}  // namespace rfds
