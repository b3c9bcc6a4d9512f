// sigaction(2), and the addon's own calls around it, for handlers in JavaScript. What the handler of C does
// is in pending_signals.h, the whole in docs/signals.md.
#include <signal.h>

#include "calls.h"
#include "pending_signals.h"
#include "threads.h"
#include "timespec.h"

namespace rfds {
namespace {

// What a signal's disposition was before it was ours; the main thread's.
struct Saved {
  bool is_saved = false;
  // Before the first of ours.
  struct sigaction original = {};
  // What another library (libuv) put there last.
  struct sigaction foreign = {};
};

Saved saved[NSIG];

// Dispositions are the process's, and handlers are to run in the main thread.
bool may_set_disposition() {
  if (on_main_thread()) return true;
  errno = EPERM;
  return false;
}

// Those are sent for what the thread itself did, by V8's WebAssembly for one: their handlers are no others'.
bool is_synchronous(int signum) {
  return signum == SIGSEGV || signum == SIGBUS || signum == SIGFPE || signum == SIGILL;
}

// Whether the signal can have a handler, or SIG_DFL or SIG_IGN, from JavaScript.
bool may_set(int signum) {
  if (!may_set_disposition()) return false;
  errno = EINVAL;
  return signum > 0 && signum < NSIG && !is_synchronous(signum);
}

bool has_handler(const struct sigaction& action) {
  return action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
}

struct sigaction our_action(int flags) {
  struct sigaction action = {};
  sigemptyset(&action.sa_mask);
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | flags;
  return action;
}

struct sigaction plain_action(int handler) {
  struct sigaction action = {};
  sigemptyset(&action.sa_mask);
  action.sa_handler = handler == 0 ? SIG_DFL : SIG_IGN;
  return action;
}

void set_next(int signum, const struct sigaction& action) {
  signals[signum].next.store(has_handler(action) ? action.sa_sigaction : nullptr);
}

void stop_catching(int signum) {
  SignalState& state = signals[signum];
  state.is_caught.store(false);
  state.is_restarting.store(false);
  state.is_pending.store(false);
  state.next.store(nullptr);
}

void save(int signum, const struct sigaction& action) {
  saved[signum].foreign = action;
  saved[signum].is_saved = true;
}

// sigaction(signum, &{sa_handler: handler}, NULL), where handler is SIG_DFL (0) or SIG_IGN (1).
// Unlike sigaction(2), only the main thread may call it: EPERM elsewhere. EINVAL also for SIGSEGV, SIGBUS,
// SIGFPE and SIGILL. The signal that kicks are sent by keeps its handler, which does nothing with others.
int sigaction(int signum, int handler) {
  require(handler == 0 || handler == 1, "handler must be SIG_DFL (0) or SIG_IGN (1)");
  if (!may_set(signum)) return -1;
  struct sigaction action = signum == kick_signum.load() ? our_action(0) : plain_action(handler);
  if (::sigaction(signum, &action, nullptr) == -1) return -1;
  stop_catching(signum);
  return 0;
}

// pthread_sigmask(how, set, oldset), of the calling thread. Unlike pthread_sigmask(3), it returns -1 with
// errno; and the signal that kicks are sent by, and those that V8 needs (is_synchronous), are never blocked.
int pthread_sigmask(int how, NullableBytes set, NullableBytes oldset) {
  constexpr size_t size = 8;
  require(oldset.data == nullptr || oldset.size >= size,
          "oldset must be a BigUint64Array of at least one element");
  // Which that is has to be known before one is blocked.
  if (set.data != nullptr && how != SIG_UNBLOCK && !start_kick_thread()) return -1;
  NullableSigset given(set);
  sigset_t signals, before;
  sigemptyset(&before);
  if (given.pointer() != nullptr) {
    signals = *given.pointer();
    for (int signum : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) sigdelset(&signals, signum);
  }
  int error = ::pthread_sigmask(how, given.pointer() == nullptr ? nullptr : &signals,
                                oldset.data == nullptr ? nullptr : &before);
  if (error != 0) return fail(error);
  if (oldset.data != nullptr) {
    std::memset(oldset.data, 0, size);
    std::memcpy(oldset.data, &before, std::min(size, sizeof before));
  }
  return 0;
}

// sigaction(signum, &{sa_handler: on_signal, sa_flags: flags}, NULL): the signal is caught from now on.
// Without SA_RESTART every blocking call returns EINTR (PEP 475 makes it again, in TypeScript). Only the main
// thread may call it: EPERM elsewhere. EINVAL as sigaction.
int catch_signal(int signum, int flags) {
  require(flags == 0 || flags == SA_RESTART, "flags must be 0 or SA_RESTART");
  if (!may_set(signum) || !start_kick_thread()) return -1;
  SignalState& state = signals[signum];
  bool was_caught = state.is_caught.exchange(true);
  bool was_restarting = state.is_restarting.exchange(flags == SA_RESTART);
  struct sigaction action = our_action(flags);
  if (::sigaction(signum, &action, nullptr) == 0) return 0;
  state.is_caught.store(was_caught);
  state.is_restarting.store(was_restarting);
  return -1;
}

// sigaction(signum, NULL, &action): keeps what is there, if it is not ours, for restore_signal() and
// pass_signal(); if is_first is 1, as what was there before signal(). Returns 1 for a handler, 0 for none and
// for ours. Only the main thread may call it: EPERM elsewhere. EINVAL as sigaction, and for SIGKILL and
// SIGSTOP.
int save_signal(int signum, int is_first) {
  require(is_first == 0 || is_first == 1, "isFirst must be 0 or 1");
  struct sigaction action;
  if (!may_set(signum) || ::sigaction(signum, nullptr, &action) == -1) return -1;
  if (signum == SIGKILL || signum == SIGSTOP) return fail(EINVAL);
  bool is_ours = action.sa_sigaction == on_signal;
  if (!is_ours) save(signum, action);
  if (is_first == 1) saved[signum].original = saved[signum].foreign;
  return !is_ours && has_handler(action) ? 1 : 0;
}

// No call of C's: whether the handler that was saved last is called as well when the signal is caught. Only
// the main thread may call it: EPERM elsewhere.
int pass_signal(int signum, int passes) {
  require(passes == 0 || passes == 1, "passes must be 0 or 1");
  if (!may_set(signum)) return -1;
  if (passes == 1)
    set_next(signum, saved[signum].foreign);
  else
    signals[signum].next.store(nullptr);
  return 0;
}

// sigaction(signum, NULL, &action), and sigaction(signum, &action, NULL) if there is a handler that is not
// ours: it is chained, and SA_RESTART is taken off, so that the signal interrupts blocking calls. Returns 1
// if it is chained from now on; 0 if it was, or there is no handler. Only the main thread may call it: EPERM
// elsewhere.
int chain_signal(int signum) {
  struct sigaction action;
  if (!may_set(signum) || ::sigaction(signum, nullptr, &action) == -1) return -1;
  if (action.sa_sigaction == on_signal) return 0;
  bool is_chainable = has_handler(action) && (action.sa_flags & SA_RESETHAND) == 0;
  bool is_kicks = signum == kick_signum.load();
  if (is_chainable || is_kicks) {
    save(signum, action);
    set_next(signum, action);
    struct sigaction front = our_action(action.sa_flags & SA_ONSTACK);
    if (::sigaction(signum, &front, nullptr) == -1) return -1;
    // Behind it: this may take a while, and a signal meanwhile would be Node's alone.
    if (!start_kick_thread()) {
      int error = errno;
      ::sigaction(signum, &action, nullptr);
      errno = error;
      return -1;
    }
  } else {
    signals[signum].next.store(nullptr);
  }
  return is_chainable ? 1 : 0;
}

// sigaction(signum, &action, NULL), where action is what was saved: if listens is 1, the last that was there
// (libuv's), else the first. 0 without that call if nothing was saved. Only the main thread may call it:
// EPERM elsewhere.
int restore_signal(int signum, int listens) {
  require(listens == 0 || listens == 1, "listens must be 0 or 1");
  if (!may_set(signum)) return -1;
  Saved& kept = saved[signum];
  if (!kept.is_saved) return 0;
  const struct sigaction& action = listens == 1 ? kept.foreign : kept.original;
  bool is_kicks = signum == kick_signum.load();
  if (!is_kicks && ::sigaction(signum, &action, nullptr) == -1) return -1;
  stop_catching(signum);
  if (is_kicks) set_next(signum, action);
  return 0;
}

// No call of C's: from now on the handler of caught signals writes each one's number to fd, as one byte; -1:
// no more. Only the main thread may call it: EPERM elsewhere.
int set_wakeup_fd(int fd) {
  if (!may_set_disposition()) return -1;
  wakeup_fd.store(fd);
  return 0;
}

// No call of C's: take_pending(). Only the main thread may call it: EPERM elsewhere.
int take_pending_signals(Bytes signums) {
  require(signums.size >= NSIG * sizeof(int), "signums must be an Int32Array of at least NSIG elements");
  if (!may_set_disposition()) return -1;
  return take_pending(signums.as<int>());
}

// No call of C's: in a worker, whether the descriptor is closed with its environment; in the main thread
// nothing.
int own_fd(int fd, int is_owned) {
  set_owned(fd, is_owned != 0);
  return 0;
}

}  // namespace

bool take_kicks(int signum) {
  struct sigaction before;
  if (::sigaction(signum, nullptr, &before) == -1) return false;
  if (before.sa_sigaction == on_signal) return true;
  set_next(signum, before);
  struct sigaction action = our_action(0);
  return ::sigaction(signum, &action, nullptr) == 0;
}

const std::vector<Call> signal_calls = {
    {"sigaction", "signum, handler", entry<sigaction>},
    {"pthread_sigmask", "how, set, oldset", entry<pthread_sigmask>},
};

// The addon's own, which rfds/syscalls does not export.
const std::vector<Call> own_calls = {
    {"catch_signal", "signum, flags", entry<catch_signal>},
    {"chain_signal", "signum", entry<chain_signal>},
    {"save_signal", "signum, isFirst", entry<save_signal>},
    {"pass_signal", "signum, passes", entry<pass_signal>},
    {"restore_signal", "signum, listens", entry<restore_signal>},
    {"set_wakeup_fd", "fd", entry<set_wakeup_fd>},
    {"take_pending_signals", "signums", entry<take_pending_signals>},
    {"own_fd", "fd, isOwned", entry<own_fd>},
};

}  // namespace rfds
