// Mapped pages, with one behind them that has no access.
#include "bounce_buffer.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <new>

namespace rfds {
namespace {

size_t page_size() {
  static const auto size = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

size_t whole_pages(size_t size) { return (size + page_size() - 1) / page_size() * page_size(); }

// size is whole pages. Throws std::bad_alloc.
uint8_t* map_guarded(size_t size) {
  int access = PROT_READ | PROT_WRITE;
  void* memory = ::mmap(nullptr, size + page_size(), access, MAP_PRIVATE | MAP_ANON, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  auto begin = static_cast<uint8_t*>(memory);
  if (::mprotect(begin + size, page_size(), PROT_NONE) == 0) return begin;
  ::munmap(memory, size + page_size());
  throw std::bad_alloc();
}

// errno may not have been read yet.
void unmap_guarded(uint8_t* begin, size_t size) {
  int error = errno;
  ::munmap(begin, size + page_size());
  errno = error;
}

struct KeptMemory {
  uint8_t* begin = nullptr;
  ~KeptMemory() {
    if (begin != nullptr) unmap_guarded(begin, whole_pages(BounceBuffer::kept_size));
  }
};
thread_local KeptMemory kept;

}  // namespace

BounceBuffer::BounceBuffer(size_t size) {
  if (size > kept_size) {
    mapped_size = whole_pages(size);
    mapped = map_guarded(mapped_size);
    data = mapped + mapped_size - size;
    return;
  }
  size_t pages = whole_pages(kept_size);
  if (kept.begin == nullptr) kept.begin = map_guarded(pages);
  data = kept.begin + pages - size;
}

BounceBuffer::~BounceBuffer() {
  if (mapped != nullptr) unmap_guarded(mapped, mapped_size);
}

}  // namespace rfds
