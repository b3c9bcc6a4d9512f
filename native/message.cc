// recvmsg(2) and sendmsg(2): a message in several buffers, with an address and control messages; and
// recvmmsg(2) and sendmmsg(2): several messages in one call. src/kernel/structs/cmsghdr.ts reads what the
// kernel put into control.
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>

#include "calls.h"
#include "threads.h"
#include "timespec.h"

namespace rfds {
namespace {

// The fields' types differ from system to system: sizes and counts are int, size_t or socklen_t.
msghdr header(IoVec& buffers, const NullableBytes& name, size_t namelen, const NullableBytes& control,
              size_t controllen) {
  msghdr message = {};
  message.msg_name = name.data;
  message.msg_namelen = static_cast<decltype(message.msg_namelen)>(namelen);
  message.msg_iov = buffers.list.data();
  message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(buffers.list.size());
  message.msg_control = control.data;
  message.msg_controllen = static_cast<decltype(message.msg_controllen)>(controllen);
  return message;
}

// recvmsg(fd, msg, flags). lengths is [msg_namelen, msg_controllen, msg_flags], before and after.
ssize_t recvmsg(int fd, IoVec& buffers, NullableBytes name, NullableBytes control, Bytes lengths, int flags) {
  // Copied, because JavaScript may place them at any address. A negative one is a huge one.
  uint32_t words[3];
  require(lengths.size >= sizeof words, "lengths must be an Int32Array of at least three elements");
  std::memcpy(words, lengths.data, sizeof words);
  require(words[0] <= name.size && words[1] <= control.size, "the length is larger than its buffer");
  msghdr message = header(buffers, name, words[0], control, words[1]);
  ssize_t received = blocking(fd, SO_RCVTIMEO, [&] { return ::recvmsg(fd, &message, flags); });
  if (received == -1) return -1;
  words[0] = static_cast<uint32_t>(message.msg_namelen);
  words[1] = static_cast<uint32_t>(message.msg_controllen);
  words[2] = static_cast<uint32_t>(message.msg_flags);
  std::memcpy(lengths.data, words, sizeof words);
  return received;
}

// sendmsg(fd, msg, flags).
ssize_t sendmsg(int fd, IoVec& buffers, NullableBytes name, NullableBytes control, int flags) {
  msghdr message = header(buffers, name, name.size, control, control.size);
  return blocking(fd, SO_SNDTIMEO, [&] { return ::sendmsg(fd, &message, flags); });
}

#ifdef __linux__
// A struct mmsghdr[] whose pointers are left out: of each message [msg_iovlen, msg_namelen, msg_controllen,
// msg_flags, msg_len]. Its buffers, its name and its control messages begin where those of the message before
// it end. Copied, because JavaScript may place the words at any address.
class MessageVector {
 public:
  MessageVector(IoVec& buffers, const NullableBytes& names, const NullableBytes& controls,
                const Bytes& msgvec, int vlen)
      : words(msgvec) {
    require(vlen >= 0 && static_cast<size_t>(vlen) <= msgvec.size / sizeof(Words),
            "vlen is negative or more than msgvec holds");
    vlen = std::min(vlen, static_cast<int>(IoVec::max));  // UIO_MAXIOV: the kernel takes no more
    vector.reserve(static_cast<size_t>(vlen));
    size_t buffer = 0, name = 0, control = 0;
    for (int i = 0; i < vlen; i++) {
      Words message = load(i);
      require(message.iovlen <= buffers.list.size() - buffer,
              "there are fewer buffers than the messages take");
      require(message.namelen <= names.size - name && message.controllen <= controls.size - control,
              "the length is larger than its buffer");
      msghdr& header = vector.emplace_back().msg_hdr;
      header.msg_iov = buffers.list.data() + buffer;
      header.msg_iovlen = static_cast<decltype(header.msg_iovlen)>(message.iovlen);
      header.msg_name = message.namelen > 0 ? names.data + name : nullptr;
      header.msg_namelen = message.namelen;
      header.msg_control = message.controllen > 0 ? controls.data + control : nullptr;
      header.msg_controllen = static_cast<decltype(header.msg_controllen)>(message.controllen);
      buffer += message.iovlen;
      name += message.namelen;
      control += message.controllen;
    }
  }
  MessageVector(const MessageVector&) = delete;
  MessageVector& operator=(const MessageVector&) = delete;
  ~MessageVector() {
    int error = errno;  // which free(3) may set
    std::vector<mmsghdr>().swap(vector);
    errno = error;
  }

  mmsghdr* data() { return vector.data(); }
  unsigned int size() const { return static_cast<unsigned int>(vector.size()); }

  // What the kernel wrote of the first n messages.
  void store(int n) {
    for (int i = 0; i < n; i++) {
      const auto& [header, len] = vector[static_cast<size_t>(i)];
      Words message = {load(i).iovlen, header.msg_namelen, static_cast<uint32_t>(header.msg_controllen),
                       static_cast<uint32_t>(header.msg_flags), len};
      std::memcpy(words.data + static_cast<size_t>(i) * sizeof message, &message, sizeof message);
    }
  }

 private:
  struct Words {
    uint32_t iovlen, namelen, controllen, flags, len;
  };
  Words load(int i) const {
    Words message;
    std::memcpy(&message, words.data + static_cast<size_t>(i) * sizeof message, sizeof message);
    return message;
  }

  Bytes words;
  std::vector<mmsghdr> vector;
};

// recvmmsg(fd, msgvec, vlen, flags, timeout). The timeout becomes what is left of it.
int recvmmsg(int fd, IoVec& buffers, NullableBytes names, NullableBytes controls, Bytes msgvec, int vlen,
             int flags, NullableBytes timeout) {
  MessageVector messages(buffers, names, controls, msgvec, vlen);
  timespec remaining = {};
  if (timeout.data != nullptr) remaining = TimeWords<timespec>::load(timeout);
  timespec* limit = timeout.data != nullptr ? &remaining : nullptr;
  BlockingCall inside(nanoseconds(limit));
  int received = ::recvmmsg(fd, messages.data(), messages.size(), flags, limit);
  while (received == -1 && inside.must_restart(fd, SO_RCVTIMEO)) {
    if (inside.has_timeout()) remaining = inside.left();
    received = ::recvmmsg(fd, messages.data(), messages.size(), flags, limit);
  }
  if (timeout.data != nullptr) TimeWords<timespec>::store(remaining, timeout);
  messages.store(received);
  return received;
}

// sendmmsg(fd, msgvec, vlen, flags).
int sendmmsg(int fd, IoVec& buffers, NullableBytes names, NullableBytes controls, Bytes msgvec, int vlen,
             int flags) {
  MessageVector messages(buffers, names, controls, msgvec, vlen);
  int sent =
      blocking(fd, SO_SNDTIMEO, [&] { return ::sendmmsg(fd, messages.data(), messages.size(), flags); });
  messages.store(sent);
  return sent;
}
#else
int recvmmsg(int, IoVec&, NullableBytes, NullableBytes, Bytes, int, int, NullableBytes) { return enosys(); }
int sendmmsg(int, IoVec&, NullableBytes, NullableBytes, Bytes, int, int) { return enosys(); }
#endif

}  // namespace

const std::vector<Call> message_calls = {
    {"recvmsg", "fd, buffers, name, control, lengths, flags", entry<recvmsg>},
    {"sendmsg", "fd, buffers, name, control, flags", entry<sendmsg>},
    {"recvmmsg", "fd, buffers, names, controls, msgvec, vlen, flags, timeout", entry<recvmmsg>},
    {"sendmmsg", "fd, buffers, names, controls, msgvec, vlen, flags", entry<sendmmsg>},
};

}  // namespace rfds
