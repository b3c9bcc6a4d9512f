// recvmsg(2) and sendmsg(2): a message in several buffers, with an address and control messages.
// src/kernel/structs/cmsghdr.ts reads what the kernel put into control.
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstring>

#include "calls.h"

namespace rfds {
namespace {

std::vector<iovec> iovecs(const IoVec& buffers) {
  std::vector<iovec> list;
  for (const Bytes& bytes : buffers.list) list.push_back({bytes.data, bytes.size});
  return list;
}

// The fields' types differ from system to system: sizes and counts are int, size_t or socklen_t.
msghdr header(std::vector<iovec>& list, const NullableBytes& name, size_t namelen,
              const NullableBytes& control, size_t controllen) {
  msghdr message = {};
  message.msg_name = name.data;
  message.msg_namelen = static_cast<decltype(message.msg_namelen)>(namelen);
  message.msg_iov = list.data();
  message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(list.size());
  message.msg_control = control.data;
  message.msg_controllen = static_cast<decltype(message.msg_controllen)>(controllen);
  return message;
}

}  // namespace

// recvmsg(fd, msg, flags). lengths is [msg_namelen, msg_controllen, msg_flags], before and after.
ssize_t recvmsg(int fd, IoVec buffers, NullableBytes name, NullableBytes control, Bytes lengths, int flags) {
  // Copied, because JavaScript may place them at any address. A negative one is a huge one.
  uint32_t words[3];
  require(lengths.size >= sizeof words, "lengths must be an Int32Array of at least three elements");
  std::memcpy(words, lengths.data, sizeof words);
  require(words[0] <= name.size && words[1] <= control.size, "the length is larger than its buffer");
  std::vector<iovec> list = iovecs(buffers);
  msghdr message = header(list, name, words[0], control, words[1]);
  ssize_t received = ::recvmsg(fd, &message, flags);
  if (received == -1) return -1;
  words[0] = static_cast<uint32_t>(message.msg_namelen);
  words[1] = static_cast<uint32_t>(message.msg_controllen);
  words[2] = static_cast<uint32_t>(message.msg_flags);
  std::memcpy(lengths.data, words, sizeof words);
  return received;
}

// sendmsg(fd, msg, flags).
ssize_t sendmsg(int fd, IoVec buffers, NullableBytes name, NullableBytes control, int flags) {
  std::vector<iovec> list = iovecs(buffers);
  msghdr message = header(list, name, name.size, control, control.size);
  return ::sendmsg(fd, &message, flags);
}

}  // namespace rfds
