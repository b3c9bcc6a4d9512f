// The handler of pending_signals.h, and what it leaves for JavaScript.
#include "pending_signals.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "threads.h"

namespace rfds {

SignalState signals[NSIG];
std::atomic<int> wakeup_fd{-1};

namespace {

std::atomic<int32_t*> maybe_pending;
std::atomic<int> wakeup_errno;

// With more arguments than it takes, if it was set without SA_SIGINFO: the kernel does so, too. Without
// signals meanwhile, as libuv's handlers expect.
void call_next(Handler next, int signum, siginfo_t* info, void* context) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  next(signum, info, context);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void set_word(int32_t value) {
  if (int32_t* word = maybe_pending.load()) __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

}  // namespace

void on_signal(int signum, siginfo_t* info, void* context) {
  if (signum == kick_signum.load() && took_kick()) return;
  int error = errno;
  SignalState& state = signals[signum];
  Handler next = state.next.load();
  bool is_caught = state.is_caught.load();
  if (is_caught || next != nullptr) {
    (is_caught ? state.is_pending : state.is_chained_pending).store(true);
    int fd = wakeup_fd.load();
    auto number = static_cast<unsigned char>(signum);
    if (is_caught && fd != -1 && ::write(fd, &number, 1) == -1) wakeup_errno.store(errno);
    // After the mark, so that JavaScript, which clears it first, finds the mark.
    set_word(1);
    if (!is_caught || !state.is_restarting.load()) wake_kick_thread();
  }
  if (next != nullptr) call_next(next, signum, info, context);
  errno = error;
}

bool has_pending_to_kick() {
  return std::any_of(signals, signals + NSIG, [](const SignalState& state) {
    return (state.is_pending.load() && !state.is_restarting.load()) || state.is_chained_pending.load();
  });
}

int take_pending(int* signums) {
  // First, so that a signal from here on is there for the next time.
  set_word(0);
  int count = 0;
  for (int signum = 1; signum < NSIG; signum++) {
    SignalState& state = signals[signum];
    bool is_pending = state.is_pending.load() && state.is_pending.exchange(false);
    bool is_chained = state.is_chained_pending.load() && state.is_chained_pending.exchange(false);
    int number = is_pending ? signum : -signum;
    if (is_pending || is_chained) std::memcpy(signums + count++, &number, sizeof number);
  }
  int error = wakeup_errno.exchange(0);
  std::memcpy(signums + NSIG - 1, &error, sizeof error);
  return count;
}

void set_maybe_pending_word(int32_t* word) {
  *word = 1;
  int32_t* before = maybe_pending.exchange(word);
  if (before != nullptr) __atomic_store_n(before, 1, __ATOMIC_SEQ_CST);
}

void forget_maybe_pending_word(int32_t* word) { maybe_pending.compare_exchange_strong(word, nullptr); }

}  // namespace rfds
