// The addon: all that JavaScript sees (the calls of calls.h, the constants, layout.cc's layouts of kernel
// structs), and how it is handed over when the addon is loaded, once for each environment.

// macOS has the IPV6_ names of RFC 3542 only with this, before any header.
#define __APPLE_USE_RFC_3542

#include "module.h"

#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/param.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <climits>
#include <ctime>

#include "calls.h"
#include "fast_calls.h"
#include "pending_signals.h"
#ifdef __linux__
#include <linux/can.h>
#include <linux/can/bcm.h>
#include <linux/can/raw.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/if_alg.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/tipc.h>
#include <linux/vm_sockets.h>
#include <net/if_arp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#endif
#ifdef __APPLE__
#include <sys/ucred.h>
#endif
#if __has_include(<sys/event.h>)
#include <sys/event.h>
#endif

namespace rfds {

namespace {

const std::vector<Call>* const lists[] = {
    &socket_calls, &message_calls, &file_calls,    &ioctl_calls,    &select_calls,  &poll_calls,
    &epoll_calls,  &kqueue_calls,  &eventfd_calls, &signalfd_calls, &timerfd_calls, &netif_calls,
    &signal_calls, &itimer_calls,  &clock_calls,   &netdb_calls,    &own_calls,
};

const std::vector<Number> constants = {
#include "constants.inc"
};

void add_calls(Napi::Env env, Napi::Object exports) {
  for (const std::vector<Call>* list : lists) {
    for (const Call& call : *list) {
      napi_value function = nullptr;
      // Const in our hands too: entry() casts it back to a const Call.
      void* data = const_cast<Call*>(&call);
      napi_create_function(env, call.name, NAPI_AUTO_LENGTH, call.entry, data, &function);
      exports.Set(call.name, function);
    }
  }
}

Napi::Object object_of(Napi::Env env, const std::vector<Number>& list) {
  Napi::Object object = Napi::Object::New(env);
  for (const Number& number : list) object.Set(number.name, number.value);
  return object;
}

// Memory that JavaScript and native code share for the environment's life.
Napi::ArrayBuffer shared_words(Napi::Env env, size_t count) {
  Napi::ArrayBuffer memory = Napi::ArrayBuffer::New(env, count * sizeof(int32_t));
  Napi::Reference<Napi::ArrayBuffer> kept = Napi::Persistent(memory);
  kept.SuppressDestruct();
  return memory;
}

// By the numbers that src/kernel/fast-calls.ts has for them.
void add_fast_calls(Napi::Env env, Napi::Object exports) {
  constexpr auto one = fast_call<recv_at, send_at, write_at, getpeername_at, clock_gettime>;
  constexpr auto many = batch<recv_at, send_at, write_at>;
  Napi::ArrayBuffer registers = shared_words(env, words_per_call);
  napi_value function = nullptr;
  napi_create_function(env, "fast_call", NAPI_AUTO_LENGTH, one, registers.Data(), &function);
  exports.Set("fast_call", function);
  napi_create_function(env, "batch", NAPI_AUTO_LENGTH, many, nullptr, &function);
  exports.Set("batch", function);
  exports.Set("registers", registers);
}

// Whether a signal may be pending. In a worker it says so always: handlers write the main thread's alone.
void add_maybe_pending(Napi::Env env, Napi::Object exports) {
  Napi::ArrayBuffer memory = shared_words(env, 1);
  auto word = static_cast<int32_t*>(memory.Data());
  *word = 1;
  if (on_main_thread()) {
    maybe_pending.store(word);
    env.AddCleanupHook([] { maybe_pending.store(nullptr); });
  }
  exports.Set("maybe_pending", memory);
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  add_calls(env, exports);
  add_fast_calls(env, exports);
  add_maybe_pending(env, exports);
  exports.Set("constants", object_of(env, constants));
  exports.Set("layout", object_of(env, layout));
  return exports;
}

}  // namespace
}  // namespace rfds

using rfds::init;
NODE_API_MODULE(rfds, init)
