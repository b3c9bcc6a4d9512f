// sigaction(2) with one C handler that only notes the signal, as Python's does: JavaScript
// cannot run inside a blocking call. Above: src/signal.ts, which runs the real handlers.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "calls.h"
#ifdef __linux__
#include <sys/syscall.h>
#endif

namespace rfds {
namespace {

// The process has one table of signal handlers, and this is its memory: the only state
// in native code. Lock-free, so that a handler may write it at any moment.
std::atomic<bool> noted[NSIG];
std::atomic<pthread_t> main_thread;

bool on_main_thread() {
#ifdef __linux__
  return ::syscall(SYS_gettid) == ::getpid();
#else
  return pthread_main_np() != 0;
#endif
}

// Any thread may be given the signal, but only the main thread has a blocking call to
// interrupt: it is passed on there.
void note(int signum) {
  int error = errno;
  if (on_main_thread()) {
    noted[signum].store(true);
  } else {
    pthread_kill(main_thread.load(), signum);
  }
  errno = error;
}

}  // namespace

// handler: 0 is SIG_DFL, 1 is SIG_IGN, anything else notes the signal for signals_noted.
// Without SA_RESTART, so that every blocking call returns EINTR (PEP 475 restarts them).
// Unlike sigaction(2), only the main thread may call it: EPERM elsewhere.
int sigaction(int signum, int handler) {
  if (!on_main_thread()) {
    errno = EPERM;
    return -1;
  }
  main_thread.store(pthread_self());
  struct sigaction action = {};
  sigemptyset(&action.sa_mask);
  action.sa_handler = handler == 0 ? SIG_DFL : handler == 1 ? SIG_IGN : note;
  return ::sigaction(signum, &action, nullptr);
}

// Not a kernel call: moves the noted signals' numbers into signums and forgets them.
int signals_noted(Bytes signums) {
  require(signums.size >= NSIG * sizeof(int), "signums must be an Int32Array of at least NSIG elements");
  int count = 0;
  for (int signum = 1; signum < NSIG; signum++) {
    if (!noted[signum].load(std::memory_order_relaxed) || !noted[signum].exchange(false)) continue;
    std::memcpy(signums.as<int>() + count++, &signum, sizeof signum);
  }
  return count;
}

}  // namespace rfds
