// sigaction(2), and the addon's own calls around it, for handlers in JavaScript. The states of a signal, and
// what each thread does, are in pending_signals.h.
#include <signal.h>

#include "calls.h"
#include "pending_signals.h"

namespace rfds {
namespace {

// The previous handlers of chained signals.
std::atomic<void (*)(int)> previous[NSIG];

void on_chained(int signum) {
  mark_chained_pending(signum);
  if (auto handler = previous[signum].load()) handler(signum);
}

// Dispositions are the process's, and handlers are to run in the main thread.
bool may_set_disposition() {
  if (on_main_thread()) return true;
  errno = EPERM;
  return false;
}

int set_disposition(int signum, void (*handler)(int), int flags) {
  struct sigaction action = {};
  sigemptyset(&action.sa_mask);
  action.sa_handler = handler;
  action.sa_flags = flags;
  return ::sigaction(signum, &action, nullptr);
}

// sigaction(signum, &{sa_handler: handler}, NULL), where handler is SIG_DFL (0) or SIG_IGN (1).
// Unlike sigaction(2), only the main thread may call it: EPERM elsewhere.
int sigaction(int signum, int handler) {
  require(handler == 0 || handler == 1, "handler must be SIG_DFL (0) or SIG_IGN (1)");
  if (!may_set_disposition()) return -1;
  int result = set_disposition(signum, handler == 0 ? SIG_DFL : SIG_IGN, 0);
  if (result == 0) forget_pending(signum);
  return result;
}

// sigaction(signum, &{sa_handler: on_caught, sa_flags: flags}, NULL). Without SA_RESTART every blocking call
// returns EINTR (PEP 475 makes it again, in TypeScript). Only the main thread may call it: EPERM elsewhere.
int catch_signal(int signum, int flags) {
  require(flags == 0 || flags == SA_RESTART, "flags must be 0 or SA_RESTART");
  if (!may_set_disposition() || !start_kick_thread()) return -1;
  return set_disposition(signum, on_caught, flags);
}

// sigaction(signum, NULL, &action), and sigaction(signum, &action, NULL) if there is a handler that is not
// ours: it is chained, and SA_RESTART is taken off, so that the signal interrupts blocking calls. Returns 1
// if it is chained from now on; 0 if it was, or there is no handler. Only the main thread may call it: EPERM
// elsewhere.
int chain_signal(int signum) {
  if (!may_set_disposition()) return -1;
  struct sigaction action;
  if (::sigaction(signum, nullptr, &action) == -1) return -1;
  bool has_handler =
      (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
  if (!has_handler || action.sa_handler == on_caught || action.sa_handler == on_chained) return 0;
  if (!start_kicks_by_sigurg()) return -1;
  previous[signum].store(action.sa_handler);
  action.sa_handler = on_chained;
  action.sa_flags &= ~SA_RESTART;
  return ::sigaction(signum, &action, nullptr) == -1 ? -1 : 1;
}

// No call of C's: from now on the handler of caught signals writes each one's number to fd, as one byte; -1:
// no more.
int set_wakeup_fd(int fd) {
  wakeup_fd.store(fd);
  return 0;
}

// No call of C's: take_pending().
int take_pending_signals(Bytes signums) {
  require(signums.size >= NSIG * sizeof(int), "signums must be an Int32Array of at least NSIG elements");
  return take_pending(signums.as<int>());
}

}  // namespace

const std::vector<Call> signal_calls = {
    {"sigaction", "signum, handler", entry<sigaction>},
};

// The addon's own, which rfds/syscalls does not export.
const std::vector<Call> own_calls = {
    {"catch_signal", "signum, flags", entry<catch_signal>},
    {"chain_signal", "signum", entry<chain_signal>},
    {"set_wakeup_fd", "fd", entry<set_wakeup_fd>},
    {"take_pending_signals", "signums", entry<take_pending_signals>},
};

}  // namespace rfds
