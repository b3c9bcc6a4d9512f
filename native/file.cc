// The calls that any descriptor takes: read, write, close, fcntl, dup, pipe and their kin.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "calls.h"
#include "threads.h"

namespace rfds {
namespace {

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

    // An address.
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
#ifdef F_OFD_GETLK
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
#endif
#ifdef __linux__
    case F_GETOWN_EX:
    case F_SETOWN_EX:
    case 1035:  // F_GET_RW_HINT
    case 1036:  // F_SET_RW_HINT
    case 1037:  // F_GET_FILE_RW_HINT
    case 1038:  // F_SET_FILE_RW_HINT
#endif
#ifdef __APPLE__
    case F_GETPATH:
    case F_PREALLOCATE:
    case F_RDADVISE:
    case F_LOG2PHYS:
#endif
      return Taken::an_address;
    default: return Taken::unknown;
  }
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

// close(fd).
int close(int fd) {
  set_owned(fd, false);
  return ::close(fd);
}

// fcntl(fd, cmd, arg). A command that takes an address gets NULL, for which the kernel answers EFAULT: an int
// of JavaScript's is no address. Unlike fcntl(2), a command that is not known here is EINVAL, whatever it
// takes: the kernel is not asked.
int fcntl(int fd, int cmd, int arg) {
  switch (taken_by(cmd)) {
    case Taken::an_int: return ::fcntl(fd, cmd, arg);
    case Taken::an_address: return ::fcntl(fd, cmd, nullptr);
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
    {"close", "fd", entry<close>},
    {"fcntl", "fd, cmd, arg", entry<fcntl>},
    {"dup", "fd", entry<dup>},
    {"dup2", "oldfd, newfd", entry<dup2>},
    {"dup3", "oldfd, newfd, flags", entry<dup3>},
    {"pipe", "fds", entry<pipe>},
    {"pipe2", "fds, flags", entry<pipe2>},
};

}  // namespace rfds
