// ioctl(2), which says nothing of what its third argument is: an int, or memory of whatever size the
// request has.
#include <net/if.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstring>

#include "bounce_buffer.h"
#include "calls.h"
#ifdef __linux__
#include <linux/fs.h>
#include <linux/sockios.h>
#include <termios.h>
#endif

namespace rfds {
namespace {

// Where a request's number has its size, that has 14 bits (13 on the BSDs).
constexpr size_t max_size = 1 << 14;
// Requests whose number has no size take less than this: struct ifreq, termios, rtentry.
constexpr size_t unsized = 256;

size_t size_of(uint32_t request) { return request >> 16 & (max_size - 1); }

// The requests whose argument is an int, or is ignored. An int from JavaScript is no pointer.
bool takes_int(uint32_t request) {
  switch (request) {
    case FIOCLEX:
    case FIONCLEX:
    case TIOCEXCL:
    case TIOCNXCL:
    case TIOCSCTTY:
    case TIOCNOTTY:
    case TIOCSBRK:
    case TIOCCBRK:
#ifdef __linux__
    case TCSBRK:
    case TCSBRKP:
    case TCXONC:
    case TCFLSH:
    case TIOCVHANGUP:
    case TIOCGPTPEER:
#ifdef FICLONE
    case FICLONE:
#endif
#endif
#ifdef __APPLE__
    case TIOCSDTR:
    case TIOCCDTR:
    case TIOCSTOP:
    case TIOCSTART:
    case TIOCDRAIN:
#endif
      return true;
    default: return false;
  }
}

// The requests on sockets that write through an address in their struct (ifr_data and the like), which
// JavaScript has no memory for. Not all of them: docs/syscalls.md.
bool writes_through_address(uint32_t request) {
#ifdef __linux__
  switch (request) {
    case SIOCETHTOOL:
    case SIOCGIFBR:
    case SIOCSIFBR:
    case SIOCWANDEV:
    case SIOCBONDSLAVEINFOQUERY:
    case SIOCBONDINFOQUERY:
    case SIOCSHWTSTAMP:
#ifdef SIOCGHWTSTAMP
    case SIOCGHWTSTAMP:
#endif
      return true;
    default: break;
  }
  bool is_wireless = request >= 0x8B00 && request <= 0x8BFF;  // <linux/wireless.h>: struct iwreq
  return is_wireless || (request >= SIOCDEVPRIVATE && request <= SIOCDEVPRIVATE + 15);
#else
  constexpr auto older = static_cast<uint32_t>(_IOWR('i', 20, struct ifconf));
  return request == static_cast<uint32_t>(SIOCGIFCONF) || request == older;
#endif
}

// ioctl(fd, request, arg). The kernel works on a copy with zeros behind it, as many as a request of known
// size has bytes, and then a page without access: what would be written behind that is EFAULT. Unlike
// ioctl(2), an int for a request that is not known to take one is EFAULT, as is a request known to write
// through an address in its struct.
int ioctl(int fd, int64_t request, IntOrBytes arg) {
  auto number = static_cast<uint32_t>(request);  // the kernel looks at no more of it
  if ((arg.data == nullptr && !takes_int(number)) || writes_through_address(number)) return fail(EFAULT);
  if (arg.data == nullptr) return ::ioctl(fd, number, arg.value);
  require(arg.size <= max_size, "arg is larger than any request takes");
  size_t size = std::max({arg.size, size_of(number), unsized});
  BounceBuffer copy(size);
  std::memcpy(copy.data, arg.data, arg.size);
  std::memset(copy.data + arg.size, 0, size - arg.size);
#ifdef __linux__
  // The address in a struct ifconf is NULL, so that the kernel only says how much there is.
  if (number == SIOCGIFCONF) {
    ifconf list;
    std::memcpy(&list, copy.data, sizeof list);
    list.ifc_buf = nullptr;
    std::memcpy(copy.data, &list, sizeof list);
  }
#endif
  int result = ::ioctl(fd, number, copy.data);
  std::memcpy(arg.data, copy.data, arg.size);
  return result;
}

}  // namespace

const std::vector<Call> ioctl_calls = {
    {"ioctl", "fd, request, arg", entry<ioctl>},
};

}  // namespace rfds
