// sigaction(2) with one C handler that only notes the signal, as Python's does: JavaScript
// cannot run inside a blocking call. Above: src/signal.ts, which runs the real handlers.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
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
int wakes[2] = {-1, -1};  // a pipe: note() writes, nudge() reads

bool on_main_thread() {
#ifdef __linux__
  return ::syscall(SYS_gettid) == ::getpid();
#else
  return pthread_main_np() != 0;
#endif
}

bool any_noted() {
  return std::any_of(noted + 1, noted + NSIG, [](const std::atomic<bool>& one) { return one.load(); });
}

// Whichever thread the kernel gives the signal to, notes it.
void note(int signum) {
  int error = errno;
  noted[signum].store(true);
  if (::write(wakes[1], "", 1) == -1) {
    // Full, or never opened: nudge() is awake already, or never will be.
  }
  errno = error;
}

// A thread of its own. A signal that comes between JavaScript's last look and the kernel's sleep, or
// to another thread, would be slept over: as long as signals wait to be handled, the main thread is
// interrupted again, now and then, with SIGURG, which nobody minds (its default is to be ignored).
void* nudge(void*) {
  for (char byte; ::read(wakes[0], &byte, 1) == 1;) {
    for (useconds_t pause = 1000; any_noted(); pause = std::min<useconds_t>(2 * pause, 500000)) {
      ::usleep(pause);
      if (any_noted()) pthread_kill(main_thread.load(), SIGURG);
    }
  }
  return nullptr;
}

int notes(int signum) {
  struct sigaction action = {};
  sigemptyset(&action.sa_mask);
  action.sa_handler = note;
  return ::sigaction(signum, &action, nullptr);
}

// Once, before the first signal is noted. The thread takes no signals itself.
bool start_nudging() {
  main_thread.store(pthread_self());
  if (::pipe(wakes) == -1) return false;
  for (int fd : wakes) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  ::fcntl(wakes[1], F_SETFL, O_NONBLOCK);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  bool started = pthread_create(&thread, nullptr, nudge, nullptr) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started && pthread_detach(thread) == 0 && notes(SIGURG) == 0;
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
  if (handler != 0 && handler != 1) {
    [[maybe_unused]] static const bool nudging = start_nudging();
    return notes(signum);
  }
  struct sigaction action = {};
  sigemptyset(&action.sa_mask);
  action.sa_handler = handler == 0 ? SIG_DFL : SIG_IGN;
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
