// The names and numbers of network interfaces: if_nametoindex(3) and its kin, which libc makes of several
// kernel entries (a socket, ioctl or netlink, close). Above: src/syscalls.ts.
#include <net/if.h>

#include <cstring>
#include <string>

#include "calls.h"

namespace rfds {

// name ends at its first zero or at the array's end. The index, or -errno for C's 0.
int64_t if_nametoindex(Bytes name) {
  std::string text(name.as<char>(), strnlen(name.as<char>(), name.size));
  errno = 0;
  unsigned int index = ::if_nametoindex(text.c_str());
  if (index != 0) return index;
  if (errno == 0) errno = ENODEV;  // Some libcs say nothing.
  return -1;
}

// 0, with the name and a zero behind it in name.
int if_indextoname(int index, Bytes name) {
  require(name.size >= IF_NAMESIZE, "name must have room for IF_NAMESIZE bytes");
  return ::if_indextoname(static_cast<unsigned int>(index), name.as<char>()) == nullptr ? -1 : 0;
}

// list becomes entries of {uint32_t index; char name[IF_NAMESIZE]}, as many as it holds. How many there are.
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

}  // namespace rfds
