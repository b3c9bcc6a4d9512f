// The threads that JavaScript runs in, the main thread and the workers: whether one is inside a call that
// may block, how it is kicked out of it, and which descriptors end with it. docs/signals.md has the whole.
#pragma once
#include <sys/time.h>
#include <sys/types.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <ctime>

namespace rfds {

struct Thread;

// This thread's; nullptr where no environment has loaded the addon. A handler may read it: on glibc it is in
// memory that a thread has from its start, elsewhere libc has made it when the addon was loaded.
#ifdef __GLIBC__
extern __thread Thread* this_thread __attribute__((tls_model("initial-exec")));
#else
extern __thread Thread* this_thread;
#endif

struct Thread {
  bool is_main;
  // Odd inside a call that may block.
  std::atomic<uint32_t> calls{0};
  // From when a kick was sent until its handler ran.
  std::atomic<bool> is_kicked{false};
  // Since the call began; a worker's.
  std::atomic<bool> was_kicked{false};
};

// A call that may block, from its construction on. In the main thread that is a mark for the kick thread, and
// a kick ends the call with EINTR. A worker is kicked so that it notices its end: every such call asks
// must_restart() after -1, and is made again.
class BlockingCall {
 public:
  // A timeout in nanoseconds, counted from now; negative: none.
  explicit BlockingCall(int64_t timeout = -1) : thread(this_thread), timeout(timeout) {
    if (thread == nullptr) return;
    if (!thread->is_main) begin_in_worker();
    count();
  }
  ~BlockingCall() {
    if (thread != nullptr) count();
  }
  BlockingCall(const BlockingCall&) = delete;
  BlockingCall& operator=(const BlockingCall&) = delete;

  // After -1: whether nothing but a kick interrupted the call, in a worker where JavaScript still runs.
  bool must_restart() { return errno == EINTR && thread != nullptr && !thread->is_main && is_restartable(); }
  // The same for a socket's call, whose SO_RCVTIMEO or SO_SNDTIMEO (option) would begin anew: what is left of
  // it is waited for here. False with EAGAIN when it is over.
  bool must_restart(int fd, int option);
  // Whether a kick may have cut short what was moved: a worker goes on behind that.
  bool was_cut_short() { return thread != nullptr && !thread->is_main && thread->was_kicked.load(); }

  // What is left of the timeout, for a call that is made again. 0 is none left: a last look.
  int milliseconds_left() const;  // rounded up; -1: no timeout
  timespec left() const;
  bool has_timeout() const { return timeout >= 0; }

 private:
  // No other thread writes it; a handler of this thread only reads.
  void count() {
    thread->calls.store(thread->calls.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  void begin_in_worker();
  bool is_restartable();

  Thread* thread;
  int64_t timeout;
  int64_t start = 0;
};

// Makes a call without a timeout, again and again where a worker must.
template <class Call>
auto blocking(Call call) {
  BlockingCall inside;
  auto result = call();
  while (result == -1 && inside.must_restart()) result = call();
  return result;
}

// The same for a socket's call, with its SO_RCVTIMEO or SO_SNDTIMEO.
template <class Call>
auto blocking(int fd, int option, Call call) {
  BlockingCall inside;
  auto result = call();
  while (result == -1 && inside.must_restart(fd, option)) result = call();
  return result;
}

// The same for one that moves all of length bytes unless it is interrupted; call(n) goes on behind n of them.
template <class Call>
ssize_t blocking_whole(int fd, int option, size_t length, Call call) {
  BlockingCall inside;
  size_t moved = 0;
  for (;;) {
    ssize_t n = call(moved);
    if (n == -1 && inside.must_restart(fd, option)) continue;
    if (n <= 0) return moved > 0 ? static_cast<ssize_t>(moved) : n;
    moved += static_cast<size_t>(n);
    if (moved >= length || !inside.was_cut_short()) return static_cast<ssize_t>(moved);
  }
}

// A time as a timeout of BlockingCall's: negative without one, and at most some 292 years.
int64_t nanoseconds(const timespec* time);
int64_t nanoseconds(const timeval& time);

// The calling thread has loaded the addon in an environment, which says whether JavaScript may still run
// there: not any more once a worker is terminated, or the process exits.
void enter_environment(void* environment, bool (*can_run_javascript)(void*));
// It ends: with a worker's last one the descriptors are closed that it owned.
void leave_environment(void* environment);

bool on_main_thread();
// A worker's object owns the descriptor, or does not any more. Nothing in the main thread, whose descriptors
// end with the process.
void set_owned(int fd, bool is_owned);

// Before the first signal is caught or chained, and before a worker's first blocking call: chooses the
// signal, sets its handler, starts the thread. False, with errno, if that fails. It costs two descriptors.
bool start_kick_thread();
// What kicks are sent by; 0 before that.
extern std::atomic<int> kick_signum;
// In its handler: whether this one is a kick.
bool took_kick();
// A signal is pending; from any handler.
void wake_kick_thread();

}  // namespace rfds
