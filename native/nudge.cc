// A signal that comes between JavaScript's last look and the kernel's sleep would be slept over. So
// while signals wait to be handled, a thread sends them to the main thread again, now and then, which
// interrupts its call. It costs two descriptors and sleeps in read(2) until a signal comes.
#include "nudge.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#ifdef __linux__
#include <sys/syscall.h>
#endif

namespace rfds {

std::atomic<bool> noted[NSIG];
std::atomic<int32_t*> any_noted;

namespace {

std::atomic<int> nudging;  // the signal that the thread is sending, which is not to be noted again
pthread_t main_thread;
int wakes[2] = {-1, -1};  // a pipe: note() writes, nudge() reads

// About four seconds: whoever has not looked by then is in Node's own loop, and looks before it
// blocks again.
constexpr int most_nudges = 16;

int first_noted() {
  auto found = std::find_if(noted, noted + NSIG, [](const std::atomic<bool>& one) { return one.load(); });
  return static_cast<int>(found - noted);
}

void* nudge(void*) {
  for (char byte; ::read(wakes[0], &byte, 1) == 1;) {
    useconds_t pause = 1000;
    for (int i = 0; i < most_nudges && first_noted() < NSIG; i++) {
      ::usleep(pause);
      int signum = first_noted();
      if (signum == NSIG) break;
      nudging.store(signum);
      pthread_kill(main_thread, signum);
      pause = std::min<useconds_t>(2 * pause, 500000);
    }
  }
  return nullptr;
}

}  // namespace

// Asked of the kernel once for each thread, when the addon is loaded there: sigaction is to be one entry.
bool on_main_thread() {
#ifdef __linux__
  thread_local const bool is_main = ::syscall(SYS_gettid) == ::getpid();
  return is_main;
#else
  return pthread_main_np() != 0;
#endif
}

// On whichever thread the kernel gives the signal to.
void note(int signum) {
  int ours = signum;
  if (nudging.compare_exchange_strong(ours, 0)) return;
  int error = errno;
  noted[signum].store(true);
  if (int32_t* word = any_noted.load()) __atomic_store_n(word, 1, __ATOMIC_SEQ_CST);
  if (::write(wakes[1], "", 1) == -1) {
    // The pipe is full: the thread is awake.
  }
  errno = error;
}

bool start_nudging() {
  if (wakes[0] != -1) return true;
  main_thread = pthread_self();
  int ends[2];
  if (::pipe(ends) == -1) return false;
  for (int fd : ends) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
  std::copy(ends, ends + 2, wakes);

  // The thread takes no signals itself.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  int failure = pthread_create(&thread, nullptr, nudge, nullptr);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (failure == 0) {
    pthread_detach(thread);
    return true;
  }
  for (int& fd : wakes) fd = (::close(fd), -1);
  errno = failure;
  return false;
}

}  // namespace rfds
