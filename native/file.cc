// The calls that any descriptor takes: read, write, close, fcntl, dup, pipe and their kin.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "calls.h"
#include "threads.h"

namespace rfds {
namespace {

// What a command's address leads to, where that is a struct without addresses; 0 where it is not known.
size_t size_of_pointee(int cmd) {
  switch (cmd) {
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
#ifdef F_OFD_GETLK
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
#endif
      return sizeof(struct flock);
#ifdef __linux__
    case F_GETOWN_EX:
    case F_SETOWN_EX: return 2 * sizeof(int);  // struct f_owner_ex
    case 1035:                                 // F_GET_RW_HINT
    case 1036:                                 // F_SET_RW_HINT
    case 1037:                                 // F_GET_FILE_RW_HINT
    case 1038: return sizeof(uint64_t);        // F_SET_FILE_RW_HINT
#endif
    default: return 0;
  }
}

// What a command of fcntl's takes behind it.
enum class Taken { an_int, an_address, unknown };

Taken taken_by(int cmd) {
  switch (cmd) {
    // An int, or nothing.
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
    case F_GETFD:
    case F_SETFD:
    case F_GETFL:
    case F_SETFL:
    case F_GETOWN:
    case F_SETOWN:
#ifdef __linux__
    case F_GETSIG:
    case F_SETSIG:
    case F_GETLEASE:
    case F_SETLEASE:
    case F_GETPIPE_SZ:
    case F_SETPIPE_SZ:
    case F_NOTIFY:
    case F_ADD_SEALS:
    case F_GET_SEALS:
    case 1027:  // F_DUPFD_QUERY
    case 1028:  // F_CREATED_QUERY
#endif
#ifdef __APPLE__
    case F_GETNOSIGPIPE:
    case F_SETNOSIGPIPE:
    case F_NOCACHE:
    case F_RDAHEAD:
    case F_GLOBAL_NOCACHE:
    case F_NODIRECT:
    case F_FULLFSYNC:
    case F_FLUSH_DATA:
    case F_GETPROTECTIONCLASS:
    case F_SETPROTECTIONCLASS:
#ifdef F_BARRIERFSYNC
    case F_BARRIERFSYNC:
#endif
#ifdef F_SINGLE_WRITER
    case F_SINGLE_WRITER:
#endif
#ifdef F_SETLEASE
    case F_SETLEASE:
    case F_GETLEASE:
#endif
#endif
      return Taken::an_int;

#ifdef __APPLE__
    // An address, of a struct that size_of_pointee() does not know.
    case F_GETPATH:
    case F_PREALLOCATE:
    case F_RDADVISE:
    case F_LOG2PHYS: return Taken::an_address;
#endif
    default: return size_of_pointee(cmd) > 0 ? Taken::an_address : Taken::unknown;
  }
}

bool waits_for_lock(int cmd) {
#ifdef F_OFD_SETLKW
  if (cmd == F_OFD_SETLKW) return true;
#endif
  return cmd == F_SETLKW;
}

// fcntl(fd, cmd, &copy of the struct).
int fcntl_struct(int fd, int cmd, const Bytes& arg) {
  size_t size = size_of_pointee(cmd);
  if (size == 0) return fail(EFAULT);
  alignas(struct flock) uint8_t copy[sizeof(struct flock)];
  require(arg.size >= size, "arg is smaller than the struct of this command");
  std::memcpy(copy, arg.data, size);
  auto call = [&] { return ::fcntl(fd, cmd, copy); };
  int result = waits_for_lock(cmd) ? blocking(call) : call();
  std::memcpy(arg.data, copy, size);
  return result;
}

ssize_t write_bytes(int fd, const uint8_t* data, size_t size) {
  return blocking_whole(fd, SO_SNDTIMEO, size,
                        [=](size_t done) { return ::write(fd, data + done, size - done); });
}

// read(fd, buf, count).
ssize_t read(int fd, Bytes buf) {
  return blocking(fd, SO_RCVTIMEO, [&] { return ::read(fd, buf.data, buf.size); });
}

// write(fd, buf, count).
ssize_t write(int fd, Bytes buf) { return write_bytes(fd, buf.data, buf.size); }

// write(fd, buf + offset, length).
ssize_t write_at(int fd, Bytes buf, int64_t offset, int64_t length) {
  return write_bytes(fd, buf.part(offset, length), static_cast<size_t>(length));
}

// readv(fd, iov, iovcnt).
ssize_t readv(int fd, IoVec& buffers) {
  return blocking(fd, SO_RCVTIMEO, [&] { return ::readv(fd, buffers.list.data(), buffers.count()); });
}

// writev(fd, iov, iovcnt).
ssize_t writev(int fd, IoVec& buffers) {
  return blocking(fd, SO_SNDTIMEO, [&] { return ::writev(fd, buffers.list.data(), buffers.count()); });
}

// splice(fd_in, off_in, fd_out, off_out, len, flags). An offset is copied, as JavaScript may place it at any
// address.
ssize_t splice([[maybe_unused]] int fd_in, [[maybe_unused]] NullableBytes off_in, [[maybe_unused]] int fd_out,
               [[maybe_unused]] NullableBytes off_out, [[maybe_unused]] int64_t len,
               [[maybe_unused]] int flags) {
#ifdef __linux__
  loff_t offsets[2];
  const NullableBytes* given[2] = {&off_in, &off_out};
  for (int i = 0; i < 2; i++) {
    if (given[i]->data == nullptr) continue;
    require(given[i]->size >= sizeof(loff_t), "an offset must be a BigInt64Array of at least one element");
    std::memcpy(&offsets[i], given[i]->data, sizeof(loff_t));
  }
  require(len >= 0, "len must not be negative");
  loff_t* in = off_in.data == nullptr ? nullptr : &offsets[0];
  loff_t* out = off_out.data == nullptr ? nullptr : &offsets[1];
  ssize_t n = blocking([&] {
    return ::splice(fd_in, in, fd_out, out, static_cast<size_t>(len), static_cast<unsigned>(flags));
  });
  for (int i = 0; i < 2; i++)
    if (given[i]->data != nullptr) std::memcpy(given[i]->data, &offsets[i], sizeof(loff_t));
  return n;
#else
  return enosys();
#endif
}

// close(fd).
int close(int fd) {
  set_owned(fd, false);
  return ::close(fd);
}

// fcntl(fd, cmd, arg). A command that takes an address gets that of a copy of arg's bytes, or, for an int,
// NULL, for which the kernel answers EFAULT: an int of JavaScript's is no address. Unlike fcntl(2), a command
// that is not known here is EINVAL, whatever it takes, and bytes for a struct that is not known EFAULT: the
// kernel is not asked.
int fcntl(int fd, int cmd, IntOrBytes arg) {
  switch (taken_by(cmd)) {
    case Taken::an_int:
      require(arg.data == nullptr, "this command takes an int");
      return ::fcntl(fd, cmd, arg.value);
    case Taken::an_address:
      return arg.data == nullptr ? ::fcntl(fd, cmd, nullptr) : fcntl_struct(fd, cmd, arg);
    default: return fail(EINVAL);
  }
}

// dup(oldfd).
int dup(int fd) { return ::dup(fd); }

// dup2(oldfd, newfd).
int dup2(int oldfd, int newfd) { return ::dup2(oldfd, newfd); }

// dup3(oldfd, newfd, flags).
int dup3([[maybe_unused]] int oldfd, [[maybe_unused]] int newfd, [[maybe_unused]] int flags) {
#ifdef __linux__
  return ::dup3(oldfd, newfd, flags);
#else
  return enosys();
#endif
}

// pipe(pipefd).
int pipe(Bytes fds) {
  require(fds.size >= 2 * sizeof(int), "fds must be an Int32Array of at least two elements");
  return ::pipe(fds.as<int>());
}

// pipe2(pipefd, flags).
int pipe2([[maybe_unused]] Bytes fds, [[maybe_unused]] int flags) {
#ifdef __linux__
  require(fds.size >= 2 * sizeof(int), "fds must be an Int32Array of at least two elements");
  return ::pipe2(fds.as<int>(), flags);
#else
  return enosys();
#endif
}

}  // namespace

const std::vector<Call> file_calls = {
    {"read", "fd, buf", entry<read>},
    {"write", "fd, buf | fd, buf, offset, length", entry<write, write_at>},
    {"readv", "fd, buffers", entry<readv>},
    {"writev", "fd, buffers", entry<writev>},
    {"splice", "fdIn, offIn, fdOut, offOut, len, flags", entry<splice>},
    {"close", "fd", entry<close>},
    {"fcntl", "fd, cmd, arg", entry<fcntl>},
    {"dup", "fd", entry<dup>},
    {"dup2", "oldfd, newfd", entry<dup2>},
    {"dup3", "oldfd, newfd, flags", entry<dup3>},
    {"pipe", "fds", entry<pipe>},
    {"pipe2", "fds, flags", entry<pipe2>},
};

}  // namespace rfds
