// <net/if.h>: the names and numbers of network interfaces: if_nametoindex(3) and its kin, which libc makes of
// several kernel entries (a socket, ioctl or netlink, close).
#include <net/if.h>

#include <algorithm>
#include <cstring>

#include "calls.h"

namespace rfds {
namespace {

// if_nametoindex(ifname). The name ends at its first NUL or at the array's end; one of IF_NAMESIZE bytes or
// more is none of an interface. Returns the index; for C's 0, -1.
int64_t if_nametoindex(Bytes name) {
  char text[IF_NAMESIZE] = {};
  size_t length = strnlen(name.as<char>(), std::min(name.size, sizeof text));
  if (length == sizeof text) return fail(ENODEV);
  std::memcpy(text, name.data, length);
  errno = 0;
  unsigned int index = ::if_nametoindex(text);
  if (index != 0) return index;
  return fail(errno == 0 ? ENODEV : errno);  // Some libcs say nothing.
}

// if_indextoname(ifindex, ifname). Returns 0; for C's NULL, -1.
int if_indextoname(int index, Bytes name) {
  require(name.size >= IF_NAMESIZE, "name must have room for IF_NAMESIZE bytes");
  return ::if_indextoname(static_cast<unsigned int>(index), name.as<char>()) == nullptr ? -1 : 0;
}

// if_nameindex(), and if_freenameindex(list). list becomes entries of {uint32_t index; char
// name[IF_NAMESIZE]}, as many as it holds. Returns how many there are.
int if_nameindex(Bytes list) {
  struct if_nameindex* all = ::if_nameindex();
  if (all == nullptr) return -1;
  struct Entry {
    uint32_t index;
    char name[IF_NAMESIZE];
  };
  int count = 0;
  for (; all[count].if_index != 0; count++) {
    if (static_cast<size_t>(count) >= list.size / sizeof(Entry)) continue;
    Entry entry = {all[count].if_index, {}};
    std::strncpy(entry.name, all[count].if_name, IF_NAMESIZE - 1);
    std::memcpy(list.data + count * sizeof entry, &entry, sizeof entry);
  }
  ::if_freenameindex(all);
  return count;
}

}  // namespace

const std::vector<Call> netif_calls = {
    {"if_nametoindex", "name", entry<if_nametoindex>},
    {"if_indextoname", "index, name", entry<if_indextoname>},
    {"if_nameindex", "list", entry<if_nameindex>},
};

}  // namespace rfds
