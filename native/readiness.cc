// The poller of readiness.h. It takes events out of the queue as soon as they come, and keeps them until
// JavaScript has time for them: interest is ONESHOT (EV_DISPATCH), so that each descriptor has one event at
// most, and what is kept is bounded by the number of descriptors.
//
// Its life: start_poller makes it, with a threadsafe function; the environment's cleanup hook, which runs
// before the function is finalized, has the thread end and waits for that. Where a process exits without
// cleanup hooks, the thread ends with the process: nothing that it uses is destroyed.
#include "readiness.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <map>
#include <new>
#include <vector>

#include "bind.h"
#ifdef __linux__
#include <sys/epoll.h>
#include <sys/eventfd.h>
#else
#include <sys/event.h>
#endif

namespace rfds {
namespace {

struct Event {
  int32_t low, high, events;
};

struct Poller {
  Poller(napi_env env, int queue) : env(env), queue(queue) {}

  napi_env env;
  int queue;
  int wake = -1;  // Linux: an eventfd in the queue.
  pthread_t thread{};
  napi_threadsafe_function function = nullptr;
  std::atomic<bool> stops{false};
  // Whether JavaScript was asked to take the events, and has not yet.
  std::atomic<bool> is_called{false};
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  std::vector<Event> events;
};

// One for each environment. Not destroyed, as the process may exit while a thread runs.
pthread_mutex_t pollers_mutex = PTHREAD_MUTEX_INITIALIZER;
std::map<napi_env, Poller*>& pollers() {
  static auto* map = new std::map<napi_env, Poller*>();
  return *map;
}

Poller* poller_of(napi_env env) {
  pthread_mutex_lock(&pollers_mutex);
  auto found = pollers().find(env);
  Poller* poller = found == pollers().end() ? nullptr : found->second;
  pthread_mutex_unlock(&pollers_mutex);
  return poller;
}

constexpr int most = 256;
#ifdef __linux__
// The data of the event that ends the thread: no descriptor's.
constexpr uint64_t wake_data = ~uint64_t{0};

bool open_wake(Poller& poller) {
  poller.wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (poller.wake < 0) return false;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = wake_data;
  return ::epoll_ctl(poller.queue, EPOLL_CTL_ADD, poller.wake, &event) == 0;
}

void wake(const Poller& poller) {
  uint64_t one = 1;
  [[maybe_unused]] ssize_t n = ::write(poller.wake, &one, sizeof one);
}

// Appends what happened; false if the wait failed.
bool wait(Poller& poller, std::vector<Event>& found) {
  epoll_event events[most];
  int n = ::epoll_wait(poller.queue, events, most, -1);
  for (int i = 0; i < n; i++) {
    uint64_t data = events[i].data.u64;
    if (data == wake_data) continue;
    found.push_back({static_cast<int32_t>(data), static_cast<int32_t>(data >> 32),
                     static_cast<int32_t>(events[i].events)});
  }
  return n >= 0 || errno == EINTR;
}
#else
bool open_wake(Poller& poller) {
  struct kevent change;
  EV_SET(&change, 0, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0, nullptr);
  return ::kevent(poller.queue, &change, 1, nullptr, 0, nullptr) == 0;
}

void wake(const Poller& poller) {
  struct kevent change;
  EV_SET(&change, 0, EVFILT_USER, 0, NOTE_TRIGGER, 0, nullptr);
  ::kevent(poller.queue, &change, 1, nullptr, 0, nullptr);
}

bool wait(Poller& poller, std::vector<Event>& found) {
  struct kevent events[most];
  int n = ::kevent(poller.queue, nullptr, 0, events, most, nullptr);
  for (int i = 0; i < n; i++) {
    if (events[i].filter == EVFILT_USER) continue;
    int32_t what = events[i].filter == EVFILT_READ ? 1 : 4;
    if (events[i].flags & EV_EOF) what |= 16;
    if (events[i].flags & EV_ERROR) what |= 8;
    found.push_back({static_cast<int32_t>(events[i].ident),
                     static_cast<int32_t>(reinterpret_cast<intptr_t>(events[i].udata)), what});
  }
  return n >= 0 || errno == EINTR;
}
#endif

void* run(void* data) {
  auto& poller = *static_cast<Poller*>(data);
  std::vector<Event> found;
  while (!poller.stops.load()) {
    found.clear();
    // The queue was closed by its owner: there is nothing to wait for any more.
    if (!wait(poller, found)) break;
    if (found.empty()) continue;
    pthread_mutex_lock(&poller.mutex);
    poller.events.insert(poller.events.end(), found.begin(), found.end());
    pthread_mutex_unlock(&poller.mutex);
    if (!poller.is_called.exchange(true) &&
        napi_call_threadsafe_function(poller.function, nullptr, napi_tsfn_nonblocking) != napi_ok)
      break;  // It is closing.
  }
  return nullptr;
}

// In JavaScript's thread: hands over all that came.
void tell(napi_env env, napi_value callback, void* context, void*) {
  auto& poller = *static_cast<Poller*>(context);
  poller.is_called.store(false);
  std::vector<Event> events;
  pthread_mutex_lock(&poller.mutex);
  events.swap(poller.events);
  pthread_mutex_unlock(&poller.mutex);
  // env is null while the function is being finalized.
  if (env == nullptr || events.empty() || poller.stops.load()) return;
  void* memory = nullptr;
  napi_value buffer = nullptr, words = nullptr, undefined = nullptr;
  size_t size = events.size() * sizeof(Event);
  if (napi_create_arraybuffer(env, size, &memory, &buffer) != napi_ok) return;
  std::copy_n(reinterpret_cast<uint8_t*>(events.data()), size, static_cast<uint8_t*>(memory));
  napi_create_typedarray(env, napi_int32_array, events.size() * 3, buffer, 0, &words);
  napi_get_undefined(env, &undefined);
  napi_call_function(env, undefined, callback, 1, &words, nullptr);
}

void end(void* data) {
  auto* poller = static_cast<Poller*>(data);
  pthread_mutex_lock(&pollers_mutex);
  pollers().erase(poller->env);
  pthread_mutex_unlock(&pollers_mutex);
  poller->stops.store(true);
  wake(*poller);
  pthread_join(poller->thread, nullptr);
#ifdef __linux__
  ::epoll_ctl(poller->queue, EPOLL_CTL_DEL, poller->wake, nullptr);
  ::close(poller->wake);
#endif
  // Its finalizer deletes the poller: a call that was queued may still come before.
  napi_release_threadsafe_function(poller->function, napi_tsfn_abort);
}

void finalize(napi_env, void* data, void*) { delete static_cast<Poller*>(data); }

// The thread handles no signals: handlers of JavaScript's must run in JavaScript's thread.
int start_thread(Poller& poller) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&poller.thread, nullptr, run, &poller);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
#ifdef __linux__
  if (error == 0) pthread_setname_np(poller.thread, "rfds poller");
#endif
  return error;
}

int32_t start(napi_env env, int queue, napi_value callback) {
  if (poller_of(env) != nullptr) return -EBUSY;
  if (::fcntl(queue, F_GETFD) < 0) return -errno;
  auto* poller = new Poller(env, queue);
  napi_value name = nullptr;
  napi_create_string_utf8(env, "rfds poller", NAPI_AUTO_LENGTH, &name);
  if (!open_wake(*poller)) {
    int error = errno;
    if (poller->wake >= 0) ::close(poller->wake);
    delete poller;
    return -error;
  }
  if (napi_create_threadsafe_function(env, callback, nullptr, name, 0, 1, poller, finalize, poller, tell,
                                      &poller->function) != napi_ok) {
    if (poller->wake >= 0) ::close(poller->wake);
    delete poller;
    return -ENOMEM;
  }
  napi_unref_threadsafe_function(env, poller->function);
  if (int error = start_thread(*poller); error != 0) {
    if (poller->wake >= 0) ::close(poller->wake);
    napi_release_threadsafe_function(poller->function, napi_tsfn_abort);
    return -error;
  }
  pthread_mutex_lock(&pollers_mutex);
  pollers()[env] = poller;
  pthread_mutex_unlock(&pollers_mutex);
  napi_add_env_cleanup_hook(env, end, poller);
  return 0;
}

}  // namespace

napi_value start_poller(napi_env env, napi_callback_info info) {
  return without_exceptions(env, [=]() -> napi_value {
    napi_value argv[2] = {};
    size_t argc = 2;
    napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
    int queue;
    napi_valuetype type = napi_undefined;
    if (argc == 2) napi_typeof(env, argv[1], &type);
    if (argc < 2 || convert(env, argv[0], queue) != Conversion::ok || type != napi_function) {
      napi_throw_type_error(env, nullptr, "start_poller: takes (queue, callback)");
      return nullptr;
    }
    return to_number(env, start(env, queue, argv[1]));
  });
}

napi_value ref_poller(napi_env env, napi_callback_info info) {
  napi_value argv[1] = {};
  size_t argc = 1;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  bool is_ref = false;
  if (argc < 1 || napi_get_value_bool(env, argv[0], &is_ref) != napi_ok) {
    napi_throw_type_error(env, nullptr, "ref_poller: takes a boolean");
    return nullptr;
  }
  Poller* poller = poller_of(env);
  if (poller == nullptr) return to_number(env, -ESRCH);
  if (is_ref)
    napi_ref_threadsafe_function(env, poller->function);
  else
    napi_unref_threadsafe_function(env, poller->function);
  return to_number(env, 0);
}

}  // namespace rfds
