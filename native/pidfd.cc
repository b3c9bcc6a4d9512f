// pidfd_open(2) and pidfd_getfd(2), Linux: a process by a descriptor, and a copy of a descriptor of its.
// glibc has functions of these names only from 2.36 on, so that the kernel is entered by syscall(2).
#include "calls.h"

#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>

// The same number on every architecture; missing in headers before Linux 5.6.
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#endif

namespace rfds {
namespace {

#ifdef __linux__
int pidfd_open(int pid, int flags) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, flags)); }
int pidfd_getfd(int pidfd, int targetfd, int flags) {
  return static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd, targetfd, flags));
}
#else
int pidfd_open(int, int) { return enosys(); }
int pidfd_getfd(int, int, int) { return enosys(); }
#endif

}  // namespace

const std::vector<Call> pidfd_calls = {
    {"pidfd_open", "pid, flags", entry<pidfd_open>},
    {"pidfd_getfd", "pidfd, targetfd, flags", entry<pidfd_getfd>},
};

}  // namespace rfds
