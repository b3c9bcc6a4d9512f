// sigaction(2) with one C handler that only notes the signal, as Python's does: JavaScript
// cannot run inside a blocking call. Above: src/signal.ts, which runs the real handlers.
// Beside it: nudge.cc, which keeps a noted signal from being slept over.
#include <signal.h>

#include <cstring>

#include "calls.h"
#include "nudge.h"

namespace rfds {

// handler: 0 is SIG_DFL, 1 is SIG_IGN, anything else notes the signal for signals_noted.
// Without SA_RESTART, so that every blocking call returns EINTR (PEP 475 restarts them).
// Unlike sigaction(2), only the main thread may call it: EPERM elsewhere.
int sigaction(int signum, int handler) {
  if (!on_main_thread()) {
    errno = EPERM;
    return -1;
  }
  struct sigaction action = {};
  sigemptyset(&action.sa_mask);
  action.sa_handler = handler == 0 ? SIG_DFL : handler == 1 ? SIG_IGN : note;
  if (action.sa_handler == note && !start_nudging()) return -1;
  int result = ::sigaction(signum, &action, nullptr);
  // What is not noted any more must not be sent again either.
  if (result == 0 && action.sa_handler != note) noted[signum].store(false);
  return result;
}

// Not a kernel call: moves the noted signals' numbers into signums and forgets them.
int signals_noted(Bytes signums) {
  require(signums.size >= NSIG * sizeof(int), "signums must be an Int32Array of at least NSIG elements");
  // First, so that a signal from here on is there for the next time.
  if (int32_t* word = any_noted.load()) __atomic_store_n(word, 0, __ATOMIC_SEQ_CST);
  int count = 0;
  for (int signum = 1; signum < NSIG; signum++) {
    if (!noted[signum].load(std::memory_order_relaxed) || !noted[signum].exchange(false)) continue;
    std::memcpy(signums.as<int>() + count++, &signum, sizeof signum);
  }
  return count;
}

}  // namespace rfds
