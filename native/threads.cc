// The threads of threads.h, and the kick thread, which sends them a signal whose handler does nothing.
#include "threads.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <unordered_set>
#include <vector>

#include "pending_signals.h"
#ifdef __linux__
#include <sys/syscall.h>
#endif

namespace rfds {

__thread Thread* this_thread;
std::atomic<int> kick_signum{0};

namespace {

constexpr int64_t millisecond = 1000000;
constexpr int64_t second = 1000 * millisecond;

// The main thread is kicked 1 ms after a signal came that is still pending, then after 2 ms, 4 ms, and so on;
// a new signal begins anew.
constexpr int64_t first_pause = millisecond;
constexpr int64_t longest_pause = 128 * millisecond;
// A worker that is as long as this inside one call is kicked, again and again.
constexpr int64_t worker_period = 100 * millisecond;
// A kick that this many later ones found unanswered is sent again: another library took its signal.
constexpr int patience = 8;

struct Environment {
  void* environment;
  bool (*can_run_javascript)(void*);
};

struct Entry : Thread {
  pthread_t id = pthread_self();
  std::vector<Environment> environments;
  std::unordered_set<int> owned;
  bool is_prepared = false;
  // The kick thread's.
  uint32_t last_calls = 0;
  int unanswered = 0;
};

// Not std::mutex and no destructors: the kick thread runs on while the process exits.
pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
struct Lock {
  Lock() { pthread_mutex_lock(&mutex); }
  ~Lock() { pthread_mutex_unlock(&mutex); }
};
std::vector<Entry*>& entries() {
  static auto* list = new std::vector<Entry*>();
  return *list;
}

int self_pipe[2] = {-1, -1};  // handlers write, the kick thread reads

int64_t now() {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return nanoseconds(&time);
}

// Rounded up.
int to_milliseconds(int64_t time) {
  constexpr int64_t max = std::numeric_limits<int>::max();
  return static_cast<int>(std::min(time / millisecond + (time % millisecond > 0), max));
}

Entry* this_entry() { return static_cast<Entry*>(this_thread); }

bool is_inside(const Entry& entry) { return entry.calls.load() % 2 == 1; }

void kick(Entry& entry) {
  if (entry.is_kicked.exchange(true) && ++entry.unanswered < patience) return;
  entry.unanswered = 0;
  if (pthread_kill(entry.id, kick_signum.load()) != 0) entry.is_kicked.store(false);
}

void kick_main_thread() {
  Lock lock;
  for (Entry* entry : entries())
    if (entry->is_main && is_inside(*entry)) kick(*entry);
}

// Those that have not left their call since the last time; whether there are any that ever blocked.
bool kick_workers() {
  Lock lock;
  bool has_workers = false;
  for (Entry* entry : entries()) {
    if (entry->is_main || !entry->is_prepared) continue;
    has_workers = true;
    uint32_t calls = entry->calls.load();
    if (calls % 2 == 1 && calls == entry->last_calls) kick(*entry);
    entry->last_calls = calls;
  }
  return has_workers;
}

void* kick_thread(void*) {
#ifdef __APPLE__
  pthread_setname_np("rfds kicks");
#else
  pthread_setname_np(pthread_self(), "rfds kicks");
#endif
  constexpr int64_t never = std::numeric_limits<int64_t>::max();
  // A signal may have come before this thread was there to be woken.
  int64_t pause = first_pause, next_main = now() + pause, next_workers = never;
  for (;;) {
    int64_t next = std::min(next_main, next_workers);
    pollfd wake = {self_pipe[0], POLLIN, 0};
    int ready = ::poll(&wake, 1, next == never ? -1 : to_milliseconds(std::max<int64_t>(next - now(), 0)));
    int64_t time = now();
    if (ready > 0) {
      char bytes[64];
      if (::read(self_pipe[0], bytes, sizeof bytes) == -1) {
        // Another thread cannot have read them: there is one of these.
      }
      pause = first_pause;
      next_main = std::min(next_main, time + pause);
      next_workers = std::min(next_workers, time + worker_period);
    }
    if (time >= next_main) {
      if (has_pending_to_kick()) {
        kick_main_thread();
        next_main = time + pause;
        pause = std::min(2 * pause, longest_pause);
      } else {
        next_main = never;
      }
    }
    if (time >= next_workers) next_workers = kick_workers() ? time + worker_period : never;
  }
}

// One whose action is still the default.
int choose_kick_signum() {
#if defined(__linux__) && !defined(RFDS_KICK_BY_SIGURG)
  for (int signum = SIGRTMAX - 4; signum >= SIGRTMIN; signum--) {
    struct sigaction now;
    bool is_free = ::sigaction(signum, nullptr, &now) == 0 && now.sa_handler == SIG_DFL;
    if (is_free) return signum;
  }
#endif
  return SIGURG;
}

bool open_self_pipe(int* ends) {
#ifdef __linux__
  return ::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0;
#else
  if (::pipe(ends) == -1) return false;
  for (int i = 0; i < 2; i++) {
    ::fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    ::fcntl(ends[i], F_SETFL, O_NONBLOCK);
  }
  return true;
#endif
}

// The thread takes no signals itself.
int create_kick_thread() {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 256 * 1024);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t thread;
  int failure = pthread_create(&thread, &attributes, kick_thread, nullptr);
  pthread_attr_destroy(&attributes);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return failure;
}

// Node unloads the addon with the last environment that loaded it, and the thread and the handlers stay.
void stay_loaded() {
  Dl_info self;
  static const char here = 0;
  if (::dladdr(&here, &self) != 0) ::dlopen(self.dli_fname, RTLD_LAZY | RTLD_NODELETE);
}

void remove(Entry* entry) {
  Lock lock;
  auto& list = entries();
  list.erase(std::remove(list.begin(), list.end(), entry), list.end());
}

}  // namespace

// Asks the kernel once for each thread, when the addon is loaded there: sigaction is to be one entry.
bool on_main_thread() {
#ifdef __linux__
  thread_local const bool is_main = ::syscall(SYS_gettid) == ::getpid();
  return is_main;
#else
  return pthread_main_np() != 0;
#endif
}

int64_t nanoseconds(const timespec* time) {
  constexpr int64_t max = std::numeric_limits<int64_t>::max();
  if (time == nullptr) return -1;
  int64_t seconds = time->tv_sec;
  if (seconds < 0 || time->tv_nsec < 0) return -1;
  return seconds < max / second - 1 ? seconds * second + time->tv_nsec : max;
}

int64_t nanoseconds(const timeval& time) {
  timespec same = {};
  same.tv_sec = time.tv_sec;
  same.tv_nsec = static_cast<decltype(same.tv_nsec)>(time.tv_usec) * 1000;
  return nanoseconds(&same);
}

void BlockingCall::begin_in_worker() {
  int error = errno;
  Entry& entry = *static_cast<Entry*>(thread);
  if (!entry.is_prepared && start_kick_thread()) {
    sigset_t kicks;
    sigemptyset(&kicks);
    sigaddset(&kicks, kick_signum.load());
    pthread_sigmask(SIG_UNBLOCK, &kicks, nullptr);
    {
      Lock lock;
      entry.is_prepared = true;
    }
    wake_kick_thread();
  }
  thread->was_kicked.store(false);
  start = now();
  errno = error;
}

bool BlockingCall::is_restartable() {
  bool was_kicked = thread->was_kicked.exchange(false);
  Entry& entry = *static_cast<Entry*>(thread);
  bool can_run = was_kicked && !entry.environments.empty() &&
                 entry.environments.back().can_run_javascript(entry.environments.back().environment);
  errno = EINTR;
  return can_run;
}

bool BlockingCall::must_restart(int fd, int option) {
  if (!must_restart()) return false;
  timeval limit = {};
  socklen_t length = sizeof limit;
  bool is_limited =
      ::getsockopt(fd, SOL_SOCKET, option, &limit, &length) == 0 && (limit.tv_sec != 0 || limit.tv_usec != 0);
  if (!is_limited) return true;
  int64_t end = start + nanoseconds(limit);
  for (;;) {
    int64_t left = end - now();
    if (left <= 0) {
      errno = EAGAIN;
      return false;
    }
    pollfd waiting = {fd, static_cast<short>(option == SO_RCVTIMEO ? POLLIN : POLLOUT), 0};
    int ready = ::poll(&waiting, 1, to_milliseconds(left));
    if (ready > 0) return true;
    if (ready == -1 && !must_restart()) return false;
  }
}

int BlockingCall::milliseconds_left() const {
  return has_timeout() ? to_milliseconds(std::max<int64_t>(timeout - (now() - start), 0)) : -1;
}

timespec BlockingCall::left() const {
  int64_t time = std::max<int64_t>(timeout - (now() - start), 0);
  timespec result = {};
  result.tv_sec = static_cast<decltype(result.tv_sec)>(time / second);
  result.tv_nsec = static_cast<decltype(result.tv_nsec)>(time % second);
  return result;
}

void enter_environment(void* environment, bool (*can_run_javascript)(void*)) {
  if (this_thread == nullptr) {
    auto* entry = new Entry();
    entry->is_main = on_main_thread();
    Lock lock;
    entries().push_back(entry);
    this_thread = entry;
  }
  this_entry()->environments.push_back({environment, can_run_javascript});
}

void leave_environment(void* environment) {
  Entry* entry = this_entry();
  if (entry == nullptr) return;
  auto& list = entry->environments;
  auto is_it = [=](const Environment& one) { return one.environment == environment; };
  list.erase(std::remove_if(list.begin(), list.end(), is_it), list.end());
  if (!list.empty()) return;
  this_thread = nullptr;
  remove(entry);
  for (int fd : entry->owned) ::close(fd);
  delete entry;
}

void set_owned(int fd, bool is_owned) {
  Entry* entry = this_entry();
  if (entry == nullptr || entry->is_main) return;
  if (is_owned)
    entry->owned.insert(fd);
  else
    entry->owned.erase(fd);
}

bool start_kick_thread() {
  Lock lock;
  if (self_pipe[0] != -1) return true;
  int ends[2];
  if (!open_self_pipe(ends)) return false;
  int signum = choose_kick_signum();
  std::copy(ends, ends + 2, self_pipe);
  kick_signum.store(signum);
  int failure = take_kicks(signum) ? create_kick_thread() : errno;
  if (failure == 0) {
    stay_loaded();
    return true;
  }
  kick_signum.store(0);
  for (int& fd : self_pipe) {
    ::close(fd);
    fd = -1;
  }
  errno = failure;
  return false;
}

bool took_kick() {
  Thread* thread = this_thread;
  if (thread == nullptr || !thread->is_kicked.exchange(false)) return false;
  thread->was_kicked.store(true);
  return true;
}

void wake_kick_thread() {
  if (::write(self_pipe[1], "", 1) == -1) {
    // The pipe is full: the thread is awake.
  }
}

}  // namespace rfds
