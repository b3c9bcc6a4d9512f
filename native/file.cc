// The calls that any descriptor takes: read, write, close, fcntl, dup, pipe and their kin.
#include <fcntl.h>
#include <unistd.h>

#include "calls.h"

namespace rfds {
namespace {

// The fcntl commands whose argument is an int (or is ignored). Every other command takes, or may
// take, a pointer, and an int from JavaScript is not one.
bool takes_int(int cmd) {
  switch (cmd) {
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
#endif
#ifdef __APPLE__
    case F_GETNOSIGPIPE:
    case F_SETNOSIGPIPE:
#endif
      return true;
    default: return false;
  }
}

// read(fd, buf, count).
ssize_t read(int fd, Bytes buf) { return ::read(fd, buf.data, buf.size); }

// write(fd, buf, count).
ssize_t write(int fd, Bytes buf) { return ::write(fd, buf.data, buf.size); }

// close(fd).
int close(int fd) { return ::close(fd); }

// fcntl(fd, cmd, arg). A command that wants a pointer gets NULL: the kernel answers EFAULT (or EINVAL to a
// command that it does not know) instead of writing to an address made up in JavaScript.
int fcntl(int fd, int cmd, int arg) {
  return takes_int(cmd) ? ::fcntl(fd, cmd, arg) : ::fcntl(fd, cmd, nullptr);
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

// Also made as a fast call.

// write(fd, buf + offset, length).
ssize_t write_at(int fd, Bytes buf, int64_t offset, int64_t length) {
  return ::write(fd, buf.part(offset, length), static_cast<size_t>(length));
}

const std::vector<Call> file_calls = {
    {"read", "fd, buf", entry<read>},
    {"write", "fd, buf | fd, buf, offset, length", entry<write, write_at>},
    {"close", "fd", entry<close>},
    {"fcntl", "fd, cmd, arg", entry<fcntl>},
    {"dup", "fd", entry<dup>},
    {"dup2", "oldfd, newfd", entry<dup2>},
    {"dup3", "oldfd, newfd, flags", entry<dup3>},
    {"pipe", "fds", entry<pipe>},
    {"pipe2", "fds, flags", entry<pipe2>},
};

}  // namespace rfds
