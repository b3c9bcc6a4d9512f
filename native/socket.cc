// socket(2) and its family.
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "bounce_buffer.h"
#include "calls.h"
#include "threads.h"
#ifdef __linux__
#include <linux/filter.h>
#endif

namespace rfds {
namespace {

// A socklen_t that the kernel reads and writes, kept in a TypedArray. It must not be more than the buffer
// beside it has; a negative length is a huge one, which macOS believes. Copied, because JavaScript may place
// it at any address.
class Length {
 public:
  Length(const Bytes& buffer, const Bytes& length) : memory(length.data) {
    if (length.data == nullptr && buffer.data == nullptr) return;
    require(length.size >= sizeof value, "the length must be an Int32Array of at least one element");
    std::memcpy(&value, memory, sizeof value);
    require(value <= buffer.size, "the length is larger than its buffer");
  }
  ~Length() {
    if (memory != nullptr) std::memcpy(memory, &value, sizeof value);
  }
  Length(const Length&) = delete;
  Length& operator=(const Length&) = delete;

  socklen_t* pointer() { return memory == nullptr ? nullptr : &value; }

 private:
  uint8_t* memory;
  socklen_t value = 0;
};

// The length of an address or of an option.
socklen_t length_of(const Bytes& bytes) {
  require(bytes.size <= std::numeric_limits<socklen_t>::max(), "it is longer than a socklen_t counts");
  return static_cast<socklen_t>(bytes.size);
}

#ifdef __linux__
struct Option {
  int level, name;
};
// The options that write through an address in their struct, which JavaScript has no memory for: struct
// tcp_zerocopy_receive, mptcp_full_info, ebt_replace, ipt_replace, arpt_replace.
constexpr Option got_through_address[] = {
    {IPPROTO_TCP, 35 /* TCP_ZEROCOPY_RECEIVE */},
    {284 /* SOL_MPTCP */, 4 /* MPTCP_FULL_INFO */},
    {IPPROTO_IP, 129 /* EBT_SO_GET_ENTRIES */},
    {IPPROTO_IP, 131 /* EBT_SO_GET_INIT_ENTRIES */},
};
constexpr Option set_through_address[] = {
    {IPPROTO_IP, 64 /* IPT_SO_SET_REPLACE */},
    {IPPROTO_IP, 96 /* ARPT_SO_SET_REPLACE */},
    {IPPROTO_IP, 128 /* EBT_SO_SET_ENTRIES */},
    {IPPROTO_IPV6, 64 /* IP6T_SO_SET_REPLACE */},
};
template <size_t n>
bool is_one_of(const Option (&options)[n], int level, int name) {
  return std::any_of(options, options + n,
                     [=](const Option& option) { return option.level == level && option.name == name; });
}
#endif

ssize_t recv_bytes(int fd, uint8_t* data, size_t size, int flags) {
  auto call = [=](size_t done) { return ::recv(fd, data + done, size - done, flags); };
  if ((flags & MSG_WAITALL) == 0) return blocking(fd, SO_RCVTIMEO, [&] { return call(0); });
  return blocking_whole(fd, SO_RCVTIMEO, size, call);
}

ssize_t send_bytes(int fd, const uint8_t* data, size_t size, int flags) {
  return blocking_whole(fd, SO_SNDTIMEO, size,
                        [=](size_t done) { return ::send(fd, data + done, size - done, flags); });
}

// Whether the kernel goes on with a connect() that was interrupted: not where it waits for a place in the
// listener's queue.
bool goes_on_connecting(const Bytes& addr) {
  return addr.size >= sizeof(sockaddr) && addr.as<sockaddr>()->sa_family != AF_UNIX;
}

// Waits for the end of a connect() that was interrupted: 0, or -1 with its errno.
int connected(int fd) {
  pollfd waiting = {fd, POLLOUT, 0};
  if (::poll(&waiting, 1, -1) == -1) return -1;
  int error = 0;
  socklen_t length = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == -1) return -1;
  if (error == 0) return 0;
  errno = error;
  return -1;
}

// socket(domain, type, protocol).
int socket(int domain, int type, int protocol) { return ::socket(domain, type, protocol); }

// socketpair(domain, type, protocol, sv).
int socketpair(int domain, int type, int protocol, Bytes sv) {
  require(sv.size >= 2 * sizeof(int), "sv must be an Int32Array of at least two elements");
  return ::socketpair(domain, type, protocol, sv.as<int>());
}

// bind(fd, addr, addrlen).
int bind(int fd, Bytes addr) { return ::bind(fd, addr.as<sockaddr>(), length_of(addr)); }

// listen(fd, backlog).
int listen(int fd, int backlog) { return ::listen(fd, backlog); }

// accept(fd, addr, addrlen).
int accept(int fd, NullableBytes addr, NullableBytes addrlen) {
  Length length(addr, addrlen);
  return blocking(fd, SO_RCVTIMEO, [&] { return ::accept(fd, addr.as<sockaddr>(), length.pointer()); });
}

#ifdef __linux__
// accept4(fd, addr, addrlen, flags).
int accept4(int fd, NullableBytes addr, NullableBytes addrlen, int flags) {
  Length length(addr, addrlen);
  return blocking(fd, SO_RCVTIMEO,
                  [&] { return ::accept4(fd, addr.as<sockaddr>(), length.pointer(), flags); });
}
#else
int accept4(int, NullableBytes, NullableBytes, int) { return enosys(); }
#endif

// connect(fd, addr, addrlen).
int connect(int fd, Bytes addr) {
  BlockingCall inside;
  auto call = [&] { return ::connect(fd, addr.as<sockaddr>(), length_of(addr)); };
  int result = call();
  while (result == -1 && errno == EINTR) {
    if (!inside.must_restart(fd, SO_SNDTIMEO)) {
      if (errno == EAGAIN && goes_on_connecting(addr))
        errno = EINPROGRESS;  // as the kernel at that time's end
      break;
    }
    result = goes_on_connecting(addr) ? connected(fd) : call();
  }
  return result;
}

// getsockname(fd, addr, addrlen).
int getsockname(int fd, Bytes addr, Bytes addrlen) {
  Length length(addr, addrlen);
  return ::getsockname(fd, addr.as<sockaddr>(), length.pointer());
}

// getpeername(fd, addr, addrlen).
int getpeername(int fd, Bytes addr, Bytes addrlen) {
  Length length(addr, addrlen);
  return ::getpeername(fd, addr.as<sockaddr>(), length.pointer());
}

// getsockopt(fd, level, optname, optval, optlen). What an option's length counts is its own affair
// (SO_GET_FILTER: instructions of 8 bytes), so the kernel works on a copy with a page without access behind
// it: what would be written behind the value is EFAULT. Unlike getsockopt(2), an option known to write
// through an address in its struct is EFAULT.
int getsockopt(int fd, int level, int name, Bytes value, Bytes length) {
  Length value_length(value, length);
#ifdef __linux__
  if (is_one_of(got_through_address, level, name)) return fail(EFAULT);
#endif
  // No length counts anything larger than 8 bytes, and a filter has at most 4096 of those.
  size_t told = *value_length.pointer();
  size_t size = std::max(told, std::min(value.size, BounceBuffer::kept_size));
  BounceBuffer copy(size);
  std::memcpy(copy.data, value.data, size);
  int result = ::getsockopt(fd, level, name, copy.data, value_length.pointer());
  std::memcpy(value.data, copy.data, size);
  return result;
}

#ifdef __linux__
// setsockopt(fd, level, optname, &fprog, sizeof fprog), whose struct sock_fprog holds the address of the
// program: value is the program itself, sock_filter[]. EINVAL for a part of an instruction and for more than
// the kernel counts, as for any program that it does not take.
static int set_program(int fd, int level, int name, Bytes value) {
  size_t count = value.size / sizeof(sock_filter);
  if (value.size % sizeof(sock_filter) != 0 || count > BPF_MAXINSNS) return fail(EINVAL);
  sock_fprog program = {static_cast<unsigned short>(count), value.as<sock_filter>()};
  return ::setsockopt(fd, level, name, &program, sizeof program);
}
#endif

// setsockopt(fd, level, optname, optval, optlen).
// Unlike setsockopt(2), the value of SO_ATTACH_FILTER and SO_ATTACH_REUSEPORT_CBPF is the program,
// sock_filter[]. Unlike setsockopt(2), an option known to write through an address in its struct is EFAULT.
int setsockopt(int fd, int level, int name, Bytes value) {
  socklen_t length = length_of(value);
#ifdef __linux__
  if (is_one_of(set_through_address, level, name)) return fail(EFAULT);
  if (level == SOL_SOCKET && (name == SO_ATTACH_FILTER || name == SO_ATTACH_REUSEPORT_CBPF))
    return set_program(fd, level, name, value);
#endif
  return ::setsockopt(fd, level, name, value.data, length);
}

// recv(fd, buf, len, flags).
ssize_t recv(int fd, Bytes buf, int flags) { return recv_bytes(fd, buf.data, buf.size, flags); }

// send(fd, buf, len, flags).
ssize_t send(int fd, Bytes buf, int flags) { return send_bytes(fd, buf.data, buf.size, flags); }

// recvfrom(fd, buf, len, flags, src_addr, addrlen).
ssize_t recvfrom(int fd, Bytes buf, int flags, NullableBytes addr, NullableBytes addrlen) {
  Length length(addr, addrlen);
  return blocking(fd, SO_RCVTIMEO, [&] {
    return ::recvfrom(fd, buf.data, buf.size, flags, addr.as<sockaddr>(), length.pointer());
  });
}

// recvfrom(fd, buf + offset, length, flags, src_addr, addrlen).
ssize_t recvfrom_at(int fd, Bytes buf, int64_t offset, int64_t length, int flags, NullableBytes addr,
                    NullableBytes addrlen) {
  Length addr_length(addr, addrlen);
  uint8_t* part = buf.part(offset, length);
  return blocking(fd, SO_RCVTIMEO, [&] {
    return ::recvfrom(fd, part, static_cast<size_t>(length), flags, addr.as<sockaddr>(),
                      addr_length.pointer());
  });
}

// sendto(fd, buf, len, flags, dest_addr, addrlen).
ssize_t sendto(int fd, Bytes buf, int flags, NullableBytes addr) {
  return blocking(fd, SO_SNDTIMEO, [&] {
    return ::sendto(fd, buf.data, buf.size, flags, addr.as<sockaddr>(), length_of(addr));
  });
}

// sendto(fd, buf + offset, length, flags, dest_addr, addrlen).
ssize_t sendto_at(int fd, Bytes buf, int64_t offset, int64_t length, int flags, NullableBytes addr) {
  uint8_t* part = buf.part(offset, length);
  return blocking(fd, SO_SNDTIMEO, [&] {
    return ::sendto(fd, part, static_cast<size_t>(length), flags, addr.as<sockaddr>(), length_of(addr));
  });
}

// shutdown(fd, how).
int shutdown(int fd, int how) { return ::shutdown(fd, how); }

}  // namespace

// A batch makes these, too.

// recv(fd, buf + offset, length, flags).
ssize_t recv_at(int fd, Bytes buf, int64_t offset, int64_t length, int flags) {
  return recv_bytes(fd, buf.part(offset, length), static_cast<size_t>(length), flags);
}

// send(fd, buf + offset, length, flags).
ssize_t send_at(int fd, Bytes buf, int64_t offset, int64_t length, int flags) {
  return send_bytes(fd, buf.part(offset, length), static_cast<size_t>(length), flags);
}

const std::vector<Call> socket_calls = {
    {"socket", "domain, type, protocol", entry<socket>},
    {"socketpair", "domain, type, protocol, sv", entry<socketpair>},
    {"bind", "fd, addr", entry<bind>},
    {"listen", "fd, backlog", entry<listen>},
    {"accept", "fd, addr, addrlen", entry<accept>},
    {"accept4", "fd, addr, addrlen, flags", entry<accept4>},
    {"connect", "fd, addr", entry<connect>},
    {"getsockname", "fd, addr, addrlen", entry<getsockname>},
    {"getpeername", "fd, addr, addrlen", entry<getpeername>},
    {"getsockopt", "fd, level, name, value, len", entry<getsockopt>},
    {"setsockopt", "fd, level, name, value", entry<setsockopt>},
    {"recv", "fd, buf, flags | fd, buf, offset, length, flags", entry<recv, recv_at>},
    {"send", "fd, buf, flags | fd, buf, offset, length, flags", entry<send, send_at>},
    {"recvfrom", "fd, buf, flags, addr, addrlen | fd, buf, offset, length, flags, addr, addrlen",
     entry<recvfrom, recvfrom_at>},
    {"sendto", "fd, buf, flags, addr | fd, buf, offset, length, flags, addr", entry<sendto, sendto_at>},
    {"shutdown", "fd, how", entry<shutdown>},
};

}  // namespace rfds
