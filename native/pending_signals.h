// Signals between their arrival and JavaScript: which are pending, and the thread that keeps one from being
// lost to a wait (lost wakeup). JavaScript cannot run in a signal's handler, so that of C only marks it.
//
// A signal's disposition, in the kernel's table (one for the process, set by the main thread alone):
//   default, ignored   SIG_DFL, SIG_IGN.
//   caught             catch_signal(): on_caught() marks it pending; its JavaScript handler runs later.
//   chained            chain_signal(): Node's handler (libuv's) was there. on_chained() marks it pending as
//                      chained, and calls that handler.
//
// clang-format off
// Of each signal: what happens, in which thread, what that does, and the state from then on.
//   it arrives, caught              any     a byte to the wakeup fd, a kick                              pending
//   it arrives, chained             any     a kick; then the previous handler                            chained
//   it arrives, resent by a kick    main    nothing: that it interrupted the call was all                pending
//   a kick                          kick    resends the first pending signal to the main thread, or, if  pending
//                                           all are chained, sends SIGURG (which does nothing by
//                                           default, and has a handler that does nothing): again and
//                                           again, after 1 ms, 2 ms, ... 0.5 s, at most 16 times, until
//                                           none is pending
//   take_pending_signals()          main    JavaScript gets its number, or minus that for chained        consumed
//   default or ignored from now on  main    is not to be resent                                          none
// clang-format on
//
// Promised: a signal that arrives between JavaScript's last check and the kernel's wait interrupts the wait,
// for it is resent (within some four seconds: after that the main thread is in Node's own loop, and checks
// before it blocks again). A caught signal's handler runs once for all arrivals until it is taken. A chained
// handler is never called for a signal that is resent, for only its owner knows how long it stands. The
// handlers are async-signal-safe: lock-free atomics and write(2), and errno as it was. All that is kept here
// is the process's, as its table of dispositions is; it and the thread are the only state in native code.
#pragma once
#include <atomic>
#include <cstdint>

namespace rfds {

bool on_main_thread();

// The handler of caught signals.
void on_caught(int signum);
// What the handler of a chained signal does before it calls the previous one.
void mark_chained_pending(int signum);

// Before the first signal is caught, or chained, from the main thread: starts the thread. False, with errno,
// if that fails. It costs two descriptors, and sleeps in read(2) until a signal comes.
bool start_kick_thread();
bool start_kicks_by_sigurg();

// The signal is not pending any more.
void forget_pending(int signum);
// Moves the numbers of the pending signals, -n for a chained one, to signums, which has NSIG elements;
// returns how many. The last element becomes the errno of a failed write to the wakeup fd since the last
// time, or 0.
int take_pending(int* signums);

// A word of JavaScript's that is 1 while a signal may be pending, so that it need not cross to ask; nullptr:
// none.
extern std::atomic<int32_t*> maybe_pending;
// Where on_caught() writes each signal's number, as one byte; -1: nowhere.
extern std::atomic<int> wakeup_fd;

}  // namespace rfds
