// The states of pending_signals.h, and the kick thread.
#include "pending_signals.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#ifdef __linux__
#include <sys/syscall.h>
#endif

namespace rfds {

std::atomic<int32_t*> maybe_pending;
std::atomic<int> wakeup_fd{-1};

namespace {

std::atomic<bool> pending[NSIG];
std::atomic<bool> chained_pending[NSIG];
std::atomic<int> wakeup_errno;
std::atomic<int> resent;  // the signal that the kick thread sent, which is no new one; 0: none
pthread_t main_thread;
int self_pipe[2] = {-1, -1};  // handlers write, the kick thread reads

constexpr int max_kicks = 16;

// The first signal of the list; NSIG: none.
int first_of(const std::atomic<bool>* list) {
  auto found =
      std::find_if(list, list + NSIG, [](const std::atomic<bool>& is_pending) { return is_pending.load(); });
  return static_cast<int>(found - list);
}

bool has_pending() { return first_of(pending) < NSIG || first_of(chained_pending) < NSIG; }

void do_nothing(int) {}

// Another handler of SIGURG would run, and SIG_DFL would not interrupt.
bool may_send_sigurg() {
  struct sigaction now;
  return ::sigaction(SIGURG, nullptr, &now) == 0 && now.sa_handler == do_nothing;
}

void* kick_thread(void*) {
  for (char byte; ::read(self_pipe[0], &byte, 1) == 1;) {
    useconds_t pause = 1000;
    for (int i = 0; i < max_kicks && has_pending(); i++) {
      ::usleep(pause);
      int signum = first_of(pending);
      if (signum < NSIG) {
        resent.store(signum);
        pthread_kill(main_thread, signum);
      } else if (first_of(chained_pending) < NSIG && may_send_sigurg()) {
        pthread_kill(main_thread, SIGURG);
      }
      pause = std::min<useconds_t>(2 * pause, 500000);
    }
  }
  return nullptr;
}

// For JavaScript, and the kick thread.
void set_maybe_pending() {
  if (int32_t* word = maybe_pending.load()) __atomic_store_n(word, 1, __ATOMIC_SEQ_CST);
  if (::write(self_pipe[1], "", 1) == -1) {
    // The pipe is full: the thread is awake.
  }
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

void on_caught(int signum) {
  int expected = signum;
  if (resent.compare_exchange_strong(expected, 0)) return;
  int error = errno;
  pending[signum].store(true);
  int fd = wakeup_fd.load();
  auto number = static_cast<unsigned char>(signum);
  if (fd != -1 && ::write(fd, &number, 1) == -1) wakeup_errno.store(errno);
  set_maybe_pending();
  errno = error;
}

void mark_chained_pending(int signum) {
  int error = errno;
  chained_pending[signum].store(true);
  set_maybe_pending();
  errno = error;
}

bool start_kicks_by_sigurg() {
  struct sigaction now;
  if (!start_kick_thread() || ::sigaction(SIGURG, nullptr, &now) == -1) return false;
  if (now.sa_handler != SIG_DFL) return true;
  struct sigaction action = {};
  sigemptyset(&action.sa_mask);
  action.sa_handler = do_nothing;
  return ::sigaction(SIGURG, &action, nullptr) == 0;
}

bool start_kick_thread() {
  if (self_pipe[0] != -1) return true;
  main_thread = pthread_self();
  int ends[2];
  if (::pipe(ends) == -1) return false;
  for (int fd : ends) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
  std::copy(ends, ends + 2, self_pipe);

  // The thread takes no signals itself.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  int failure = pthread_create(&thread, nullptr, kick_thread, nullptr);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (failure == 0) {
    pthread_detach(thread);
    return true;
  }
  for (int& fd : self_pipe) {
    ::close(fd);
    fd = -1;
  }
  errno = failure;
  return false;
}

void forget_pending(int signum) { pending[signum].store(false); }

int take_pending(int* signums) {
  // First, so that a signal from here on is there for the next time.
  if (int32_t* word = maybe_pending.load()) __atomic_store_n(word, 0, __ATOMIC_SEQ_CST);
  int count = 0;
  for (int signum = 1; signum < NSIG; signum++) {
    bool is_caught = pending[signum].load(std::memory_order_relaxed) && pending[signum].exchange(false);
    bool is_chained =
        chained_pending[signum].load(std::memory_order_relaxed) && chained_pending[signum].exchange(false);
    int number = is_caught ? signum : -signum;
    if (is_caught || is_chained) std::memcpy(signums + count++, &number, sizeof number);
  }
  int error = wakeup_errno.exchange(0);
  std::memcpy(signums + NSIG - 1, &error, sizeof error);
  return count;
}

}  // namespace rfds
