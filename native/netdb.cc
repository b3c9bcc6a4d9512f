// <netdb.h>: hosts and services by name and by number, and this host's own name. getaddrinfo and getnameinfo
// are libc's: each reads files and asks servers as it likes, with many system calls, and blocks meanwhile.
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "calls.h"

namespace rfds {
namespace {

// A C string, or NULL.
const char* c_string(const NullableBytes& bytes) {
  require(bytes.data == nullptr || std::memchr(bytes.data, 0, bytes.size) != nullptr,
          "a name must end with a NUL");
  return bytes.as<char>();
}

// How much of it libc may write: as much as a socklen_t counts.
socklen_t capacity(const Bytes& bytes) {
  return static_cast<socklen_t>(
      std::min(bytes.size, static_cast<size_t>(std::numeric_limits<socklen_t>::max())));
}

// EAI_* codes are negative on Linux and positive on macOS; here they are negative.
LookupResult failure(int code) {
  return {code == EAI_SYSTEM ? LookupResult::eai_system - errno : -std::abs(code)};
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

// getaddrinfo(host, service, &{flags, family, type, protocol}, &list), and freeaddrinfo(list). Each entry of
// the list is written to out as int32 family, type, protocol, addrlen, namelen, then the sockaddr and the
// canonical name. Returns how many bytes all of them take, which may be more than out has.
LookupResult getaddrinfo(NullableBytes host, NullableBytes service, int family, int type, int protocol,
                         int flags, Bytes out) {
  addrinfo hints = {};
  hints.ai_family = family;
  hints.ai_socktype = type;
  hints.ai_protocol = protocol;
  hints.ai_flags = flags;
  addrinfo* list = nullptr;
  int code = ::getaddrinfo(c_string(host), c_string(service), &hints, &list);
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
  return {static_cast<int32_t>(writer.at)};
}

// getnameinfo(addr, addrlen, host, hostlen, serv, servlen, flags). libc reads an AF_UNIX address up to a NUL,
// wherever that is: so it is given a copy with zeros behind it.
LookupResult getnameinfo(Bytes addr, Bytes host, Bytes service, int flags) {
  struct {
    sockaddr_storage address;
    uint64_t zeros;
  } copy = {};
  require(addr.size <= sizeof copy.address, "addr is larger than a struct sockaddr_storage");
  std::memcpy(&copy, addr.data, addr.size);
  int code = ::getnameinfo(reinterpret_cast<sockaddr*>(&copy), static_cast<socklen_t>(addr.size),
                           host.as<char>(), capacity(host), service.as<char>(), capacity(service), flags);
  return code == 0 ? LookupResult{0} : failure(code);
}

// gai_strerror(code). The text, without a NUL behind it, goes to out; returns its length.
int gai_strerror(int code, Bytes out) {
  const char* message =
      ::gai_strerror(EAI_NONAME < 0 ? code : static_cast<int>(0U - static_cast<unsigned>(code)));
  Writer writer{out};
  writer.put(message, std::strlen(message));
  return static_cast<int>(std::min(writer.at, out.size));
}

// gethostname(name, len).
int gethostname(Bytes out) { return ::gethostname(out.as<char>(), out.size); }

// sethostname(name, len).
int sethostname(Bytes name) {
#ifdef __APPLE__
  return ::sethostname(name.as<char>(), static_cast<int>(name.size));
#else
  return ::sethostname(name.as<char>(), name.size);
#endif
}

}  // namespace

const std::vector<Call> netdb_calls = {
    {"getaddrinfo", "host, service, family, type, protocol, flags, out", entry<getaddrinfo>},
    {"getnameinfo", "addr, host, service, flags", entry<getnameinfo>},
    {"gai_strerror", "code, out", entry<gai_strerror>},
    {"gethostname", "out", entry<gethostname>},
    {"sethostname", "name", entry<sethostname>},
};

}  // namespace rfds
