// Memory for what only the kernel knows the size of. It ends at a page without access, so that a request
// which writes more than its caller's memory holds is answered EFAULT, whichever request it is.
#pragma once
#include <cstddef>
#include <cstdint>

namespace rfds {

// Memory of one call. What it holds at first is not defined, and need not be zero.
class BounceBuffer {
 public:
  // Up to this size it is memory that the thread keeps from the first use on, so one at a time. More than
  // this is mapped and unmapped.
  static constexpr size_t kept_size = 1 << 15;

  // Throws std::bad_alloc.
  explicit BounceBuffer(size_t size);
  ~BounceBuffer();
  BounceBuffer(const BounceBuffer&) = delete;
  BounceBuffer& operator=(const BounceBuffer&) = delete;

  // size bytes, and then the page.
  uint8_t* data;

 private:
  uint8_t* mapped = nullptr;  // for this call alone
  size_t mapped_size = 0;
};

}  // namespace rfds
