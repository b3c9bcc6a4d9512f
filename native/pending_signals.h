// Signals between their arrival and JavaScript: which are pending. JavaScript cannot run in a signal's
// handler, so that of C only marks it. docs/signals.md has the states and what is promised.
//
// The handler is one for all, on_signal(). What it does with a signal is in its state, which the main thread
// sets (signal.cc):
//   is_caught      it becomes pending: JavaScript's handler runs later.
//   next           the handler that was there before (libuv's) is called as well. If it is not caught, it
//                  becomes pending as chained.
//   is_restarting  with SA_RESTART: no kick interrupts a call for it.
// A signal that is neither caught nor chained, and still has this handler, is the one that kicks are sent by.
//
// The handler is async-signal-safe: lock-free atomics and write(2), and errno as it was. All that is kept
// here is the process's, as its table of dispositions is.
#pragma once
#include <signal.h>

#include <atomic>
#include <cstdint>

namespace rfds {

using Handler = void (*)(int, siginfo_t*, void*);

struct SignalState {
  std::atomic<bool> is_caught;
  std::atomic<bool> is_restarting;
  std::atomic<Handler> next;
  std::atomic<bool> is_pending;
  std::atomic<bool> is_chained_pending;
};

extern SignalState signals[NSIG];

void on_signal(int signum, siginfo_t* info, void* context);

// The kick thread's handler for the signal that kicks are sent by: puts on_signal() there, before the one
// that was there. False, with errno, if that fails.
bool take_kicks(int signum);
// Whether a signal is pending that is to interrupt the main thread's calls.
bool has_pending_to_kick();

// Moves the numbers of the pending signals, -n for a chained one, to signums, which has NSIG elements;
// returns how many. The last element becomes the errno of a failed write to the wakeup fd since the last
// time, or 0.
int take_pending(int* signums);

// A word of JavaScript's that is 1 while a signal may be pending, so that it need not cross to ask. Of the
// copy of the addon's JavaScript that was loaded last; that of another one stays 1, and crosses each time.
void set_maybe_pending_word(int32_t* word);
void forget_maybe_pending_word(int32_t* word);

// Where on_signal() writes the number of each caught signal, as one byte; -1: nowhere.
extern std::atomic<int> wakeup_fd;

}  // namespace rfds
