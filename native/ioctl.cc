// ioctl(2), which says nothing of what its third argument is: an int, or memory of whatever size the
// request has.
#include <net/if.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstring>

#include "calls.h"

namespace rfds {
namespace {

// No request moves more: its size, where it tells it, has 14 bits (13 on the BSDs).
constexpr size_t max_size = 1 << 14;

// The requests whose argument is an int, or is ignored. An int from JavaScript is no pointer.
bool takes_int(unsigned long request) { return request == FIOCLEX || request == FIONCLEX; }

// ioctl(fd, request, arg). The kernel works on a copy that is large enough for any request, so that it cannot
// write behind arg's end. A request that wants memory and is given an int gets NULL: the kernel answers
// EFAULT.
int ioctl(int fd, int64_t request, IntOrBytes arg) {
  auto number = static_cast<unsigned long>(request);
  if (arg.data == nullptr)
    return takes_int(number) ? ::ioctl(fd, number, arg.value) : ::ioctl(fd, number, nullptr);
  alignas(std::max_align_t) uint8_t copy[max_size];
  require(arg.size <= max_size, "arg is larger than any request takes");
  std::memcpy(copy, arg.data, arg.size);
  std::memset(copy + arg.size, 0, std::min(max_size - arg.size, size_t{256}));
  // A struct ifconf has a pointer in it, to where the kernel is to write: NULL, so it only says how much.
  if (number == SIOCGIFCONF) reinterpret_cast<ifconf*>(copy)->ifc_buf = nullptr;
  int result = ::ioctl(fd, number, copy);
  std::memcpy(arg.data, copy, arg.size);
  return result;
}

}  // namespace

const std::vector<Call> ioctl_calls = {
    {"ioctl", "fd, request, arg", entry<ioctl>},
};

}  // namespace rfds
