// sigaction(2) with one C handler that only notes the signal, as Python's does: JavaScript
// cannot run inside a blocking call. Above: src/signal.ts, which runs the real handlers.
// Beside it: nudge.cc, which keeps a noted signal from being slept over.
#include <signal.h>

#include <cstring>

#include "calls.h"
#include "nudge.h"

namespace rfds {

namespace {

constexpr int restart = 3;

// The handlers that overhear() stands in front of.
std::atomic<void (*)(int)> before[NSIG];

void pass_on(int signum) {
  note_overheard(signum);
  if (auto handler = before[signum].load()) handler(signum);
}

}  // namespace

// handler: 0 is SIG_DFL, 1 is SIG_IGN, 2 notes the signal for signals_noted, and 3 as well.
// Without SA_RESTART, so that every blocking call returns EINTR (PEP 475 restarts them); 3 has it.
// Unlike sigaction(2), only the main thread may call it: EPERM elsewhere.
int sigaction(int signum, int handler) {
  if (!on_main_thread()) {
    errno = EPERM;
    return -1;
  }
  struct sigaction action = {};
  sigemptyset(&action.sa_mask);
  action.sa_handler = handler == 0 ? SIG_DFL : handler == 1 ? SIG_IGN : note;
  if (handler == restart) action.sa_flags = SA_RESTART;
  if (action.sa_handler == note && !start_nudging()) return -1;
  int result = ::sigaction(signum, &action, nullptr);
  // What is not noted any more must not be sent again either.
  if (result == 0 && action.sa_handler != note) noted[signum].store(false);
  return result;
}

// Stands in front of a handler of somebody else's (libuv's), which still runs: notes that the signal came
// and, without SA_RESTART, lets it interrupt blocking calls. 1 if it does so from now on, 0 if it did
// before, or there is no handler. Two libc calls: the first says what the second keeps.
// Unlike sigaction(2), only the main thread may call it: EPERM elsewhere.
int overhear(int signum) {
  if (!on_main_thread()) {
    errno = EPERM;
    return -1;
  }
  struct sigaction action;
  if (::sigaction(signum, nullptr, &action) == -1) return -1;
  bool is_plain =
      (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
  if (!is_plain || action.sa_handler == note || action.sa_handler == pass_on) return 0;
  if (!start_poking()) return -1;
  before[signum].store(action.sa_handler);
  action.sa_handler = pass_on;
  action.sa_flags &= ~SA_RESTART;
  return ::sigaction(signum, &action, nullptr) == -1 ? -1 : 1;
}

// Not a kernel call: from now on each noted signal's number is written to fd, as one byte, by the C
// handler itself; -1: no more.
int set_wakeup_fd(int fd) {
  wakeup_fd.store(fd);
  return 0;
}

// Not a kernel call: moves the numbers of the noted signals, and -n for those only overheard, into signums
// and forgets them. Its last element becomes the errno of a write to the wakeup fd that failed since, or 0.
int signals_noted(Bytes signums) {
  require(signums.size >= NSIG * sizeof(int), "signums must be an Int32Array of at least NSIG elements");
  // First, so that a signal from here on is there for the next time.
  if (int32_t* word = any_noted.load()) __atomic_store_n(word, 0, __ATOMIC_SEQ_CST);
  int count = 0;
  for (int signum = 1; signum < NSIG; signum++) {
    bool is_noted = noted[signum].load(std::memory_order_relaxed) && noted[signum].exchange(false);
    bool is_overheard =
        overheard[signum].load(std::memory_order_relaxed) && overheard[signum].exchange(false);
    int number = is_noted ? signum : -signum;
    if (is_noted || is_overheard) std::memcpy(signums.as<int>() + count++, &number, sizeof number);
  }
  int error = wakeup_error.exchange(0);
  std::memcpy(signums.as<int>() + NSIG - 1, &error, sizeof error);
  return count;
}

}  // namespace rfds
