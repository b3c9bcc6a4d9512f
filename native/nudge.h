// Signals that were noted and wait for JavaScript, and the thread that reminds it. (nudge.cc)
#pragma once
#include <signal.h>

#include <atomic>
#include <cstdint>

namespace rfds {

// The process has one table of signal handlers, and this is its memory: lock-free, so that a
// handler may write it at any moment. With the thread, the only state in native code.
extern std::atomic<bool> noted[NSIG];
// Signals that came while another's handler stands, and were overheard. These are never sent again: only
// that handler's owner knows how long it stands.
extern std::atomic<bool> overheard[NSIG];

// A word of JavaScript's that is 1 while there may be a noted signal, so that it need not come and ask;
// null: there is none. Written by handlers too.
extern std::atomic<int32_t*> any_noted;

// Where note() writes each signal's number, as one byte; -1: nowhere. And the errno of a write that failed.
extern std::atomic<int> wakeup_fd;
extern std::atomic<int> wakeup_error;

bool on_main_thread();
// The handler of every signal that is to be noted.
void note(int signum);
// Once, from the main thread, before the first signal is noted. False, with errno, if it cannot be.
bool start_nudging();
// What a handler does for a signal that it overhears; and what is to be started before the first.
void note_overheard(int signum);
bool start_poking();

}  // namespace rfds
