// Hosts and services by name and by number: getaddrinfo(3) and its family. They are libc's:
// each reads files and asks servers as it likes, with many system calls, and blocks meanwhile.
// Above: src/names.ts and src/host-names.ts, which alone call them.
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "calls.h"

namespace rfds {
namespace {

// A C string, or NULL.
const char* text(const MaybeBytes& bytes) {
  require(bytes.data == nullptr || std::memchr(bytes.data, 0, bytes.size) != nullptr,
          "a name must end with a NUL");
  return bytes.as<char>();
}

// An EAI_* code as a negative number: Linux has it so, macOS positive. EAI_SYSTEM is -1000 - errno.
int failure(int code) {
  if (code == EAI_SYSTEM) return -1000 - errno;
  int number = -std::abs(code);
  if (number == -1) errno = 1;  // so that what bind.h takes for C's -1 stays one
  return number;
}

// Writes what fits, counts everything.
struct Writer {
  Bytes out;
  size_t at = 0;

  void put(const void* data, size_t size) {
    if (size > 0 && at < out.size) std::memcpy(out.data + at, data, std::min(size, out.size - at));
    at += size;
  }
  void put(int32_t value) { put(&value, sizeof value); }
};

}  // namespace

int getaddrinfo(MaybeBytes host, MaybeBytes service, int family, int type, int protocol, int flags,
                Bytes out) {
  addrinfo hints = {};
  hints.ai_family = family;
  hints.ai_socktype = type;
  hints.ai_protocol = protocol;
  hints.ai_flags = flags;
  addrinfo* list = nullptr;
  int code = ::getaddrinfo(text(host), text(service), &hints, &list);
  if (code != 0) return failure(code);
  Writer writer{out};
  for (addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    size_t name = entry->ai_canonname == nullptr ? 0 : std::strlen(entry->ai_canonname);
    for (int value : {entry->ai_family, entry->ai_socktype, entry->ai_protocol,
                      static_cast<int>(entry->ai_addrlen), static_cast<int>(name)})
      writer.put(value);
    writer.put(entry->ai_addr, entry->ai_addrlen);
    writer.put(entry->ai_canonname, name);
  }
  ::freeaddrinfo(list);
  return static_cast<int>(writer.at);
}

int getnameinfo(Bytes addr, Bytes host, Bytes service, int flags) {
  int code = ::getnameinfo(addr.as<sockaddr>(), static_cast<socklen_t>(addr.size), host.as<char>(),
                           static_cast<socklen_t>(host.size), service.as<char>(),
                           static_cast<socklen_t>(service.size), flags);
  return code == 0 ? 0 : failure(code);
}

int gai_strerror(int code, Bytes out) {
  const char* message = ::gai_strerror(EAI_NONAME < 0 ? code : -code);
  Writer writer{out};
  writer.put(message, std::strlen(message));
  return static_cast<int>(std::min(writer.at, out.size));
}

int gethostname(Bytes out) { return ::gethostname(out.as<char>(), out.size); }

int sethostname(Bytes name) {
#ifdef __APPLE__
  return ::sethostname(name.as<char>(), static_cast<int>(name.size));
#else
  return ::sethostname(name.as<char>(), name.size);
#endif
}

}  // namespace rfds
