// recvmsg(2) and sendmsg(2): a message in several buffers, with an address and control messages.
// Above: src/syscalls.ts; src/control.ts reads what the kernel put into control.
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstring>

#include "calls.h"

namespace rfds {
namespace {

std::vector<iovec> vectors(const Chunks& buffers) {
  std::vector<iovec> list;
  for (const Bytes& bytes : buffers.list) list.push_back({bytes.data, bytes.size});
  return list;
}

// The fields' types differ from system to system: sizes and counts are int, size_t or socklen_t.
msghdr header(std::vector<iovec>& list, const MaybeBytes& name, size_t namelen, const MaybeBytes& control,
              size_t controllen) {
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

ssize_t recvmsg(int fd, Chunks buffers, MaybeBytes name, MaybeBytes control, Bytes lengths, int flags) {
  // Copied, because JavaScript may place them at any address. A negative one is a huge one.
  uint32_t room[3];
  require(lengths.size >= sizeof room, "lengths must be an Int32Array of at least three elements");
  std::memcpy(room, lengths.data, sizeof room);
  require(room[0] <= name.size && room[1] <= control.size, "the length is larger than its buffer");
  std::vector<iovec> list = vectors(buffers);
  msghdr message = header(list, name, room[0], control, room[1]);
  ssize_t received = ::recvmsg(fd, &message, flags);
  if (received == -1) return -1;
  room[0] = static_cast<uint32_t>(message.msg_namelen);
  room[1] = static_cast<uint32_t>(message.msg_controllen);
  room[2] = static_cast<uint32_t>(message.msg_flags);
  std::memcpy(lengths.data, room, sizeof room);
  return received;
}

ssize_t sendmsg(int fd, Chunks buffers, MaybeBytes name, MaybeBytes control, int flags) {
  std::vector<iovec> list = vectors(buffers);
  msghdr message = header(list, name, name.size, control, control.size);
  return ::sendmsg(fd, &message, flags);
}

}  // namespace rfds
